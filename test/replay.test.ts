/** One request, one service: copies, outages and clocks against receivers over HTTP, on memory and on a real Redis (spec chapter 12). @module */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createMockHarness,
  problemOf,
  replayContract,
  sendRaw,
  type Clock,
  type MockHarness,
  type RawRequest,
  type ReplaySubject,
} from '@aiegis/testing'
import { createMemoryReplayStore, createRedisReplayStore, type RedisClient, type ReplayStore } from '@aiegis/verifier'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { STEPS } from '../packages/verifier/src/road.ts'
import { createModelRedis } from '../packages/verifier/test/model-redis.ts'
import { drip } from './drip.ts'
import { ORDER } from './requirements/edits.ts'
import { startReceiver, type Receiver, type ReceiverShape } from './receiver.ts'
import { connectRedis, createProxy, REDIS_URL, type Client, type Proxy } from './redis.ts'

const opened: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

async function receiverOf(harness: MockHarness, replay: ReplayStore, shape: ReceiverShape = {}): Promise<Receiver> {
  const receiver = await startReceiver(harness, { ...shape, options: { ...shape.options, replay } })
  opened.push(() => receiver.close())
  return receiver
}

/** Status and code of the answer to a request. */
async function outcome({ port }: Receiver, request: RawRequest): Promise<string> {
  const response = await sendRaw(port, request)
  const { code } = problemOf(response)
  return `${response.status} ${typeof code === 'string' ? code : 'served'}`
}

/** A store that waits before it asks and before it answers, half of the time each. */
function delayed(store: ReplayStore, milliseconds: number): ReplayStore {
  if (milliseconds === 0) return store
  return {
    ...store,
    async claim(...claim) {
      await sleep(milliseconds / 2)
      const answer = await store.claim(...claim)
      await sleep(milliseconds / 2)
      return answer
    },
  }
}

/** What 50 copies of one order at once are answered, sorted, and what the handler did. */
async function copies(harness: MockHarness, store: ReplayStore, latency: number): Promise<readonly [readonly string[], unknown]> {
  const receiver = await receiverOf(harness, delayed(store, latency))
  const request = harness.mint(ORDER)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(receiver, request)))
  return [outcomes.toSorted(), receiver.bodies]
}

const ONCE = [['200 served', ...Array.from({ length: 49 }, () => '409 token_replayed')], [{ item: 7 }]]

describe('on memory', () => {
  test.each([0, 3, 40])('AHP-TIME-8 of 50 copies at once and %i ms one is served and 49 are refused', async (latency) => {
    const harness = createMockHarness({ logSize: 20 })
    const { now } = harness.clock
    expect(await copies(harness, createMemoryReplayStore({ singleProcess: true, now }), latency)).toEqual(ONCE)
  })

  test('AHP-TIME-9 content that drips in until its token has ended runs nothing, and neither does a second copy', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const { clock } = harness
    const [receiver, reading] = await dripping(harness)
    const request = harness.mint(ORDER)
    const slow = drip(receiver.port, request)
    await reading()
    clock.advance(60)
    expect(await slow.end()).toBe(401)
    expect(await outcome(receiver, request)).toBe('401 token_expired')
    clock.advance(61)
    expect(await outcome(receiver, request)).toBe('401 token_expired')
    expect(receiver.bodies).toEqual([])
  })

  test('AHP-TIME-8 content that drips in while another copy is served is refused', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const [receiver, reading] = await dripping(harness)
    const request = harness.mint(ORDER)
    const slow = drip(receiver.port, request)
    await reading()
    expect(await outcome(receiver, request)).toBe('200 served')
    expect(await slow.end()).toBe(409)
    expect(receiver.bodies).toHaveLength(1)
  })

  test('AHP-TIME-8 one jti is used once, whichever agent it was issued for', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const receiver = await receiverOf(harness, harness.replay.store)
    const same = { claims: (claims: object) => ({ ...claims, jti: '01SAME00000000000000000000' }) }
    expect(await outcome(receiver, harness.mint({}, same))).toBe('200 served')
    expect(await outcome(receiver, harness.mint({ handOffs: 1 }, same))).toBe('409 token_replayed')
  })
})

/** A receiver, and a promise of the moment in which it begins to read content. */
async function dripping(harness: MockHarness): Promise<readonly [Receiver, () => Promise<void>]> {
  let begun = 0
  const content: typeof STEPS.content = (...given) => (begun++, STEPS.content(...given))
  const receiver = await receiverOf(harness, harness.replay.store, { steps: { content } })
  return [receiver, () => vi.waitFor(() => expect(begun).toBe(1))]
}

