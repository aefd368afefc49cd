import { defaultCrypto, formatSeconds, jwkOf, Refusal, thumbprint, type JsonObject } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDidKeys, type DidKeys, type DidKeysOptions } from '../src/did-keys.ts'
import { createEvents } from '../src/events.ts'
import type { KeyRole, TrustedKey } from '../src/trust-keys.ts'
import { HARNESS, ISSUER, signer } from './trust-bundle.ts'

const NOW = Date.UTC(2026, 10, 20, 22)

let clock: number
let elapsed: number
let documents: Map<string, JsonObject>
let metadata: JsonObject
let answer: (did: string) => Promise<unknown>
let reads: string[]
let logged: (readonly [string, unknown])[]
const made: DidKeys[] = []

beforeEach(() => {
  clock = NOW
  elapsed = 0
  documents = new Map([
    [HARNESS, documentOf(HARNESS, { '#1': 'harness' })],
    [ISSUER, documentOf(ISSUER, { '#1': 'issuer' })],
  ])
  metadata = {}
  reads = []
  logged = []
  answer = async (did) => ({ didResolutionMetadata: metadata, didDocument: documents.get(did) ?? null })
})
afterEach(() => {
  for (const keys of made.splice(0)) keys.close()
  vi.useRealTimers()
})

function documentOf(did: string, names: Readonly<Record<string, string>>, members: JsonObject = {}): JsonObject {
  const methods = Object.entries(names).map(([id, name]) => ({
    id,
    type: 'JsonWebKey2020',
    controller: did,
    publicKeyJwk: { ...jwkOf(signer(name).publicKey) },
    ...members,
  }))
  return { id: did, verificationMethod: methods, assertionMethod: Object.keys(names) }
}

function create(changes: Partial<DidKeysOptions> = {}): DidKeys {
  const keys = createDidKeys({
    parties: [
      { role: 'harness', did: HARNESS },
      { role: 'issuer', did: ISSUER },
    ],
    resolver: {
      resolve(did) {
        reads.push(did)
        return answer(did) as ReturnType<DidKeysOptions['resolver']['resolve']>
      },
    },
    roleOf: () => undefined,
    now: () => clock,
    elapsed: () => elapsed,
    watch: createEvents({ log: (line, cause) => logged.push([line, cause]), now: () => clock }).watch,
    ...changes,
  })
  made.push(keys)
  return keys
}

const down = async (): Promise<never> => {
  throw new Error('connection refused')
}

/** What a request learns: the name of the key that was found, `unknown`, or when to come again. */
async function find(keys: DidKeys, fragment = '1', role: 'harness' | 'issuer' = 'issuer'): Promise<string | number> {
  const did = role === 'issuer' ? ISSUER : HARNESS
  try {
    return nameOf(await keys.find(role, did, `${did}#${fragment}`))
  } catch (error) {
    if (error instanceof Refusal && error.code === 'keys_unavailable') return error.retryAfter ?? Number.NaN
    throw error
  }
}

function nameOf(found: TrustedKey | undefined): string {
  const names = ['issuer', 'harness', 'next', 'status', 'other']
  return found === undefined ? 'unknown' : (names.find((name) => jwkOf(signer(name).publicKey).x === jwkOf(found.key).x) ?? '?')
}

/** Moves the clock, asks each minute, and says at how many seconds the answer became another one. */
async function changesAfter(keys: DidKeys, from: string, limit: number): Promise<number> {
  for (let seconds = 0; seconds <= limit; seconds += 10) {
    clock = NOW + seconds * 1000
    if ((await find(keys)) !== from) return seconds
  }
  return Number.POSITIVE_INFINITY
}

