import { describe, expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { verifyEd25519 } from '../src/ed25519.ts'
import { parseEd25519Jwk, thumbprint } from '../src/jwk.ts'
import { decodeJws } from '../src/jws.ts'
import { Malformed } from '../src/refusal.ts'
import { outcome, REFUSED } from './outcome.ts'
import { listVectors, readVectors, SKIPPED, VECTORS } from './vectors.ts'

interface Rfc8037 {
  readonly private_jwk: object
  readonly public_jwk: object
  readonly thumbprint_sha256: string
  readonly payload: string
  readonly jws: string
  readonly negatives: readonly { readonly id: string; readonly jws: string }[]
}
interface Cookbook {
  readonly output: { readonly compact?: string; readonly json?: unknown; readonly json_flat?: unknown }
}

const FORM = { typ: 'aegis-token+jwt', maxBytes: 100_000 }

describe.skipIf(VECTORS === undefined)(`JOSE${SKIPPED}`, () => {
  test('RFC 8037 appendix A: key, thumbprint and signature; its header is not one of this profile', () => {
    const vector = readVectors('jose/rfc8037-appendix-a.json') as Rfc8037
    const key = parseEd25519Jwk(vector.public_jwk)
    expect(thumbprint(defaultCrypto(), key)).toBe(vector.thumbprint_sha256)
    const [header = '', payload = '', signature = ''] = vector.jws.split('.')
    expect(encodeBase64url(utf8(vector.payload))).toBe(payload)
    expect(verifyEd25519(defaultCrypto(), key, utf8(`${header}.${payload}`), decodeBase64url(signature))).toBe(true)
    for (const jws of [vector.jws, ...vector.negatives.map((negative) => negative.jws)]) {
      expect(() => decodeJws(jws, FORM)).toThrow(Malformed)
    }
    expect(() => parseEd25519Jwk(vector.private_jwk)).toThrow(Malformed)
  })

  test('RFC 8037: a flipped signature does not verify', () => {
    const vector = readVectors('jose/rfc8037-appendix-a.json') as Rfc8037
    const flipped = vector.negatives.find(({ id }) => id === 'flip-sig')?.jws ?? ''
    const [header = '', payload = '', signature = ''] = flipped.split('.')
    const bytes = decodeBase64url(signature)
    expect(verifyEd25519(defaultCrypto(), parseEd25519Jwk(vector.public_jwk), utf8(`${header}.${payload}`), bytes)).toBe(false)
  })

  test('RFC 7515: symmetric keys, alg none and unknown crit are refused', () => {
    const { cases } = readVectors('jose/rfc7515-negatives.json') as { cases: readonly { id: string; jws: string }[] }
    expect(cases).toHaveLength(3)
    for (const { jws } of cases) expect(outcome(() => decodeJws(jws, FORM))).toBe(REFUSED)
  })

  test('cookbook: RSA, ECDSA, HMAC, detached and unencoded payloads, and JSON serialization are refused', () => {
    const names = ['jose/jws', 'jose/rfc7797', 'jose/curve25519'].flatMap((folder) =>
      listVectors(folder).map((name) => `${folder}/${name}`),
    )
    expect(names.length).toBeGreaterThan(10)
    for (const name of names) {
      const { compact, json, json_flat: flat } = (readVectors(name) as Cookbook).output
      for (const text of [compact ?? '', JSON.stringify(json ?? ''), JSON.stringify(flat ?? '')]) {
        expect(outcome(() => decodeJws(text, FORM))).toBe(REFUSED)
      }
    }
  })

  test('cookbook: keys of other types and private keys are refused', () => {
    for (const name of listVectors('jose/jwk'))
      expect(outcome(() => parseEd25519Jwk(readVectors(`jose/jwk/${name}`)))).toBe(REFUSED)
  })
})
