/** Opens one SQLite file for one process, with durable commits, on whichever driver this runtime has (spec chapter 17). @module */
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { textOf, type Row } from './columns.ts'

/** What SQLite stores and gives back here. Integers are below 2^53. */
export type SqlValue = number | string | Uint8Array | null
/** The part of `node:sqlite` that is used, which `@photostructure/sqlite` has too. */
export interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** A prepared statement. */
export interface Statement {
  run(...values: SqlValue[]): unknown
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): readonly Row[]
}

/**
 * Opens or creates `file`, readable by its owner only, and locks it against every other connection until `closeDatabase`, also
 * against readers. A commit returns when it is on disk. Throws `Error` with a sentence for the operator.
 */
export async function openDatabase(file: string): Promise<Database> {
  let database: Database | undefined
  try {
    database = await connect(file)
    // Before WAL: the lock then covers the file from the first access on, and no other process maps its index.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    const mode = textOf(database.prepare('PRAGMA journal_mode = WAL').get(), 'journal_mode')
    if (mode !== 'wal') throw new Error(`the file system allows journal mode ${mode} only`)
    // NORMAL would lose commits on power failure; a checkpoint that was released and lost is a fork.
    database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
    // What is erased from the side table is overwritten, not only unlinked.
    database.exec('PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return database
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) throw new Error(`ledger: ${file} is open in another process, and a log has one writer`, { cause })
    throw new Error(`ledger: ${file} cannot be opened as a SQLite database in a directory that exists`, { cause })
  }
}

/**
 * Locks `file`, made for its owner only when it is not there, against every other process until the given function is called or this
 * process ends, however it ends. `undefined` when another one has it, also in this process. Throws `Error` with a sentence.
 */
export async function takeLock(file: string): Promise<(() => void) | undefined> {
  let database: Database | undefined
  try {
    database = await connect(file)
    database.exec('BEGIN EXCLUSIVE')
    let held: Database | undefined = database
    return () => {
      held?.exec('ROLLBACK')
      held?.close()
      held = undefined
    }
  } catch (cause) {
    database?.close()
    if (isBusy(cause)) return undefined
    throw new Error(`ledger: ${file} cannot be locked; it has to be a file of a lock, in a directory that exists`, { cause })
  }
}

async function connect(file: string): Promise<Database> {
  const DatabaseSync = await loadDriver()
  createFile(file)
  // Resolved, because SQLite has names of its own that are no files, such as ":memory:".
  return new DatabaseSync(resolve(file), { timeout: 0 })
}

/**
 * SQLite would create it readable for everybody, and gives its journal the same mode. A file that is there is not even opened: closing
 * it would give back every lock that this process has on it (POSIX.1 fcntl).
 */
function createFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'EEXIST') throw error
  }
}

/** All or nothing. COMMIT returns when the journal is on disk. */
export function inTransaction(database: Database, write: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    write()
    database.exec('COMMIT')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** Some errors, a full disk among them, have rolled back already; the first error is the one that matters. */
function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    return
  }
}

/** Moves everything into the one file, gives the lock back and closes. */
export function closeDatabase(database: Database): void {
  try {
    // Leaving WAL is what gives the lock back: a driver may keep the connection until its statements are collected.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM sqlite_schema')
  } finally {
    database.close()
  }
}

type Driver = new (file: string, options: { timeout: number }) => Database

/** The built-in module where it loads without a warning, else the package; the built-in one also where the package has no binary. */
async function loadDriver(): Promise<Driver> {
  const builtin = isQuiet(process.versions.node) ? builtinDriver() : undefined
  if (builtin !== undefined) return builtin
  try {
    return (await import('@photostructure/sqlite')).DatabaseSync
  } catch (cause) {
    const loud = builtinDriver()
    if (loud !== undefined) return loud
    throw new Error('ledger: this platform has neither node:sqlite nor a binary of @photostructure/sqlite', { cause })
  }
}

/** Loading `node:sqlite` prints an ExperimentalWarning before Node 24.15. */
function isQuiet(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major >= 26 || (major === 24 && minor >= 15)
}

function builtinDriver(): Driver | undefined {
  const found: unknown = Reflect.get(process.getBuiltinModule('node:sqlite') ?? {}, 'DatabaseSync')
  return isDriver(found) ? found : undefined
}

function isDriver(value: unknown): value is Driver {
  return typeof value === 'function'
}

/** SQLITE_BUSY and its extended codes. */
function isBusy(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'errcode') : undefined
  return typeof code === 'number' && (code & 0xff) === 5
}