describe('AHP-BYTES-32 a fresh document', () => {
  test('answers at once and without asking, for 300 seconds', async () => {
    const keys = create()
    await keys.warm()
    clock += 299_999
    expect(keys.find('issuer', ISSUER, `${ISSUER}#1`)).toMatchObject({ did: ISSUER, kid: `${ISSUER}#1` })
    expect(reads).toEqual([HARNESS, ISSUER])
    clock += 1
    expect(keys.find('issuer', ISSUER, `${ISSUER}#1`)).toBeInstanceOf(Promise)
    expect(reads).toEqual([HARNESS, ISSUER, ISSUER])
  })

  test.each([
    [0, 30],
    [29, 30],
    [31, 31],
    [300, 300],
    [86_400, 300],
    [-1, 30],
    [Number.NaN, 300],
    ['60', 300],
  ])('with max-age %s is fresh for %i seconds', async (maxAge, seconds) => {
    metadata = { maxAge: Number.isNaN(maxAge) ? null : maxAge }
    const keys = create()
    await keys.warm()
    clock += seconds * 1000 - 1
    await find(keys)
    expect(reads).toHaveLength(2)
    clock += 1
    await find(keys)
    expect(reads).toHaveLength(3)
  })

  test('counts from before it was asked for', async () => {
    const keys = create()
    answer = async (did) => {
      clock += 2000
      return { didResolutionMetadata: {}, didDocument: documents.get(did) }
    }
    await find(keys)
    clock = NOW + 299_999
    await find(keys)
    expect(reads).toHaveLength(1)
    clock = NOW + 300_000
    await find(keys)
    expect(reads).toHaveLength(2)
  })

  test('a key that is taken out stops within 300 seconds, and one that is replaced under its name is the new one then', async () => {
    const keys = create()
    await keys.warm()
    documents.set(ISSUER, documentOf(ISSUER, { '#1': 'next' }))
    expect(await changesAfter(keys, 'issuer', 400)).toBe(300)
    expect(await find(keys)).toBe('next')
    const others = create()
    clock = NOW
    await others.warm()
    documents.set(ISSUER, documentOf(ISSUER, {}))
    expect(await changesAfter(others, 'next', 400)).toBe(300)
    expect(await find(others)).toBeGreaterThan(0)
  })

  test('gives keys their end', async () => {
    documents.set(ISSUER, documentOf(ISSUER, { '#1': 'issuer' }, { expires: formatSeconds(NOW / 1000 + 60) }))
    const keys = create()
    await keys.warm()
    expect(keys.find('issuer', ISSUER, `${ISSUER}#1`)).toMatchObject({ validUntil: NOW / 1000 + 60 })
  })

  test('is read again in the background before it ends, and close ends that', async () => {
    vi.useFakeTimers({ now: NOW })
    const keys = create({ now: Date.now })
    keys.start()
    keys.start()
    await vi.advanceTimersByTimeAsync(269_999)
    expect(reads).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(reads).toHaveLength(4)
    metadata = { maxAge: 30 }
    await vi.advanceTimersByTimeAsync(270_000)
    expect(reads).toHaveLength(6)
    await vi.advanceTimersByTimeAsync(27_000)
    expect(reads).toHaveLength(8)
    keys.close()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(reads).toHaveLength(8)
  })
})

