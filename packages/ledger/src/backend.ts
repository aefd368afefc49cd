/** What an operator swaps: where a log is kept and who puts its entries in order; all else is computed from this (spec chapter 17). @module */
import type { Tile } from '@aiegis/protocol'
import type { CustodyStore } from './custody/store.ts'

/** A released head. */
export interface Head {
  /** Entries under it, at most 2^53 − 1. */
  readonly size: number
  /** Signed note. */
  readonly note: string
}

/**
 * Keeps one log. `createLog` makes proofs of it, `logHttp` serves it, `verifyLog` verifies it, and `ledgerContract` says whether it
 * keeps its word. Every method throws, or rejects with, `ledger_unavailable` when the log does not answer.
 */
export interface LogBackend {
  readonly origin: string
  /** Verifier key of the checkpoints. */
  readonly vkey: string
  /**
   * Stores a leaf of 1 to 65,535 bytes and resolves to its index when it is durable and under a released head. The same key (1 to 64
   * bytes) gives the same index; with another leaf it is `idempotency_conflict`. `clear` (1 to 65,535 bytes) goes into the side table.
   * Rejects with `overloaded` when too many wait. Keeps none of these arrays.
   */
  append(leaf: Uint8Array, key: Uint8Array, clear: Uint8Array | undefined): Promise<number>
  /** The newest released head that is known here. */
  head(): Head
  /** A released head of at least `size` entries, looked up where all writers see it unless one is known. Rejects with `RangeError`. */
  headOver(size: number): Promise<Head>
  /** The newest released head of all writers. */
  newest(): Promise<Head>
  /** The first `width` (1 to 256) hashes of tile `n` at `level`. Rejects with `RangeError` beyond the newest head. */
  tile(level: number, n: number, width: number): Promise<Uint8Array>
  /**
   * The same with the nodes above, and perhaps with more hashes, where they were made or checked anyway: they are not hashed again. The
   * tile never changes.
   */
  grownTile?(level: number, n: number, width: number): Promise<Tile>
  /** The first `width` (1 to 256) entries of bundle `n`, each after its length in two bytes. Rejects with `RangeError` likewise. */
  entries(n: number, width: number): Promise<Uint8Array>
  /** An entry under the newest head, and its clear text as long as nobody ordered to erase it. */
  entry(index: number): Promise<LogEntry | undefined>
  /** Orders and holds about clear text; absent where none is kept. */
  readonly custody?: CustodyStore
  /** Waits for the appends that were accepted, then gives back what it holds. Later calls are `ledger_unavailable`. */
  close(): Promise<void>
}

/** An entry as it is kept. */
export interface LogEntry {
  readonly leaf: Uint8Array
  readonly clear: Uint8Array | undefined
}
