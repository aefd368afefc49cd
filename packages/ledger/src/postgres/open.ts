/** Opens a log in PostgreSQL, in which several processes may append (spec chapter 17.5). @module */
import { defaultCrypto, type CryptoPort, type Signer } from '@aiegis/protocol'
import type { FilePort } from '../file-port.ts'
import type { Log } from '../log.ts'
import { startLog, vkeyOf } from '../start-log.ts'
import type { WitnessPolicy } from '../witness/cosigner.ts'
import { saying, type PostgresPool } from './client.ts'
import { preparePostgresLog } from './schema.ts'
import { createPostgresStore } from './store.ts'

/** Where a log is kept and who signs it. */
export interface PostgresLogOptions {
  /** A pool of `pg` for this log, of at least two connections, as a role that is only a member of `aiegis_ledger_writer`. */
  readonly pool: PostgresPool
  /** The log key has signed before, or may have: then a log that nobody began would be a second one under the same key. */
  readonly mustExist?: boolean
  /** Name of the log in every checkpoint; a note key name, by custom a URL without scheme. */
  readonly origin: string
  /** Log key. Every process that appends holds it. */
  readonly signer: Signer
  /**
   * The key before or after `signer`: while it is here, every head is signed by both, so that receivers with either verify it. That the
   * keys changed becomes an entry.
   */
  readonly alsoSigner?: Signer
  readonly crypto?: CryptoPort
  /** Where this process keeps the newest head that it released, outside the database. No two processes share the file. */
  readonly lastCheckpointFile: string
  /** Appends that may be unanswered at once before `overloaded`; 4,096 unless said otherwise. */
  readonly maxWaiting?: number
  /** Who signs each head before it is released; nobody when absent. */
  readonly witnesses?: WitnessPolicy
  /** How files beside the database are written; the file system when absent. */
  readonly files?: FilePort
}

/**
 * Opens or begins a log in a database that has its schema. Rejects with an `Error` whose message says what is wrong: the database does
 * not answer, is of another log or key, lost a trigger, lets this role rewrite, may lose commits, ends before the last released
 * checkpoint or does not contain it. Does not hash every entry again. `close` leaves the pool to its owner.
 */
export async function openPostgresLog(options: PostgresLogOptions): Promise<Log> {
  const { pool, origin, signer, alsoSigner, lastCheckpointFile, maxWaiting, witnesses, files, crypto = defaultCrypto() } = options
  const identity = { crypto, origin, vkey: vkeyOf(origin, signer, crypto) }
  await preparePostgresLog(pool, origin, options.mustExist)
  return saying(
    startLog(createPostgresStore(pool), { identity, signer, alsoSigner, lastCheckpointFile, maxWaiting, witnesses, files }),
  )
}
