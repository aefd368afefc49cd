/** Properties of the parsers of passports, delegations, chains and status lists: they only refuse, and lose nothing (spec chapters 8, 9). @module */
import { deepStrictEqual as same } from 'node:assert'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../src/base64.ts'
import { decodeUtf8, utf8 } from '../src/bytes.ts'
import { decodeDelegation, parseDelegation } from '../src/delegation.ts'
import { isObject, type JsonObject, type JsonValue } from '../src/json.ts'
import { jwkOf } from '../src/jwk.ts'
import type { UnverifiedJws } from '../src/jws.ts'
import { decodePassport, parsePassport, splitPassportHeader, type Passport } from '../src/passport.ts'
import { checkBits, gzipOf, parseStatusListClaims, STATUS_LIST } from '../src/status-list.ts'
import { formatSeconds } from '../src/time.ts'
import { rawJws, testKey } from './keys.ts'
import { eachEdit, exampleOf, isMixed, judged, longTexts, nearly, nearlyText, shareTaken } from './mutations.ts'
import { REFUSED } from './outcome.ts'

const RUNS = 10_000
const PASSPORT = exampleOf('08-passport.md', 'passport')
const DELEGATION = exampleOf('08-passport.md', 'delegation')
const LIST = exampleOf('09-status.md', 'status-list')
const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'

const bytesNear = (valid: JsonObject): fc.Arbitrary<Uint8Array> =>
  fc.oneof({ weight: 9, arbitrary: nearly(valid) }, fc.uint8Array(), fc.json().map(utf8))

describe('passport', () => {
  test('AHP-PASS-9 a credential that is taken prints back to all that was sent', () => {
    const codes = ['passport_claims_invalid', 'passport_lifetime_too_long', 'passport_key_mismatch']
    const share = shareTaken(
      bytesNear(PASSPORT),
      (bytes) => judged(codes, () => parsePassport(bytes)),
      (passport, bytes) => same(credentialOf(passport), withDefaults(sentIn(bytes))),
      RUNS,
      eachEdit(PASSPORT),
    )
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-PASS-4 AHP-PASS-5 a text that is taken is three segments, each of which encodes back', () => {
    const header = '{"alg":"Ed25519","cty":"vc","kid":"did:web:identity.example#1","typ":"vc+jwt"}'
    const codes = ['passport_malformed', 'passport_header_invalid']
    expect(shareDecoded(header, PASSPORT, codes, decodePassport)).toSatisfy(isMixed)
  })
})

describe('delegation', () => {
  test('AHP-PASS-22 claims that are taken are all that was sent', () => {
    const share = shareTaken(
      bytesNear(DELEGATION),
      (bytes) => judged(['delegation_claims_invalid', 'delegation_lifetime_too_long'], () => parseDelegation(bytes)),
      (claims, bytes) => same(claims, sentIn(bytes)),
      RUNS,
      eachEdit(DELEGATION),
    )
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-PASS-20 a text that is taken is three segments, each of which encodes back', () => {
    const did = 'did:key:z6MkfAJeVpZGN2VAJ9CWPkhrWqqRGRMLaMCXru92LtL7NBhi'
    const header = `{"alg":"Ed25519","kid":"${did}#${did.slice('did:key:'.length)}","typ":"aegis-delegation+jwt"}`
    const codes = ['delegation_malformed', 'delegation_header_invalid']
    expect(shareDecoded(header, { ...DELEGATION, aud: ['https://a.example'] }, codes, decodeDelegation)).toSatisfy(isMixed)
  })
})

describe('X-AEGIS-Passport', () => {
  test('AHP-PASS-1 a value that is taken is its parts, or the hash that it names', () => {
    const valid = fc.constantFrom('P', 'P~D~P', 'P~D~P~D~P', `sha-256=${HASH}`)
    const share = shareTaken(
      fc.oneof({ weight: 4, arbitrary: nearlyText(valid) }, fc.string({ unit: 'binary' })),
      (value) => judged(['passport_malformed'], () => splitPassportHeader(value)),
      (header, value) => same(header.kind === 'chain' ? chainText(header.parts) : `sha-256=${spelt(header.psp)}`, value),
      RUNS,
    )
    expect(share).toSatisfy(isMixed)
  })
})