/** What the second of two receivers answers whose clocks are 20 seconds apart, to tokens that the first has served. */
async function twoClocks(client: RedisClient, namespace: string, harness: MockHarness): Promise<readonly string[]> {
  const receiverAt = (ahead: number): Promise<Receiver> => {
    const now = (): number => harness.clock.now() + ahead * 1000
    return receiverOf(harness, createRedisReplayStore({ client, namespace, now }), { options: { now } })
  }
  const [slow, fast] = [await receiverAt(-5), await receiverAt(15)]
  const second: string[] = []
  for (const [one, other, lasts] of [
    [fast, slow, 65],
    [slow, fast, 45],
  ] as const) {
    for (const later of [0, 20, lasts - 1, lasts]) {
      const request = harness.mint()
      expect(await outcome(one, request)).toBe('200 served')
      harness.clock.advance(later)
      second.push(await outcome(other, request))
    }
  }
  return second
}

const REPLAYED_TO_THE_END = [...Array.from({ length: 3 }, () => '409 token_replayed'), '401 token_expired']
const BOTH_ORDERS = [...REPLAYED_TO_THE_END, ...REPLAYED_TO_THE_END]

test('AHP-TIME-19 two clocks 20 seconds apart serve no token twice, in either order, until both take it for ended', async () => {
  const harness = createMockHarness({ logSize: 20 })
  expect(await twoClocks(createModelRedis(harness.clock.now), 'aiegis', harness)).toEqual(BOTH_ORDERS)
})

test('a Redis to test with is there wherever nothing may be skipped', () => {
  const sentence = 'AIEGIS_TEST_REDIS is not set: run the tests with node scripts/services.mjs, or set it to the URL of a server'
  expect(process.env['CI'] === 'true' && REDIS_URL === undefined ? sentence : '').toBe('')
})

