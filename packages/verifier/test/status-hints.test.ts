import { defaultCrypto } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEvents } from '../src/events.ts'
import { createStatusLists, type StatusLists } from '../src/status.ts'
import { answerOf, inflate, ISSUER, issuerOf, listAt, NOW } from './status-lists.ts'

const FIRST = 'https://identity.example/status/revocation/1'
const SECOND = 'https://identity.example/status/revocation/2'

/** Indexes that are revoked at the host. */
let revoked: number[]
/** How long an answer takes; what it says is what was true when it was asked for. */
let answerMs: number
let isUp: boolean
/** When each list was asked for, in milliseconds after the start. */
let asked: { readonly url: string; readonly at: number }[]
let lists: StatusLists

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1000 })
  revoked = []
  answerMs = 0
  isUp = true
  asked = []
  lists = createStatusLists({
    issuers: [issuerOf(FIRST, { lists: [FIRST, SECOND] })],
    get: async (url) => {
      asked.push({ url, at: Date.now() - NOW * 1000 })
      const text = listAt(url, { revoked })
      if (answerMs > 0) await new Promise((resolve) => setTimeout(resolve, answerMs))
      if (!isUp) throw new Error('down')
      return answerOf(text)
    },
    inflate,
    crypto: defaultCrypto(),
    now: Date.now,
    log: () => {},
    watch: createEvents({ log: () => {}, now: Date.now }).watch,
  })
})
afterEach(() => {
  lists.close()
  vi.useRealTimers()
})

const check = (index: number): string => lists.check(ISSUER, FIRST, index, Math.floor(Date.now() / 1000))
const timesOf = (url: string): readonly number[] => asked.filter((one) => one.url === url).map(({ at }) => at)
const pass = async (milliseconds: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(milliseconds))

describe('AHP-STATUS-18 a hint', () => {
  test('has the list read at once, and the next reading comes at its usual time after', async () => {
    lists.start()
    await pass(10_000)
    revoked = [7]
    expect(check(7)).toBe('valid')
    lists.changed(FIRST)
    await pass(0)
    expect(check(7)).toBe('revoked')
    expect(timesOf(FIRST)).toEqual([0, 10_000])
    expect(timesOf(SECOND)).toEqual([0])
    await pass(60_000)
    expect(timesOf(FIRST)).toEqual([0, 10_000, 70_000])
    expect(timesOf(SECOND)).toEqual([0, 60_000])
  })

  test('without a URL has every list read', async () => {
    lists.start()
    await pass(10_000)
    lists.changed()
    await pass(0)
    expect([timesOf(FIRST), timesOf(SECOND)]).toEqual([
      [0, 10_000],
      [0, 10_000],
    ])
  })

  test('has each list read at most once a second, however many there are', async () => {
    lists.start()
    for (let sent = 0; sent < 1000; sent++) {
      lists.changed(sent % 2 === 0 ? FIRST : undefined)
      await pass(10)
    }
    await pass(2000)
    expect(timesOf(FIRST)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000])
    expect(timesOf(SECOND)).toEqual(timesOf(FIRST))
  })

  test('has it read at most once a second also while its host is down', async () => {
    isUp = false
    lists.start()
    for (let sent = 0; sent < 100; sent++) {
      lists.changed(FIRST)
      await pass(50)
    }
    expect(timesOf(FIRST)).toEqual([0, 1000, 2000, 3000, 4000, 5000])
  })

  test('that comes while the list is read has it read once more after that', async () => {
    lists.start()
    await pass(10_000)
    answerMs = 1500
    lists.changed(FIRST)
    await pass(100)
    revoked = [7]
    for (let sent = 0; sent < 10; sent++) lists.changed(FIRST)
    await pass(1400)
    expect(check(7)).toBe('valid')
    await pass(1600)
    expect(check(7)).toBe('revoked')
    expect(timesOf(FIRST)).toEqual([0, 10_000, 11_501])
  })

  test('that comes while the first reading or a call of warm is under way is not lost', async () => {
    answerMs = 100
    lists.start()
    await pass(50)
    revoked = [7]
    lists.changed(FIRST)
    await pass(1100)
    expect(check(7)).toBe('revoked')
    await pass(5000)
    const warm = lists.warm()
    await pass(50)
    revoked = [7, 8]
    lists.changed(FIRST)
    await pass(1100)
    await warm
    expect(check(8)).toBe('revoked')
  })

  test('comes after a revocation: whenever it does, the revocation is seen within a second and a reading', async () => {
    answerMs = 300
    lists.start()
    await pass(5000)
    for (let index = 0; index < 40; index++) {
      await pass((index * 137) % 1700)
      revoked.push(index)
      lists.changed(FIRST)
      await pass(1000 + 2 * answerMs)
      expect(check(index)).toBe('revoked')
    }
    expect(timesOf(FIRST).every((at, place, all) => place === 0 || at - (all[place - 1] ?? 0) >= 1000)).toBe(true)
  })

  test('waits no longer than a second when the clock was set back', async () => {
    lists.start()
    await pass(10)
    vi.setSystemTime((NOW - 300) * 1000)
    for (let sent = 0; sent < 9; sent++) {
      lists.changed(FIRST)
      await pass(100)
    }
    expect(timesOf(FIRST)).toHaveLength(1)
    lists.changed(FIRST)
    await pass(100)
    expect(timesOf(FIRST)).toHaveLength(2)
  })
})

describe('AHP-STATUS-17 a hint is never state', () => {
  test('it changes no verdict, and neither does a reading that fails after it', async () => {
    lists.start()
    await pass(10_000)
    isUp = false
    lists.changed()
    expect(check(7)).toBe('valid')
    await pass(2000)
    expect(timesOf(FIRST)).toHaveLength(2)
    expect(check(7)).toBe('valid')
  })

  test.each([`${FIRST}/`, 'https://identity.example/status/revocation/3', 'http://169.254.169.254/', '', '__proto__'])(
    'for %j, which is no list of the bundle, it does nothing',
    async (url) => {
      lists.start()
      await pass(10_000)
      lists.changed(url)
      await pass(5000)
      expect(asked).toHaveLength(2)
    },
  )

  test('it does nothing before the start and after the end', async () => {
    lists.changed()
    await pass(5000)
    expect(asked).toEqual([])
    lists.start()
    await pass(5000)
    lists.close()
    lists.changed()
    await pass(5000)
    expect(asked).toHaveLength(2)
  })
})
