/** Opens a log in a directory, for this process alone (spec chapter 17.9). @module */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCrypto, type CryptoPort, type Signer } from '@aiegis/protocol'
import { nodeFiles, type FilePort } from '../file-port.ts'
import type { Log } from '../log.ts'
import { closeDatabase, openDatabase } from '../sqlite.ts'
import { startLog, vkeyOf } from '../start-log.ts'
import type { WitnessPolicy } from '../witness/cosigner.ts'
import { createTileDirectory } from './directory.ts'
import { finishFiles } from './finish.ts'
import { createIndexRows } from './index-rows.ts'
import { prepareIndex } from './schema.ts'

/** Where a log is kept and who signs it. */
export interface TilesLogOptions {
  /**
   * Directory of this log alone, which is there. `public` in it is what any web server may serve: checkpoint, tiles and entries, nothing
   * else. `index.db` beside it is private.
   */
  readonly directory: string
  /** The log key has signed before, or may have: then a log without its index would be a second one under the same key. */
  readonly mustExist?: boolean
  /** Name of the log in every checkpoint; a note key name, by custom the URL of `public` without scheme. */
  readonly origin: string
  /** Log key. Its verifier key has the name of the origin and type 0x01. */
  readonly signer: Signer
  /**
   * The key before or after `signer`: while it is here, every head is signed by both, so that receivers with either verify it. That the
   * keys changed becomes an entry.
   */
  readonly alsoSigner?: Signer
  readonly crypto?: CryptoPort
  /** Checkpoint kept outside of it; `last-checkpoint` in the directory unless said otherwise. Best on another disk. */
  readonly lastCheckpointFile?: string
  /** Appends that may be unanswered at once before `overloaded`; 4,096 unless said otherwise. */
  readonly maxWaiting?: number
  /** Who signs each head before it is released; nobody when absent. */
  readonly witnesses?: WitnessPolicy
  /** How files are written; the file system unless said otherwise. */
  readonly files?: FilePort
}

/**
 * Opens or creates a log. Rejects with an `Error` whose message says what is wrong: the directory is open elsewhere, is of another log
 * or key, its files, index and checkpoints do not fit together, or end before the last released checkpoint. Does not hash every entry
 * again.
 */
export async function openTilesLog(options: TilesLogOptions): Promise<Log> {
  const { directory, origin, signer, alsoSigner, maxWaiting, witnesses, files = nodeFiles, crypto = defaultCrypto() } = options
  const identity = { crypto, origin, vkey: vkeyOf(origin, signer, crypto) }
  const index = join(directory, 'index.db')
  if (options.mustExist === true && !existsSync(index)) {
    throw new Error(
      `ledger: ${index} is missing, and its log key would sign a second log; put it back, or begin a new log with a new key and origin`,
    )
  }
  // In the directory, so that its lock is one on the directory.
  const database = await openDatabase(index)
  try {
    prepareIndex(database, origin)
    const served = join(directory, 'public')
    if ((await files.makeDirectory(served)) !== undefined) await files.syncDirectory(directory)
    const store = await finishFiles(identity, createIndexRows(database), createTileDirectory(files, served))
    const lastCheckpointFile = options.lastCheckpointFile ?? join(directory, 'last-checkpoint')
    return await startLog(store, { identity, signer, alsoSigner, lastCheckpointFile, maxWaiting, witnesses, files })
  } catch (error) {
    closeDatabase(database)
    throw error
  }
}
