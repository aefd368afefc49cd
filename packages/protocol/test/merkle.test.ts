import { assert, integer, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../src/bytes.ts'
import { defaultCrypto, nobleCrypto } from '../src/crypto.ts'
import { emptyRoot, hashLeaf, hashNode, MAX_TREE_SIZE, verifyConsistency, verifyInclusion } from '../src/merkle.ts'

const crypto = defaultCrypto()
const leaves = Array.from({ length: 70 }, (_, index) => hashLeaf(crypto, utf8(`leaf ${index}`)))

/** Element `index`, which is there. */
function at<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new RangeError(`no element ${index}`)
  return found
}

/** `hash` with one bit turned over. */
function bend(hash: Uint8Array, bit: number): Uint8Array {
  return hash.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
}

/** The definitions of RFC 9162 §2.1.1, §2.1.3.1 and §2.1.4.1 word by word, slow and independent of the code under test. */
function root(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return emptyRoot(crypto)
  if (hashes.length === 1) return at(hashes, 0)
  const k = split(hashes.length)
  return crypto.sha256(concat([new Uint8Array([1]), root(hashes.slice(0, k)), root(hashes.slice(k))]))
}

function inclusion(index: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length === 1) return []
  const k = split(hashes.length)
  return index < k
    ? [...inclusion(index, hashes.slice(0, k)), root(hashes.slice(k))]
    : [...inclusion(index - k, hashes.slice(k)), root(hashes.slice(0, k))]
}

function consistency(size: number, hashes: readonly Uint8Array[], known = true): Uint8Array[] {
  if (size === hashes.length) return known ? [] : [root(hashes)]
  const k = split(hashes.length)
  return size <= k
    ? [...consistency(size, hashes.slice(0, k), known), root(hashes.slice(k))]
    : [...consistency(size - k, hashes.slice(k), false), root(hashes.slice(0, k))]
}

function split(size: number): number {
  let k = 1
  while (k * 2 < size) k *= 2
  return k
}

function claim(index: number, size: number) {
  const tree = leaves.slice(0, size)
  return { index: BigInt(index), size: BigInt(size), leafHash: at(leaves, index), path: inclusion(index, tree), root: root(tree) }
}

function extension(size1: number, size2: number) {
  const tree = leaves.slice(0, size2)
  const path = consistency(size1, tree)
  return { size1: BigInt(size1), size2: BigInt(size2), root1: root(tree.slice(0, size1)), root2: root(tree), path }
}

/** A proof of `levels` levels for the first leaf, or for the last one, of a tree of exactly 2^levels leaves. */
function tall(levels: number, last: boolean) {
  const path = Array.from({ length: levels }, (_, level) => crypto.sha256(utf8(`level ${level}`)))
  const leafHash = at(leaves, 0)
  let top = leafHash
  for (const sibling of path) top = last ? hashNode(crypto, sibling, top) : hashNode(crypto, top, sibling)
  const size = 2n ** BigInt(levels)
  return { index: last ? size - 1n : 0n, size, leafHash, path, root: top }
}

