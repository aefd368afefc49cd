/** One tile of the tree: up to 256 hashes of a level and every complete node above them (c2sp.org/tlog-tiles; spec chapters 5 and 17). @module */
import type { CryptoPort } from './crypto.ts'
import { hashNode } from './merkle.ts'

/** Hashes in a full tile. */
export const TILE_WIDTH = 256
/** Levels of the tree inside one tile. */
export const TILE_HEIGHT = 8

/** A tile that never changes: growing makes another one. */
export interface Tile {
  /** Hashes at the bottom, 0 to 256. */
  readonly width: number
  /** Room for 511 nodes of 32 bytes: 256 at the bottom, then 128, 64 … 1. Those that are not complete are zero. */
  readonly nodes: Uint8Array
}

/** A tile before its first hash. */
export const EMPTY_TILE: Tile = { width: 0, nodes: new Uint8Array(511 * 32) }

/** The tile with these hashes after its own. Throws `RangeError` over 256. */
export function growTile(crypto: CryptoPort, tile: Tile, hashes: readonly Uint8Array[]): Tile {
  const width = tile.width + hashes.length
  if (width > TILE_WIDTH) throw new RangeError('a tile holds 256 hashes')
  const nodes = tile.nodes.slice()
  let index = tile.width
  for (const hash of hashes) addLeaf(crypto, nodes, index++, hash)
  return { width, nodes }
}

/** The tile of which `bytes` are the hashes, 32 bytes each. */
export function readTile(crypto: CryptoPort, bytes: Uint8Array): Tile {
  const hashes = Array.from({ length: bytes.length / 32 }, (_, index) => bytes.subarray(index * 32, index * 32 + 32))
  return growTile(crypto, EMPTY_TILE, hashes)
}

/** The first `width` hashes, as they are served. */
export function tileBytes(tile: Tile, width: number): Uint8Array {
  if (width > tile.width) throw new RangeError(`the tile holds ${tile.width} hashes, not ${width}`)
  return tile.nodes.slice(0, width * 32)
}

/** A copy of node `index` of those `height` levels above the bottom. Throws `RangeError` where it is not complete. */
export function tileNode(tile: Tile, height: number, index: number): Uint8Array {
  if ((index + 1) * 2 ** height > tile.width) throw new RangeError(`node ${index} at height ${height} is not complete`)
  const offset = nodeOffset(height, index)
  return tile.nodes.slice(offset, offset + 32)
}

function addLeaf(crypto: CryptoPort, nodes: Uint8Array, leaf: number, hash: Uint8Array): void {
  nodes.set(hash, nodeOffset(0, leaf))
  // An odd index completes a pair, and with it perhaps further pairs above.
  for (let height = 0, index = leaf; index % 2 === 1; height++, index >>= 1) {
    const right = nodeOffset(height, index)
    const parent = hashNode(crypto, nodes.subarray(right - 32, right), nodes.subarray(right, right + 32))
    nodes.set(parent, nodeOffset(height + 1, index >> 1))
  }
}

/** Nodes of one height stand together, after those of all heights below. */
function nodeOffset(height: number, index: number): number {
  return (512 - (512 >> height) + index) * 32
}
