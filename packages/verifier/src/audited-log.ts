/** What an audit knows of one log, and where it is kept beyond the process (spec chapter 5.5). @module */
import type { Head, OriginMemory } from './audit-origin.ts'
import type { TileReader } from './audit-tiles.ts'
import type { Dependency } from './events.ts'
import type { Timer } from './timer.ts'
import type { TrustedLedger } from './trust.ts'

/** A place for what must outlive the process. Whoever can write there can open a closed log again. */
export interface AuditMemory {
  /** What was kept of a log, with a URL or without; asked when the verifier is made, where what it throws stops the start, and in each round: other processes may keep what they know. */
  load(origin: string): { readonly head: string | undefined; readonly evidence: string | undefined }
  /** Replaces the newest head that was proven, a signed note, whole or not at all, and never by a smaller one. Tried again when it throws. */
  saveHead(origin: string, note: string): void | Promise<void>
  /** Removes a head that `load` gave and that the key of the log did not sign, unless another one has taken its place. */
  dropHead(origin: string, note: string): void | Promise<void>
  /** Keeps evidence against a log (spec chapter 5.6). From here on `load` gives it: the log stays closed. Tried again when it throws. */
  saveEvidence(origin: string, evidence: string): void | Promise<void>
}

/** One log and what is known of it. */
export interface AuditedLog {
  ledger: TrustedLedger
  readonly memory: OriginMemory
  readonly health: Dependency
  readonly tiles: TileReader
  readonly keeping: AuditMemory | undefined
  /** A head that was kept and is not verified yet. */
  kept: string | undefined
  /** The head that was found there last: nothing more follows from it. */
  judged: string | undefined
  /** What is kept could be read when it was last tried. */
  isPlaceRead: boolean
  readonly keepHead: ((head: Head) => void) | undefined
  /** The largest size that was kept. */
  keptSize: bigint
  readonly keepEvidence: ((evidence: string) => void) | undefined
  /** Evidence that is not kept yet. */
  evidence: string | undefined
  failure: Error | undefined
  underWay: Promise<void> | undefined
  timer: Timer | undefined
}