describe('status list', () => {
  test('AHP-STATUS-7 the members that are taken are those that were sent', () => {
    const share = shareTaken(
      bytesNear(LIST),
      (bytes) => judged(['status_unavailable'], () => parseStatusListClaims(bytes)),
      (claims, bytes) => {
        const sent = sentIn(bytes)
        const subject = sent['credentialSubject']
        const all = { ...sent, credentialSubject: { ...(isObject(subject) ? subject : {}), ...claims.credentialSubject } }
        same({ ...sent, ...claims, credentialSubject: all.credentialSubject }, sent)
      },
      RUNS,
      eachEdit(LIST),
    )
    expect(share).toSatisfy(isMixed)
  })

  test('an encoded list that is taken is u and what its gzip encodes to', () => {
    const encoded = `u${encodeBase64url(gzipSync(new Uint8Array(16_384)))}`
    const share = shareTaken(
      fc.oneof(nearlyText(fc.constant(encoded)), fc.string({ unit: 'binary' })),
      (text) => judged(['malformed'], () => gzipOf(text)),
      (gzip, text) => same(`u${encodeBase64url(gzip)}`, text),
      RUNS,
    )
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-STATUS-9 bits that are taken are those that were given, as many as the list ends with', () => {
    const size = fc.constantFrom(0, STATUS_LIST.minBytes - 1, STATUS_LIST.minBytes, 20_000, 20_001)
    const share = shareTaken(
      fc.tuple(size, fc.oneof(size, fc.nat()), fc.uint8Array({ maxLength: 8 })),
      ([bits, said, before]) => judged(['malformed'], () => checkBits(gzipEnd(before, said), new Uint8Array(bits), 20_000)),
      (bits, [given, said]) => same([bits.length, said, given >= STATUS_LIST.minBytes && given <= 20_000], [given, given, true]),
      RUNS,
    )
    expect(share).toSatisfy(isMixed)
  })
})

test('AHP-BYTES-7 megabytes of anything are refused by each of them', () => {
  const evidence = ['', '{"', '{"a":', '[', '"', 'eyJ.', 'sha-256=', 'u']
  for (const text of longTexts(evidence)) {
    for (const [codes, parse] of PARSERS) expect(judged(codes, () => parse(text))).toBe(REFUSED)
  }
})

const PARSERS: readonly (readonly [readonly string[], (text: string) => unknown])[] = [
  [['passport_malformed'], decodePassport],
  [['delegation_malformed'], decodeDelegation],
  [['passport_claims_invalid'], (text) => parsePassport(utf8(text))],
  [['delegation_claims_invalid'], (text) => parseDelegation(utf8(text))],
  [['status_unavailable'], (text) => parseStatusListClaims(utf8(text))],
]

/** Texts near a JWS of these parts: all of what is taken is found again in what came out. Returns the share that was taken. */
function shareDecoded(
  header: string,
  payload: JsonObject,
  codes: readonly string[],
  decode: (text: string) => UnverifiedJws,
): number {
  return shareTaken(
    nearlyText(fc.constant(rawJws(testKey('agent'), header, JSON.stringify(payload)))),
    (text) => judged(codes, () => decode(text)),
    (jws, text) => {
      const [, , last] = text.split('.')
      same(
        [jws.text, decodeUtf8(jws.bytes), `${decodeUtf8(jws.signingInput)}.${encodeBase64url(jws.signature)}`],
        [text, text, text],
      )
      same([text.split('.').map(spelt).join('.'), jws.signatureText], [text, last])
      same(jws.kid.slice(0, jws.kid.indexOf('#')), jws.signer)
    },
    RUNS,
  )
}

/** Bytes that end as gzip of so many bytes does (RFC 1952 §2.3.1). */
function gzipEnd(before: Uint8Array, size: number): Uint8Array {
  return Uint8Array.of(...before, size & 0xff, (size >> 8) & 0xff, (size >> 16) & 0xff, (size >> 24) & 0xff)
}

function chainText(parts: readonly string[]): string {
  same([1, 3, 5].includes(parts.length), true)
  return parts.join('~')
}

/** The spelling of base64url that its bytes have. */
function spelt(text: string): string {
  return encodeBase64url(decodeBase64url(text))
}

function sentIn(bytes: Uint8Array): JsonObject {
  const value: unknown = JSON.parse(decodeUtf8(bytes))
  return isObject(value) ? value : {}
}

/** What a passport with these values says, with every member that may be absent written out. */
function credentialOf(passport: Passport): JsonObject {
  return {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: passport.issuer,
    validFrom: formatSeconds(passport.validFrom),
    validUntil: formatSeconds(passport.validUntil),
    credentialSubject: {
      id: passport.subject,
      attestations: Object.fromEntries(Object.entries(passport.attestations).map(([fact, own]) => [fact, { ...own }])),
      mission: passport.mission.map((pair) => ({ ...pair })),
      harness: passport.harness,
      ...(passport.jurisdiction === null ? {} : { jurisdiction: passport.jurisdiction }),
      ...(passport.risk === null ? {} : { risk: passport.risk }),
      maxDepth: passport.maxDepth,
      delegatedOnly: passport.delegatedOnly,
    },
    cnf: { jwk: { ...jwkOf(passport.key) } },
    ...(passport.status === null ? {} : { credentialStatus: statusOf(passport.status) }),
  }
}

function statusOf(status: { readonly list: string; readonly index: number }): JsonValue {
  return {
    type: 'BitstringStatusListEntry',
    statusPurpose: 'revocation',
    statusListIndex: String(status.index),
    statusListCredential: status.list,
  }
}

/** Absent means 0 and false (section 8.2). */
function withDefaults(vc: JsonObject): JsonObject {
  const subject = vc['credentialSubject']
  return { ...vc, credentialSubject: { maxDepth: 0, delegatedOnly: false, ...(isObject(subject) ? subject : {}) } }
}
