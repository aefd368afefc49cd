/** Reads tiles of a log: those at the right edge from memory, full ones from the rows, held against their roots (spec chapter 17). @module */
import { edgeOf, equal, readTile, TILE_HEIGHT, tileBytes, tileNode, type CryptoPort } from '@aiegis/protocol'
import type { Store } from './store.ts'
import type { Tree } from './tree.ts'

/** The first `width` hashes of a tile. Throws `Error` where the store does not have a full one, or it was changed. */
export async function readStoredTile(
  crypto: CryptoPort,
  store: Pick<Store, 'tile'>,
  tree: Tree,
  { level, n, width }: { readonly level: number; readonly n: number; readonly width: number },
): Promise<Uint8Array> {
  const edge = n === edgeOf(tree.size, level).n ? tree.edge[level] : undefined
  if (edge !== undefined) return tileBytes(edge, width)
  const stored = await store.tile(level, n)
  if (stored === undefined) throw new Error(`ledger: tile ${level}/${n} is missing from the database`)
  // Proofs from changed hashes would be refused by every receiver; it is better that the log stops.
  if (!equal(tileNode(readTile(crypto, stored.hashes), TILE_HEIGHT, 0), stored.root))
    throw new Error(`ledger: tile ${level}/${n} was changed`)
  return stored.hashes.slice(0, width * 32)
}
