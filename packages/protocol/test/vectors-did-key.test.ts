import { describe, expect, test } from 'vitest'
import { decodeBase64url } from '../src/base64.ts'
import { checkDid, didKeyUrl, formatDidKey, parseDidKey, parseDidUrl } from '../src/did.ts'
import { outcome, REFUSED } from './outcome.ts'
import { listVectors, readVectors, readVectorText, SKIPPED, VECTORS } from './vectors.ts'

interface Method {
  readonly id: string
  readonly publicKeyBase58?: string
  readonly publicKeyJwk?: { readonly x?: string }
}
interface Vector {
  readonly didDocument: { readonly verificationMethod: readonly Method[] }
}

describe.skipIf(VECTORS === undefined)(`did:key${SKIPPED}`, () => {
  test('every Ed25519 DID gives the key of its document and prints back', () => {
    const vectors = Object.entries(readVectors('did-key/test-vectors/ed25519-x25519.json') as Record<string, Vector>)
    expect(vectors.length).toBeGreaterThan(4)
    for (const [did, { didDocument }] of vectors) {
      const key = parseDidKey(did)
      const method = didDocument.verificationMethod.find(({ id }) => id === didKeyUrl(did))
      const { publicKeyBase58: base58, publicKeyJwk: jwk } = method ?? { id: '' }
      expect(key.bytes).toEqual(jwk?.x === undefined ? decodeBase58(base58 ?? '') : decodeBase64url(jwk.x))
      expect(formatDidKey(key)).toBe(did)
      expect(parseDidUrl(method?.id ?? '').did).toBe(did)
    }
  })

  test.each(['bls12381', 'nist-curves', 'rsa', 'secp256k1', 'x25519'])('%s keys are refused', (name) => {
    const found = readVectorText(`did-key/test-vectors/${name}.json`).match(/did:key:z[A-Za-z0-9]+/g) ?? []
    const dids = found.filter((did) => !did.startsWith('did:key:z6Mk'))
    expect(dids.length).toBeGreaterThan(0)
    for (const did of dids) {
      expect(outcome(() => parseDidKey(did))).toBe(REFUSED)
      expect(outcome(() => checkDid(did))).toBe(REFUSED)
    }
  })

  test('negatives are refused, as DID and as DID URL', () => {
    const { base_did: base, cases } = readVectors('did-key/did-key-negatives.json') as {
      base_did: string
      cases: readonly { did: string }[]
    }
    expect(checkDid(base)).toBe(base)
    for (const { did } of cases) {
      expect(outcome(() => checkDid(did))).toBe(REFUSED)
      expect(outcome(() => parseDidUrl(did))).toBe(REFUSED)
    }
  })

  test('DIDs of other implementations: Ed25519 is read, everything else refused', () => {
    const dids = listVectors('did-key/w3c-did-test-suite')
      .filter((name) => name.startsWith('did-key'))
      .flatMap((name) => (readVectors(`did-key/w3c-did-test-suite/${name}`) as { dids: readonly string[] }).dids)
    expect(dids.length).toBeGreaterThan(5)
    for (const did of dids) {
      const key = outcome(() => parseDidKey(did))
      expect(key === REFUSED ? REFUSED : formatDidKey(key)).toBe(did.startsWith('did:key:z6Mk') ? did : REFUSED)
    }
  })
})

/** base58btc by long division, independent of the parser. */
function decodeBase58(text: string): Uint8Array {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  const value = Array.from(text).reduce((sum, character) => sum * 58n + BigInt(alphabet.indexOf(character)), 0n)
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * (31 - index))) & 255n))
}
