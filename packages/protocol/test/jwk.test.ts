import { calculateJwkThumbprint } from 'jose'
import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../src/base64.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { jwkOf, parseEd25519Jwk, thumbprint } from '../src/jwk.ts'
import { Malformed } from '../src/refusal.ts'
import { smallOrderEncodings } from '../../../scripts/ed25519-cases.mjs'
import { testKey } from './keys.ts'

const alice = testKey('alice')
const jwk = jwkOf(alice.key)

test('a key reads back from its JWK, in any order of members', () => {
  expect(parseEd25519Jwk(jwk).bytes).toEqual(alice.key.bytes)
  expect(parseEd25519Jwk({ x: jwk.x, kty: 'OKP', crv: 'Ed25519' }).bytes).toEqual(alice.key.bytes)
  expect(jwk.x).toHaveLength(43)
})

describe('AHP-BYTES-19 parseEd25519Jwk refuses', () => {
  test.each<[string, unknown]>([
    ['a private key', { ...jwk, d: encodeBase64url(alice.seed) }],
    ['a kid', { ...jwk, kid: 'did:web:harness.example#1' }],
    ['alg, even the right one', { ...jwk, alg: 'EdDSA' }],
    ['use', { ...jwk, use: 'sig' }],
    ['no x', { kty: 'OKP', crv: 'Ed25519' }],
    ['no kty', { crv: 'Ed25519', x: jwk.x }],
    ['another curve', { ...jwk, crv: 'X25519' }],
    ['another spelling of the curve', { ...jwk, crv: 'ed25519' }],
    ['another key type', { ...jwk, kty: 'EC' }],
    ['a symmetric key', { kty: 'oct', k: jwk.x }],
    ['x as a number', { ...jwk, x: 1 }],
    ['x with padding', { ...jwk, x: `${jwk.x}=` }],
    ['x with white space', { ...jwk, x: ` ${jwk.x.slice(1)}` }],
    ['x in the standard alphabet', { ...jwk, x: `+${jwk.x.slice(1)}` }],
    ['x of 31 bytes', { ...jwk, x: encodeBase64url(alice.key.bytes.subarray(1)) }],
    ['x of 33 bytes', { ...jwk, x: encodeBase64url(Uint8Array.of(...alice.key.bytes, 0)) }],
    ['an array', [jwk]],
    ['null', null],
    ['nothing', undefined],
    ['text', JSON.stringify(jwk)],
  ])('%s', (_, value) => {
    expect(() => parseEd25519Jwk(value)).toThrow(Malformed)
  })

  test('spare bits in x', () => {
    const others = Array.from(
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      (last) => jwk.x.slice(0, -1) + last,
    )
    for (const x of others.filter((text) => !/[AEIMQUYcgkosw048]$/.test(text))) {
      expect(() => parseEd25519Jwk({ ...jwk, x })).toThrow(Malformed)
    }
  })

  test('keys of small order', () => {
    for (const bytes of smallOrderEncodings())
      expect(() => parseEd25519Jwk({ ...jwk, x: encodeBase64url(bytes) })).toThrow(Malformed)
  })
})

test('AHP-BYTES-20 the thumbprint is the one of RFC 7638', async () => {
  expect(thumbprint(defaultCrypto(), alice.key)).toBe(await calculateJwkThumbprint({ ...jwk }))
})