describe('AHP-BYTES-33 a document that cannot be read again', () => {
  test('is used until 3,600 seconds after it was fresh, and then its party is refused and no other', async () => {
    const keys = create()
    await keys.warm()
    answer = (did) => (did === ISSUER ? down() : Promise.resolve({ didResolutionMetadata: {}, didDocument: documents.get(did) }))
    expect(await changesAfter(keys, 'issuer', 4000)).toBe(3900)
    expect(await find(keys)).toBeGreaterThan(0)
    expect(await find(keys, '1', 'harness')).toBe('harness')
  })

  test('is used with its last millisecond and not with the next', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    clock = NOW + 3_899_999
    expect(await find(keys)).toBe('issuer')
    clock += 1
    expect(await find(keys)).toBe(30)
  })

  test('is asked for every 30 seconds and not more often, however many requests come', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    clock = NOW + 300_000
    for (let second = 0; second < 90; second++) {
      for (let request = 0; request < 3; request++) expect(await find(keys)).toBe('issuer')
      clock += 1000
    }
    expect(reads.slice(2)).toEqual([ISSUER, ISSUER, ISSUER])
  })

  test('keeps nobody waiting who comes while it is found out again that it cannot', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    clock = NOW + 300_000
    await find(keys)
    clock += 30_000
    answer = () => new Promise(() => {})
    void find(keys)
    expect(keys.find('issuer', ISSUER, `${ISSUER}#1`)).toMatchObject({ kid: `${ISSUER}#1` })
    expect(reads).toHaveLength(4)
  })

  test('is told once to the log, with the reason, and once more after it could be read', async () => {
    const keys = create()
    const good = answer
    answer = down
    for (let times = 0; times < 3; times++) {
      await find(keys)
      clock += 30_000
    }
    const line = [`keys of ${ISSUER}: its DID document cannot be read`, new Error('connection refused')]
    expect(logged).toEqual([line])
    answer = good
    await find(keys)
    answer = down
    clock += 300_000
    await find(keys)
    expect(logged).toEqual([line, line])
  })

  test('is replaced as soon as it can be read', async () => {
    const keys = create()
    await keys.warm()
    const good = answer
    answer = down
    clock = NOW + 3_000_000
    expect(await find(keys)).toBe('issuer')
    answer = good
    documents.set(ISSUER, documentOf(ISSUER, { '#2': 'next' }))
    clock += 29_999
    expect(await find(keys)).toBe('issuer')
    clock += 1
    expect(await find(keys)).toBe('unknown')
    expect(await find(keys, '2')).toBe('next')
  })

  test('is tried again in the background every 30 seconds', async () => {
    vi.useFakeTimers({ now: NOW })
    const keys = create({ now: Date.now, parties: [{ role: 'issuer', did: ISSUER }] })
    answer = down
    keys.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(reads).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(29_999)
    expect(reads).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(reads).toHaveLength(2)
  })

  test.each<[string, () => Promise<unknown>]>([
    [
      'an error beside the document',
      async () => ({ didResolutionMetadata: { error: 'notFound' }, didDocument: documents.get(ISSUER) }),
    ],
    ['the document of another DID', async () => ({ didResolutionMetadata: {}, didDocument: documents.get(HARNESS) })],
    ['nothing', async () => undefined],
    ['null', async () => ({ didResolutionMetadata: {}, didDocument: null })],
    ['a list', async () => ({ didResolutionMetadata: {}, didDocument: [documents.get(ISSUER)] })],
    ['text', async () => ({ didResolutionMetadata: {}, didDocument: JSON.stringify(documents.get(ISSUER)) })],
    ['metadata that are none', async () => ({ didResolutionMetadata: null, didDocument: null })],
    ['an error that is no Error', async () => Promise.reject('down')],
    [
      'a document that throws when it is looked at',
      async () => ({
        didResolutionMetadata: {},
        get didDocument(): never {
          throw new RangeError('trap')
        },
      }),
    ],
  ])('is one after a resolver gave %s', async (_, given) => {
    const keys = create()
    answer = given
    expect(await find(keys)).toBe(30)
    expect(await find(keys)).toBe(30)
    expect(reads).toEqual([ISSUER])
  })

  test('is one after 3 seconds of a resolver that never answers', async () => {
    vi.useFakeTimers({ now: NOW })
    const keys = create({ now: Date.now })
    answer = () => new Promise(() => {})
    const found: (string | number)[] = []
    void find(keys).then((answered) => found.push(answered))
    await vi.advanceTimersByTimeAsync(2999)
    expect(found).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(found).toEqual([27])
  })
})

