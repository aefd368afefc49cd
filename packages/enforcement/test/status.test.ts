import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  createSigner,
  decodeJws,
  LIMITS,
  nobleCrypto,
  parsePassport,
  parseStatusListClaims,
  Refusal,
  STATUS_LIST,
  STATUS_LIST_TYPE,
  statusBit,
  verifyJws,
  type StatusListClaims,
} from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEnforcement } from '../src/enforcement.ts'
import { KEY_ROLES, loadKey } from '../src/keys.ts'
import { issuePassport, type PassportIssuer, type PassportRequest } from '../src/passports.ts'
import { createStatusFile, createStatusPublisher, type StatusOptions, type StatusPublisher } from '../src/status.ts'
import { UsageError } from '../src/usage.ts'

const START = 1_795_212_000_000
const URL = 'https://identity.example/status/revocation/1'
const signer = createSigner(new Uint8Array(32).fill(3), 'did:web:identity.example#status')
let now = START
let options: StatusOptions

beforeEach(() => {
  now = START
  const file = join(mkdtempSync(join(tmpdir(), 'aiegis-status-')), 'status.json')
  createStatusFile(file)
  options = { file, url: URL, issuer: 'did:web:identity.example', signer, now: () => now }
})

afterEach(() => rmSync(dirname(options.file), { recursive: true, force: true }))

async function read(publisher: StatusPublisher): Promise<StatusListClaims> {
  const jws = decodeJws(await publisher.list(), { ...STATUS_LIST_TYPE, maxBytes: STATUS_LIST.maxText })
  const payload = await verifyJws(nobleCrypto(), jws, signer.publicKey)
  if (payload === undefined) throw new Error('the list does not verify')
  return parseStatusListClaims(payload)
}

async function published(publisher: StatusPublisher, index: number): Promise<boolean> {
  const { credentialSubject } = await read(publisher)
  return statusBit(credentialSubject.encodedList, index, (gzip, maxOutputLength) => gunzipSync(gzip, { maxOutputLength }))
}

function sentence(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return 'no error'
}

describe('the list', () => {
  test('is one that receivers read, and shows what was revoked at once', async () => {
    const publisher = createStatusPublisher(options)
    expect(await published(publisher, 94_567)).toBe(false)
    expect([publisher.revoke(94_567), publisher.revoke(94_567)]).toEqual([true, false])
    expect([await published(publisher, 94_567), await published(publisher, 94_566), await published(publisher, 94_568)]).toEqual([
      true,
      false,
      false,
    ])
    expect([publisher.isRevoked(94_567), publisher.isRevoked(0), publisher.isRevoked(131_072)]).toEqual([true, false, undefined])
    expect(() => publisher.revoke(131_072)).toThrow(RangeError)
    expect(() => publisher.revoke(-1)).toThrow(RangeError)
  })

  test('is signed anew after a minute, and never with an earlier time than before', async () => {
    const publisher = createStatusPublisher(options)
    const times = []
    for (const seconds of [0, 59, 60, 30, 200]) {
      now = START + seconds * 1000
      times.push((await read(publisher)).validFrom.slice(14))
    }
    expect(times).toEqual(['00:00Z', '00:00Z', '01:00Z', '01:00Z', '03:20Z'])
  })

  test('AHP-STATUS-11 a revocation after the clock went back is in a list that readers do not take for an old one', async () => {
    const publisher = createStatusPublisher(options)
    const before = (await read(publisher)).validFrom
    now = START - 3_600_000
    publisher.revoke(7)
    expect((await read(publisher)).validFrom >= before).toBe(true)
    expect(await published(publisher, 7)).toBe(true)
  })
})

describe('AHP-STATUS-21 the time of a list', () => {
  const times = async (publisher: StatusPublisher, ...revoked: readonly number[]): Promise<readonly number[]> => {
    const found: number[] = []
    for (const index of revoked) {
      publisher.revoke(index)
      const { validFrom } = await read(publisher)
      found.push((Date.parse(validFrom) - START) / 1000)
      expect(await published(publisher, index)).toBe(true)
    }
    return found
  }

  test('is later after each revocation, also within a second', async () => {
    const publisher = createStatusPublisher(options)
    expect((await read(publisher)).validFrom).toBe('2026-11-20T22:00:00Z')
    expect(await times(publisher, 1, 2)).toEqual([1, 2])
    now = START + 1999
    expect(await times(publisher, 3)).toEqual([3])
  })

  test('is never more than 2 seconds ahead, and every revocation is in the list all the same', async () => {
    const publisher = createStatusPublisher(options)
    expect(await times(publisher, 1, 2, 3, 4, 5)).toEqual([0, 1, 2, 2, 2])
    now = START + 1000
    expect(await times(publisher, 6, 7)).toEqual([3, 3])
    now = START + 30_000
    expect(await times(publisher, 8)).toEqual([30])
  })

  test('is that of the clock when nothing was revoked, and not earlier than before', async () => {
    const publisher = createStatusPublisher(options)
    await times(publisher, 1, 2)
    publisher.allocate()
    expect(publisher.revoke(2)).toBe(false)
    now = START + 60_000
    expect((await read(publisher)).validFrom).toBe('2026-11-20T22:01:00Z')
    now = START + 30_000
    expect((await read(publisher)).validFrom).toBe('2026-11-20T22:01:00Z')
  })
})

