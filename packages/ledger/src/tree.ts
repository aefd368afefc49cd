/** The tree over all leaves: its right edge in memory, everything else in full tiles (RFC 9162 §2.1; spec chapter 17). @module */
import {
  edgeOf,
  EMPTY_TILE,
  growTile,
  nodesIn,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileNode,
  type CryptoPort,
  type NodeSource,
  type Tile,
} from '@aiegis/protocol'

/** A tree that never changes: growing makes another one, so that a batch that fails leaves nothing behind. */
export interface Tree {
  /** Number of leaves, at most 2^53 − 1. */
  readonly size: number
  /** The tile at the right end of each level, not full, lowest level first. */
  readonly edge: readonly Tile[]
}

/** A tile that became full, to be kept for ever. */
export interface FullTile {
  readonly level: number
  readonly n: number
  readonly tile: Tile
}

/** A tree without leaves. */
export const EMPTY_TREE: Tree = { size: 0, edge: [] }

/** A larger tree, and the tiles that became full on the way, lower levels first. */
export interface Grown {
  readonly tree: Tree
  readonly full: readonly FullTile[]
}

/** The tree with these leaf hashes after its own. */
export function growTree(crypto: CryptoPort, tree: Tree, leafHashes: readonly Uint8Array[]): Grown {
  const edge: Tile[] = []
  const full: FullTile[] = []
  let hashes = leafHashes
  for (let level = 0; level < tree.edge.length || hashes.length > 0; level++) {
    let tile = tree.edge[level] ?? EMPTY_TILE
    let n = edgeOf(tree.size, level).n
    const roots: Uint8Array[] = []
    for (let taken = 0; taken < hashes.length;) {
      const part = hashes.slice(taken, taken + TILE_WIDTH - tile.width)
      tile = growTile(crypto, tile, part)
      taken += part.length
      if (tile.width < TILE_WIDTH) continue
      full.push({ level, n: n++, tile })
      roots.push(tileNode(tile, TILE_HEIGHT, 0))
      tile = EMPTY_TILE
    }
    edge.push(tile)
    hashes = roots
  }
  return { tree: { size: tree.size + leafHashes.length, edge }, full }
}

/** Finds nodes in the right edge of `tree`, or in the full tile that `load` gives. */
export function nodesOf(tree: Tree, load: (level: number, n: number) => Tile): NodeSource {
  return nodesIn((level, n) => (n === edgeOf(tree.size, level).n ? tree.edge[level] : undefined) ?? load(level, n))
}

/** For what needs the right edge only, such as the root of the whole tree. */
export function noFullTile(level: number, n: number): never {
  throw new RangeError(`tile ${level}/${n} should not be needed`)
}
