import { gzipSync } from 'node:zlib'
import { defaultCrypto, encodeBase64url, webCrypto } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEvents } from '../src/events.ts'
import { createKeeper } from '../src/status-memory.ts'
import {
  createStatusLists,
  type HttpGet,
  type Inflate,
  type KeptList,
  type StatusLists,
  type StatusListsOptions,
  type StatusMemory,
} from '../src/status.ts'
import { answerOf, inflate, ISSUER, issuerOf, listAt, NOW, otherKey, statusKey, type ListChanges } from './status-lists.ts'

const URL = 'https://identity.example/status/revocation/1'
const list = (changes?: ListChanges): string => listAt(URL, changes)

let clock: number
let kept: KeptList | undefined
/** What the host serves; nothing when it is down. */
let served: string | undefined
let lines: string[]
const made: StatusLists[] = []

beforeEach(() => {
  clock = NOW * 1000
  kept = undefined
  served = undefined
  lines = []
})
afterEach(() => {
  for (const lists of made.splice(0)) lists.close()
})

const get: HttpGet = async () => {
  if (served === undefined) throw new Error('down')
  return answerOf(served)
}
const memory: StatusMemory = {
  load: () => kept,
  save: (_issuer, _url, value) => void (kept = value),
}

/** A receiver that has just started. */
function restart(changes: Partial<StatusListsOptions> = {}): StatusLists {
  const lists = createStatusLists({
    issuers: [issuerOf(URL)],
    get,
    inflate,
    crypto: defaultCrypto(),
    now: () => clock,
    elapsed: () => 0,
    memory,
    log: (line, cause) => lines.push(cause instanceof Error ? `${line}: ${cause.message}` : line),
    watch: createEvents({ log: () => {}, now: () => clock }).watch,
    ...changes,
  })
  made.push(lists)
  return lists
}

const check = (lists: StatusLists, index = 0, seconds = clock / 1000): string => lists.check(ISSUER, URL, index, seconds)

/** A receiver that reads `text` and ends. */
async function use(text: string): Promise<void> {
  served = text
  await restart().warm()
  served = undefined
}

describe('AHP-STATUS-22 of two lists of one second', () => {
  test('the one that revokes more is kept, whichever was read last', async () => {
    const lists = restart()
    for (const text of [list(), list({ revoked: [7] }), list()]) {
      served = text
      await lists.warm()
    }
    expect(kept?.text).toBe(list({ revoked: [7] }))
    expect(check(restart(), 7)).toBe('revoked')
  })

  test('the number of bits is that of the list that is kept, also after a restart and after a reading that changed nothing', async () => {
    await use(list({ revoked: [7, 9] }))
    const lists = restart()
    for (const text of [list({ revoked: [7, 9] }), list()]) {
      served = text
      await lists.warm()
      expect(kept).toMatchObject({ text: list({ revoked: [7, 9] }), revoked: 2 })
    }
  })
})

test('AHP-STATUS-15 a clock that is set back after the restart makes what was kept no younger', async () => {
  await use(list({ from: NOW - 3600 }))
  clock += 300_000
  let elapsed = 1000
  const lists = restart({ elapsed: () => elapsed })
  elapsed += 300_000
  expect(check(lists)).toBe('valid')
  elapsed += 1
  expect(check(lists)).toBe('unavailable')
})