describe('AHP-STATUS-21 the time of a list after a restart', () => {
  test('is not earlier than before when the clock was set back, and later when something was revoked since', async () => {
    const before = createStatusPublisher(options)
    before.revoke(1)
    now = START + 5_000
    await before.list()
    now = START + 65_000
    expect((await read(before)).validFrom).toBe('2026-11-20T22:01:05Z')
    now = START - 3_600_000
    const after = createStatusPublisher(options)
    after.revoke(2)
    expect((await read(after)).validFrom).toBe('2026-11-20T22:01:06Z')
    expect([await published(after, 1), await published(after, 2)]).toEqual([true, true])
    now = START + 65_000
    const again = createStatusPublisher(options)
    again.revoke(3)
    expect((await read(again)).validFrom).toBe('2026-11-20T22:01:07Z')
    // Nor is it one of a clock that no list was dated by.
    now = START + 600_000
    const ahead = createStatusPublisher(options)
    now = START + 300_000
    expect((await read(ahead)).validFrom).toBe('2026-11-20T22:05:00Z')
  })

  test('is never more than 2 seconds ahead either, however often it is started', async () => {
    const found = []
    for (const index of [1, 2, 3, 4, 5, 6]) {
      const publisher = createStatusPublisher(options)
      publisher.revoke(index)
      found.push((await read(publisher)).validFrom.slice(14))
      expect(await published(publisher, index)).toBe(true)
    }
    expect(found).toEqual(['00:00Z', '00:01Z', '00:02Z', '00:02Z', '00:02Z', '00:02Z'])
  })

  test('is one that a list can have, or nothing starts', async () => {
    const { validFrom: _, ...rest } = JSON.parse(readFileSync(options.file, 'utf8')) as { validFrom: number }
    const last = 253_402_300_799 - 3_602
    for (const validFrom of [last + 1, 9_007_199_254_740_991]) {
      writeFileSync(options.file, JSON.stringify({ ...rest, validFrom }))
      expect([validFrom, sentence(() => createStatusPublisher(options))]).toEqual([validFrom, expect.stringContaining('damaged')])
    }
    writeFileSync(options.file, JSON.stringify({ ...rest, validFrom: last }))
    expect((await read(createStatusPublisher(options))).validUntil).toBe('9999-12-31T23:59:58Z')
  })

  test('is stored before the list can be read, and the list is published when it cannot be', async () => {
    const faults: string[] = []
    const publisher = createStatusPublisher({ ...options, onFault: (message) => faults.push(message) })
    const stored = (): unknown => (JSON.parse(readFileSync(options.file, 'utf8')) as { validFrom: unknown }).validFrom
    const list = publisher.list()
    expect(stored()).toBe(START / 1000)
    await list
    mkdirSync(`${options.file}.new`)
    expect(() => publisher.revoke(9)).toThrow('EISDIR')
    expect([await published(publisher, 9), faults]).toEqual([true, ['the time of the status list cannot be stored']])
    rmdirSync(`${options.file}.new`)
    now = START + 60_000
    expect([await published(publisher, 9), stored()]).toEqual([true, START / 1000 + 60])
    expect(createStatusPublisher(options).isRevoked(9)).toBe(true)
  })

  test('is told to the operator when the clock is behind it', async () => {
    await createStatusPublisher(options).list()
    const told: string[] = []
    const start = (): StatusPublisher => createStatusPublisher({ ...options, onWarning: (said) => told.push(said) })
    now = START - 2_000
    start()
    expect(told).toEqual([])
    now = START - 3_600_000
    start()
    expect(told).toEqual([
      `${options.file}: the clock is 3600 s behind the last status list, and new ones keep its time: set the clock, or remove "validFrom" from the file if it was wrong before`,
    ])
    const { validFrom: _, ...rest } = JSON.parse(readFileSync(options.file, 'utf8')) as { validFrom: number }
    writeFileSync(options.file, JSON.stringify(rest))
    expect((await read(start())).validFrom).toBe('2026-11-20T21:00:00Z')
  })
})

