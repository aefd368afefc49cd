import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { Malformed } from '../src/refusal.ts'
import { bitAt, parseStatusListClaims, statusBit, type SyncInflate } from '../src/status-list.ts'
import { outcome, REFUSED } from './outcome.ts'

const inflate: SyncInflate = (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes })
const encode = (bits: Uint8Array): string => `u${encodeBase64url(gzipSync(bits))}`

function listOf(...set: number[]): Uint8Array {
  const bits = new Uint8Array(16_384)
  for (const index of set) bits[index >> 3] = (bits[index >> 3] ?? 0) | (0x80 >> (index & 7))
  return bits
}

describe('statusBit', () => {
  test('AHP-STATUS-10 reads from the most significant bit on', () => {
    const first = new Uint8Array(16_384)
    first[0] = 0x80
    expect([0, 1, 7].map((index) => statusBit(encode(first), index, inflate))).toEqual([true, false, false])
    first[0] = 0x01
    expect([0, 7, 8].map((index) => statusBit(encode(first), index, inflate))).toEqual([false, true, false])
  })

  test('finds exactly the bits that were set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(131_071), { maxLength: 5 }), fc.nat(131_071), (set, other) => {
        const bits = listOf(...set)
        for (const index of [...set, other]) expect(bitAt(bits, index)).toBe(set.includes(index))
      }),
    )
  })

  test('AHP-STATUS-3 takes the last index of the list and no other number', () => {
    const list = encode(listOf(131_071))
    expect(statusBit(list, 131_071, inflate)).toBe(true)
    for (const index of [131_072, -1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(() => statusBit(list, index, inflate)).toThrow(Malformed)
    }
  })

  test('AHP-STATUS-9 takes 131,072 entries and refuses eight fewer', () => {
    expect(statusBit(encode(new Uint8Array(16_384)), 0, inflate)).toBe(false)
    expect(() => statusBit(encode(new Uint8Array(16_383)), 0, inflate)).toThrow(Malformed)
    expect(() => statusBit(encode(new Uint8Array(0)), 0, inflate)).toThrow(Malformed)
  })

  test('AHP-STATUS-9 takes 16 MiB and refuses one byte more', () => {
    expect(statusBit(encode(new Uint8Array(16_777_216)), 134_217_727, inflate)).toBe(false)
    expect(() => statusBit(encode(new Uint8Array(16_777_217)), 0, inflate)).toThrow(Malformed)
  })

  test('a lower limit holds, also against an inflate that does not stop', () => {
    const list = encode(new Uint8Array(20_000))
    expect(statusBit(list, 0, inflate, 20_000)).toBe(false)
    expect(() => statusBit(list, 0, inflate, 19_999)).toThrow(Malformed)
    expect(() => statusBit(list, 0, (gzip) => gunzipSync(gzip), 19_999)).toThrow(Malformed)
  })

  test('a bomb of a gibibyte is stopped, not inflated', () => {
    const member = gzipSync(new Uint8Array(16_777_216))
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => member))
    const before = process.memoryUsage().rss
    expect(() => statusBit(`u${encodeBase64url(bomb)}`, 0, inflate)).toThrow(Malformed)
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024)
  })

  const whole = gzipSync(listOf(3))
  const then = (...parts: readonly Uint8Array[]): string => `u${encodeBase64url(Buffer.concat(parts))}`
  test.each([
    ['a second member', then(whole, gzipSync(new Uint8Array(8)))],
    ['a second member without bits', then(whole, gzipSync(new Uint8Array(0)))],
    ['two members that are a list together', then(gzipSync(new Uint8Array(8192)), gzipSync(new Uint8Array(8192)))],
    ['a zero behind', then(whole, new Uint8Array(1))],
    ['nine zeros behind', then(whole, new Uint8Array(9))],
    ['text behind', then(whole, utf8('garbage'))],
    ['the beginning of a member behind', then(whole, Uint8Array.of(0x1f, 0x8b, 8))],
  ])('AHP-STATUS-9 refuses a list with %s', (_, list) => {
    expect(() => statusBit(list, 3, inflate)).toThrow(Malformed)
  })

  const good = encode(listOf(3))
  test.each([
    ['nothing', ''],
    ['no multibase letter', good.slice(1)],
    ['another multibase letter', `z${good.slice(1)}`],
    ['the multibase letter of padded base64url', `U${good.slice(1)}`],
    ['the multibase letter alone', 'u'],
    ['padding', `${good}=`],
    ['white space', `${good} `],
    ['bytes that are no gzip', `u${encodeBase64url(new Uint8Array(64))}`],
    ['zlib instead of gzip', `u${encodeBase64url(new Uint8Array(20_000))}`],
    ['a cut gzip', `u${encodeBase64url(gzipSync(listOf(3)).subarray(0, 20))}`],
    [
      'a wrong checksum',
      `u${encodeBase64url(gzipSync(listOf(3)).map((byte, at, all) => (at === all.length - 8 ? byte ^ 1 : byte)))}`,
    ],
  ])('refuses %s', (_, list) => {
    expect(() => statusBit(list, 3, inflate)).toThrow(Malformed)
  })

  test('only ever throws Malformed', () => {
    const noise = fc.oneof(
      fc.string(),
      fc.uint8Array().map((bytes) => `u${encodeBase64url(bytes)}`),
      fc
        .tuple(fc.nat(40), fc.nat(255))
        .map(([at, value]) => `u${encodeBase64url(gzipSync(listOf(3)).map((byte, index) => (index === at ? value : byte)))}`),
    )
    fc.assert(
      fc.property(noise, fc.integer(), (list, index) => {
        const bit = outcome(() => statusBit(list, index, inflate))
        expect(bit === REFUSED || typeof bit === 'boolean').toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

const URL = 'https://identity.example/status/revocation/1'
const CLAIMS = {
  '@context': ['https://www.w3.org/ns/credentials/v2'],
  id: URL,
  type: ['VerifiableCredential', 'BitstringStatusListCredential'],
  issuer: 'did:web:identity.example',
  validFrom: '2026-11-20T21:55:00Z',
  validUntil: '2026-11-21T21:55:00Z',
  credentialSubject: {
    id: `${URL}#list`,
    type: 'BitstringStatusList',
    statusPurpose: 'revocation',
    encodedList: encode(listOf()),
  },
}
const parse = (claims: unknown): unknown => parseStatusListClaims(utf8(JSON.stringify(claims)))
const subject = (changes: object): object => ({ ...CLAIMS, credentialSubject: { ...CLAIMS.credentialSubject, ...changes } })
const unavailable = expect.objectContaining({ code: 'status_unavailable' })

describe('parseStatusListClaims', () => {
  test('gives the members of this profile and none besides', () => {
    expect(parse({ ...CLAIMS, ttl: 1, name: 'list' })).toEqual(CLAIMS)
    expect(parse(subject({ ttl: 300_000 }))).toEqual(CLAIMS)
  })

  test('AHP-STATUS-8 takes 86,400 seconds and refuses one more, and refuses an empty time', () => {
    expect(() => parse({ ...CLAIMS, validUntil: '2026-11-21T21:55:01Z' })).toThrow(unavailable)
    expect(() => parse({ ...CLAIMS, validUntil: CLAIMS.validFrom })).toThrow(unavailable)
    expect(() => parse({ ...CLAIMS, validUntil: '2026-11-20T21:54:59Z' })).toThrow(unavailable)
    expect(parse({ ...CLAIMS, validUntil: '2026-11-20T21:55:01Z' })).toMatchObject({ validUntil: '2026-11-20T21:55:01Z' })
  })

  test.each<[string, unknown]>([
    ['an array', [CLAIMS]],
    ['another context', { ...CLAIMS, '@context': ['https://www.w3.org/2018/credentials/v1'] }],
    ['a second context', { ...CLAIMS, '@context': [...CLAIMS['@context'], 'https://evil.example/v1'] }],
    ['a context that is text', { ...CLAIMS, '@context': CLAIMS['@context'][0] }],
    ['the types in another order', { ...CLAIMS, type: CLAIMS.type.toReversed() }],
    ['the type of a passport', { ...CLAIMS, type: ['VerifiableCredential', 'AiegisPassport'] }],
    ['a third type', { ...CLAIMS, type: [...CLAIMS.type, 'AiegisPassport'] }],
    ['an issuer that is an object', { ...CLAIMS, issuer: { id: CLAIMS.issuer } }],
    ['an issuer that is a URL', { ...CLAIMS, issuer: 'https://identity.example' }],
    ['no validFrom', { ...CLAIMS, validFrom: undefined }],
    ['no validUntil', { ...CLAIMS, validUntil: undefined }],
    ['a time with a zone', { ...CLAIMS, validFrom: '2026-11-20T21:55:00+00:00' }],
    ['a day that does not exist', { ...CLAIMS, validFrom: '2026-02-30T21:55:00Z', validUntil: '2026-03-01T00:00:00Z' }],
    [
      'an id that is no URL',
      {
        ...CLAIMS,
        id: 'status/revocation/1',
        credentialSubject: { ...CLAIMS.credentialSubject, id: 'status/revocation/1#list' },
      },
    ],
    ['no subject', { ...CLAIMS, credentialSubject: undefined }],
    ['a list of subjects', { ...CLAIMS, credentialSubject: [CLAIMS.credentialSubject] }],
    ['a subject of another list', subject({ id: 'https://identity.example/status/revocation/2#list' })],
    ['a subject without #list', subject({ id: URL })],
    ['another purpose', subject({ statusPurpose: 'suspension' })],
    ['two purposes', subject({ statusPurpose: ['revocation'] })],
    ['another kind of list', subject({ type: 'StatusList2021' })],
    ['no list', subject({ encodedList: undefined })],
    ['a list that is no text', subject({ encodedList: 1 })],
  ])('AHP-STATUS-7 refuses %s', (_, claims) => {
    expect(() => parse(claims)).toThrow(unavailable)
  })

  test('refuses JSON that two parsers could read in two ways', () => {
    const text = JSON.stringify(CLAIMS)
    expect(() => parseStatusListClaims(utf8(text.replace('{', `{"id":"${URL}",`)))).toThrow(unavailable)
    expect(() => parseStatusListClaims(utf8(`\ufeff${text}`))).toThrow(unavailable)
  })

  test('only ever throws status_unavailable', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(...Object.values(CLAIMS)))
    const claims = fc.dictionary(fc.constantFrom(...Object.keys(CLAIMS)), value)
    const inner = fc.dictionary(fc.constantFrom(...Object.keys(CLAIMS.credentialSubject)), value)
    const refused = (run: () => unknown): unknown => {
      try {
        return run()
      } catch (error) {
        return error
      }
    }
    fc.assert(
      fc.property(claims, inner, (outer, changes) => {
        const found = refused(() => parse({ ...subject(changes), ...outer }))
        expect(found instanceof Error ? found : unavailable).toEqual(unavailable)
      }),
      { numRuns: 1000 },
    )
  })
})
