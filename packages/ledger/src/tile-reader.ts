/** Computes roots and paths of a tree whose tiles have to be fetched; tiles that were needed lately are kept (spec chapter 17). @module */
import {
  EMPTY_TILE,
  equal,
  growTile,
  nodesIn,
  TILE_WIDTH,
  tileBytes,
  widthOf,
  type CryptoPort,
  type NodeSource,
  type Tile,
} from '@aiegis/protocol'

/** Tiles of one log. */
export interface TileReader {
  /**
   * What `compute` makes of the nodes of a tree of `size` leaves. It is run again after the tiles that it needed were
   * fetched, the first time over zeros, so that it must not judge what it sees nor do anything else. Rejects with what fetching rejects with, and
   * with `Error` where a tile is not the one that was fetched before.
   */
  over<T>(size: number, compute: (node: NodeSource) => T): Promise<T>
}

/** A tile that is needed, in a width that is not here. */
interface Wanted {
  readonly level: number
  readonly n: number
  readonly width: number
}

/** Stands for a tile that has to be fetched first. */
const BLANK: Tile = { ...EMPTY_TILE, width: TILE_WIDTH }

/** A reader without tiles. `fetch` gives the first `width` hashes of a tile. 64 tiles take 1 MiB; the one that grew first goes first. */
export function createTileReader(
  crypto: CryptoPort,
  fetch: (level: number, n: number, width: number) => Promise<Uint8Array>,
  maxTiles = 64,
): TileReader {
  const tiles = new Map<string, Tile>()
  /** By level, number and width: many may wait for one tile. */
  const loading = new Map<string, Promise<Tile>>()

  function load(wanted: Wanted): Promise<Tile> {
    const name = `${wanted.level}/${wanted.n}.p/${wanted.width}`
    const known = loading.get(name)
    if (known !== undefined) return known
    const fresh = grow(wanted).finally(() => loading.delete(name))
    loading.set(name, fresh)
    return fresh
  }

  async function grow({ level, n, width }: Wanted): Promise<Tile> {
    const name = `${level}/${n}`
    const bytes = await fetch(level, n, width)
    const before = tiles.get(name) ?? EMPTY_TILE
    if (before.width >= width) return before
    const known = tileBytes(before, before.width)
    // A log that shows two trees must not get two proofs out of them.
    if (bytes.length !== width * 32 || !equal(bytes.subarray(0, known.length), known))
      throw new Error(`ledger: tile ${name} was changed`)
    const more = Array.from({ length: width - before.width }, (_, index) => {
      const start = known.length + index * 32
      return bytes.subarray(start, start + 32)
    })
    const tile = growTile(crypto, before, more)
    tiles.delete(name)
    const [oldest] = tiles.keys()
    if (oldest !== undefined && tiles.size >= maxTiles) tiles.delete(oldest)
    tiles.set(name, tile)
    return tile
  }

  return {
    async over(size, compute) {
      // Kept here as well: it may be more than the reader keeps.
      const loaded = new Map<string, Tile>()
      for (;;) {
        const missing = new Map<string, Wanted>()
        const result = compute(
          nodesIn((level, n) => {
            const width = widthOf(size, level, n)
            const name = `${level}/${n}`
            const tile = loaded.get(name) ?? tiles.get(name)
            if (tile !== undefined && tile.width >= width) return tile
            missing.set(name, { level, n, width })
            return BLANK
          }),
        )
        if (missing.size === 0) return result
        const fetched = [...missing].map(async ([name, wanted]) => loaded.set(name, await load(wanted)))
        await Promise.all(fetched)
      }
    },
  }
}