describe('hashes of the tree', () => {
  test('leaves of every length are hashed after one zero, long after short and short after long', () => {
    for (const length of [0, 1, 2047, 2048, 5000, 2047, 2046, 1]) {
      const leaf = new Uint8Array(length).fill(length)
      expect(hashLeaf(crypto, leaf)).toEqual(crypto.sha256(concat([new Uint8Array(1), leaf])))
    }
  })

  test('a leaf and a node hash with different first bytes, and no leaves hash as nothing', () => {
    expect(toHex(hashLeaf(crypto, new Uint8Array(0)))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    expect(toHex(emptyRoot(crypto))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    const [left, right] = [at(leaves, 0), at(leaves, 1)]
    expect(hashNode(crypto, left, right)).not.toEqual(hashLeaf(crypto, concat([left, right])))
    expect(hashNode(crypto, left, right)).not.toEqual(hashNode(crypto, right, left))
  })

  test('a node of anything but two 32-byte hashes is a bug of the caller', () => {
    expect(() => hashNode(crypto, at(leaves, 0), new Uint8Array(31))).toThrow(RangeError)
    expect(() => hashNode(crypto, new Uint8Array(33), at(leaves, 0))).toThrow(RangeError)
  })

  test('portable SHA-256 gives the same tree', () => {
    const portable = nobleCrypto()
    expect(hashLeaf(portable, utf8('leaf 0'))).toEqual(leaves[0])
    expect(hashNode(portable, at(leaves, 0), at(leaves, 1))).toEqual(hashNode(crypto, at(leaves, 0), at(leaves, 1)))
  })
})

describe('inclusion', () => {
  test('AHP-PROOF-10 every leaf of every tree of up to 70 leaves is found, and under no other index or size', () => {
    for (let size = 1; size <= leaves.length; size++) {
      for (let index = 0; index < size; index++) {
        const proof = claim(index, size)
        expect(verifyInclusion(crypto, proof), `leaf ${index} of ${size}`).toBe(true)
        expect(verifyInclusion(crypto, { ...proof, index: proof.index + 1n }), `leaf ${index} of ${size} one on`).toBe(false)
        expect(verifyInclusion(crypto, { ...proof, index: proof.index - 1n }), `leaf ${index} of ${size} one back`).toBe(false)
      }
    }
  })

  test('AHP-PROOF-10 an index that is not inside the tree is refused', () => {
    const proof = claim(6, 7)
    for (const index of [-1n, 7n, 8n, 6n + 2n ** 32n, 6n + 2n ** 53n, 6n + 2n ** 64n, 6n - 2n ** 64n]) {
      expect(verifyInclusion(crypto, { ...proof, index }), `${index}`).toBe(false)
    }
    expect(verifyInclusion(crypto, { ...proof, index: 0n, size: 0n, path: [] })).toBe(false)
  })

  test('AHP-PROOF-10 a path that is one short, one long, swapped, empty or bent is refused', () => {
    const proof = claim(5, 8)
    const [first, second, third] = proof.path as [Uint8Array, Uint8Array, Uint8Array]
    const bent = bend(first, 255)
    for (const path of [[], [first, second], [first, second, third, third], [second, first, third], [bent, second, third]]) {
      expect(verifyInclusion(crypto, { ...proof, path })).toBe(false)
    }
    expect(verifyInclusion(crypto, { ...proof, root: bend(proof.root, 7) })).toBe(false)
    expect(verifyInclusion(crypto, { ...proof, leafHash: bend(proof.leafHash, 56) })).toBe(false)
  })

  test('hashes of 31 or 33 bytes are refused, also where they would join to the same bytes', () => {
    const proof = claim(0, 2)
    const joined = concat([proof.leafHash, at(proof.path, 0)])
    expect(verifyInclusion(crypto, { ...proof, leafHash: joined.slice(0, 31), path: [joined.slice(31)] })).toBe(false)
    expect(verifyInclusion(crypto, { ...proof, leafHash: joined.slice(0, 33), path: [joined.slice(33)] })).toBe(false)
    expect(verifyInclusion(crypto, { ...claim(0, 1), root: new Uint8Array(0), leafHash: new Uint8Array(0) })).toBe(false)
  })

  test('the only leaf is the root, and takes no path', () => {
    expect(verifyInclusion(crypto, claim(0, 1))).toBe(true)
    expect(verifyInclusion(crypto, { ...claim(0, 1), path: [at(leaves, 0)] })).toBe(false)
  })

  test('an inner node does not pass as a leaf', () => {
    const proof = claim(0, 4)
    const pair = concat([at(leaves, 0), at(leaves, 1)])
    const node = hashNode(crypto, at(leaves, 0), at(leaves, 1))
    const upper = { index: 0n, size: 2n, path: proof.path.slice(1), root: proof.root }
    // The pair of child hashes, offered as an entry, would have to hash as a node does.
    expect(verifyInclusion(crypto, { ...upper, leafHash: hashLeaf(crypto, pair) })).toBe(false)
    // Under a forged size the node itself fits: the size is signed, the index is not, and entries are hashed as leaves.
    expect(verifyInclusion(crypto, { ...upper, leafHash: node })).toBe(true)
    expect(verifyInclusion(crypto, { ...upper, size: 4n, leafHash: node })).toBe(false)
  })

  test('paths of 20, 30, 52, 53 and 62 levels keep every bit of the index; 63 levels are over the largest tree', () => {
    for (const levels of [20, 30, 52, 53, 62]) {
      for (const last of [false, true]) {
        const proof = tall(levels, last)
        expect(verifyInclusion(crypto, proof), `${levels} levels`).toBe(true)
        const wrapped = proof.index ^ (1n << BigInt(levels - 1))
        expect(verifyInclusion(crypto, { ...proof, index: wrapped }), `${levels} levels, top bit`).toBe(false)
      }
    }
    expect(verifyInclusion(crypto, tall(63, false))).toBe(false)
    expect(verifyInclusion(crypto, { ...tall(62, false), size: MAX_TREE_SIZE + 1n })).toBe(false)
  })

  test('any single change of any part is refused', () => {
    const change = record({ size: integer({ min: 1, max: 70 }), leaf: nat(), part: nat(), bit: nat(255) })
    assert(
      property(change, ({ size, leaf, part, bit }) => {
        const proof = claim(leaf % size, size)
        const parts = [proof.leafHash, proof.root, ...proof.path]
        const chosen = part % parts.length
        const bent = parts.map((hash, position) => (position === chosen ? bend(hash, bit) : hash))
        const proofBent = { ...proof, leafHash: at(bent, 0), root: at(bent, 1), path: bent.slice(2) }
        expect(verifyInclusion(crypto, proofBent)).toBe(false)
      }),
    )
  })
})

describe('consistency', () => {
  test('every smaller tree is proved a prefix of every larger one up to 48 leaves, and of no other size', () => {
    for (let size2 = 1; size2 <= 48; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = extension(size1, size2)
        expect(verifyConsistency(crypto, proof), `${size1} in ${size2}`).toBe(true)
        if (size1 === size2) continue
        expect(verifyConsistency(crypto, { ...proof, size1: proof.size1 + 1n }), `${size1} + 1 in ${size2}`).toBe(false)
        expect(verifyConsistency(crypto, { ...proof, root1: proof.root2 }), `${size1} with the new root`).toBe(false)
        expect(verifyConsistency(crypto, { ...proof, root2: proof.root1 }), `${size1} with the old root`).toBe(false)
        expect(verifyConsistency(crypto, { ...proof, path: proof.path.slice(1) }), `${size1} in ${size2}, short`).toBe(false)
        expect(verifyConsistency(crypto, { ...proof, path: [...proof.path, proof.root1] }), `${size1} in ${size2}, long`).toBe(
          false,
        )
      }
    }
  })

  test('size 0 proves nothing, in either place', () => {
    const nothing = emptyRoot(crypto)
    expect(verifyConsistency(crypto, { size1: 0n, size2: 0n, root1: nothing, root2: nothing, path: [] })).toBe(false)
    expect(verifyConsistency(crypto, { ...extension(1, 5), size1: 0n, root1: nothing, path: [] })).toBe(false)
    expect(verifyConsistency(crypto, { ...extension(1, 5), size1: 0n })).toBe(false)
    expect(verifyConsistency(crypto, { ...extension(5, 5), size2: 0n })).toBe(false)
  })

  test('equal sizes need equal roots and an empty path', () => {
    const same = extension(6, 6)
    expect(verifyConsistency(crypto, same)).toBe(true)
    expect(verifyConsistency(crypto, { ...same, root2: extension(5, 5).root2 })).toBe(false)
    expect(verifyConsistency(crypto, { ...same, path: [same.root1] })).toBe(false)
  })

  test('a shrinking tree and one over the largest size are refused', () => {
    const proof = extension(4, 6)
    expect(verifyConsistency(crypto, { ...proof, size1: proof.size2, size2: proof.size1 })).toBe(false)
    expect(verifyConsistency(crypto, { ...proof, size2: 2n ** 64n + proof.size2 })).toBe(false)
    expect(verifyConsistency(crypto, { ...proof, size1: -4n })).toBe(false)
  })

  test('a forked tree is refused', () => {
    const fork = [...leaves.slice(0, 9), hashLeaf(crypto, utf8('other')), ...leaves.slice(10, 20)]
    const path = consistency(12, fork)
    const [root1, root2] = [root(leaves.slice(0, 12)), root(fork)]
    expect(verifyConsistency(crypto, { size1: 12n, size2: 20n, root1: root(fork.slice(0, 12)), root2, path })).toBe(true)
    expect(verifyConsistency(crypto, { size1: 12n, size2: 20n, root1, root2, path })).toBe(false)
  })

  test('hashes of another length are refused', () => {
    const proof = extension(3, 7)
    expect(verifyConsistency(crypto, { ...proof, root1: proof.root1.slice(1) })).toBe(false)
    expect(verifyConsistency(crypto, { ...proof, path: proof.path.map((hash) => concat([hash, hash])) })).toBe(false)
  })
})
