/** The rows of a log: what a database has to give so that a backend can be made of it (spec chapter 17). @module */
import type { CustodyStore } from './custody/store.ts'
import type { FullTile, Tree } from './tree.ts'

/** An entry that is about to be stored. */
export interface NewEntry {
  readonly leaf: Uint8Array
  readonly leafHash: Uint8Array
  readonly key: Uint8Array
  /** Goes into the table that may be erased. */
  readonly clear: Uint8Array | undefined
}

/** Everything that one batch adds. */
export interface Batch {
  /** Index of the first entry: the number of those before. */
  readonly start: number
  readonly entries: readonly NewEntry[]
  /** Those that became full. */
  readonly tiles: readonly FullTile[]
  /** The tree with these entries. */
  readonly tree: Tree
  /** Signed head over everything up to the last entry. */
  readonly note: string
}

/** The newest head as stored; no note before the first one. */
export interface StoredHead {
  readonly size: number
  readonly note: string | undefined
}

/** An entry that was stored under a key. */
export interface Found {
  readonly index: number
  readonly leafHash: Uint8Array
}

/** A leaf and the hash that was stored beside it. */
export interface StoredLeaf {
  readonly leaf: Uint8Array
  readonly leafHash: Uint8Array
}

type Awaitable<T> = T | Promise<T>

/** What may be done while nobody else can append. */
export interface Turn {
  /** The newest head. Nobody moves it before the turn ends. */
  head(): Awaitable<StoredHead>
  /** Entries of these keys, by key in hexadecimal. */
  find(keys: readonly Uint8Array[]): Awaitable<ReadonlyMap<string, Found>>
  /** Stored leaf hashes from `start` to `end` − 1. */
  leafHashes(start: number, end: number): Awaitable<readonly Uint8Array[]>
  /** All of it or nothing. Once in a turn, at its end. */
  append(batch: Batch): Awaitable<void>
}

/**
 * The rows of one log. Throws `NotAnswering` when the database did not answer and may again; every other error ends the log, since what
 * is stored is not known any more.
 */
export interface Store {
  /** Whether rows may appear that this process did not write. */
  readonly hasOtherWriters: boolean
  /** Runs `work` while nobody else can append. What it appended is durable when this resolves, and unknown when this rejects. */
  inTurn<T>(work: (turn: Turn) => Promise<T>): Promise<T>
  /** Number of entries, and the newest head, at one moment. */
  state(): Awaitable<{ readonly entries: number; readonly head: StoredHead }>
  leaf(index: number): Awaitable<Uint8Array | undefined>
  /** Leaves from `start` on, at most `count`, which is at most 256. */
  leaves(start: number, count: number): Awaitable<readonly StoredLeaf[]>
  leafHashes: Turn['leafHashes']
  /** Clear text as long as nobody ordered to erase it. */
  clear(index: number): Awaitable<Uint8Array | undefined>
  /** Absent where no clear text is kept. */
  readonly custody?: CustodyStore
  /** The 256 hashes of a full tile, and the root over them. */
  tile(level: number, n: number): Awaitable<{ readonly hashes: Uint8Array; readonly root: Uint8Array } | undefined>
  /** Roots of the full tiles of `level` from number `start` on, at most `count`. */
  tileRoots(level: number, start: number, count: number): Awaitable<readonly Uint8Array[]>
  /** Shows a head to everybody; called when it is durable, here and outside. Absent where heads are asked for. */
  publish?(note: string): Promise<void>
  close(): Awaitable<void>
}

/** The database did not answer, or refused for now. */
export class NotAnswering extends Error {
  override readonly name: string = 'NotAnswering'
}
