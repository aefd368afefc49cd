import { assert, nat, property } from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  consistencyPath,
  defaultCrypto,
  edgeOf,
  EMPTY_TILE,
  emptyRoot,
  formatProof,
  growTile,
  hashLeaf,
  hashNode,
  inclusionPath,
  proofsUnder,
  readTile,
  rootOf,
  tileBytes,
  tileNode,
  toHex,
  utf8,
  verifyConsistency,
  verifyInclusion,
  widthOf,
  type NodeSource,
  type Tile,
} from '@aiegis/protocol'
import { EMPTY_TREE, growTree, nodesOf, type FullTile, type Tree } from '../src/tree.ts'

const crypto = defaultCrypto()

/** By the definition of RFC 9162 §2.1.1. */
function slowRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only === undefined) return emptyRoot(crypto)
  if (hashes.length === 1) return only
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return hashNode(crypto, slowRoot(hashes.slice(0, k)), slowRoot(hashes.slice(k)))
}

/** A tree kept in memory: what `growTree` gives, and where its full tiles go. */
class Memory {
  tree: Tree = EMPTY_TREE
  readonly full = new Map<string, Tile>()

  grow(hashes: readonly Uint8Array[]): readonly FullTile[] {
    const grown = growTree(crypto, this.tree, hashes)
    this.tree = grown.tree
    for (const { level, n, tile } of grown.full) this.full.set(`${level}/${n}`, tile)
    return grown.full
  }

  get node(): NodeSource {
    return nodesOf(this.tree, (level, n) => {
      const tile = this.full.get(`${level}/${n}`)
      if (tile === undefined) throw new RangeError(`tile ${level}/${n} is not full`)
      return tile
    })
  }
}

const leaf = (index: number): Uint8Array => hashLeaf(crypto, utf8(`${index}`))
const leaves = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, index) => leaf(from + index))

describe('a tile', () => {
  test('knows each complete node above its hashes, and no other', () => {
    const hashes = leaves(0, 7)
    const tile = growTile(crypto, growTile(crypto, EMPTY_TILE, hashes.slice(0, 3)), hashes.slice(3))
    expect(tile.width).toBe(7)
    expect(tileNode(tile, 0, 6)).toEqual(hashes[6])
    expect(tileNode(tile, 1, 2)).toEqual(slowRoot(hashes.slice(4, 6)))
    expect(tileNode(tile, 2, 0)).toEqual(slowRoot(hashes.slice(0, 4)))
    for (const [height, index] of [
      [0, 7],
      [1, 3],
      [2, 1],
      [3, 0],
    ] as const) {
      expect(() => tileNode(tile, height, index)).toThrow(RangeError)
    }
  })

  test('is read back from its bytes, and never holds more than 256 hashes', () => {
    const full = growTile(crypto, EMPTY_TILE, leaves(0, 256))
    expect(readTile(crypto, tileBytes(full, 256))).toEqual(full)
    expect(tileNode(full, 8, 0)).toEqual(slowRoot(leaves(0, 256)))
    expect(() => growTile(crypto, full, [leaf(256)])).toThrow(RangeError)
    expect(() => tileBytes(growTile(crypto, EMPTY_TILE, leaves(0, 5)), 6)).toThrow(RangeError)
  })

  test('does not change when another one grows out of it', () => {
    const small = growTile(crypto, EMPTY_TILE, leaves(0, 3))
    const bytes = toHex(tileBytes(small, 3))
    growTile(crypto, small, [leaf(99)])
    tileBytes(small, 3).fill(0)
    tileNode(small, 0, 0).fill(0)
    expect(toHex(tileBytes(small, 3))).toBe(bytes)
    expect(() => tileNode(small, 1, 1)).toThrow(RangeError)
    expect(EMPTY_TILE.nodes.every((byte) => byte === 0)).toBe(true)
  })
})

