import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { encodeBase64url } from '../src/base64.ts'
import type { JsonObject } from '../src/json.ts'
import { encodeJwsInput } from '../src/jws.ts'
import { decodeToken, parseTokenClaims, TOKEN_TYPE } from '../src/token.ts'
import { Refusal } from '../src/refusal.ts'

const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
const ENTRY: JsonObject = {
  ts: '2026-11-20T22:00:00.123Z',
  action: 'orders.create',
  target: 'https://api.example.com/orders',
  decision: 'ALLOW',
  deciding_pack: null,
  deciding_rule: null,
  deciding_layer: null,
  deny_reason: null,
  decision_ms: 2,
}
const CLAIMS: JsonObject = {
  ahp: 'ahp-receiver/0.1',
  iss: 'did:web:harness.example',
  sub: 'did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw',
  aud: 'https://api.example.com',
  iat: 1_795_212_000,
  exp: 1_795_212_060,
  jti: '01KAH0000000000000000000',
  txn: '01KAH0000000000000000001',
  cnf: { jkt: HASH },
  htm: 'POST',
  htu: 'https://api.example.com/orders?dry=1',
  htc: 'application/json',
  htd: HASH,
  psp: HASH,
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  obl: [],
  entry: ENTRY,
}

const parse = (claims: JsonObject): unknown => parseTokenClaims(utf8(JSON.stringify(claims)))
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
  return 'accepted'
}
const without = (name: string): JsonObject => Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name))

describe('token claims', () => {
  test('AHP-TOKEN-10 reads the claims of the profile and ignores others', () => {
    expect(parse({ ...CLAIMS, extra: { any: 1 } })).toEqual(CLAIMS)
  })

  test.each(Object.keys(CLAIMS).filter((name) => name !== 'ahp'))('AHP-TOKEN-7 refuses a token without %s', (name) => {
    expect(codeOf(() => parse(without(name)))).toBe('token_claims_invalid')
  })

  test.each([undefined, 'ahp-receiver/0.2', 'AHP-RECEIVER/0.1', 1, null])('AHP-TOKEN-6 refuses version %j', (ahp) => {
    expect(codeOf(() => parse(ahp === undefined ? without('ahp') : { ...CLAIMS, ahp }))).toBe('token_version_unsupported')
  })

  test('AHP-TOKEN-9 refuses nbf, whatever its value', () => {
    expect(codeOf(() => parse({ ...CLAIMS, nbf: 0 }))).toBe('token_claims_invalid')
    expect(codeOf(() => parse({ ...CLAIMS, nbf: null }))).toBe('token_claims_invalid')
  })

  test.each<[string, unknown]>([
    ['iss', `did:web:${'a'.repeat(510)}`],
    ['iss', ['did:web:harness.example']],
    ['sub', 'did:web:agent.example'],
    ['sub', 'did:key:z6Mk'],
    ['aud', ['https://api.example.com']],
    ['aud', 'api.example.com'],
    ['aud', `https://${'a'.repeat(249)}`],
    ['iat', '1795212000'],
    ['iat', 1.5],
    ['iat', -1],
    ['exp', 1_795_212_000],
    ['exp', null],
    ['jti', 'short'],
    ['jti', 'x'.repeat(65)],
    ['jti', 'with space 123456789'],
    ['txn', 7],
    ['cnf', { jkt: HASH, jwk: {} }],
    ['cnf', { jkt: `${HASH.slice(0, 42)}V` }],
    ['cnf', HASH],
    ['htm', 'post'],
    ['htm', ''],
    ['htm', 'A'.repeat(21)],
    ['htu', 'ftp://api.example.com/'],
    ['htu', '/orders'],
    ['htu', `https://api.example.com/${'a'.repeat(1001)}`],
    ['htc', ' application/json'],
    ['htc', 'a'.repeat(129)],
    ['htc', 'text/plain\n'],
    ['htd', 'AAAA'],
    ['psp', `${HASH}=`],
    ['salt', 'AAAAAAAAAAAAAAAAAAAAAB'],
    ['obl', ['unknown']],
    ['obl', ['log_full', 'log_full']],
    ['obl', 'log_full'],
  ])('AHP-TOKEN-7 refuses %s = %j', (name, value) => {
    expect(codeOf(() => parse({ ...CLAIMS, [name]: value } as JsonObject))).toBe('token_claims_invalid')
  })

  test.each<[string, unknown]>([
    ['exp', 1_795_212_001],
    ['aud', `https://${'a'.repeat(248)}`],
    ['jti', 'x'.repeat(16)],
    ['jti', 'x'.repeat(64)],
    ['htm', 'A'.repeat(20)],
    ['htu', `https://api.example.com/${'a'.repeat(1000)}`],
    ['htc', ''],
    ['htc', 'a'.repeat(128)],
    ['obl', ['notify_owner', 'log_full', 'confirm_human', 'redact_response', 'content_unseen']],
  ])('accepts %s at its bound', (name, value) => {
    expect(codeOf(() => parse({ ...CLAIMS, [name]: value } as JsonObject))).toBe('accepted')
  })

  test.each<[string, unknown]>([
    ['ts', '2026-11-20T22:00:00Z'],
    ['ts', '2026-02-30T22:00:00.000Z'],
    ['action', 'a'.repeat(129)],
    ['action', 'é'.repeat(65)],
    ['target', null],
    ['decision', 'DENY'],
    ['decision', 'allow'],
    ['deciding_pack', 'p'.repeat(65)],
    ['deny_reason', 'r'.repeat(257)],
    ['decision_ms', -1],
    ['decision_ms', 0.5],
    ['more', 1],
  ])('AHP-TOKEN-10 refuses an entry with %s = %j', (name, value) => {
    expect(codeOf(() => parse({ ...CLAIMS, entry: { ...ENTRY, [name]: value } } as JsonObject))).toBe('token_claims_invalid')
  })

  test.each(Object.keys(ENTRY))('refuses an entry without %s', (name) => {
    const entry = Object.fromEntries(Object.entries(ENTRY).filter(([key]) => key !== name))
    expect(codeOf(() => parse({ ...CLAIMS, entry }))).toBe('token_claims_invalid')
  })

  test.each(['[]', 'null', '"x"', '{"ahp":"ahp-receiver/0.1","ahp":"ahp-receiver/0.1"}', '{'])(
    'refuses the payload %s',
    (payload) => {
      expect(codeOf(() => parseTokenClaims(utf8(payload)))).toBe('token_claims_invalid')
    },
  )
})

