/** Reads tiles of a log: those at the right edge from memory, full ones from the rows, held against the tree (spec chapter 17). @module */
import { edgeOf, equal, readTile, TILE_HEIGHT, TILE_WIDTH, tileNode, type CryptoPort, type Tile } from '@aiegis/protocol'
import type { Store } from './store.ts'
import type { Tree } from './tree.ts'

/**
 * A tile of this tree, with all that it has. Its root is held against the tile above it, and so on up to what is in memory: the rows could
 * have been changed together. Rejects with `Error` where the store does not have a full one, or it was changed.
 */
export async function readStoredTile(
  crypto: CryptoPort,
  store: Pick<Store, 'tile'>,
  tree: Tree,
  { level, n }: { readonly level: number; readonly n: number },
): Promise<Tile> {
  const edge = n === edgeOf(tree.size, level).n ? tree.edge[level] : undefined
  if (edge !== undefined) return edge
  const stored = await store.tile(level, n)
  if (stored === undefined) throw new Error(`ledger: tile ${level}/${n} is missing from the database`)
  // Proofs from changed hashes would be refused by every receiver; it is better that the log stops.
  const tile = readTile(crypto, stored.hashes)
  const above = await readStoredTile(crypto, store, tree, { level: level + 1, n: Math.floor(n / TILE_WIDTH) })
  if (!equal(tileNode(tile, TILE_HEIGHT, 0), tileNode(above, 0, n % TILE_WIDTH)))
    throw new Error(`ledger: tile ${level}/${n} was changed`)
  return tile
}
