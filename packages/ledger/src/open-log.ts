/** Opens a log in a SQLite file, for this process alone (spec chapter 17). @module */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultCrypto, type CryptoPort, type Signer } from '@aiegis/protocol'
import type { FilePort } from './file-port.ts'
import type { Log } from './log.ts'
import { prepareSchema } from './schema.ts'
import { createSqliteStore } from './sqlite-store.ts'
import { closeDatabase, openDatabase } from './sqlite.ts'
import { startLog, vkeyOf } from './start-log.ts'
import type { Store } from './store.ts'
import { openThreadedStore } from './threaded-store.ts'
import type { WitnessPolicy } from './witness/cosigner.ts'

/** Where a log is kept and who signs it. */
export interface LogOptions {
  /** SQLite file; created when it is not there, unless `mustExist`. Its directory must be. */
  readonly file: string
  /** The log key has signed before, or may have: then a log without its file would be a second one under the same key. */
  readonly mustExist?: boolean
  /**
   * Keeps the file in a thread of its own, so that commits do not hold up the event loop of a process that does other things as well.
   * Costs the process more time for each entry; false when absent.
   */
  readonly thread?: boolean
  /** Name of the log in every checkpoint; a note key name, by custom a URL without scheme. */
  readonly origin: string
  /** Log key. Its verifier key has the name of the origin and type 0x01. */
  readonly signer: Signer
  /**
   * The key before or after `signer`: while it is here, every head is signed by both, so that receivers with either verify it. That the
   * keys changed becomes an entry.
   */
  readonly alsoSigner?: Signer
  readonly crypto?: CryptoPort
  /** Checkpoint kept outside the database; `last-checkpoint` beside it unless said otherwise. Best on another disk. */
  readonly lastCheckpointFile?: string
  /** Appends that may be unanswered at once before `overloaded`; 4,096 unless said otherwise. */
  readonly maxWaiting?: number
  /** Who signs each head before it is released; nobody when absent. */
  readonly witnesses?: WitnessPolicy
  /** How files beside the database are written; the file system when absent. */
  readonly files?: FilePort
}

/**
 * Opens or creates a log. Rejects with an `Error` whose message says what is wrong: the file is open elsewhere, is of another log or
 * key, lost a trigger, ends before the last released checkpoint or does not contain it. Does not hash every entry again.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { origin, signer, alsoSigner, file, maxWaiting, witnesses, files, crypto = defaultCrypto() } = options
  const identity = { crypto, origin, vkey: vkeyOf(origin, signer, crypto) }
  if (options.mustExist === true && !existsSync(file)) {
    throw new Error(
      `ledger: ${file} is missing, and its log key would sign a second log; put the file back, or begin a new log with a new key and origin`,
    )
  }
  const store = await (options.thread === true ? openThreadedStore({ file, origin }) : openStore(file, origin))
  try {
    const lastCheckpointFile = options.lastCheckpointFile ?? join(dirname(file), 'last-checkpoint')
    return await startLog(store, { identity, signer, alsoSigner, lastCheckpointFile, maxWaiting, witnesses, files })
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openStore(file: string, origin: string): Promise<Store> {
  const database = await openDatabase(file)
  try {
    prepareSchema(database, origin)
    return createSqliteStore(database)
  } catch (error) {
    closeDatabase(database)
    throw error
  }
}