describe('token text', () => {
  const text = (header: JsonObject): string => `${encodeJwsInput(header, CLAIMS)}.${encodeBase64url(new Uint8Array(64))}`
  const good = { alg: 'Ed25519', typ: TOKEN_TYPE, kid: 'did:web:harness.example#1' }

  test('gives the key that is said to have signed, and no claims', () => {
    const jws = decodeToken(text(good))
    expect([jws.signer, jws.kid]).toEqual(['did:web:harness.example', 'did:web:harness.example#1'])
    expect(Object.keys(jws)).not.toContain('payload')
  })

  test.each([
    { ...good, typ: 'aegis-decision+jwt' },
    { ...good, typ: 'vc+jwt' },
    { ...good, typ: 'AEGIS-TOKEN+JWT' },
    { ...good, alg: 'none' },
    { ...good, alg: 'HS256' },
    { ...good, jwk: { kty: 'OKP' } },
    { ...good, crit: ['b64'] },
  ])('AHP-TOKEN-2 refuses header %j', (header) => {
    expect(codeOf(() => decodeToken(text(header as JsonObject)))).toBe('token_header_invalid')
  })

  test('AHP-TOKEN-1 refuses text that is no canonical compact JWS, and text over the limit', () => {
    expect(codeOf(() => decodeToken('a.b'))).toBe('token_malformed')
    expect(codeOf(() => decodeToken(`${text(good)}=`))).toBe('token_malformed')
    expect(codeOf(() => decodeToken(text(good), 100))).toBe('token_malformed')
  })
})