describe('after a restart', () => {
  test('AHP-STATUS-15 a list that was read recently is used at once, while its issuer is down', async () => {
    await use(list({ revoked: [7] }))
    const lists = restart()
    expect([6, 7].map((index) => check(lists, index))).toEqual(['valid', 'revoked'])
    await lists.warm()
    expect([6, 7].map((index) => check(lists, index))).toEqual(['valid', 'revoked'])
    expect(lists.failure(ISSUER, URL)?.message).toBe('down')
    expect(lines).toEqual([])
  })

  test('AHP-STATUS-15 its age counts from the reading, through any number of restarts', async () => {
    await use(list())
    for (const seconds of [200, 400, 600]) {
      clock = (NOW + seconds) * 1000
      const lists = restart()
      await lists.warm()
      expect(check(lists)).toBe('valid')
    }
    clock = (NOW + 601) * 1000
    expect(check(restart())).toBe('unavailable')
  })

  test('AHP-STATUS-15 the staleness of the issuer counts, as it is now', async () => {
    await use(list())
    clock += 61_000
    expect(check(restart({ issuers: [issuerOf(URL, { maxStalenessSeconds: 60 })] }))).toBe('unavailable')
    expect(check(restart({ issuers: [issuerOf(URL, { maxStalenessSeconds: 61 })] }))).toBe('valid')
  })

  test('AHP-STATUS-15 a list that was read in the future was never read', async () => {
    kept = { text: list(), validFrom: NOW - 60, revoked: 0, readAt: clock + 1 }
    const lists = restart()
    expect(check(lists)).toBe('unavailable')
    clock += 2
    expect(check(lists)).toBe('unavailable')
    kept = { ...kept, readAt: clock }
    expect(check(restart())).toBe('valid')
  })

  test('AHP-STATUS-11 an older list is ignored, one of the same second and newer ones are not', async () => {
    await use(list({ from: NOW - 10, revoked: [7] }))
    const lists = restart()
    served = list({ from: NOW - 11 })
    await lists.warm()
    expect(check(lists, 7)).toBe('revoked')
    expect(lists.failure(ISSUER, URL)?.message).toBe('a status list older than the newest one used')
    served = list({ from: NOW - 10, revoked: [8] })
    await lists.warm()
    expect([7, 8].map((index) => check(lists, index))).toEqual(['revoked', 'revoked'])
  })

  test.each<[string, () => KeptList]>([
    ['too old to be used', () => ({ text: list({ from: NOW - 10 }), validFrom: 0, revoked: 0, readAt: clock - 601_000 })],
    ['read in the future', () => ({ text: list({ from: NOW - 10 }), validFrom: 0, revoked: 0, readAt: clock + 1 })],
    ['at its end', () => ({ text: list({ from: NOW - 10, until: NOW }), validFrom: 0, revoked: 0, readAt: clock - 1000 })],
  ])('AHP-STATUS-11 an older list is ignored also when the one that was kept is %s', async (_, make) => {
    kept = make()
    const lists = restart()
    expect(check(lists)).toBe('unavailable')
    served = list({ from: NOW - 11 })
    await lists.warm()
    expect(check(lists)).toBe('unavailable')
    served = list({ from: NOW - 9 })
    await lists.warm()
    expect(check(lists)).toBe('valid')
  })

  test.each<[string, Partial<StatusListsOptions>]>([
    ['signature', { crypto: webCrypto() ?? defaultCrypto() }],
    ['inflater', { inflate: async (gzip, maxBytes) => inflate(gzip, maxBytes) }],
  ])('AHP-STATUS-11 an older list is ignored also where the %s takes its time', async (_, engines) => {
    await use(list({ from: NOW - 10, revoked: [7] }))
    const lists = restart(engines)
    served = list({ from: NOW - 11 })
    await lists.warm()
    expect(check(lists, 7)).toBe('revoked')
  })

  test('AHP-STATUS-11 no list is taken before the one that was kept is known', async () => {
    await use(list({ from: NOW - 10, revoked: [7] }))
    let go: () => void = () => {}
    const gone = new Promise<void>((resolve) => (go = resolve))
    const slow = vi.fn<Inflate>(inflate).mockImplementationOnce(async (gzip, maxBytes) => {
      await gone
      return inflate(gzip, maxBytes)
    })
    const lists = restart({ inflate: slow })
    served = list({ from: NOW - 11 })
    const warm = lists.warm()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(check(lists, 7)).toBe('unavailable')
    go()
    await warm
    expect(check(lists, 7)).toBe('revoked')
  })

  test.each<[string, () => string]>([
    ['of another key', () => list({ signer: otherKey })],
    ['of a kid that the bundle does not name any more', () => list({ header: { kid: `${ISSUER}#status-0` } })],
    ['of another issuer', () => list({ claims: { issuer: 'did:web:other.example' } })],
    ['of another URL', () => listAt(`${URL}0`)],
    ['that is a passport', () => list({ header: { typ: 'vc+sd-jwt' } })],
    ['that inflates to a gibibyte', () => list({ subject: { encodedList: bomb() } })],
    ['that is too short', () => list({ bits: new Uint8Array(16_383) })],
    ['that is no JWS', () => '{}'],
  ])('AHP-STATUS-15 a list %s was never kept, which is said, and the next reading counts', async (_, make) => {
    kept = { text: make(), validFrom: NOW + 1000, revoked: 0, readAt: clock }
    const lists = restart()
    expect(check(lists)).toBe('unavailable')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^status list https:\/\/identity\.example\/status\/revocation\/1: what was kept of it is not used: /)
    served = list()
    await lists.warm()
    expect(check(lists)).toBe('valid')
  })

  test('AHP-STATUS-15 a list dies with the validity of its key', async () => {
    await use(list())
    const until = (validUntil: number): StatusLists =>
      restart({ issuers: [issuerOf(URL, { key: () => ({ key: statusKey.key, validUntil }) })] })
    expect([check(until(NOW + 1)), check(until(NOW))]).toEqual(['valid', 'unavailable'])
  })

  test('AHP-STATUS-8 a list that is not valid yet is not used, and does not lock out those that are', async () => {
    kept = { text: list({ from: NOW + 6 }), validFrom: NOW + 6, revoked: 0, readAt: clock }
    const lists = restart()
    expect(check(lists)).toBe('unavailable')
    served = list()
    await lists.warm()
    expect(check(lists)).toBe('valid')
    // What was kept is the newer of the two, also when its time comes.
    expect(kept.validFrom).toBe(NOW + 6)
    expect(check(lists, 0, NOW + 1)).toBe('unavailable')
  })
})

