/** Decides whether a leaf is under a signed tree head, and whether one head extends another (RFC 9162 §2.1; spec chapter 5). @module */
import { equal } from './bytes.ts'
import { hashInto, type CryptoPort } from './crypto.ts'

/** Largest tree that any check accepts: 2^63 − 1 leaves, so that sizes fit a signed 64-bit integer everywhere. */
export const MAX_TREE_SIZE: bigint = 2n ** 63n - 1n

/** SHA-256 of 0x00 and the leaf (RFC 9162 §2.1.1). */
export function hashLeaf(crypto: CryptoPort, leaf: Uint8Array): Uint8Array {
  const input = leaf.length < LEAF.length ? LEAF.subarray(0, 1 + leaf.length) : new Uint8Array(1 + leaf.length)
  input.set(leaf, 1)
  return crypto.sha256(input)
}

/** SHA-256 of 0x01 and both 32-byte hashes (RFC 9162 §2.1.1). Throws `RangeError` for hashes of another length. */
export function hashNode(crypto: CryptoPort, left: Uint8Array, right: Uint8Array): Uint8Array {
  const hash = new Uint8Array(32)
  join(crypto, left, right, hash)
  return hash
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(crypto: CryptoPort): Uint8Array {
  return crypto.sha256(new Uint8Array(0))
}

/** What an inclusion proof claims: `path` leads from leaf number `index` to the root of a tree of `size` leaves. All hashes 32 bytes. */
export interface InclusionClaim {
  readonly index: bigint
  readonly size: bigint
  readonly leafHash: Uint8Array
  /** Sibling of the leaf first. */
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

/**
 * True when the path leads to the root (RFC 9162 §2.1.3.2). The length of the path is compared before anything is hashed.
 * Does not check who signed the root, nor what the leaf says.
 */
export function verifyInclusion(crypto: CryptoPort, claim: InclusionClaim): boolean {
  const { index, size, leafHash, path, root } = claim
  if (index < 0n || index >= size || size > MAX_TREE_SIZE) return false
  if (!areHashes(path) || !isHash(leafHash) || !isHash(root)) return false
  const { inner, border } = pathShape(index, size)
  if (path.length !== inner + border) return false
  return equal(climb(crypto, leafHash, path, bitsOf(index, inner), false), root)
}

/** What a consistency proof claims: the tree of `size1` leaves is a prefix of the tree of `size2` leaves. All hashes 32 bytes. */
export interface ConsistencyClaim {
  readonly size1: bigint
  readonly size2: bigint
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly path: readonly Uint8Array[]
}

/**
 * True when the path proves the claim (RFC 9162 §2.1.4.2). Equal sizes need equal roots and no path.
 * False for `size1` = 0: an empty tree is a prefix of every tree, and no proof says anything about it.
 */
export function verifyConsistency(crypto: CryptoPort, claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2, path } = claim
  if (size1 < 1n || size1 > size2 || size2 > MAX_TREE_SIZE) return false
  if (!areHashes(path) || !isHash(root1) || !isHash(root2)) return false
  if (size1 === size2) return path.length === 0 && equal(root1, root2)
  // The walk starts at the largest complete subtree that ends where the old tree ends.
  const last = size1 - 1n
  const height = trailingOnes(last)
  const shape = pathShape(last, size2)
  const inner = shape.inner - height
  // Is the whole old tree that subtree, then its root is known and not sent again.
  const whole = last >> BigInt(height) === 0n
  const seed = whole ? root1 : path[0]
  const rest = whole ? path : path.slice(1)
  if (seed === undefined || rest.length !== inner + shape.border) return false
  const turns = bitsOf(last >> BigInt(height), inner)
  return equal(climb(crypto, seed, rest, turns, true), root1) && equal(climb(crypto, seed, rest, turns, false), root2)
}

/**
 * Hashes upwards. In the first `turns.length` levels the path may come from either side; above them, along the right edge of the
 * tree, every sibling is to the left. With `leftOnly` the right-hand siblings, which the old tree did not have, are left out.
 */
function climb(
  crypto: CryptoPort,
  from: Uint8Array,
  path: readonly Uint8Array[],
  turns: readonly boolean[],
  leftOnly: boolean,
): Uint8Array {
  const hash = new Uint8Array(from)
  let level = 0
  for (const sibling of path) {
    const isLeft = turns[level] ?? true
    if (isLeft) join(crypto, sibling, hash, hash)
    else if (!leftOnly) join(crypto, hash, sibling, hash)
    level++
  }
  return hash
}

/** Writes the hash of a node to `target`, which may be one of its children. */
function join(crypto: CryptoPort, left: Uint8Array, right: Uint8Array, target: Uint8Array): void {
  if (!isHash(left) || !isHash(right)) throw new RangeError('a node of the tree joins two hashes of 32 bytes')
  NODE.set(left, 1)
  NODE.set(right, 33)
  hashInto(crypto, NODE, target, 0)
}

/** Levels below the point where the ways of leaf `index` and of the last leaf meet, and left-hand siblings above it. */
function pathShape(index: bigint, size: bigint): { readonly inner: number; readonly border: number } {
  const inner = bitLength(index ^ (size - 1n))
  return { inner, border: countOnes(index >> BigInt(inner)) }
}

/** The `count` lowest bits, lowest first: true where the node is a right child, so that its sibling is to the left. */
function bitsOf(value: bigint, count: number): readonly boolean[] {
  const bits = value.toString(2).padStart(count, '0')
  return Array.from({ length: count }, (_, level) => bits.charCodeAt(bits.length - 1 - level) === ONE)
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function countOnes(value: bigint): number {
  let ones = 0
  const bits = value.toString(2)
  for (let position = 0; position < bits.length; position++) if (bits.charCodeAt(position) === ONE) ones++
  return ones
}

function trailingOnes(value: bigint): number {
  const bits = value.toString(2)
  return bits.length - 1 - bits.lastIndexOf('0')
}

function areHashes(path: readonly Uint8Array[]): boolean {
  return path.every(isHash)
}

function isHash(hash: Uint8Array): boolean {
  return hash.length === 32
}

/** 0x01, left, right. One for all nodes: the port is synchronous and keeps nothing of what it reads. */
const NODE = new Uint8Array(65).fill(1, 0, 1)
/** 0x00 and a leaf, for the same reason. */
const LEAF = new Uint8Array(2048)
/** Code of the digit 1. */
const ONE = 0x31