describe('what was revoked outlives the process', () => {
  test('in a file that only the owner reads', async () => {
    createStatusPublisher(options).revoke(5)
    expect(statSync(options.file).mode & 0o777).toBe(0o600)
    expect(await published(createStatusPublisher(options), 5)).toBe(true)
  })

  test('a lost file stops the start: nobody would be revoked any more', () => {
    createStatusPublisher(options)
    rmSync(options.file)
    expect(sentence(() => createStatusPublisher(options))).toBe(
      `${options.file}: it is missing, so that revoked passports would be good again; put it back, or remove issuer.key and status.key to begin as a new issuer, which receivers have to pin anew`,
    )
    expect(existsSync(options.file)).toBe(false)
  })

  test.each<[string, string, string]>([
    ['cut', '{"issued":', 'not JSON'],
    ['empty', '{}', 'members are missing'],
    ['shortened', '{"issued":"","revoked":""}', 'a list of another length'],
    ['of no time', '{"issued":"","revoked":"","validFrom":-1}', '"validFrom" is no time'],
    ['of a time that is text', '{"issued":"","revoked":"","validFrom":"1"}', '"validFrom" is no time'],
  ])('a file that is %s stops the start and stays as it is', (_, content, why) => {
    writeFileSync(options.file, content)
    expect(sentence(() => createStatusPublisher(options))).toBe(`${options.file}: it is damaged (${why}); put a good copy back`)
    expect(readFileSync(options.file, 'utf8')).toBe(content)
  })

  test('an index is given out once, also after a restart', () => {
    const publisher = createStatusPublisher(options)
    const first = Array.from({ length: 50 }, () => publisher.allocate())
    const again = createStatusPublisher(options)
    const second = Array.from({ length: 50 }, () => again.allocate())
    expect(new Set([...first, ...second]).size).toBe(100)
  })
})

describe('passports', () => {
  const key = createSigner(new Uint8Array(32).fill(4), 'did:web:identity.example#1')
  const agent = createSigner(new Uint8Array(32).fill(5), 'agent').publicKey
  const mission = [{ action: 'orders.*', target: 'https://api.example.com/*' }]
  const issuer = (): PassportIssuer => ({
    signer: key,
    did: 'did:web:identity.example',
    harness: 'did:web:harness.example',
    status: createStatusPublisher(options),
    statusUrl: URL,
    taken: [key.publicKey],
    now: () => now,
  })

  async function parsed(request: Partial<PassportRequest> = {}): Promise<ReturnType<typeof parsePassport>> {
    const { passport } = await issuePassport(issuer(), { agent, mission, ...request })
    const jws = decodeJws(passport, { typ: 'vc+jwt', cty: 'vc', maxBytes: LIMITS.passport })
    const payload = await verifyJws(nobleCrypto(), jws, key.publicKey)
    if (payload === undefined) throw new Error('the passport does not verify')
    return parsePassport(payload)
  }

  test('are those that receivers read', async () => {
    expect(await parsed()).toMatchObject({
      issuer: 'did:web:identity.example',
      validFrom: START / 1000,
      validUntil: START / 1000 + 30 * 86_400,
      mission,
      harness: ['did:web:harness.example'],
      jurisdiction: null,
      maxDepth: 0,
      status: { list: URL },
    })
    expect(
      await parsed({ jurisdiction: 'EU', risk: 'high', maxDepth: 2, delegatedOnly: true, lifetimeSeconds: 60 }),
    ).toMatchObject({
      jurisdiction: 'EU',
      risk: 'high',
      maxDepth: 2,
      delegatedOnly: true,
      validUntil: START / 1000 + 60,
    })
  })

  test.each<[string, Partial<PassportRequest>]>([
    ['a mission without pairs', { mission: [] }],
    ['a mission that covers other hosts', { mission: [{ action: '*', target: 'https://api.example*' }] }],
    ['a harness that is no DID', { harness: ['harness.example'] }],
    ['more than 366 days', { lifetimeSeconds: 367 * 86_400 }],
    ['an end before the start', { lifetimeSeconds: 0 }],
    ['a depth of three', { maxDepth: 3 }],
  ])('with %s are not issued, and cost no index', async (_, request) => {
    let allocated = 0
    const counting = { ...issuer(), status: { allocate: () => (allocated += 1) } }
    await expect(issuePassport(counting, { agent, mission, ...request })).rejects.toThrow(Refusal)
    expect(allocated).toBe(0)
  })

  test('are not issued to a key that has another role', async () => {
    await expect(issuePassport(issuer(), { agent: key.publicKey, mission })).rejects.toThrow(TypeError)
    const state = join(dirname(options.file), 'state')
    const server = await createEnforcement({ url: 'https://harness.example', state })
    for (const role of KEY_ROLES) {
      const agentKey = loadKey(join(state, `${role}.key`), 'x').publicKey
      await expect(server.issuePassport({ agent: agentKey, mission })).rejects.toThrow('a key has one role')
    }
    await server.close()
  })
})