describe('a clock that goes back', () => {
  test('AHP-STATUS-11 by less than skew lets no older list in', async () => {
    served = list({ from: NOW, revoked: [7] })
    const lists = restart()
    await lists.warm()
    clock -= 5000
    served = list({ from: NOW - 20 })
    await lists.warm()
    expect(check(lists, 7)).toBe('revoked')
  })

  test('AHP-STATUS-11 by more lets lists of that time in until it comes to the newest list again', async () => {
    served = list({ from: NOW })
    const lists = restart()
    await lists.warm()
    clock = (NOW - 3600) * 1000
    expect(check(lists)).toBe('unavailable')
    served = list({ from: NOW - 3660 })
    await lists.warm()
    expect(check(lists)).toBe('valid')
    expect(kept?.validFrom).toBe(NOW)
    expect([-3000, -6, -5].map((seconds) => check(lists, 0, NOW + seconds))).toEqual(['valid', 'unavailable', 'unavailable'])
    clock = (NOW - 5) * 1000
    await lists.warm()
    expect(lists.failure(ISSUER, URL)?.message).toBe('a status list older than the newest one used')
  })
})

describe('keeping', () => {
  test('gives each list that is used, with its text and when its reading began', async () => {
    served = list({ from: NOW - 10 })
    const lists = restart({
      get: async (...asked) => {
        clock += 1500
        return get(...asked)
      },
    })
    await lists.warm()
    expect(kept).toEqual({ text: served, validFrom: NOW - 10, revoked: 0, readAt: NOW * 1000 })
    served = list({ from: NOW - 10, revoked: [1, 6, 7, 70_000] })
    await lists.warm()
    expect(kept).toEqual({ text: served, validFrom: NOW - 10, revoked: 4, readAt: NOW * 1000 + 1500 })
  })

  test('gives no list that is not used', async () => {
    for (const text of [list({ signer: otherKey }), list({ from: NOW + 6 }), list({ until: NOW }), 'x']) {
      await use(text)
      expect(kept).toBeUndefined()
    }
  })

  test('AHP-STATUS-16 a place that cannot be written refuses nobody, and is told once until it can', async () => {
    const save = vi.fn<StatusMemory['save']>().mockRejectedValue(new Error('no space left'))
    const lists = restart({ memory: { load: () => undefined, save } })
    served = list()
    for (let time = 0; time < 3; time++) await lists.warm()
    expect(check(lists)).toBe('valid')
    await expect.poll(() => save.mock.calls.length).toBe(3)
    expect(lines).toEqual([`status list ${URL}: it cannot be kept for after a restart: no space left`])
    save.mockResolvedValueOnce(undefined)
    for (let time = 0; time < 2; time++) await lists.warm()
    await expect.poll(() => lines.length).toBe(2)
  })

  test('AHP-STATUS-16 a place that never answers holds up no reading', async () => {
    const lists = restart({ memory: { load: () => undefined, save: () => new Promise(() => {}) } })
    for (const index of [1, 2, 3]) {
      served = list({ revoked: [index] })
      await lists.warm()
      expect(check(lists, index)).toBe('revoked')
    }
  })

  test('writes one list at a time, and of those that wait only the last', async () => {
    const ends: (() => void)[] = []
    const written: number[] = []
    const keep = createKeeper<number>(
      (value) => {
        written.push(value)
        return new Promise((resolve) => ends.push(resolve))
      },
      () => {},
    )
    for (const value of [1, 2, 3, 4]) keep(value)
    expect(written).toEqual([1])
    ends.shift()?.()
    await expect.poll(() => written).toEqual([1, 4])
    ends.shift()?.()
    await Promise.resolve()
    keep(5)
    await expect.poll(() => written).toEqual([1, 4, 5])
  })

  test('stops the start with what the place throws', () => {
    const load = (): never => {
      throw new TypeError('status memory: damaged')
    }
    expect(() => restart({ memory: { load, save: () => {} } })).toThrow('status memory: damaged')
  })
})

function bomb(): string {
  const member = gzipSync(new Uint8Array(16_777_216))
  return `u${encodeBase64url(Buffer.concat(Array.from({ length: 64 }, () => member)))}`
}
