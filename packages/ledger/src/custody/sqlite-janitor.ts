/** The janitor of a log in a SQLite file, while nobody has the log open (spec chapter 17.7). @module */
import { existsSync } from 'node:fs'
import { integerOf, textOf, type Row } from '../columns.ts'
import { prepareSchema } from '../schema.ts'
import { closeDatabase, openDatabase, type Database } from '../sqlite.ts'
import { janitorSql, nextMinimum } from './janitor-sql.ts'
import { prepareIndex } from '../tiles/schema.ts'
import type { JanitorStore } from './store.ts'

const SQL = janitorSql({ table: (name) => name, now: 'unixepoch()', parameter: (n) => `?${n}` })
/** Everything that a janitor adds nothing to. */
const NOT_ITS = ['log', 'entry', 'idem', 'tile', 'checkpoint', 'staged', 'private', 'erasure', 'hold', 'release']

/**
 * Opens the file for a janitor, which cannot append, order, hold or release through it. Rejects with an `Error` with a sentence: the log
 * is open in another process, there is none, or it lost a trigger.
 */
export async function openSqliteJanitor(file: string): Promise<JanitorStore> {
  if (!existsSync(file)) throw new Error(`ledger: there is no file ${file}; name that of a log`)
  const database = await openDatabase(file)
  try {
    const origin = originOf(database, file)
    // A log in a directory has the same tables about clear text beside its files.
    if (tablesOf(database).has('staged')) prepareIndex(database, origin)
    else prepareSchema(database, origin)
    bindToJanitor(database)
    return storeOf(database, origin)
  } catch (error) {
    closeDatabase(database)
    throw error
  }
}

/** From now on this connection adds nothing to the log, and neither orders, holds nor releases. */
export function bindToJanitor(database: Database): void {
  const tables = tablesOf(database)
  for (const table of NOT_ITS.filter((name) => tables.has(name)))
    database.exec(
      `CREATE TEMP TRIGGER janitor_${table} BEFORE INSERT ON main.${table} BEGIN SELECT RAISE(ABORT, 'ledger: a janitor adds nothing to ${table}'); END`,
    )
}

function storeOf(database: Database, origin: string): JanitorStore {
  const prepared = {
    ordered: database.prepare(SQL.ordered),
    older: database.prepare(SQL.older),
    held: database.prepare(SQL.held),
    minimum: database.prepare(SQL.minimum),
    oldEnough: database.prepare(SQL.oldEnough),
    prune: database.prepare(SQL.prune),
  }
  return {
    origin,
    eraseOrdered: (most) => prepared.ordered.all(most).length,
    eraseOlder: (seconds, most) => prepared.older.all(seconds, most).length,
    countHeld: (seconds) => integerOf(prepared.held.get(seconds), 'held'),
    minimum(seconds) {
      const current = integerOf(prepared.minimum.get(), 'minimum')
      const row = seconds === undefined ? undefined : prepared.oldEnough.get(seconds)
      const next = nextMinimum(current, numberIn(row, 'old'), numberIn(row, 'held'))
      if (next !== undefined) prepared.prune.run(next)
      return next ?? current
    },
    overwrite() {
      // What was deleted is overwritten with zeros. Copies that the tree of pages made of it when it moved rows are not: a new file has none.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
      return undefined
    },
    close: () => closeDatabase(database),
  }
}

function tablesOf(database: Database): ReadonlySet<string> {
  return new Set(
    database
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
      .all()
      .map((row) => textOf(row, 'name')),
  )
}

function originOf(database: Database, file: string): string {
  const [log] = tablesOf(database).has('log') ? database.prepare('SELECT origin FROM log').all() : []
  if (log === undefined) throw new Error(`ledger: ${file} has no log`)
  return textOf(log, 'origin')
}

function numberIn(row: Row | undefined, column: string): number | undefined {
  return typeof row?.[column] === 'number' ? row[column] : undefined
}
