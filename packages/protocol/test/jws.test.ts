import { compactVerify, CompactSign, importJWK } from 'jose'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { defaultCrypto, webCrypto } from '../src/crypto.ts'
import { formatDidKey } from '../src/did.ts'
import { jwkOf } from '../src/jwk.ts'
import { decodeJws, encodeJwsInput, JwsHeaderError, verifyJws, type UnverifiedJws } from '../src/jws.ts'
import { Malformed } from '../src/refusal.ts'
import { rawJws, testKey } from './keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const crypto = defaultCrypto()
const harness = testKey('harness')
const other = testKey('other')
const KID = 'did:web:harness.example#1'
const FORM = { typ: 'aegis-token+jwt', maxBytes: 4096 }
const HEADER = { alg: 'Ed25519', kid: KID, typ: FORM.typ }
const withHeader = (header: unknown): string => rawJws(harness, JSON.stringify(header), '{"a":1}')
const good = withHeader(HEADER)

describe('decodeJws', () => {
  test('AHP-BYTES-15 takes alg Ed25519 and EdDSA, and says who is said to have signed', () => {
    for (const alg of ['Ed25519', 'EdDSA']) {
      const jws = decodeJws(withHeader({ ...HEADER, alg }), FORM)
      expect(jws).toMatchObject({ kid: KID, signer: 'did:web:harness.example' })
      expect(jws.signatureText).toBe(jws.text.slice(-86))
      expect(jws.signature).toEqual(decodeBase64url(jws.signatureText))
      expect(jws.signingInput).toEqual(utf8(jws.text.slice(0, -87)))
    }
  })

  test('AHP-BYTES-18 gives no way to the payload', () => {
    const jws = decodeJws(good, FORM)
    expect(Object.keys(jws).toSorted()).toEqual(['bytes', 'kid', 'signature', 'signatureText', 'signer', 'signingInput', 'text'])
    expect(JSON.stringify(jws)).not.toContain('"a"')
  })

  test('AHP-BYTES-16 wants cty exactly when the form has one', () => {
    const passport = { typ: 'vc+jwt', cty: 'vc', maxBytes: 4096 }
    const header = { ...HEADER, typ: 'vc+jwt' }
    expect(decodeJws(withHeader({ ...header, cty: 'vc' }), passport).kid).toBe(KID)
    expect(() => decodeJws(withHeader(header), passport)).toThrow(JwsHeaderError)
    expect(() => decodeJws(withHeader({ ...header, cty: 'VC' }), passport)).toThrow(JwsHeaderError)
    expect(() => decodeJws(withHeader({ ...HEADER, cty: 'vc' }), FORM)).toThrow(JwsHeaderError)
  })

  test.each<[string, object]>([
    ['AHP-BYTES-15 alg none', { ...HEADER, alg: 'none' }],
    ['AHP-BYTES-15 alg HS256', { ...HEADER, alg: 'HS256' }],
    ['AHP-BYTES-15 alg ES256', { ...HEADER, alg: 'ES256' }],
    ['AHP-BYTES-15 alg in another case', { ...HEADER, alg: 'eddsa' }],
    ['AHP-BYTES-15 alg Ed448', { ...HEADER, alg: 'Ed448' }],
    ['AHP-BYTES-15 no alg', { kid: KID, typ: FORM.typ }],
    ['AHP-BYTES-16 typ of another object', { ...HEADER, typ: 'aegis-decision+jwt' }],
    ['AHP-BYTES-16 typ in another case', { ...HEADER, typ: 'AEGIS-token+jwt' }],
    ['AHP-BYTES-16 typ as a media type', { ...HEADER, typ: `application/${FORM.typ}` }],
    ['AHP-BYTES-16 no typ', { alg: 'Ed25519', kid: KID }],
    ['AHP-BYTES-17 no kid', { alg: 'Ed25519', typ: FORM.typ }],
    ['AHP-BYTES-17 kid that is no text', { ...HEADER, kid: 1 }],
    ['AHP-BYTES-17 kid that is relative', { ...HEADER, kid: '#1' }],
    ['AHP-BYTES-17 kid without fragment', { ...HEADER, kid: 'did:web:harness.example' }],
    ['AHP-BYTES-17 kid with a path', { ...HEADER, kid: 'did:web:harness.example/x#1' }],
    ['AHP-BYTES-17 kid in another spelling', { ...HEADER, kid: 'did:web:Harness.example#1' }],
    ['AHP-BYTES-17 kid that is a path on this machine', { ...HEADER, kid: '../../etc/passwd' }],
    ['AHP-BYTES-14 crit', { ...HEADER, crit: ['AHP-BYTES-14 b64'] }],
    ['AHP-BYTES-14 b64', { ...HEADER, b64: true }],
    ['AHP-BYTES-14 jwk', { ...HEADER, jwk: jwkOf(harness.key) }],
    ['AHP-BYTES-14 jku', { ...HEADER, jku: 'https://evil.example/jwks' }],
    ['AHP-BYTES-14 x5u', { ...HEADER, x5u: 'https://evil.example/cert' }],
    ['AHP-BYTES-14 x5c', { ...HEADER, x5c: [] }],
    ['AHP-BYTES-14 an unknown member', { ...HEADER, x: 1 }],
    ['AHP-BYTES-14 constructor as a member', { ...HEADER, constructor: 1 }],
  ])('%s is refused in the header', (_, header) => {
    expect(() => decodeJws(withHeader(header), FORM)).toThrow(JwsHeaderError)
  })

  test.each([
    ['an array as header', '[]'],
    ['text as header', '"alg"'],
    ['null as header', 'null'],
    ['a repeated header member', `{"alg":"none","alg":"Ed25519","kid":"${KID}","typ":"${FORM.typ}"}`],
    ['a repeated header member, once escaped', `{"a\\u006cg":"Ed25519","alg":"Ed25519","kid":"${KID}","typ":"${FORM.typ}"}`],
    ['a byte order mark', `\ufeff${JSON.stringify(HEADER)}`],
    ['no JSON', 'alg=none'],
    ['a header of more than 1,024 bytes', JSON.stringify({ ...HEADER, kid: `${KID}${' '.repeat(1000)}` })],
  ])('AHP-BYTES-14 refuses %s as malformed text, not as a header', (_, header) => {
    const thrown = outcome(() => decodeJws(rawJws(harness, header, '{}'), FORM))
    expect(thrown).toBe(REFUSED)
    expect(() => decodeJws(rawJws(harness, header, '{}'), FORM)).not.toThrow(JwsHeaderError)
  })

  const [head = '', body = '', signature = ''] = good.split('.')
  test.each([
    ['nothing', ''],
    ['one segment', head],
    ['two segments', `${head}.${body}`],
    ['four segments', `${good}.`],
    ['five segments, as JWE has', `${good}.a.b`],
    ['an empty header', `.${body}.${signature}`],
    ['an empty payload', `${head}..${signature}`],
    ['an empty signature', `${head}.${body}.`],
    ['padding', `${good}==`],
    ['padding in the payload', `${head}.${body}=.${signature}`],
    ['a line end', `${good}\n`],
    ['a line end inside the signature', `${head}.${body}.${signature.slice(0, 40)}\n${signature.slice(40)}`],
    ['white space before', ` ${good}`],
    ['the standard alphabet', `${head}.${body}.+${signature.slice(1)}`],
    ['a signature of 63 bytes', `${head}.${body}.${encodeBase64url(new Uint8Array(63))}`],
    ['a signature of 65 bytes', `${head}.${body}.${encodeBase64url(new Uint8Array(65))}`],
    ['JSON serialization', JSON.stringify({ protected: head, payload: body, signature })],
    ['letters beyond ASCII', `${head}.${body}Ł.${signature}`],
  ])('AHP-BYTES-13 refuses %s', (_, text) => {
    expect(() => decodeJws(text, FORM)).toThrow(Malformed)
    expect(() => decodeJws(text, FORM)).not.toThrow(JwsHeaderError)
  })

  test('AHP-BYTES-13 refuses all spellings of the signature with spare bits', () => {
    const last = Array.from(
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      (character) => good.slice(0, -1) + character,
    )
    const taken = last.filter((text) => outcome(() => decodeJws(text, FORM)) !== REFUSED)
    // 64 bytes end in two bits: the other four of the last character are zero.
    expect(taken.map((text) => text.at(-1))).toEqual(['A', 'Q', 'g', 'w'])
  })

  test('takes the longest text and refuses one byte more', () => {
    expect(decodeJws(good, { ...FORM, maxBytes: good.length }).kid).toBe(KID)
    expect(() => decodeJws(good, { ...FORM, maxBytes: good.length - 1 })).toThrow(Malformed)
  })

  test('only ever throws Malformed', () => {
    const noise = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('eyJhbGci.=-_ \n')) }),
      fc
        .tuple(fc.nat(good.length), fc.string({ maxLength: 3 }))
        .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1)),
      fc.json().map((header) => rawJws(harness, header, '{}')),
    )
    fc.assert(
      fc.property(noise, (text) => {
        const jws = outcome(() => decodeJws(text, FORM))
        expect(jws === REFUSED || jws.text === text).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('verifyJws', () => {
  test('AHP-BYTES-18 gives the payload for the right key only', () => {
    const jws = decodeJws(good, FORM)
    expect(verifyJws(crypto, jws, harness.key)).toEqual(utf8('{"a":1}'))
    expect(verifyJws(crypto, jws, other.key)).toBeUndefined()
  })

  test('gives a promise of the same where the engine is asynchronous', async () => {
    const engine = webCrypto() ?? crypto
    const jws = decodeJws(good, FORM)
    expect(await verifyJws(engine, jws, harness.key)).toEqual(utf8('{"a":1}'))
    expect(await verifyJws(engine, jws, other.key)).toBeUndefined()
  })

  test('no part of the text can change: header, payload, signature', () => {
    const [head = '', body = '', signature = ''] = good.split('.')
    const [header2 = '', body2 = '', signature2 = ''] = rawJws(
      harness,
      JSON.stringify({ ...HEADER, alg: 'EdDSA' }),
      '{"a":2}',
    ).split('.')
    for (const text of [`${header2}.${body}.${signature}`, `${head}.${body2}.${signature}`, `${head}.${body}.${signature2}`]) {
      expect(verifyJws(crypto, decodeJws(text, FORM), harness.key)).toBeUndefined()
    }
  })

  test('refuses a look-alike that was not decoded here', () => {
    const forged: UnverifiedJws = { ...decodeJws(good, FORM) }
    expect(() => verifyJws(crypto, forged, harness.key)).toThrow(TypeError)
  })

  test('takes a did:key as signer', () => {
    const did = formatDidKey(harness.key)
    const jws = decodeJws(withHeader({ ...HEADER, kid: `${did}#${did.slice(8)}` }), FORM)
    expect(jws.signer).toBe(did)
    expect(verifyJws(crypto, jws, harness.key)).toBeDefined()
  })
})

describe('encodeJwsInput', () => {
  test('makes what decodeJws takes and other implementations verify', async () => {
    const input = encodeJwsInput(HEADER, { b: 2, a: 'é' })
    const text = `${input}.${encodeBase64url(harness.sign(utf8(input)))}`
    expect(verifyJws(crypto, decodeJws(text, FORM), harness.key)).toEqual(utf8('{"a":"é","b":2}'))
    const verified = await compactVerify(text, await importJWK({ ...jwkOf(harness.key), alg: 'Ed25519' }))
    expect(verified.protectedHeader).toEqual(HEADER)
  })

  test('takes what jose signs', async () => {
    const key = await importJWK({ ...jwkOf(harness.key), d: encodeBase64url(harness.seed), alg: 'EdDSA' })
    const text = await new CompactSign(utf8('{"a":1}')).setProtectedHeader({ ...HEADER, alg: 'EdDSA' }).sign(key)
    expect(verifyJws(crypto, decodeJws(text, FORM), harness.key)).toEqual(utf8('{"a":1}'))
  })

  test('refuses values that are not JSON', () => {
    expect(() => encodeJwsInput(HEADER, { a: Number.NaN })).toThrow(Malformed)
  })
})