describe.skipIf(REDIS_URL === undefined)('on a real Redis (skipped where AIEGIS_TEST_REDIS is not set)', () => {
  let admin: Client
  let proxy: Proxy
  let client: Client
  beforeAll(async () => {
    admin = await connectRedis(REDIS_URL ?? '')
    proxy = await createProxy(REDIS_URL ?? '')
    client = await connectRedis(proxy.url)
  })
  afterAll(async () => {
    client.destroy()
    admin.destroy()
    await proxy.close()
  })

  const storeOn = (over: RedisClient, { now }: Pick<Clock, 'now'>, namespace = `test.${randomUUID()}`) =>
    createRedisReplayStore({ client: over, namespace, now, log: () => {} })

  /** Changes settings of the server until the test ends. */
  async function configure(settings: Record<string, string>): Promise<void> {
    const before = await admin.configGet(Object.keys(settings))
    opened.push(() => admin.configSet({ ...before }))
    await admin.configSet(settings)
  }

  /** A harness, a receiver whose store is behind the proxy, and one with the same records that is not. */
  async function pair() {
    const harness = createMockHarness({ logSize: 20 })
    const namespace = `test.${randomUUID()}`
    const store = storeOn(client, harness.clock, namespace)
    const receiver = await receiverOf(harness, store)
    const direct = await receiverOf(harness, storeOn(admin, harness.clock, namespace))
    await store.ready()
    return { harness, receiver, direct }
  }

  test.each([0, 3, 40])('AHP-TIME-8 of 50 copies at once and %i ms one is served and 49 are refused', async (latency) => {
    const harness = createMockHarness({ logSize: 20 })
    expect(await copies(harness, storeOn(client, harness.clock), latency)).toEqual(ONCE)
  })

  test('AHP-TIME-12 of 50 copies at once to two receivers one is served and 49 are refused', async () => {
    const { harness, receiver, direct } = await pair()
    const request = harness.mint()
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => outcome(n % 2 ? receiver : direct, request)))
    expect(outcomes.filter((each) => each === '200 served')).toHaveLength(1)
    expect(outcomes.filter((each) => each === '409 token_replayed')).toHaveLength(49)
    expect(receiver.contexts.length + direct.contexts.length).toBe(1)
  })

  test('AHP-TIME-19 two clocks 20 seconds apart serve no token twice', async () => {
    expect(await twoClocks(client, `test.${randomUUID()}`, createMockHarness({ logSize: 20 }))).toEqual(BOTH_ORDERS)
  })

  test('AHP-TIME-11 a server that is down refuses, and serves the same request when it is back', async () => {
    const { harness, receiver } = await pair()
    const request = harness.mint()
    proxy.cut()
    await vi.waitFor(() => expect(client.isReady).toBe(false))
    expect(await outcome(receiver, request)).toBe('503 replay_unavailable')
    expect(receiver.contexts).toEqual([])
    proxy.mend()
    await vi.waitFor(() => expect(client.isReady).toBe(true))
    expect(await outcome(receiver, request)).toBe('200 served')
  })

  test('AHP-TIME-18 an answer that comes after three seconds serves nobody; the token counts as used', async () => {
    const { harness, receiver, direct } = await pair()
    const request = harness.mint()
    proxy.set('hold answers')
    expect(await outcome(receiver, request)).toBe('503 replay_unavailable')
    proxy.set('pass')
    expect(await outcome(receiver, request)).toBe('409 token_replayed')
    expect(await outcome(direct, request)).toBe('409 token_replayed')
    expect([receiver.contexts, direct.contexts]).toEqual([[], []])
  })

  test('AHP-TIME-18 a claim that reaches the server after three seconds takes nothing from who was served meanwhile', async () => {
    const { harness, receiver, direct } = await pair()
    const request = harness.mint()
    proxy.set('hold requests')
    expect(await outcome(receiver, request)).toBe('503 replay_unavailable')
    expect(await outcome(direct, request)).toBe('200 served')
    proxy.set('pass')
    expect(await outcome(receiver, request)).toBe('409 token_replayed')
    expect([receiver.contexts.length, direct.contexts.length]).toEqual([0, 1])
  })

  test.each(['+QUEUED\r\n', '+ok\r\n', ':1\r\n', '$0\r\n\r\n', '*0\r\n', '#t\r\n', '-ERR unknown command\r\n', '-READONLY\r\n'])(
    'AHP-TIME-16 AHP-TIME-11 the answer %j refuses, and the same request is served when the server is itself again',
    async (forge) => {
      const { harness, receiver } = await pair()
      const request = harness.mint()
      proxy.set({ forge })
      expect(await outcome(receiver, request)).toBe('503 replay_unavailable')
      proxy.set('pass')
      expect(receiver.contexts).toEqual([])
      expect(await outcome(receiver, request)).toBe('200 served')
    },
  )

  test('AHP-TIME-10 a server without memory left is full, and serves again when it has some', async () => {
    const { harness, receiver } = await pair()
    const used = harness.mint()
    expect(await outcome(receiver, used)).toBe('200 served')
    await configure({ maxmemory: '1' })
    expect(await outcome(receiver, harness.mint())).toBe('503 replay_full')
    expect(await outcome(receiver, used)).toBe('503 replay_full')
    await admin.configSet({ maxmemory: '0' })
    expect(await outcome(receiver, used)).toBe('409 token_replayed')
    expect(await outcome(receiver, harness.mint())).toBe('200 served')
  })

  test('AHP-TIME-16 a client of another shape fits through a wrapper', async () => {
    const other = {
      set: (key: string, value: string, { PX }: { readonly PX: number }) =>
        client.sendCommand(['SET', key, value, 'PX', String(PX), 'NX']),
      info: (section: string) => client.sendCommand<string>(['INFO', section]),
    }
    const store = storeOn(other, { now: Date.now })
    const claim = () => store.claim('k'.repeat(43), Math.ceil(Date.now() / 1000) + 5, 'h')
    expect([await claim(), await claim()]).toEqual(['fresh', 'seen'])
  })

  test('AHP-TIME-17 a server that may evict refuses with a sentence', async () => {
    await configure({ 'maxmemory-policy': 'allkeys-lru' })
    const harness = createMockHarness({ logSize: 20 })
    const store = storeOn(client, harness.clock)
    await expect(store.ready()).rejects.toThrow('maxmemory-policy is allkeys-lru')
    expect(await outcome(await receiverOf(harness, store), harness.mint())).toBe('503 replay_unavailable')
  })

  const subject = async ({ small }: { readonly small: boolean }): Promise<ReplaySubject> => {
    const [namespace, time] = [`test.${randomUUID()}`, { now: Date.now }]
    const used = /used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]
    const before = await admin.configGet('maxmemory')
    if (small) await admin.configSet('maxmemory', String(Number(used) + 200_000))
    return {
      stores: [storeOn(client, time, namespace), storeOn(admin, time, namespace)],
      now: () => Date.now() / 1000,
      wait: (seconds) => sleep(seconds * 1000),
      close: async () => void (await admin.configSet({ ...before })),
    }
  }
  test.each(replayContract(subject))('AHP-TIME-8 AHP-TIME-10 the store $name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined()
  })
})