describe('AHP-BYTES-34 a name that the document does not have', () => {
  test('is looked for once more: a new key works at once', async () => {
    const keys = create()
    await keys.warm()
    documents.set(ISSUER, documentOf(ISSUER, { '#1': 'issuer', '#2': 'next' }))
    expect(await find(keys, '2')).toBe('next')
    expect(reads).toEqual([HARNESS, ISSUER, ISSUER])
  })

  test('is unknown after that, and not measured until 30 seconds later', async () => {
    const keys = create()
    await keys.warm()
    expect(await find(keys, 'bogus')).toBe('unknown')
    expect(await find(keys, 'bogus')).toBe(30)
    clock += 29_001
    expect(await find(keys, 'bogus')).toBe(1)
    clock += 999
    expect(await find(keys, 'bogus')).toBe('unknown')
    expect(reads).toHaveLength(4)
  })

  test('a thousand of them are one reading, and do not put off a real change: it works at the first try after the pause', async () => {
    const keys = create()
    await keys.warm()
    expect(await find(keys, 'bogus-0')).toBe('unknown')
    documents.set(ISSUER, documentOf(ISSUER, { '#2': 'next' }))
    for (let number = 1; number < 1000; number++) {
      clock += 29
      expect(await find(keys, `bogus-${number}`)).toBeGreaterThan(0)
    }
    expect(await find(keys, '2')).toBe(2)
    expect(reads).toHaveLength(3)
    clock = NOW + 30_000
    expect(await find(keys, '2')).toBe('next')
    expect(reads).toHaveLength(4)
  })

  test('keeps known keys serving meanwhile, at once', async () => {
    const keys = create()
    await keys.warm()
    answer = () => new Promise(() => {})
    void find(keys, 'bogus')
    expect(keys.find('issuer', ISSUER, `${ISSUER}#1`)).toMatchObject({ kid: `${ISSUER}#1` })
  })

  test('is not measured when the reading fails, and the pause is that of the failure', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    expect(await find(keys, '2')).toBe(30)
    clock += 1000
    expect(await find(keys, '2')).toBe(29)
    expect(await find(keys)).toBe('issuer')
    expect(reads).toHaveLength(3)
  })

  test('is not measured by a reading that began before the request', async () => {
    const keys = create()
    let publish: (() => void) | undefined
    answer = (did) =>
      new Promise((resolve) => {
        const before = documents.get(did)
        publish = () => resolve({ didResolutionMetadata: {}, didDocument: before })
      })
    const first = find(keys)
    const second = find(keys, '2')
    documents.set(ISSUER, documentOf(ISSUER, { '#1': 'issuer', '#2': 'next' }))
    publish?.()
    expect(await first).toBe('issuer')
    expect(await second).toBe(30)
  })

  test('that comes while a document is read anyway puts nothing off', async () => {
    const keys = create()
    await keys.warm()
    const warming = keys.warm()
    expect(await find(keys, 'bogus')).toBe(1)
    await warming
    documents.set(ISSUER, documentOf(ISSUER, { '#2': 'next' }))
    expect(await find(keys, '2')).toBe('next')
  })

  test('of other parties, and of none, are not looked for at all', async () => {
    const keys = create()
    await keys.warm()
    for (const [role, did] of [
      ['issuer', HARNESS],
      ['harness', ISSUER],
      ['issuer', 'did:web:evil.example'],
      ['harness', 'constructor'],
    ] as const)
      expect(keys.find(role, did, `${did}#1`)).toBeUndefined()
    expect(reads).toHaveLength(2)
  })
})

