/** Chapter 2 of the specification, seen by a receiver: each rule on both sides of its bound. @module */
import { createHash } from 'node:crypto'
import { encodeBase64url, fromHex, jwkOf, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, NAMES, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { Point } from '@noble/ed25519'
import { describe, expect, test } from 'vitest'
import { verdictOf, withPayload, withToken, type Make } from './verdict.ts'

type Case = readonly [title: string, expected: string, make: Make]

const header =
  (change: (header: JsonObject) => JsonObject): Make =>
  (h) =>
    h.mint({}, { tokenHeader: change })
const kid = (value: string): Make => header((known) => ({ ...known, kid: value }))
const named =
  (harness: string): Make =>
  (h) =>
    h.mint(
      {},
      {
        passport: (vc) => ({
          ...vc,
          credentialSubject: { ...(vc['credentialSubject'] as JsonObject), harness: [NAMES.harness, harness] },
        }),
      },
    )
const token =
  (change: (token: string) => string): Make =>
  (h) =>
    h.mint({}, { tokenText: change })
const payload =
  (change: (payload: string) => string): Make =>
  (h) =>
    withPayload(h, change)
const ignored = (json: string): Make => payload((text) => `{"x":${json},${text.slice(1)}`)
const proof =
  (change: (text: string) => string): Make =>
  (h) =>
    h.mint({}, { proofText: change })
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

const BASE64: readonly Case[] = [
  ['AHP-BYTES-1 base64url in its one spelling is read', 'served', (h) => h.mint()],
  ['AHP-BYTES-1 padding is refused', 'token_malformed', token((text) => `${text}=`)],
  ['AHP-BYTES-1 white space is refused', 'token_malformed', token((text) => text.replace('.', '\t.'))],
  [
    'AHP-BYTES-1 the other alphabet is refused',
    'token_malformed',
    token((text) => text.replace(/[-_](?=[^.]*$)/, '+').replace(/^e/, '+')),
  ],
  ['AHP-BYTES-1 a length that no bytes have is refused', 'token_malformed', token((text) => text.replace('.', 'AAA.AA'))],
  ['AHP-BYTES-1 spare bits are refused', 'token_malformed', token((text) => text.slice(0, -1) + nextCharacter(text.at(-1)))],
  ['AHP-BYTES-2 missing padding in a proof is refused', 'proof_malformed', proof((text) => text.replace('=\n', '\n'))],
  [
    'AHP-BYTES-2 spare bits in a proof are refused',
    'proof_malformed',
    proof((text) => text.replace(/(.)=\n/, (_, last: string) => `${nextCharacter(last)}=\n`)),
  ],
]

const JSON_TEXT: readonly Case[] = [
  ['AHP-BYTES-3 a byte order mark is refused', 'token_claims_invalid', payload((text) => `\xef\xbb\xbf${text}`)],
  ['AHP-BYTES-3 bytes that are no UTF-8 are refused', 'token_claims_invalid', ignored('"\xff"')],
  ['AHP-BYTES-3 UTF-8 is read', 'served', ignored('"\xc3\xa9"')],
  ['AHP-BYTES-4 a member that occurs twice is refused', 'token_claims_invalid', payload((text) => `{"obl":[],${text.slice(1)}`)],
  [
    'AHP-BYTES-4 an escaped spelling of the same name is refused',
    'token_claims_invalid',
    payload((text) => `{"\\u006fbl":[],${text.slice(1)}`),
  ],
  ['AHP-BYTES-5 __proto__ is refused', 'token_claims_invalid', ignored('{"__proto__":1}')],
  ['AHP-BYTES-5 a lone surrogate is refused', 'token_claims_invalid', ignored('"\\ud800"')],
  ['AHP-BYTES-5 a pair of surrogates is read', 'served', ignored('"\\ud83d\\ude00"')],
  ['AHP-BYTES-6 2^53 is refused', 'token_claims_invalid', ignored('9007199254740992')],
  ['AHP-BYTES-6 2^53 − 1 is read', 'served', ignored('9007199254740991')],
  ['AHP-BYTES-6 negative zero is refused', 'token_claims_invalid', ignored('-0')],
  ['AHP-BYTES-6 a number that is not finite is refused', 'token_claims_invalid', ignored('1e999')],
  [
    'AHP-BYTES-6 a whole number written with a fraction is an integer',
    'served',
    payload((text) => text.replace(/"iat":(\d+)/, '"iat":$1.0')),
  ],
  ['AHP-BYTES-7 depth 16 is read', 'served', ignored(nested(15))],
  ['AHP-BYTES-7 depth 17 is refused', 'token_claims_invalid', ignored(nested(16))],
  ['AHP-BYTES-7 a claim of many members is read', 'served', ignored(`[${'0,'.repeat(900)}0]`)],
  ['AHP-BYTES-7 a token of more than 4,096 characters is not parsed', 'evidence_too_large', ignored(`"${'x'.repeat(4000)}"`)],
]

const JWS: readonly Case[] = [
  ['AHP-BYTES-13 four segments are refused', 'token_malformed', token((text) => `${text}.AA`)],
  ['AHP-BYTES-13 two segments are refused', 'token_malformed', token((text) => text.slice(0, text.lastIndexOf('.')))],
  ['AHP-BYTES-13 an empty payload is refused', 'token_malformed', token((text) => text.replace(/\.[^.]+\./, '..'))],
  [
    'AHP-BYTES-13 a signature of 63 bytes is refused',
    'token_malformed',
    token((text) => text.replace(/[^.]+$/, (s) => s.slice(0, 84))),
  ],
  [
    'AHP-BYTES-14 any other member of the header is refused',
    'token_header_invalid',
    header((known) => ({ ...known, b64: true })),
  ],
  ['AHP-BYTES-14 cty in a token is refused', 'token_header_invalid', header((known) => ({ ...known, cty: 'vc' }))],
  [
    'AHP-BYTES-14 a header that is no object is malformed',
    'token_malformed',
    (h) => withToken(h, (texts) => ({ ...texts, header: '[]' })),
  ],
  ['AHP-BYTES-15 EdDSA is read', 'served', header((known) => ({ ...known, alg: 'EdDSA' }))],
  ['AHP-BYTES-15 none is refused', 'token_header_invalid', header((known) => ({ ...known, alg: 'none' }))],
  ['AHP-BYTES-15 ES256 is refused', 'token_header_invalid', header((known) => ({ ...known, alg: 'ES256' }))],
  ['AHP-BYTES-16 another typ is refused', 'token_header_invalid', header((known) => ({ ...known, typ: 'aegis-decision+jwt' }))],
  [
    'AHP-BYTES-16 typ in other case is refused',
    'token_header_invalid',
    header((known) => ({ ...known, typ: 'AEGIS-token+jwt' })),
  ],
  [
    'AHP-BYTES-16 a passport without cty is refused',
    'passport_header_invalid',
    (h) => h.mint({}, { passportHeader: ({ cty, ...rest }) => (cty === 'vc' ? rest : {}) }),
  ],
  ['AHP-BYTES-17 a relative kid is refused', 'token_header_invalid', kid('#1')],
  ['AHP-BYTES-17 a kid without fragment is refused', 'token_header_invalid', kid(NAMES.harness)],
  ['AHP-BYTES-18 claims cannot name another signer than the kid', 'token_issuer_unknown', kid('did:web:elsewhere.example#1')],
  ['AHP-BYTES-19 a private part in a JWK is refused', 'passport_claims_invalid', (h) => withJwk(h, { d: 'AAAA' })],
  ['AHP-BYTES-19 another key type is refused', 'passport_claims_invalid', (h) => withJwk(h, { kty: 'EC' })],
]

const DIDS: readonly Case[] = [
  ['AHP-BYTES-21 another method is refused', 'passport_claims_invalid', named('did:jwk:e30')],
  [
    'AHP-BYTES-21 more than 512 characters are refused',
    'passport_claims_invalid',
    named(`did:web:a.example${`:${'x'.repeat(64)}`.repeat(8)}`),
  ],
  [
    'AHP-BYTES-22 a did:key of another codec is refused',
    'passport_claims_invalid',
    named('did:key:z6LSeaevVFRhcXfC5Zu4LLLrE6msqi3D5myfbjBMmuPd8fjP'),
  ],
  [
    'AHP-BYTES-22 a did:key of a key of small order is refused',
    'passport_claims_invalid',
    named('did:key:z6MkeXATEjyXENzBXBxgC5EHk2JE5aqd7qMGGtDpLUH1e2Sj'),
  ],
  ['AHP-BYTES-23 a host with a port and segments is read', 'served', named('did:web:a.example%3A8443:agents:_7f-a.b')],
  ['AHP-BYTES-23 a character that no DID has is refused', 'passport_claims_invalid', named('did:web:a.example:~agents')],
  ['AHP-BYTES-23 localhost is a spelling that exists', 'served', named('did:web:localhost%3A18081')],
  ['AHP-BYTES-23 upper case in the host is refused', 'passport_claims_invalid', named('did:web:A.example')],
  ['AHP-BYTES-23 a lower-case escape of the colon is refused', 'passport_claims_invalid', named('did:web:a.example%3a8443')],
  ['AHP-BYTES-23 the default port is refused', 'passport_claims_invalid', named('did:web:a.example%3A443')],
  ['AHP-BYTES-23 port 65536 is refused', 'passport_claims_invalid', named('did:web:a.example%3A65536')],
  ['AHP-BYTES-23 an address is refused', 'passport_claims_invalid', named('did:web:127.0.0.1')],
  ['AHP-BYTES-23 a host without a dot is refused', 'passport_claims_invalid', named('did:web:intranet')],
  ['AHP-BYTES-23 user information is refused', 'passport_claims_invalid', named('did:web:a.example%40evil.example')],
  ['AHP-BYTES-23 a dot segment is refused', 'passport_claims_invalid', named('did:web:a.example:..:b')],
  ['AHP-BYTES-23 nine segments are refused', 'passport_claims_invalid', named(`did:web:a.example${':x'.repeat(9)}`)],
  ['AHP-BYTES-24 a fragment of 128 characters is read', 'token_key_unknown', kid(`${NAMES.harness}#${'x'.repeat(128)}`)],
  ['AHP-BYTES-24 a fragment of 129 characters is refused', 'token_header_invalid', kid(`${NAMES.harness}#${'x'.repeat(129)}`)],
  ['AHP-BYTES-24 a path in a DID URL is refused', 'token_header_invalid', kid(`${NAMES.harness}/keys#1`)],
]

describe.each([
  ['base64', BASE64],
  ['JSON', JSON_TEXT],
  ['compact JWS', JWS],
  ['DIDs', DIDS],
])('%s', (_name, cases) => {
  test.each(cases)('%s: %s', async (_title, expected, make) => {
    expect(await verdictOf(make)).toBe(expected)
  })
})

describe('Ed25519', () => {
  test('AHP-BYTES-9 a key whose y is not reduced stops the start', () => {
    // 2^255 − 18 is 1 in another spelling.
    expect(bundleWith(fromHex(`ee${'ff'.repeat(30)}7f`))).toThrow(TypeError)
  })

  test('AHP-BYTES-10 keys of small order stop the start, with either sign bit', () => {
    for (const y of ['01', 'ec', '00', 'c7', '26'].map(smallOrder)) {
      for (const sign of [0, 0x80]) {
        const bytes = fromHex(y)
        bytes[31] = (bytes[31] ?? 0) | sign
        expect(bundleWith(bytes)).toThrow(TypeError)
      }
    }
  })

  test.each([
    ['AHP-BYTES-11 S + L is refused', (signature: Uint8Array) => withS(signature, (s) => s + ORDER)],
    [
      'AHP-BYTES-11 R of small order is refused',
      (signature: Uint8Array) => Uint8Array.of(...fromHex(smallOrder('01')), ...signature.subarray(32)),
    ],
    [
      'AHP-BYTES-11 R that is not reduced is refused',
      (signature: Uint8Array) => Uint8Array.of(...fromHex(`ee${'ff'.repeat(30)}7f`), ...signature.subarray(32)),
    ],
  ])('%s', async (_title, change) => {
    const make: Make = (h) =>
      h.mint({}, { tokenSigner: { ...h.keys.harness, sign: (bytes) => change(h.keys.harness.sign(bytes)) } })
    expect(await verdictOf(make)).toBe('token_signature_invalid')
  })

  test('AHP-BYTES-12 a signature that only the equation with cofactor accepts is refused', async () => {
    const torsion = Point.fromHex(smallOrder('c7'))
    const secret = 7n
    const publicKey = Point.BASE.multiply(secret)
    const sign = (message: Uint8Array, twist: Point): Uint8Array => {
      const r = Point.BASE.multiply(11n).add(twist).toBytes()
      const k = challenge(r, publicKey.toBytes(), message)
      return withS(Uint8Array.of(...r, ...new Uint8Array(32)), () => (11n + k * secret) % ORDER)
    }
    const trust = (h: MockHarness): JsonObject => ({
      harnesses: [
        {
          did: NAMES.harness,
          keys: [{ kid: h.keys.harness.kid, jwk: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey.toBytes()) } }],
          ledgers: [NAMES.log],
        },
      ],
    })
    const signed =
      (twist: Point): Make =>
      (h) =>
        h.mint({}, { tokenSigner: { ...h.keys.harness, sign: (message) => sign(message, twist) } })
    expect(await verdictOf(signed(Point.ZERO), { trust })).toBe('served')
    expect(await verdictOf(signed(torsion), { trust })).toBe('token_signature_invalid')
  })
})

