/** The shared store reads every answer exactly, trusts no server unseen, and never holds more than it may (spec chapter 12). @module */
import { createClock } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { createRedisReplayStore, type RedisReplayOptions } from '../src/redis-replay.ts'
import { createModelRedis, type ModelRedis } from './model-redis.ts'

const KEY = 'k'.repeat(43)

function ready(options: Partial<RedisReplayOptions> = {}) {
  const clock = createClock()
  const model = createModelRedis(clock.now)
  const told: string[] = []
  const store = createRedisReplayStore({ client: model, now: clock.now, log: (line) => told.push(line), ...options })
  return { clock, model, store, told, end: clock.seconds() + 120 }
}

/** Sets of claims, without those of the check. */
const claimsOf = (model: ModelRedis) => model.sets.filter((line) => !line.includes(':probe:'))

describe('a claim', () => {
  test('AHP-TIME-16 is one SET NX with the key and what is left of the record, and nothing else', async () => {
    const { model, store, end, clock } = ready()
    clock.advance(0.25)
    expect([await store.claim(KEY, end, 'h'), await store.claim(KEY, end, 'h')]).toEqual(['fresh', 'seen'])
    expect(claimsOf(model)).toEqual([`aiegis:${KEY} 119750`, `aiegis:${KEY} 119750`])
  })

  test.each([undefined, 'ok', 'OK ', '', 'QUEUED', Buffer.from('OK'), 1, 0, true, false, {}, [], ['OK'], new String('OK')])(
    'AHP-TIME-16 answered with %o is neither fresh nor seen',
    async (answer) => {
      const { model, store, end } = ready()
      await store.ready()
      model.instead = () => Promise.resolve(answer)
      await expect(store.claim(KEY, end, 'h')).rejects.toThrow(/something else/)
    },
  )

  test('AHP-TIME-10 of a server without memory left is full, also before anything was checked', async () => {
    const { model, store, end } = ready()
    const full = () => Promise.reject(new Error("OOM command not allowed when used memory > 'maxmemory'."))
    model.instead = full
    expect(await store.claim(KEY, end, 'h')).toBe('full')
    model.instead = undefined
    expect(await store.claim(KEY, end, 'h')).toBe('fresh')
    model.instead = full
    expect(await store.claim(KEY, end, 'h')).toBe('full')
  })

  test('AHP-TIME-19 lasts to the end by a clock that has parts of milliseconds', async () => {
    const { clock, model } = ready()
    const store = createRedisReplayStore({ client: model, now: () => clock.now() + 0.25, log: () => {} })
    await store.claim(KEY, clock.seconds() + 60, 'h')
    expect(claimsOf(model)).toEqual([`aiegis:${KEY} 60000`])
  })

  test.each(['ERR not the word OOM command', 'OOMX', 'oom command not allowed'])(
    'AHP-TIME-16 answered with the error %j is not full: nobody knows what it is',
    async (message) => {
      const { model, store, end } = ready()
      await store.ready()
      model.instead = () => Promise.reject(new Error(message))
      await expect(store.claim(KEY, end, 'h')).rejects.toThrow(message)
    },
  )

  test.each([
    ['ended', 0],
    ['ended long ago', -1_795_000_000],
    ['would live for more than an hour', 3601],
    ['has no end', Number.NaN],
  ])('AHP-TIME-10 for a record that %s is not made', async (_title, seconds) => {
    const { clock, model, store } = ready()
    await expect(store.claim(KEY, clock.seconds() + seconds, 'h')).rejects.toThrow(/clock of the verifier/)
    expect(model.sets).toEqual([])
  })

  test('in one namespace says nothing about another, however the two are named', async () => {
    const clock = createClock()
    const client = createModelRedis(clock.now)
    const claimIn = (namespace: string, key: string) =>
      createRedisReplayStore({ client, now: clock.now, namespace }).claim(key, clock.seconds() + 60, 'h')
    expect(await claimIn('a', KEY)).toBe('fresh')
    expect(await claimIn('a.k', KEY)).toBe('fresh')
    expect(await claimIn('ak', KEY)).toBe('fresh')
    expect(await claimIn('a', KEY)).toBe('seen')
  })
})

