/** Roots and paths of a tree from the tiles that hold its nodes (RFC 9162 §2.1; spec chapters 5 and 17). @module */
import type { CryptoPort } from './crypto.ts'
import { emptyRoot, hashNode } from './merkle.ts'
import { TILE_HEIGHT, TILE_WIDTH, tileNode, type Tile } from './tile.ts'

/** Hash of the complete subtree over leaves `index`·2^`height` and the next 2^`height` − 1. */
export type NodeSource = (height: number, index: number) => Uint8Array

/** Number and width of the tile at the right end of `level` in a tree of `size` leaves. */
export function edgeOf(size: number, level: number): { readonly n: number; readonly width: number } {
  const hashes = Math.floor(size / 2 ** (TILE_HEIGHT * level))
  return { n: Math.floor(hashes / TILE_WIDTH), width: hashes % TILE_WIDTH }
}

/** Hashes of tile `n` of `level` in a tree of `size` leaves: 0 to 256. */
export function widthOf(size: number, level: number, n: number): number {
  const edge = edgeOf(size, level)
  return n < edge.n ? TILE_WIDTH : n === edge.n ? edge.width : 0
}

/** Finds nodes in the tile that `load` gives, which must be wide enough. */
export function nodesIn(load: (level: number, n: number) => Tile): NodeSource {
  return (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const inner = height % TILE_HEIGHT
    const perTile = 2 ** (TILE_HEIGHT - inner)
    return tileNode(load(level, Math.floor(index / perTile)), inner, index % perTile)
  }
}

/** Root of the first `size` leaves, in O(log size) hashes. */
export function rootOf(crypto: CryptoPort, node: NodeSource, size: number): Uint8Array {
  return size === 0 ? emptyRoot(crypto) : rangeHash(crypto, node, 0, size)
}

/** Path from leaf `index` to the root of the first `size` leaves (RFC 9162 §2.1.3.1). Throws `RangeError` for an index outside. */
export function inclusionPath(crypto: CryptoPort, node: NodeSource, index: number, size: number): readonly Uint8Array[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`)
  return climb(crypto, node, { height: 0, index, size })
}

/**
 * The same for many leaves of one tree, which share what is above them: `extend` puts a hash below a part of a path that ends at the root,
 * and is called once for each node. Gives the path of a leaf; that throws `RangeError` for an index outside.
 */
export function sharedPaths<T>(
  { crypto, node, size }: { readonly crypto: CryptoPort; readonly node: NodeSource; readonly size: number },
  top: T,
  extend: (hash: Uint8Array, above: T) => T,
): (index: number) => T {
  const levels: Map<number, T>[] = []
  const above = (height: number, index: number, last: number): T => {
    if (last === 0) return top
    const level = (levels[height] ??= new Map<number, T>())
    const known = level.get(index)
    if (known !== undefined) return known
    const sibling = siblingOf(crypto, node, { height, index, last, size })
    const rest = above(height + 1, Math.floor(index / 2), Math.floor(last / 2))
    const path = sibling === undefined ? rest : extend(sibling, rest)
    level.set(index, path)
    return path
  }
  return (index) => {
    if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`)
    return above(0, index, size - 1)
  }
}

/**
 * Path that shows the first `size1` leaves to be the start of the first `size2` (RFC 9162 §2.1.4.1). Empty for equal sizes, and for
 * `size1` = 0, of which there is nothing to show. Throws `RangeError` for `size1` over `size2`.
 */
export function consistencyPath(crypto: CryptoPort, node: NodeSource, size1: number, size2: number): readonly Uint8Array[] {
  if (!(size1 >= 0 && size1 <= size2)) throw new RangeError(`${size1} leaves are not the start of ${size2}`)
  if (size1 === 0 || size1 === size2) return []
  // The largest complete subtree that ends where the old tree ends; its root is known when it is the whole old tree.
  let height = 0
  let index = size1 - 1
  for (; index % 2 === 1; height++) index = (index - 1) / 2
  const first = index === 0 ? [] : [node(height, index)]
  return [...first, ...climb(crypto, node, { height, index, size: size2 })]
}

/** Siblings of node `index` at `height`, and of each node above it, in a tree of `size` leaves. */
function climb(crypto: CryptoPort, node: NodeSource, from: { height: number; index: number; size: number }): Uint8Array[] {
  const path: Uint8Array[] = []
  let { height, index } = from
  for (let last = Math.floor((from.size - 1) / 2 ** height); last > 0; last = Math.floor(last / 2)) {
    const sibling = siblingOf(crypto, node, { height, index, last, size: from.size })
    if (sibling !== undefined) path.push(sibling)
    index = Math.floor(index / 2)
    height++
  }
  return path
}

/** Hash beside node `index` of a level that ends in node `last`; `undefined` where it stands alone. */
function siblingOf(
  crypto: CryptoPort,
  node: NodeSource,
  { height, index, last, size }: { height: number; index: number; last: number; size: number },
): Uint8Array | undefined {
  const sibling = index % 2 === 1 ? index - 1 : index + 1
  if (sibling > last) return undefined
  // The last node of a level may cover fewer leaves than its height allows.
  return sibling < last ? node(height, sibling) : rangeHash(crypto, node, last * 2 ** height, size)
}

/** Hash of leaves `start` to `end` − 1, where `start` is a multiple of the largest power of two that fits in. */
function rangeHash(crypto: CryptoPort, node: NodeSource, start: number, end: number): Uint8Array {
  const height = heightWithin(end - start)
  const left = node(height, start / 2 ** height)
  const middle = start + 2 ** height
  return middle === end ? left : hashNode(crypto, left, rangeHash(crypto, node, middle, end))
}

/** Height of the largest complete subtree with at most `leaves` leaves. */
function heightWithin(leaves: number): number {
  let height = 0
  // Not Math.log2, which rounds 2^49 − 1 up.
  while (2 ** (height + 1) <= leaves) height++
  return height
}