function withJwk(harness: MockHarness, members: JsonObject): RawRequest {
  return harness.mint({}, { passport: (vc) => ({ ...vc, cnf: { jwk: { ...jwkOf(harness.keys.agent.publicKey), ...members } } }) })
}

/** The next character of the alphabet: the same bits but for the spare ones, where the text has some. */
function nextCharacter(character: string | undefined): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character ?? '') + 1] ?? ''
}

/** The encoding of small order whose hexadecimal begins like this. */
function smallOrder(start: string): string {
  return SMALL_ORDER.find((y) => y.startsWith(start)) ?? ''
}

const SMALL_ORDER: readonly string[] = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
]
const ORDER = Point.CURVE().n

/** The signature with another S, which is written in little-endian order. */
function withS(signature: Uint8Array, change: (s: bigint) => bigint): Uint8Array {
  const s = change(signature.subarray(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n))
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => Number((s >> BigInt(8 * index)) & 255n))
  return Uint8Array.of(...signature.subarray(0, 32), ...bytes)
}

/** k of RFC 8032: SHA-512 of R, A and the message, modulo the order. */
function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash('sha512').update(r).update(key).update(message).digest()
  return digest.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) % ORDER
}

/** Starts a receiver whose harness has this key. */
const bundleWith = (x: Uint8Array) => (): unknown => {
  const h = createMockHarness({ logSize: 1 })
  const keys = [{ kid: h.keys.harness.kid, jwk: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(x) } }]
  return createVerifier(h.receiver({ harnesses: [{ did: NAMES.harness, keys, ledgers: [NAMES.log] }] }))
}