describe('a server', () => {
  test.each(['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'])(
    'AHP-TIME-17 with maxmemory-policy %s gets no claim',
    async (policy) => {
      const { model, store, told, end } = ready({ uncheckedServerMayServeReplays: true })
      model.shown['maxmemory_policy'] = policy
      await expect(store.ready()).rejects.toThrow(`maxmemory-policy is ${policy}`)
      await expect(store.claim(KEY, end, 'h')).rejects.toThrow(/noeviction/)
      expect(claimsOf(model)).toEqual([])
      expect(told).toHaveLength(1)
    },
  )

  test('AHP-TIME-17 that is a replica gets no claim, even when it can be written', async () => {
    const { model, store } = ready({ uncheckedServerMayServeReplays: true })
    model.shown['role'] = 'slave'
    await expect(store.ready()).rejects.toThrow(/connect to the primary/)
  })

  test('AHP-TIME-17 that says yes to everything gets no claim', async () => {
    const { model, store, end } = ready({ uncheckedServerMayServeReplays: true })
    model.instead = () => Promise.resolve('OK')
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow(/new twice/)
    expect(claimsOf(model)).toEqual([])
  })

  test('AHP-TIME-17 that says no to everything is told before all tokens count as used', async () => {
    const { model, store } = ready({ uncheckedServerMayServeReplays: true })
    model.instead = () => Promise.resolve(null)
    await expect(store.ready()).rejects.toThrow(/replay.client/)
  })

  test('AHP-TIME-17 is taken at the word of the operator only when the word is true', async () => {
    const { set } = createModelRedis(Date.now)
    for (const word of ['yes', 1, {}, false, null])
      await expect(
        createRedisReplayStore({ client: { set }, log: () => {}, uncheckedServerMayServeReplays: word as never }).ready(),
      ).rejects.toThrow(/uncheckedServerMayServeReplays/)
  })

  test('AHP-TIME-17 shows role and policy also through a client that cuts the ends of lines', async () => {
    const { set } = createModelRedis(Date.now)
    const client = (policy: string) => ({
      set,
      info: async (section: string) => (section === 'memory' ? `maxmemory_policy:${policy}` : 'role:master'),
    })
    await expect(createRedisReplayStore({ client: client('noeviction'), log: () => {} }).ready()).resolves.toBeUndefined()
    await expect(createRedisReplayStore({ client: client('allkeys-lru'), log: () => {} }).ready()).rejects.toThrow(/allkeys-lru/)
  })

  test('AHP-TIME-17 is looked at again when the clock was set back by a minute', async () => {
    const { clock, model, store } = ready()
    await store.ready()
    model.shown['maxmemory_policy'] = 'allkeys-lru'
    clock.advance(-60)
    await expect(store.claim(KEY, clock.seconds() + 60, 'h')).rejects.toThrow(/allkeys-lru/)
  })

  test('AHP-TIME-17 behind a client that drops the options of SET gets no claim', async () => {
    const client = { set: () => Promise.resolve('OK'), info: createModelRedis(Date.now).info }
    await expect(createRedisReplayStore({ client, log: () => {} }).ready()).rejects.toThrow(/pass NX and PX on/)
  })

  test.each([
    ['whose client has no info()', undefined],
    ['that forbids INFO', () => Promise.reject(new Error('NOPERM this user has no permissions'))],
    ['that shows neither', () => Promise.resolve('redis_version:7\r\n')],
    ['that shows the role alone', () => Promise.resolve('role:master\r\n')],
    ['that shows the policy alone', () => Promise.resolve('maxmemory_policy:noeviction\r\n')],
    ['that shows something else than text', () => Promise.resolve({ role: 'master', maxmemory_policy: 'noeviction' })],
  ])('AHP-TIME-17 %s is taken only at the word of the operator', async (_title, info) => {
    const { set } = createModelRedis(Date.now)
    const client = info === undefined ? { set } : { set, info }
    await expect(createRedisReplayStore({ client, log: () => {} }).ready()).rejects.toThrow(/uncheckedServerMayServeReplays/)
    await expect(createRedisReplayStore({ client, uncheckedServerMayServeReplays: true }).ready()).resolves.toBeUndefined()
  })

  test('AHP-TIME-17 is looked at again after a minute: a failover may have brought another', async () => {
    const { clock, model, store, end, told } = ready()
    expect(await store.claim(KEY, end, 'h')).toBe('fresh')
    model.shown['maxmemory_policy'] = 'allkeys-lru'
    clock.advance(59)
    expect(await store.claim(KEY, end, 'h')).toBe('seen')
    clock.advance(1)
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow(/allkeys-lru/)
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow(/allkeys-lru/)
    expect(told).toHaveLength(1)
    model.shown['maxmemory_policy'] = 'noeviction'
    expect(await store.claim(KEY, end, 'h')).toBe('seen')
  })

  test('is asked once by claims that come together', async () => {
    const { model, store, end } = ready()
    const keys = Array.from({ length: 20 }, (_, n) => KEY.slice(2) + String(n).padStart(2, '0'))
    expect(new Set(await Promise.all(keys.map((key) => store.claim(key, end, 'h'))))).toEqual(new Set(['fresh']))
    expect(model.sets).toHaveLength(2 + 20)
  })

  test('that is down refuses, says so once each time, and serves again by itself', async () => {
    const { clock, model, store, end, told } = ready()
    const down = () => Promise.reject(new Error('The client is offline'))
    model.instead = down
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow('The client is offline')
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow('The client is offline')
    expect(told).toEqual(['replay.client: the server does not answer as it must; claims are refused'])
    model.instead = undefined
    expect(await store.claim(KEY, end, 'h')).toBe('fresh')
    model.instead = down
    clock.advance(60)
    await expect(store.claim(KEY, end, 'h')).rejects.toThrow('The client is offline')
    expect(told).toHaveLength(2)
  })
})

