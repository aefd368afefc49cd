import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../src/bytes.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { importEd25519, verifyEd25519 } from '../src/ed25519.ts'
import { canonicalize } from '../src/jcs.ts'
import { parseJson, type JsonValue } from '../src/json.ts'
import { listVectors, readVectorBytes, readVectors, readVectorText, SKIPPED, VECTORS } from './vectors.ts'

interface Fixture {
  readonly vectors: readonly {
    readonly name: string
    readonly input: JsonValue
    readonly canonical_bytes_hex: string
    readonly canonical_sha256: string
    readonly ed25519_pubkey_hex?: string
    readonly ed25519_signature_over_canonical_hex?: string
  }[]
}

/** Read by the strict parser too, except what it refuses on purpose. */
const LARGE_NUMBERS: readonly string[] = ['values.json']

describe.skipIf(VECTORS === undefined)(`RFC 8785${SKIPPED}`, () => {
  const names = VECTORS === undefined ? [] : listVectors('jcs/input')

  test('there are six documents', () => {
    expect(names).toHaveLength(6)
  })

  test.each(names)('%s', (name) => {
    const bytes = readVectorBytes(`jcs/input/${name}`)
    const canonical = utf8(canonicalize(JSON.parse(readVectorText(`jcs/input/${name}`)) as JsonValue))
    expect(canonical).toEqual(readVectorBytes(`jcs/output/${name}`))
    const hex = readVectorText(`jcs/outhex/${name.replace('.json', '.txt')}`)
    expect(toHex(canonical)).toBe(hex.replaceAll(/\s/g, ''))
    // 1e30 and its like are numbers that other parsers read differently.
    const strict = (): string => canonicalize(parseJson(bytes, { maxBytes: 100_000 }))
    expect(LARGE_NUMBERS.includes(name) ? canonical : utf8(strict())).toEqual(canonical)
  })

  test.each([
    ['canonical-bytes-jcs-v1', 8],
    ['canonicalize-fixture-v1', 10],
  ])('%s: %i vectors, bytes, digest and signature', (name, count) => {
    const { vectors } = readVectors(`jcs/aps/${name}.json`) as Fixture
    expect(vectors).toHaveLength(count)
    for (const vector of vectors) {
      const bytes = utf8(canonicalize(vector.input))
      expect(toHex(bytes)).toBe(vector.canonical_bytes_hex)
      expect(toHex(defaultCrypto().sha256(bytes))).toBe(vector.canonical_sha256)
      const { ed25519_pubkey_hex: key, ed25519_signature_over_canonical_hex: signature } = vector
      if (key === undefined || signature === undefined) continue
      expect(verifyEd25519(defaultCrypto(), importEd25519(fromHex(key)), bytes, fromHex(signature))).toBe(true)
    }
  })
})
