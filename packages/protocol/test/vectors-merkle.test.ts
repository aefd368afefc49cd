import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeBase64 } from '../src/base64.ts'
import { defaultCrypto, nobleCrypto } from '../src/crypto.ts'
import { verifyConsistency, verifyInclusion } from '../src/merkle.ts'

const directory = process.env['VECTORS_DIR']

/** Integers stay text: some are near 2^64, where JSON.parse would round them. */
interface Vector {
  readonly desc: string
  readonly wantErr: boolean
  readonly proof: readonly string[] | null
  readonly leafIdx: string
  readonly treeSize: string
  readonly root: string
  readonly leafHash: string
  readonly size1: string
  readonly size2: string
  readonly root1: string
  readonly root2: string
}

function load(kind: 'inclusion' | 'consistency'): { name: string; vector: Vector }[] {
  const base = join(directory ?? '', 'merkle', kind)
  const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  return files.toSorted().map((name) => {
    const text = readFileSync(join(base, name), 'utf8').replaceAll(/("\w+": )(-?\d+)/g, '$1"$2"')
    return { name, vector: JSON.parse(text) as Vector }
  })
}

/** Files whose verdict is not ours, and why. */
const STRICTER = new Map([
  [
    'additional/sizes-are-equal-one-and-proof-is-empty.json',
    'its two equal roots are 12 bytes of text; every hash here has 32 bytes',
  ],
])

const path = (vector: Vector): Uint8Array[] => (vector.proof ?? []).map(decodeBase64)

describe.skipIf(directory === undefined)('public Merkle vectors (skipped: VECTORS_DIR is not set)', () => {
  for (const [engine, crypto] of [
    ['the default engine', defaultCrypto()],
    ['portable JavaScript', nobleCrypto()],
  ] as const) {
    test(`98 inclusion proofs have the verdict of their file, with ${engine}`, () => {
      const all = load('inclusion')
      expect(all).toHaveLength(98)
      for (const { name, vector } of all) {
        const verdict = verifyInclusion(crypto, {
          index: BigInt(vector.leafIdx),
          size: BigInt(vector.treeSize),
          leafHash: decodeBase64(vector.leafHash),
          path: path(vector),
          root: decodeBase64(vector.root),
        })
        expect(verdict, `${name}: ${vector.desc}`).toBe(!vector.wantErr)
      }
    })

    test(`98 consistency proofs have the verdict of their file, with ${engine}`, () => {
      const all = load('consistency')
      expect(all).toHaveLength(98)
      for (const { name, vector } of all) {
        const verdict = verifyConsistency(crypto, {
          size1: BigInt(vector.size1),
          size2: BigInt(vector.size2),
          root1: decodeBase64(vector.root1),
          root2: decodeBase64(vector.root2),
          path: path(vector),
        })
        expect(verdict, `${name}: ${vector.desc}`).toBe(!vector.wantErr && !STRICTER.has(name))
      }
    })
  }
})