test('AHP-TIME-18 holds 10,000 claims of a server that hangs, refuses more, and takes claims again when it answers', async () => {
  const { model, store, end } = ready()
  await store.ready()
  const answers: (() => void)[] = []
  model.instead = () => new Promise((resolve) => answers.push(() => resolve('OK')))
  const waiting = Array.from({ length: 10_000 }, () => store.claim(KEY, end, 'h'))
  await expect(store.claim(KEY, end, 'h')).rejects.toThrow('10000 claims wait')
  expect(claimsOf(model)).toHaveLength(10_000)
  for (const answer of answers) answer()
  await Promise.all(waiting)
  model.instead = undefined
  expect(await store.claim(KEY, end, 'h')).toBe('fresh')
})

test('AHP-TIME-18 a client that queues while it is not connected is refused at start', () => {
  const { set } = createModelRedis(Date.now)
  for (const options of [{}, { disableOfflineQueue: false }, { disableOfflineQueue: 'yes' }])
    expect(() => createRedisReplayStore({ client: { set, options } })).toThrow(/disableOfflineQueue: true/)
  expect(createRedisReplayStore({ client: { set, options: { disableOfflineQueue: true } } }).scope).toBe('shared')
})

test.each(['', 'a:b', 'a{b}', 'a b', 'ä', 'a\n', 'a'.repeat(65)])('%o is no namespace', (namespace) => {
  expect(() => createRedisReplayStore({ client: createModelRedis(Date.now), namespace })).toThrow(/namespace/)
})

describe('AHP-TIME-19 two receivers whose clocks differ', () => {
  /** At how many moments each serves a token of 60 seconds that the first of them used at once. */
  function secondServices(ahead: number, first: 'fast' | 'slow'): Promise<number> {
    return twice(first === 'fast' ? [ahead, 0] : [0, ahead])
  }

  async function twice([one, other]: readonly [number, number]): Promise<number> {
    let served = 0
    for (let later = 0; later <= 200; later++) {
      const clock = createClock()
      const client = createModelRedis(clock.now)
      const storeOf = (ahead: number) => createRedisReplayStore({ client, now: () => clock.now() + ahead * 1000 })
      const exp = clock.seconds() + 60 + Math.max(one, other)
      expect(await storeOf(one).claim(KEY, exp + 60, 'h')).toBe('fresh')
      clock.advance(later)
      // A receiver claims only what has not ended on its own clock.
      if (clock.seconds() + other < exp && (await storeOf(other).claim(KEY, exp + 60, 'h')) === 'fresh') served++
    }
    return served
  }

  test.each([0, 20, 60])('by %i seconds serve no token a second time, whoever is first', async (ahead) => {
    expect([await secondServices(ahead, 'fast'), await secondServices(ahead, 'slow')]).toEqual([0, 0])
  })

  test('by 61 seconds would: a record lives one minute longer than its token', async () => {
    expect([await secondServices(61, 'fast'), await secondServices(61, 'slow')]).toEqual([1, 0])
  })
})
