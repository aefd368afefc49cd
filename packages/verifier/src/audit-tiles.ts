/** Reads tiles of a log, bounded in number, size and time, and gives the nodes of its tree; believes none of them (spec chapter 5.5). @module */
import {
  formatTilePath,
  nodesIn,
  readTile,
  TILE_HEIGHT,
  TILE_WIDTH,
  widthOf,
  type CryptoPort,
  type NodeSource,
  type Tile,
} from '@aiegis/protocol'
import { BoundedMap } from './bounded-map.ts'
import type { HttpGet } from './status-read.ts'
import { within } from './within.ts'

/** Reads what the log publishes under one URL. */
export interface TileReader {
  /**
   * The nodes of the roots over the first `size` and over all `treeSize` leaves, and of the path between them; 1 ≤ `size` ≤ `treeSize`.
   * Rejects when they cannot be read now.
   */
  nodes(size: number, treeSize: number): Promise<NodeSource>
  /** The newest checkpoint, as bytes. */
  checkpoint(): Promise<Uint8Array>
  /** Begins a round: so many tiles may be read, until `isOver`. */
  begin(isOver: () => boolean): void
  /** Nothing that was kept is used again: something in it did not fit. */
  forget(): void
}

/** A round is over; what was read is kept, and the next round goes on. */
export class RoundOver extends Error {
  override readonly name: string = 'RoundOver'
}

/** Where tiles come from. */
export interface TileReading {
  readonly get: HttpGet
  readonly crypto: CryptoPort
  /** Without slash at its end. */
  readonly url: string
  readonly timeoutMs: number
}

/** Tiles that one round may read: 8 MiB. */
const MAX_TILES = 1024
/** Full tiles that are kept, 16 KiB each with the nodes above them. */
const KEPT_TILES = 256
const MAX_CHECKPOINT = 16_384

/** A reader that has read nothing. */
export function createTileReader({ get, crypto, url, timeoutMs }: TileReading): TileReader {
  let kept = new BoundedMap<Tile>(KEPT_TILES)
  let left = 0
  let isOver = never

  /** The content at a path; `undefined` where there is none. */
  const read = async (path: string, maxBytes: number, accept: string): Promise<Uint8Array | undefined> => {
    if (isOver()) throw new RoundOver('the time of this round is over')
    // The port promises to end in time; a port that does not must not stop the audit for good.
    const answer = await within(2 * timeoutMs, get(`${url}${path}`, { maxBytes, timeoutMs, accept }))
    if (answer.status === 404) return undefined
    if (answer.status !== 200) throw new Error(`${path}: status ${answer.status} instead of 200`)
    if (answer.body.length > maxBytes) throw new Error(`${path}: more than ${maxBytes} bytes`)
    return answer.body
  }

  const readHashes = async (level: number, n: number, width: number): Promise<Uint8Array | undefined> => {
    if (left-- <= 0) throw new RoundOver(`${MAX_TILES} tiles were read in this round`)
    const path = formatTilePath({ level, n: BigInt(n), width })
    const bytes = await read(path, width * 32, 'application/octet-stream')
    if (bytes !== undefined && bytes.length !== width * 32) throw new Error(`${path}: ${bytes.length} bytes, not ${width * 32}`)
    return bytes
  }

  const load = async (level: number, n: number, width: number): Promise<Tile> => {
    const name = `${level}/${n}`
    const known = kept.get(name)
    if (known !== undefined && known.width >= width) return known
    // A log may drop a partial tile once the full one is there (tlog-tiles).
    const bytes = (await readHashes(level, n, width)) ?? (width < TILE_WIDTH ? await readHashes(level, n, TILE_WIDTH) : undefined)
    if (bytes === undefined) throw new Error(`tile ${name}: not there`)
    return kept.set(name, readTile(crypto, bytes))
  }

  return {
    async nodes(size, treeSize) {
      const wanted = [...tilesAt(size, treeSize), ...tilesAt(treeSize, treeSize)]
      const tiles = new Map<string, Tile>()
      await Promise.all(
        [...new Map(wanted.map((tile) => [`${tile.level}/${tile.n}`, tile]))].map(async ([name, { level, n, width }]) => {
          tiles.set(name, await load(level, n, width))
        }),
      )
      return nodesIn((level, n) => {
        const tile = tiles.get(`${level}/${n}`)
        if (tile === undefined) throw new RangeError(`tile ${level}/${n} should not be needed`)
        return tile
      })
    },
    async checkpoint() {
      const bytes = await read('/checkpoint', MAX_CHECKPOINT, 'text/plain')
      if (bytes === undefined) throw new Error('/checkpoint: not there')
      return bytes
    },
    begin(until) {
      left = MAX_TILES
      isOver = until
    },
    forget() {
      kept = new BoundedMap(KEPT_TILES)
    },
  }
}

function never(): boolean {
  return false
}

interface WantedTile {
  readonly level: number
  readonly n: number
  readonly width: number
}

/** The tile of each level above the last of the first `size` leaves, as wide as a tree of `treeSize` leaves has it. */
function tilesAt(size: number, treeSize: number): readonly WantedTile[] {
  const tiles: WantedTile[] = []
  let n = size - 1
  for (let level = 0; 2 ** (TILE_HEIGHT * level) <= treeSize; level++) {
    n = Math.floor(n / TILE_WIDTH)
    const width = widthOf(treeSize, level, n)
    if (width > 0) tiles.push({ level, n, width })
  }
  return tiles
}
