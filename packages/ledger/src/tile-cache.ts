/** Keeps full tiles that proofs needed lately; a full tile never changes (spec chapter 17). @module */
import { equal, readTile, TILE_HEIGHT, tileNode, type CryptoPort, type Tile } from '@aiegis/protocol'
import type { Store } from './store.ts'
import type { FullTile } from './tree.ts'

/** Full tiles by level and number. */
export interface TileCache {
  /** The tile, from the store when it is not here. Throws `Error` where the store does not have it or it was changed. */
  readonly load: (level: number, n: number) => Tile
  /** Keeps tiles that just became full. */
  keep(tiles: readonly FullTile[]): void
}

/** An empty cache over a store. 64 tiles take 1 MiB; the one that came first goes first. */
export function createTileCache(crypto: CryptoPort, store: Pick<Store, 'tile'>, maxTiles = 64): TileCache {
  const tiles = new Map<string, Tile>()

  function put(level: number, n: number, tile: Tile): Tile {
    const [oldest] = tiles.keys()
    if (oldest !== undefined && tiles.size >= maxTiles) tiles.delete(oldest)
    tiles.set(`${level}/${n}`, tile)
    return tile
  }

  return {
    load(level, n) {
      const known = tiles.get(`${level}/${n}`)
      if (known !== undefined) return known
      const stored = store.tile(level, n)
      if (stored === undefined) throw new Error(`ledger: tile ${level}/${n} is missing from the database`)
      const tile = readTile(crypto, stored.hashes)
      // Proofs from changed hashes would be refused by every receiver; it is better that the log stops.
      if (!equal(tileNode(tile, TILE_HEIGHT, 0), stored.root)) throw new Error(`ledger: tile ${level}/${n} was changed`)
      return put(level, n, tile)
    },
    keep(full) {
      for (const { level, n, tile } of full) put(level, n, tile)
    },
  }
}
