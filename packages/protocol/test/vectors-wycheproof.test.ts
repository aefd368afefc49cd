import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/bytes.ts'
import { nobleCrypto, nodeCrypto, webCrypto } from '../src/crypto.ts'
import { importEd25519, verifyEd25519 } from '../src/ed25519.ts'
import { parseEd25519Jwk } from '../src/jwk.ts'
import { decodeJws } from '../src/jws.ts'
import { outcome, REFUSED } from './outcome.ts'
import { readVectors, SKIPPED, VECTORS } from './vectors.ts'

interface Groups<Group> {
  readonly testGroups: readonly Group[]
}
interface EddsaGroup {
  readonly publicKey: { readonly pk: string }
  readonly tests: readonly { readonly tcId: number; readonly msg: string; readonly sig: string; readonly result: string }[]
}
interface JoseGroup {
  readonly public?: object
  readonly private?: object
  readonly tests: readonly { readonly tcId: number; readonly jws?: unknown; readonly jwe?: unknown; readonly result: string }[]
}

describe.skipIf(VECTORS === undefined)(`Wycheproof${SKIPPED}`, () => {
  test.each([
    ['node:crypto', nodeCrypto()],
    ['WebCrypto', webCrypto()],
    ['portable JavaScript', nobleCrypto()],
  ])('AHP-BYTES-11 Ed25519 on %s: 151 of 151 verdicts', async (_, engine) => {
    const { testGroups } = readVectors('wycheproof/ed25519_test.json') as Groups<EddsaGroup>
    const wrong: number[] = []
    let count = 0
    for (const { publicKey, tests } of testGroups) {
      const key = outcome(() => importEd25519(fromHex(publicKey.pk)))
      for (const { tcId, msg, sig, result } of tests) {
        count++
        const verdict = engine !== undefined && key !== REFUSED && (await verifyEd25519(engine, key, fromHex(msg), fromHex(sig)))
        if (verdict !== (result === 'valid')) wrong.push(tcId)
      }
    }
    expect(wrong).toEqual([])
    expect(count).toBe(151)
  })

  test.each(['json_web_key', 'json_web_crypto'])('%s: no key and no JWS of these is one of this profile', (name) => {
    // They are RSA, EC and symmetric keys, or carry members that this profile does not have: valid ones are refused as well.
    const { testGroups } = readVectors(`wycheproof/${name}_test.json`) as Groups<JoseGroup>
    expect(testGroups.length).toBeGreaterThan(5)
    for (const group of testGroups) {
      for (const key of [group.public, group.private]) expect(outcome(() => parseEd25519Jwk(key))).toBe(REFUSED)
      for (const { jws } of group.tests) {
        const text = typeof jws === 'string' ? jws : JSON.stringify(jws ?? '')
        expect(outcome(() => decodeJws(text, { typ: 'JWT', maxBytes: 100_000 }))).toBe(REFUSED)
      }
    }
  })
})
