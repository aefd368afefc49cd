/** Where the ledger is: in a file or a directory of this process, or in a PostgreSQL that other processes share (spec chapters 15.10 and 17). @module */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CryptoPort, Signer } from '@aiegis/protocol'
import { openLog, type Log, type WitnessPolicy } from '@aiegis/ledger'
import { openPostgresLog, preparePostgresLog } from '@aiegis/ledger/postgres'
import { openTilesLog } from '@aiegis/ledger/tiles'
import type { Pool } from 'pg'
import { writeDurably } from './durable-file.ts'
import { codeOf } from './keys.ts'
import { UsageError } from './usage.ts'

/** A place for the ledger. */
export interface AuditLog {
  /** Other processes append to it too. */
  readonly isShared: boolean
  /** Before the log key is made: whoever finds the key afterwards must find the ledger. Rejects with `UsageError` or `Error`. */
  prepare(): Promise<void>
  /** Opens what was prepared. Closing the log gives everything back. */
  open(options: AuditLogOptions): Promise<Log>
}

/** How the ledger is opened. */
export interface AuditLogOptions {
  readonly signer: Signer
  /** Signs every head too, while the log key is changed. */
  readonly alsoSigner?: Signer
  readonly crypto: CryptoPort
  readonly lastCheckpointFile: string
  readonly witnesses?: WitnessPolicy
}

/** Connections of one process: one appends, the others answer readers. */
const CONNECTIONS = 8
const CONNECT_MS = 5_000

const TILES = 'tiles:'

/** The ledger of log `origin` in a SQLite file, in a directory after `tiles:`, or in PostgreSQL for a URL `postgres://`. */
export function auditLogAt(place: string, origin: string): AuditLog {
  if (isPostgres(place)) return inPostgres(place, origin)
  return place.startsWith(TILES) ? inDirectory(place.slice(TILES.length), origin) : inFile(place, origin)
}

/** Whether this is the URL of a PostgreSQL and not the name of a file. */
export function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place)
}

function inFile(file: string, origin: string): AuditLog {
  return {
    isShared: false,
    prepare: async () => makeEmpty(file, file),
    // In a thread: the server answers others while a batch is on its way to the disk.
    open: (options) => openLog({ ...options, file, mustExist: true, origin, thread: true }),
  }
}

function inDirectory(directory: string, origin: string): AuditLog {
  return {
    isShared: false,
    async prepare() {
      try {
        mkdirSync(directory, { mode: 0o755 })
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw cannotBeMade(`${TILES}${directory}`, error)
      }
      makeEmpty(join(directory, 'index.db'), `${TILES}${directory}`)
    },
    open: (options) => openTilesLog({ ...options, directory, mustExist: true, origin }),
  }
}

/** An empty file; a ledger that is there stays. */
function makeEmpty(file: string, place: string): void {
  if (existsSync(file) && statSync(file).isFile()) return
  try {
    writeDurably(file, 'wx', '')
  } catch (error) {
    throw cannotBeMade(place, error)
  }
}

function cannotBeMade(place: string, cause: unknown): UsageError {
  return new UsageError(
    `--audit-db ${place}: it cannot be made (${codeOf(cause)}); name a ${place.startsWith(TILES) ? 'directory' : 'file'} in a directory that exists`,
    { cause },
  )
}

/** The URL may have a password when it was given in code, so that no sentence shows it. */
function inPostgres(url: string, origin: string): AuditLog {
  return {
    isShared: true,
    async prepare() {
      const pool = await connect(url)
      try {
        if ((await preparePostgresLog(pool, origin)) === 'new') return
      } finally {
        await pool.end()
      }
      throw new UsageError(
        `--audit-db: another process began log ${origin} there; copy the state directory of that process, or name another --log-origin and database`,
      )
    },
    async open(options) {
      const pool = await connect(url)
      try {
        const log = await openPostgresLog({ ...options, pool, mustExist: true, origin })
        return {
          ...log,
          async close() {
            await log.close()
            if (!pool.ending) await pool.end()
          },
        }
      } catch (error) {
        await pool.end()
        throw error
      }
    },
  }
}

async function connect(connectionString: string): Promise<Pool> {
  const { Pool: PostgresPool } = await import('pg').catch((cause: unknown) => {
    throw new UsageError('--audit-db: a ledger in PostgreSQL needs the package pg; run npm install pg', { cause })
  })
  const pool = new PostgresPool({ connectionString, max: CONNECTIONS, connectionTimeoutMillis: CONNECT_MS })
  // A connection that nobody uses ended; the next question makes another. Unheard it would end the process.
  pool.on('error', () => undefined)
  return pool
}
