import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../src/bytes.ts'
import { nobleCrypto, nodeCrypto } from '../src/crypto.ts'
import { parseDidKey, parseDidUrl } from '../src/did.ts'
import { verifyEd25519 } from '../src/ed25519.ts'
import { canonicalize } from '../src/jcs.ts'
import { isObject, parseJson, type JsonObject } from '../src/json.ts'
import { readVectorBytes, readVectors, readVectorText, SKIPPED, VECTORS } from './vectors.ts'

const FOLDER = 'vc-di-eddsa/eddsa-jcs-2022'
const LIMITS = { maxBytes: 10_000 }

function text(name: string): string {
  return readVectorText(`${FOLDER}/${name}`).trim()
}

function json(path: string): JsonObject {
  const value = parseJson(readVectorBytes(path), LIMITS)
  return isObject(value) ? value : {}
}

describe.skipIf(VECTORS === undefined)(`eddsa-jcs-2022${SKIPPED}`, () => {
  test('document and proof options have the published canonical form and digests', () => {
    const document = canonicalize(json('vc-di-eddsa/unsigned.json'))
    const options = canonicalize(json(`${FOLDER}/proofConfigJCS.json`))
    expect(document).toBe(text('canonDocJCS.txt'))
    expect(options).toBe(text('proofCanonJCS.txt'))
    for (const engine of [nodeCrypto(), nobleCrypto()]) {
      expect(toHex(engine?.sha256(utf8(document)) ?? new Uint8Array(0))).toBe(text('docHashJCS.txt'))
      expect(toHex(engine?.sha256(utf8(options)) ?? new Uint8Array(0))).toBe(text('proofHashJCS.txt'))
    }
  })

  test('the published signature verifies over proof digest and document digest, in that order only', () => {
    const { proof, ...document } = readVectors(`${FOLDER}/signedJCS.json`) as { proof: Record<string, string> }
    const { proofValue, ...options } = proof
    expect(proofValue).toBe(text('sigBTC58JCS.txt'))
    const key = parseDidKey(parseDidUrl(options['verificationMethod'] ?? '').did)
    const crypto = nobleCrypto()
    const digests = [options, document].map((part) => crypto.sha256(utf8(canonicalize(part))))
    expect(toHex(concat(digests))).toBe(text('combinedHashJCS.txt'))
    const signature = fromHex(text('sigHexJCS.txt'))
    expect(verifyEd25519(crypto, key, concat(digests), signature)).toBe(true)
    expect(verifyEd25519(crypto, key, concat(digests.toReversed()), signature)).toBe(false)
  })

  test('the key pair file names the same key', () => {
    const { publicKeyMultibase } = readVectors('vc-di-eddsa/keyPair.json') as { publicKeyMultibase: string }
    const options = readVectors(`${FOLDER}/proofConfigJCS.json`) as { verificationMethod: string }
    expect(`did:key:${publicKeyMultibase}`).toBe(parseDidUrl(options.verificationMethod).did)
  })
})