describe('AHP-BYTES-35', () => {
  test('fifty requests before the first reading are one reading', async () => {
    const keys = create()
    const found = await Promise.all(Array.from({ length: 50 }, () => find(keys)))
    expect(new Set(found)).toEqual(new Set(['issuer']))
    expect(reads).toEqual([ISSUER])
  })

  test('requests, warm and start share a reading', async () => {
    const keys = create()
    keys.start()
    await Promise.all([keys.warm(), find(keys), keys.warm(), find(keys, '1', 'harness')])
    expect(reads.toSorted()).toEqual([HARNESS, ISSUER])
  })

  test('a clock that was set back makes no document young: it is read again, or refused', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    clock = NOW + 3_800_000
    expect(await find(keys)).toBe('issuer')
    clock = NOW
    expect(await find(keys)).toBe(30)
    expect(await find(keys)).toBe(30)
  })

  test('a clock that was set back while nobody asked makes no document young either', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    elapsed += 5000
    expect(await find(keys)).toBe('issuer')
    elapsed += 1
    expect(await find(keys)).toBe(30)
  })

  test('a clock that nobody sets may stand still, as while the machine sleeps', async () => {
    const keys = create()
    await keys.warm()
    answer = down
    clock += 3_899_999
    expect(await find(keys)).toBe('issuer')
    clock += 1
    expect(await find(keys)).toBe(30)
  })

  test('a clock that was set back does not prolong a pause', async () => {
    const keys = create()
    const good = answer
    answer = down
    clock = NOW + 86_400_000
    expect(await find(keys)).toBe(30)
    answer = good
    clock = NOW
    expect(await find(keys)).toBe('issuer')
  })

  test('a clock that is set back while a document is read does not make it live longer', async () => {
    const keys = create()
    answer = async (did) => {
      clock = NOW - 1_000_000
      return { didResolutionMetadata: {}, didDocument: documents.get(did) }
    }
    expect(await find(keys)).toBe('issuer')
    answer = down
    clock = NOW - 1_000_000 + 3_900_000
    expect(await find(keys)).toBe(30)
  })

  test('a clock that is set back while a document cannot be read does not prolong the pause', async () => {
    const keys = create()
    const good = answer
    answer = async () => {
      clock = NOW - 1_000_000
      return down()
    }
    expect(await find(keys)).toBe(30)
    answer = good
    clock += 30_000
    expect(await find(keys)).toBe('issuer')
  })

  test('a clock that is put right by 5 seconds changes nothing, also little by little', async () => {
    const keys = create()
    await keys.warm()
    clock = NOW + 100_000
    await find(keys)
    clock -= 5000
    await find(keys)
    expect(reads).toHaveLength(2)
    clock -= 1
    await find(keys)
    expect(reads).toHaveLength(3)
  })
})

describe('AHP-BYTES-36 a key of another role', () => {
  const jkts = new Map<string, KeyRole>()
  const roleOf = (jkt: string): KeyRole | undefined => jkts.get(jkt)
  const pinned = async (name: string, role: KeyRole): Promise<string | number> => {
    jkts.clear()
    jkts.set(thumbprint(defaultCrypto(), signer(name).publicKey), role)
    const keys = create({ roleOf })
    await keys.warm()
    return find(keys)
  }

  test.each<KeyRole>(['harness', 'status', 'log'])('that the bundle pins for the role %s is not used', async (role) => {
    expect(await pinned('issuer', role)).toBe('unknown')
  })

  test('that the bundle pins for the same role is used', async () => {
    expect(await pinned('issuer', 'issuer')).toBe('issuer')
  })
})

describe('AHP-BYTES-34 a pause', () => {
  /** Readings that end when the test says so. */
  function held(): () => void {
    const good = answer
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    answer = async (did) => {
      await released
      return good(did)
    }
    return release
  }

  test('does not begin with a request that joins a reading, which is told to come again in a second', async () => {
    const keys = create()
    const release = held()
    const warmed = keys.warm()
    clock += 1000
    const joined = find(keys, 'new')
    release()
    await warmed
    expect(await joined).toBe(1)
    expect(await find(keys, 'new')).toBe('unknown')
    expect(reads).toHaveLength(3)
  })

  test('after a failure ends when the document was read', async () => {
    const keys = create()
    const good = answer
    answer = down
    await keys.warm()
    answer = good
    clock += 1000
    await keys.warm()
    expect(await find(keys, 'new')).toBe('unknown')
  })

  test('after a failure counts from the beginning of the reading', async () => {
    const keys = create()
    answer = async () => {
      clock += 2000
      return down()
    }
    expect(await find(keys)).toBe(28)
    clock = NOW + 29_999
    expect(await find(keys)).toBe(1)
    expect(reads).toHaveLength(1)
    clock += 1
    await find(keys)
    expect(reads).toHaveLength(2)
  })
})

test('AHP-BYTES-36 a key that the bundle pins in another role is not used either when a request waited for its document', async () => {
  const keys = create({ roleOf: () => 'log' })
  expect(await find(keys)).toBe('unknown')
})
