/** Keeps a log in files, in an order in which no crash loses what was released (Sunlight's order; spec chapter 17.9). @module */
import { edgeOf, parseCheckpoint, TILE_WIDTH } from '@aiegis/protocol'
import type { Batch, Store } from '../store.ts'
import { filesOf, fullIn, type LeavesBehind } from './batch-files.ts'
import { widthIn, type TileDirectory } from './directory.ts'
import type { IndexRows } from './index-rows.ts'

/** The store over files that end after `size` entries. */
export interface TileStore extends Store {
  /** Puts leaves into files that rows already have, with the tree over them. */
  write(batch: LeavesBehind): Promise<void>
}

/**
 * A batch is in rows before any of its files is written, all its files are on disk before the checkpoint that needs them is, and what
 * was staged goes after that, with the next batch. Whoever opens the log after a crash writes what is staged again, with the same bytes.
 */
export function createTileStore(rows: IndexRows, directory: TileDirectory, size: number): TileStore {
  /** Entries that are in files. */
  let written = size
  /** Entries under the published head. With witnesses it may be behind for more than one batch. */
  let published = size
  /** Tiles that became full since. */
  let filled: ReturnType<typeof fullIn> = []

  const hashes = (level: number, n: number): Promise<Uint8Array> => directory.hashes(level, n, widthIn(written, level, n))

  async function roots(level: number, start: number, count: number): Promise<readonly Uint8Array[]> {
    if (count === 0) return []
    const n = Math.floor(start / TILE_WIDTH)
    const bytes = await hashes(level + 1, n)
    const first = start - n * TILE_WIDTH
    return Array.from({ length: Math.min(count, bytes.length / 32 - first) }, (_, offset) =>
      bytes.subarray((first + offset) * 32, (first + offset + 1) * 32),
    )
  }

  async function write(batch: LeavesBehind): Promise<void> {
    await directory.write(await filesOf(directory, batch))
    written = batch.tree.size
    filled = [...filled, ...fullIn(batch)]
  }

  async function append(batch: Batch): Promise<void> {
    rows.stage(batch, published)
    await write({ start: batch.start, leaves: batch.entries.map(({ leaf }) => leaf), full: batch.tiles, tree: batch.tree })
  }

  async function leavesFrom(start: number, count: number): Promise<readonly Uint8Array[]> {
    const { n, width } = edgeOf(start, 0)
    const entries = await directory.entries(n, widthIn(written, 'entries', n))
    return entries.slice(width, width + count)
  }

  return {
    hasOtherWriters: false,
    // One writer, which does one thing after the other.
    inTurn: (work) => work({ head: rows.head, find: rows.find, leafHashes: rows.leafHashes, append }),
    state: () => ({ entries: written, head: rows.head() }),
    leaf: async (index) => (index < written ? (await leavesFrom(index, 1))[0] : undefined),
    async leaves(start, count) {
      if (count === 0) return []
      const leaves = await leavesFrom(start, count)
      const stored = rows.leafHashes(start, start + leaves.length)
      return leaves.flatMap((leaf, offset) => {
        const leafHash = stored[offset]
        return leafHash === undefined ? [] : [{ leaf, leafHash }]
      })
    },
    leafHashes: rows.leafHashes,
    clear: rows.clear,
    custody: rows.custody,
    async tile(level, n) {
      const [root] = await roots(level, n, 1)
      return root && { hashes: await directory.hashes(level, n, TILE_WIDTH), root }
    },
    tileRoots: roots,
    write,
    async publish(note) {
      await directory.writeCheckpoint(note)
      published = Number(parseCheckpoint(note).size)
      // The full ones have all hashes of their partial tiles; what a crash leaves of these does no harm.
      await Promise.all(filled.map(({ level, n }) => directory.dropPartial(level, n)))
      filled = []
    },
    close: rows.close,
  }
}
