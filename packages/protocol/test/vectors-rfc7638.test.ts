import { describe, expect, test } from 'vitest'
import { defaultCrypto } from '../src/crypto.ts'
import { parseEd25519Jwk, thumbprint } from '../src/jwk.ts'
import { outcome, REFUSED } from './outcome.ts'
import { readVectors, SKIPPED, VECTORS } from './vectors.ts'

interface Vector {
  readonly name: string
  readonly jwk: string | Record<string, unknown>
  readonly thumbprint: string
}

describe.skipIf(VECTORS === undefined)(`RFC 7638 thumbprints${SKIPPED}`, () => {
  test('Ed25519 keys have the published thumbprint; keys of other types have none here', () => {
    const vectors = readVectors('rfc7638/jsonwebkey-thumbprint-vectors.json') as readonly Vector[]
    expect(vectors.length).toBeGreaterThan(1)
    const found = vectors.map(({ jwk }) => {
      const parsed = (typeof jwk === 'string' ? JSON.parse(jwk) : jwk) as Record<string, unknown>
      // Members that name or describe the key are no part of the thumbprint (RFC 7638 §3.1), and the parser takes none.
      const { kty, crv, x } = parsed
      const key = outcome(() => parseEd25519Jwk({ kty, crv, x }))
      return key === REFUSED ? REFUSED : thumbprint(defaultCrypto(), key)
    })
    expect(found).toEqual(vectors.map(({ name, thumbprint: published }) => (name === 'ed25519' ? published : REFUSED)))
    expect(found.filter((value) => value !== REFUSED).length).toBeGreaterThan(0)
  })
})
