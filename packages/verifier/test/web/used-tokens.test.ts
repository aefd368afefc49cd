/** Used tokens in a Durable Object, on SQLite as the object sees it (spec chapter 12.4); `test/runtimes/workerd.test.ts` has the real one. @module */
import { DatabaseSync } from '@photostructure/sqlite'
import { replayContract } from '@aiegis/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDurableReplayStore, UsedTokens, type DurableNamespace, type DurableState } from '../../src/web/used-tokens.ts'

const START = Date.UTC(2026, 10, 20, 22)
const KEY = 'k'.repeat(43)
const OTHER = 'o'.repeat(43)

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }))
afterEach(() => void vi.useRealTimers())

/** The storage of one object, which outlives it, and the alarm that is set there. */
function createDisk() {
  const database = new DatabaseSync(':memory:')
  const disk = { alarm: null as number | null, alarms: 0 }
  const state: DurableState = {
    storage: {
      sql: {
        exec(statement, ...values) {
          const rows = database.prepare(statement).all(...values)
          return { toArray: () => rows.map((row) => Object(row)) }
        },
      },
      getAlarm: () => Promise.resolve(disk.alarm),
      async setAlarm(at) {
        disk.alarm = at
        disk.alarms++
      },
    },
  }
  return { state, disk, count: () => database.prepare('SELECT count(*) AS n FROM used').get() }
}

/** An object by itself, and as a namespace whose only object it is. */
function createObject(options: { maxRecords?: number } = {}, { state, disk, count } = createDisk()) {
  const object = new UsedTokens(state, {}, options)
  const namespace: DurableNamespace = {
    idFromName: (name) => name,
    get: () => ({ fetch: (url, init) => object.fetch(new Request(url, init)) }),
  }
  const claim = async (text: string): Promise<string> =>
    (await object.fetch(new Request('https://o.invalid', { method: 'POST', body: text }))).text()
  /** Lets time pass, and the alarm ring when it is due. */
  const pass = async (seconds: number): Promise<void> => {
    vi.setSystemTime(Date.now() + seconds * 1000)
    if (disk.alarm === null || disk.alarm > Date.now()) return
    disk.alarm = null
    await object.alarm()
  }
  return { object, namespace, claim, pass, disk, state, count }
}

const seconds = (): number => Date.now() / 1000

describe('AHP-TIME-8 AHP-TIME-10 AHP-TIME-16 the store in a Durable Object', () => {
  const contract = replayContract(({ small }) => {
    const { namespace, pass } = createObject(small ? { maxRecords: 1000 } : {})
    const stores = [createDurableReplayStore({ namespace }), createDurableReplayStore({ namespace })] as const
    return { stores, now: seconds, wait: pass }
  })
  test.each(contract)('$name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined()
  })
})

describe('the object', () => {
  test('AHP-TIME-10 sweeps what has ended and nothing else, and sets no alarm when nothing is left', async () => {
    const { claim, pass, disk, count } = createObject()
    expect([await claim(`${KEY} 59000`), await claim(`${OTHER} 120000`)]).toEqual(['fresh', 'fresh'])
    expect(disk).toEqual({ alarm: START + 60_000, alarms: 1 })
    await pass(59.999)
    expect(await claim(`${KEY} 120000`)).toBe('seen')
    await pass(0.001)
    expect(count()).toMatchObject({ n: 1 })
    expect(await claim(`${OTHER} 120000`)).toBe('seen')
    expect(disk).toEqual({ alarm: START + 120_000, alarms: 2 })
    await pass(60)
    expect(count()).toMatchObject({ n: 0 })
    expect(disk).toEqual({ alarm: null, alarms: 2 })
    expect([await claim(`${KEY} 1000`), disk.alarms]).toEqual(['fresh', 3])
  })

  test('AHP-TIME-10 a clock that was ahead and went back serves nothing twice', async () => {
    const { object, claim, pass, state } = createObject()
    expect(await claim(`${KEY} 120000`)).toBe('fresh')
    await pass(7200)
    vi.setSystemTime(START)
    expect(await claim(`${KEY} 120000`)).toBe('full')
    // An alarm that rings by the right clock does not bring back what was swept.
    await object.alarm()
    expect(await claim(`${KEY} 120000`)).toBe('full')
    // Also by an object that begins anew on what the other left.
    expect(await createObject({}, { ...createDisk(), state }).claim(`${KEY} 120000`)).toBe('full')
    vi.setSystemTime(START + 7_200_000)
    expect(await claim(`${KEY} 120000`)).toBe('fresh')
  })

  test('AHP-TIME-16 a claim whose sweep cannot be planned gets no answer, and the next one plans it', async () => {
    const { claim, disk, state } = createObject()
    const broken = vi.spyOn(state.storage, 'setAlarm').mockRejectedValue(new Error('no alarm'))
    await expect(claim(`${KEY} 120000`)).rejects.toThrow('no alarm')
    broken.mockRestore()
    expect([await claim(`${OTHER} 120000`), disk.alarm]).toEqual(['fresh', START + 60_000])
  })

  test('AHP-TIME-10 a full object whose alarm was lost sweeps again', async () => {
    const first = createObject({ maxRecords: 1 })
    expect(await first.claim(`${KEY} 120000`)).toBe('fresh')
    first.disk.alarm = null
    const { claim, pass, disk } = createObject({ maxRecords: 1 }, first)
    expect([await claim(`${KEY} 120000`), disk.alarm]).toEqual(['seen', null])
    expect([await claim(`${OTHER} 120000`), disk.alarm]).toEqual(['full', START + 60_000])
    await pass(120)
    expect(await claim(`${OTHER} 120000`)).toBe('fresh')
  })

  test('AHP-TIME-10 remembers over its own end, also how many it holds', async () => {
    const first = createObject({ maxRecords: 2 })
    expect([await first.claim(`${KEY} 120000`), await first.claim(`${OTHER} 120000`)]).toEqual(['fresh', 'fresh'])
    const second = createObject({ maxRecords: 2 }, first)
    expect([await second.claim(`${KEY} 120000`), await second.claim(`${'n'.repeat(43)} 120000`)]).toEqual(['seen', 'full'])
    // The alarm of the first is still set.
    expect(second.disk.alarms).toBe(1)
  })

  test('AHP-TIME-10 takes tokens again when records have ended', async () => {
    const { claim, pass } = createObject({ maxRecords: 1 })
    expect([await claim(`${KEY} 1000`), await claim(`${OTHER} 1000`)]).toEqual(['fresh', 'full'])
    await pass(60)
    expect(await claim(`${OTHER} 1000`)).toBe('fresh')
  })

  test.each(['', KEY, `${KEY} 0`, `${KEY} 01`, `${KEY} 1.5`, `${KEY} 3600001`, `${KEY}k 1`, `${KEY.slice(1)} 1`, `${KEY}  1`])(
    'AHP-TIME-16 takes %j for no claim',
    async (text) => {
      const { object, count } = createObject()
      const response = await object.fetch(new Request('https://o.invalid', { method: 'POST', body: text }))
      expect([response.status, count()]).toMatchObject([400, { n: 0 }])
    },
  )
})

