/** Paths and roots of trees of any size, which nobody has to build (RFC 9162, section 2.1). @module */
import { concat, equal, sha256 } from './bytes.ts'

/** The hash of a leaf. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(0), leaf))
}

/** The hash of two subtrees. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(1), left, right))
}

/** On which side of the way from a leaf to the root the next hash stands, from the leaf up. */
export function sides(index: bigint, size: bigint): readonly ('left' | 'right')[] {
  const found: ('left' | 'right')[] = []
  let fn = index
  for (let sn = size - 1n; sn > 0n; fn >>= 1n, sn >>= 1n) {
    if (fn % 2n === 1n) found.push('left')
    else if (fn < sn) found.push('right')
  }
  return found
}

/** The root to which a path leads: its hashes are those of the siblings, from the leaf up. */
export function rootOf(leaf: Uint8Array, index: bigint, size: bigint, path: readonly Uint8Array[]): Uint8Array {
  return sides(index, size).reduce((below, side, step) => {
    const sibling = path[step] ?? new Uint8Array(32)
    return side === 'left' ? nodeHash(sibling, below) : nodeHash(below, sibling)
  }, leaf)
}

/** RFC 9162, section 2.1.3.2, word for word; for tests of what the builder makes. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index >= size) return false
  let fn = index
  let sn = size - 1n
  let r = leaf
  for (const p of path) {
    if (sn === 0n) return false
    if (fn % 2n === 1n || fn === sn) {
      r = nodeHash(p, r)
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n
        sn >>= 1n
      }
    } else r = nodeHash(r, p)
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n && equal(r, root)
}

/** The root of a tree whose leaf hashes are all known (RFC 9162, section 2.1.1). */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return only
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)))
}

/** The path of one leaf in such a tree (RFC 9162, section 2.1.3.1). */
export function treePath(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (leaves.length <= 1) return []
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return index < split
    ? [...treePath(leaves.slice(0, split), index), treeRoot(leaves.slice(split))]
    : [...treePath(leaves.slice(split), index - split), treeRoot(leaves.slice(0, split))]
}
