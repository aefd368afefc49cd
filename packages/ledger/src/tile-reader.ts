/** Computes roots and paths of a tree whose tiles have to be fetched; tiles that were needed lately are kept (spec chapter 17). @module */
import {
  EMPTY_TILE,
  equal,
  growTile,
  nodesIn,
  tileBytes,
  widthOf,
  type CryptoPort,
  type NodeSource,
  type Tile,
} from '@aiegis/protocol'

/** Tiles of one log. */
export interface TileReader {
  /**
   * What `compute` makes of the nodes of a tree of `size` leaves. It is run again whenever a tile that it needs was fetched, so it must
   * not do anything else. Rejects with what fetching rejects with, and with `Error` where a tile is not the one that was fetched before.
   */
  over<T>(size: number, compute: (node: NodeSource) => T): Promise<T>
}

/** A reader without tiles. `fetch` gives the first `width` hashes of a tile. 64 tiles take 1 MiB; the one that grew first goes first. */
export function createTileReader(
  crypto: CryptoPort,
  fetch: (level: number, n: number, width: number) => Promise<Uint8Array>,
  maxTiles = 64,
): TileReader {
  const tiles = new Map<string, Tile>()

  async function load(level: number, n: number, width: number): Promise<void> {
    const name = `${level}/${n}`
    const bytes = await fetch(level, n, width)
    const before = tiles.get(name) ?? EMPTY_TILE
    if (before.width >= width) return
    const known = tileBytes(before, before.width)
    // A log that shows two trees must not get two proofs out of them.
    if (bytes.length !== width * 32 || !equal(bytes.subarray(0, known.length), known))
      throw new Error(`ledger: tile ${name} was changed`)
    const more = Array.from({ length: width - before.width }, (_, index) => {
      const start = known.length + index * 32
      return bytes.subarray(start, start + 32)
    })
    tiles.delete(name)
    const [oldest] = tiles.keys()
    if (oldest !== undefined && tiles.size >= maxTiles) tiles.delete(oldest)
    tiles.set(name, growTile(crypto, before, more))
  }

  return {
    async over(size, compute) {
      const node = nodesIn((level, n) => {
        const width = widthOf(size, level, n)
        const tile = tiles.get(`${level}/${n}`)
        if (tile === undefined || tile.width < width) throw new Missing(level, n, width)
        return tile
      })
      for (;;) {
        try {
          return compute(node)
        } catch (error) {
          if (!(error instanceof Missing)) throw error
          await load(error.level, error.n, error.width)
        }
      }
    },
  }
}

/** A tile that has to be fetched first. */
class Missing extends Error {
  readonly level: number
  readonly n: number
  readonly width: number
  constructor(level: number, n: number, width: number) {
    super('a tile is missing')
    this.level = level
    this.n = n
    this.width = width
  }
}