describe('the store that reaches it', () => {
  const answering = (text: string, status = 200): DurableNamespace => ({
    idFromName: (name) => name,
    get: () => ({ fetch: () => Promise.resolve(new Response(text, { status })) }),
  })

  test.each<[string, number]>([
    ['OK', 200],
    ['fresh\n', 200],
    ['', 200],
    ['fresh', 500],
    ['seen', 503],
  ])('AHP-TIME-16 answered %j with %i is neither fresh nor seen', async (text, status) => {
    const store = createDurableReplayStore({ namespace: answering(text, status) })
    await expect(store.claim(KEY, seconds() + 60, 'h')).rejects.toThrow(`the object answered ${status}`)
  })

  test('AHP-TIME-19 lasts by the clock of who claims, whatever that of the object says', async () => {
    const { namespace, claim, pass } = createObject()
    const behind = (): number => Date.now() - 3_000_000
    const store = createDurableReplayStore({ namespace, now: behind })
    expect(await store.claim(KEY, behind() / 1000 + 120, 'h')).toBe('fresh')
    await pass(119)
    expect(await claim(`${KEY} 1000`)).toBe('seen')
    await pass(1)
    await pass(60)
    expect(await claim(`${KEY} 1000`)).toBe('fresh')
  })

  test.each([-1, 0, 3601])('a record for %i seconds comes from another clock, and is not asked for', async (life) => {
    const store = createDurableReplayStore({ namespace: answering('fresh') })
    await expect(store.claim(KEY, seconds() + life, 'h')).rejects.toThrow('is "now" the clock of the verifier?')
  })

  test('asks the object of its name, with a stub that is made for the claim', async () => {
    const asked: unknown[] = []
    const { namespace } = createObject()
    const watched: DurableNamespace = { idFromName: (name) => name, get: (id) => (asked.push(id), namespace.get(id)) }
    const stores = [createDurableReplayStore({ namespace: watched }), createDurableReplayStore({ namespace: watched, name: 'b' })]
    for (const store of [...stores, ...stores]) await store.claim(KEY, seconds() + 60, 'h')
    expect(asked).toEqual(['aiegis', 'b', 'aiegis', 'b'])
  })

  test('AHP-TIME-18 holds 10,000 claims of an object that hangs, refuses more, and takes claims again when those were given up', async () => {
    const hangs: DurableNamespace = { idFromName: () => '', get: () => ({ fetch: () => new Promise(() => {}) }) }
    const store = createDurableReplayStore({ namespace: hangs })
    const tooMany = async (): Promise<boolean> =>
      Promise.race([
        Promise.resolve(store.claim(KEY, seconds() + 60, 'h')).then(
          () => false,
          () => true,
        ),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 5)),
      ])
    for (let claim = 0; claim < 9999; claim++) void store.claim(KEY, seconds() + 60, 'h')
    expect([await tooMany(), await tooMany()]).toEqual([false, true])
    vi.setSystemTime(START + 2999)
    expect(await tooMany()).toBe(true)
    vi.setSystemTime(START + 6000)
    expect(await tooMany()).toBe(false)
  })
})
