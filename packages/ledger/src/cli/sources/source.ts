/** Where a command reads a log: a file, a directory, a database or a URL, all through the paths of section 17.3 (spec chapter 17.12). @module */
import { equal, hashLeaf, parseCheckpoint, parseTilePath, TILE_WIDTH, type CryptoPort } from '@aiegis/protocol'
import { formatBundle, parseBundle } from '../../bundle.ts'
import { integerOf, textOf, type Row } from '../../columns.ts'
import type { CustodyStore } from '../../custody/store.ts'
import type { StoredLeaf } from '../../store.ts'
import { BrokenLog } from '../../verify-log.ts'

/** A log that can be read and not written. */
export interface LogSource {
  /** Where it is, for sentences; without passwords. */
  readonly name: string
  /** The body at a path of section 17.3. Rejects with `BrokenLog` for what a log has to have there, and `Unreachable`. */
  get(path: string): Promise<Uint8Array>
  /** What only its operator has; absent for a URL, and for a directory without its index. */
  readonly own: OwnRows | undefined
  /** Sees what was appended since. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** What is stored beside what a log publishes. */
export interface OwnRows {
  readonly origin: string
  /** What is wrong with tables and triggers, in sentences. */
  readonly drift: readonly string[]
  readonly custody: Pick<CustodyStore, 'clearFrom' | 'holds' | 'minimum'>
  clear(index: number): Promise<Uint8Array | undefined>
  /** Notes over more than `from` and at most `to` entries, as stored. Rejects with `BrokenLog` for one that is over another number. */
  headsOver(from: number, to: number): Promise<readonly string[]>
}

/** The notes of rows with `size` and `note`. Throws `BrokenLog` for a note that is not over so many entries, and `Malformed`. */
export function notesOf(rows: readonly Row[]): readonly string[] {
  return rows.map((row) => {
    const [size, note] = [integerOf(row, 'size'), textOf(row, 'note')]
    const { size: own } = parseCheckpoint(note)
    if (own !== BigInt(size)) throw new BrokenLog(`what is kept as the head over ${size} entries is one over ${own}`)
    return note
  })
}

const MAX_TEXT = 65_536
const MAX_TILE = 8_192
/** 256 entries of 65,535 bytes, each after its length. */
const MAX_BUNDLE = 256 * 65_537

/** Most bytes at a path. */
export function mostAt(path: string): number {
  if (path === '/checkpoint') return MAX_TEXT
  return path.startsWith('/tile/entries/') ? MAX_BUNDLE : MAX_TILE
}

/** Gives what is not there in a partial width from the full tile: a partial one goes when the full one is there (c2sp.org/tlog-tiles). */
export function withFullTiles(find: (path: string) => Promise<Uint8Array | undefined>): LogSource['get'] {
  return async (path) => {
    const found = await find(path)
    if (found !== undefined) return found
    const name = parseTilePath(path)
    const full = name !== undefined && name.width < TILE_WIDTH ? await find(path.slice(0, path.lastIndexOf('.p/'))) : undefined
    if (name === undefined || full === undefined) throw new BrokenLog(`${path} is not there`)
    return name.level === 'entries' ? formatBundle(parseBundle(full).slice(0, name.width)) : full.subarray(0, name.width * 32)
  }
}

/** The bundle of leaves whose hashes are stored beside them. Throws `BrokenLog` for the first that is missing or has another hash. */
export function bundleOf(crypto: CryptoPort, start: number, leaves: readonly (StoredLeaf | undefined)[]): Uint8Array {
  return formatBundle(
    leaves.map((stored, offset) => {
      const index = start + offset
      if (stored === undefined) throw new BrokenLog(`entry ${index} is missing`, { index })
      if (!equal(hashLeaf(crypto, stored.leaf), stored.leafHash))
        throw new BrokenLog(`entry ${index} was changed: it does not have the hash that is stored beside it`, { index })
      return stored.leaf
    }),
  )
}
