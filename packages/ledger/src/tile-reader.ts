/** Computes roots and paths of a tree whose tiles have to be fetched; tiles that were needed lately are kept (spec chapter 17). @module */
import {
  EMPTY_TILE,
  equal,
  growTile,
  nodesIn,
  TILE_WIDTH,
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

/** A reader without tiles. `fetch` gives the first `width` hashes of a tile, or a tile of at least as many, which is not hashed again. 64 tiles take 1 MiB; the one that grew first goes first. */
export function createTileReader(
  crypto: CryptoPort,
  fetch: (level: number, n: number, width: number) => Promise<Uint8Array | Tile>,
  maxTiles = 64,
): TileReader {
  const tiles = new Map<number, Tile>()
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
    const name = nameOf(level, n)
    const found = await fetch(level, n, width)
    const before = tiles.get(name) ?? EMPTY_TILE
    if (before.width >= width) return before
    const tile = found instanceof Uint8Array ? extended(crypto, before, found, width) : found
    // A log that shows two trees must not get two proofs out of them.
    if (tile === undefined || tile.width < width || !isStartOf(before, tile))
      throw new Error(`ledger: tile ${level}/${n} was changed`)
    tiles.delete(name)
    const [oldest] = tiles.keys()
    if (oldest !== undefined && tiles.size >= maxTiles) tiles.delete(oldest)
    tiles.set(name, tile)
    return tile
  }

  return {
    async over(size, compute) {
      // Kept here as well: it may be more than the reader keeps.
      let loaded: Map<number, Tile> | undefined
      for (;;) {
        let missing: Map<number, Wanted> | undefined
        const result = compute(
          nodesIn((level, n) => {
            const width = widthOf(size, level, n)
            const name = nameOf(level, n)
            const tile = loaded?.get(name) ?? tiles.get(name)
            if (tile !== undefined && tile.width >= width) return tile
            missing ??= new Map()
            missing.set(name, { level, n, width })
            return BLANK
          }),
        )
        if (missing === undefined) return result
        const kept = (loaded ??= new Map())
        await Promise.all(Array.from(missing, async ([name, wanted]) => kept.set(name, await load(wanted))))
      }
    },
  }
}

/** One number for a tile: there are at most 2^45 of a level, and 7 levels. */
function nameOf(level: number, n: number): number {
  return level * 2 ** 46 + n
}

/** The tile with the hashes of `bytes` behind its own; `undefined` where `bytes` has others or not so many. */
function extended(crypto: CryptoPort, before: Tile, bytes: Uint8Array, width: number): Tile | undefined {
  const start = before.width * 32
  if (bytes.length !== width * 32 || !equal(bytes.subarray(0, start), before.nodes.subarray(0, start))) return undefined
  const more = Array.from({ length: width - before.width }, (_, at) => bytes.subarray(start + at * 32, start + (at + 1) * 32))
  return growTile(crypto, before, more)
}

function isStartOf(before: Tile, tile: Tile): boolean {
  const end = before.width * 32
  return before.nodes === tile.nodes || equal(before.nodes.subarray(0, end), tile.nodes.subarray(0, end))
}
