/** Reads and writes the files of a log as any web server can serve them (c2sp.org/tlog-tiles; spec chapter 17.9). @module */
import { dirname, join } from 'node:path'
import { decodeUtf8, equal, formatTilePath, TILE_WIDTH, utf8, widthOf } from '@aiegis/protocol'
import { parseBundle } from '../bundle.ts'
import { placeFile, replaceFile, type FilePort } from '../file-port.ts'

/** A file of the log: where, and what is in it. */
export interface TileFile {
  readonly level: number | 'entries'
  readonly n: number
  readonly width: number
  readonly bytes: Uint8Array
}

/** The files of one log. */
export interface TileDirectory {
  /** The first `width` hashes of a tile, 32 bytes each. Rejects with `Error` where they are not there. */
  hashes(level: number, n: number, width: number): Promise<Uint8Array>
  /** The first `width` entries of a bundle. Rejects likewise. */
  entries(n: number, width: number): Promise<readonly Uint8Array[]>
  /** Resolves when all of them are on disk. Rejects with `Error` where one is there with other bytes: what was written never changes. */
  write(tiles: readonly TileFile[]): Promise<void>
  /** Takes away the partial tiles below a full one, which has their hashes too. */
  dropPartial(level: number | 'entries', n: number): Promise<void>
  /** What is published; not parsed, not verified. */
  readCheckpoint(): Promise<string | undefined>
  /** Replaces it; resolves when that is on disk. */
  writeCheckpoint(note: string): Promise<void>
}

/** The files below `directory`, which is there. */
export function createTileDirectory(files: FilePort, directory: string): TileDirectory {
  const pathOf = (level: number | 'entries', n: number, width: number): string =>
    join(directory, ...formatTilePath({ level, n: BigInt(n), width }).split('/'))
  const checkpoint = join(directory, 'checkpoint')

  /** A partial tile goes when the full one is there, perhaps between two questions. */
  async function read(level: number | 'entries', n: number, width: number): Promise<Uint8Array> {
    const bytes = (await files.read(pathOf(level, n, width))) ?? (await files.read(pathOf(level, n, TILE_WIDTH)))
    if (bytes === undefined) throw new Error(`ledger: ${pathOf(level, n, width)} is missing`)
    return bytes
  }

  /** Resolves to the directory whose names have to be flushed, and those above it that were made. */
  async function place(path: string, bytes: Uint8Array): Promise<readonly string[]> {
    const parent = dirname(path)
    const known = await files.read(path)
    if (known !== undefined) {
      if (!equal(known, bytes)) throw new Error(`ledger: ${path} is there with other bytes; a tile never changes`)
      return [parent]
    }
    const made = await files.makeDirectory(parent)
    await placeFile(files, path, bytes)
    return between(made, parent)
  }

  return {
    async hashes(level, n, width) {
      const bytes = await read(level, n, width)
      if (bytes.length < width * 32) throw new Error(`ledger: ${pathOf(level, n, width)} has ${bytes.length} bytes`)
      return bytes.subarray(0, width * 32)
    },
    async entries(n, width) {
      const entries = parseBundle(await read('entries', n, width))
      if (entries.length < width) throw new Error(`ledger: ${pathOf('entries', n, width)} has ${entries.length} entries`)
      return entries.slice(0, width)
    },
    async write(tiles) {
      const placed = await Promise.all(tiles.map(({ level, n, width, bytes }) => place(pathOf(level, n, width), bytes)))
      await Promise.all([...new Set(placed.flat())].map((parent) => files.syncDirectory(parent)))
    },
    dropPartial: (level, n) => files.removeDirectory(`${pathOf(level, n, TILE_WIDTH)}.p`),
    async readCheckpoint() {
      const bytes = await files.read(checkpoint)
      return bytes && decodeUtf8(bytes)
    },
    writeCheckpoint: (note) => replaceFile(files, checkpoint, utf8(note)),
  }
}

/** Hashes that the tile at `level` and `n` has in a log of `size` entries, or entries that the bundle has. */
export function widthIn(size: number, level: number | 'entries', n: number): number {
  return widthOf(size, level === 'entries' ? 0 : level, n)
}

/** The directories whose names changed when those from `made` down to `parent` were made. */
function between(made: string | undefined, parent: string): readonly string[] {
  if (made === undefined) return [parent]
  const changed = [parent]
  for (let path = parent; path !== made && path !== dirname(path); path = dirname(path)) changed.push(dirname(path))
  return [...changed, dirname(made)]
}