describe('a tree of up to 600 leaves', () => {
  const hashes = leaves(0, 600)

  test('has the root of the definition at every size, however it grew', () => {
    const one = new Memory()
    for (let size = 1; size <= 300; size++) {
      one.grow(hashes.slice(size - 1, size))
      expect(toHex(rootOf(crypto, one.node, size))).toBe(toHex(slowRoot(hashes.slice(0, size))))
    }
    const steps = [1, 254, 1, 1, 255, 88]
    const many = new Memory()
    for (const step of steps) many.grow(hashes.slice(many.tree.size, many.tree.size + step))
    const whole = new Memory()
    whole.grow(hashes)
    expect(many.tree).toEqual(whole.tree)
    expect([...many.full]).toEqual([...whole.full])
    for (const size of [0, 1, 255, 256, 257, 511, 512, 513, 600]) {
      expect(toHex(rootOf(crypto, whole.node, size))).toBe(toHex(slowRoot(hashes.slice(0, size))))
    }
  })

  test('proves every leaf and every smaller tree, at sizes around full tiles', () => {
    const memory = new Memory()
    memory.grow(hashes)
    const { node } = memory
    for (const size of [1, 2, 7, 255, 256, 257, 512, 600]) {
      const root = rootOf(crypto, node, size)
      for (let index = 0; index < size; index += size > 100 ? 17 : 1) {
        const claim = {
          index: BigInt(index),
          size: BigInt(size),
          leafHash: leaf(index),
          path: inclusionPath(crypto, node, index, size),
          root,
        }
        expect(verifyInclusion(crypto, claim), `leaf ${index} of ${size}`).toBe(true)
      }
      for (let size1 = 1; size1 <= size; size1 += size > 100 ? 13 : 1) {
        const path = consistencyPath(crypto, node, size1, size)
        const claim = { size1: BigInt(size1), size2: BigInt(size), root1: rootOf(crypto, node, size1), root2: root, path }
        expect(verifyConsistency(crypto, claim), `${size1} in ${size}`).toBe(true)
      }
    }
  })

  test('proves many leaves under one head as it proves each, and asks for each node once', () => {
    const memory = new Memory()
    memory.grow(hashes)
    for (const size of [1, 2, 3, 6, 7, 70, 255, 256, 257, 600]) {
      const asked: string[] = []
      const prove = proofsUnder(
        crypto,
        (height, index) => (asked.push(`${height}/${index}`), memory.node(height, index)),
        size,
        'note',
      )
      for (let index = size - 1; index >= 0; index -= size > 100 ? 7 : 1) {
        const path = inclusionPath(crypto, memory.node, index, size)
        expect(prove(index), `leaf ${index} of ${size}`).toEqual({ path, proof: formatProof(BigInt(index), path, 'note') })
      }
      const edges = asked.length - new Set(asked).size
      expect(edges, 'nodes of the right edge, of which several hashes are made').toBeLessThan(40)
    }
  })

  test('refuses to prove what it does not have', () => {
    const memory = new Memory()
    memory.grow(hashes.slice(0, 5))
    for (const index of [-1, 5, 6, Number.NaN]) {
      expect(() => inclusionPath(crypto, memory.node, index, 5)).toThrow(RangeError)
      expect(() => proofsUnder(crypto, memory.node, 5, 'note')(index)).toThrow(RangeError)
    }
    expect(() => consistencyPath(crypto, memory.node, 6, 5)).toThrow(RangeError)
    expect(() => consistencyPath(crypto, memory.node, -1, 5)).toThrow(RangeError)
    expect(consistencyPath(crypto, memory.node, 0, 5)).toEqual([])
    expect(consistencyPath(crypto, memory.node, 5, 5)).toEqual([])
  })
})

describe('a tree of 70,000 leaves', () => {
  const memory = new Memory()
  const size = 70_000

  beforeAll(() => {
    for (let from = 0; from < size; from += 7000) memory.grow(leaves(from, from + 7000))
  })

  test('has the tiles that the format counts', () => {
    expect([edgeOf(size, 0), edgeOf(size, 1), edgeOf(size, 2), edgeOf(size, 3)]).toEqual([
      { n: 273, width: 112 },
      { n: 1, width: 17 },
      { n: 0, width: 1 },
      { n: 0, width: 0 },
    ])
    expect(memory.tree.edge.map(({ width }) => width)).toEqual([112, 17, 1])
    expect(memory.full.size).toBe(273 + 1)
    expect([widthOf(size, 0, 272), widthOf(size, 0, 273), widthOf(size, 0, 274)]).toEqual([256, 112, 0])
    expect([widthOf(256, 0, 0), widthOf(256, 0, 1), widthOf(256, 1, 0), widthOf(255, 1, 0)]).toEqual([256, 0, 1, 0])
  })

  test('has the roots of the tiles below as hashes of the tiles above', () => {
    const { node } = memory
    for (const n of [0, 1, 255, 256, 272]) expect(toHex(node(8, n))).toBe(toHex(slowRoot(leaves(n * 256, n * 256 + 256))))
    expect(toHex(node(16, 0))).toBe(toHex(rootOf(crypto, node, 65_536)))
  })

  test('proves any leaf in any later tree, with 17 hashes and few tiles', () => {
    const loaded = new Set<string>()
    const node = nodesOf(memory.tree, (level, n) => {
      loaded.add(`${level}/${n}`)
      return memory.full.get(`${level}/${n}`) ?? EMPTY_TILE
    })
    const path = inclusionPath(crypto, node, 12_345, size)
    expect(path).toHaveLength(17)
    expect(loaded.size).toBeLessThanOrEqual(3)
    assert(
      property(nat(size - 1), nat(size - 1), (one, other) => {
        const [index, last] = one < other ? [one, other] : [other, one]
        const root = rootOf(crypto, memory.node, last + 1)
        const leafHash = leaf(index)
        const claim = {
          index: BigInt(index),
          size: BigInt(last + 1),
          leafHash,
          path: inclusionPath(crypto, memory.node, index, last + 1),
          root,
        }
        expect(verifyInclusion(crypto, claim)).toBe(true)
        const sizes = { size1: BigInt(index + 1), size2: BigInt(last + 1) }
        const root1 = rootOf(crypto, memory.node, index + 1)
        const consistent = { ...sizes, root1, root2: root, path: consistencyPath(crypto, memory.node, index + 1, last + 1) }
        expect(verifyConsistency(crypto, consistent)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
