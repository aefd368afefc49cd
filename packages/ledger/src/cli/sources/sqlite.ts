/** Reads a log in a SQLite file as a copy (spec chapter 17.12). @module */
import { integerOf, textOf } from '../../columns.ts'
import { createSqliteStore } from '../../sqlite-store.ts'
import type { CryptoPort } from '@aiegis/protocol'
import { driftOf, LOG_SCHEMA, type Schema } from '../../schema.ts'
import type { Database } from '../../sqlite.ts'
import { BrokenLog } from '../../verify-log.ts'
import { rowsGet } from './rows.ts'
import { snapshotOf, type Snapshot } from './snapshot.ts'
import { notesOf, type LogSource, type OwnRows } from './source.ts'

/** The log in a SQLite file. Rejects with `BrokenLog` where tables are not those of a log, and as `snapshotOf`. */
export async function openSqliteSource(crypto: CryptoPort, file: string): Promise<LogSource> {
  return refreshing(file, (database) => {
    const own = ownRows(database, file, LOG_SCHEMA)
    const store = createSqliteStore(database)
    return {
      get: rowsGet(crypto, store),
      own: { ...own, custody: custodyOf(store.custody), clear: async (index) => store.clear(index) },
    }
  })
}

type Reading = Pick<LogSource, 'get' | 'own'>

/** A source over the newest copy of a file. */
export async function refreshing(file: string, read: (database: Database) => Reading): Promise<LogSource> {
  let snapshot: Snapshot = await snapshotOf(file)
  let reading: Reading
  try {
    reading = read(snapshot.database)
  } catch (error) {
    await snapshot.close()
    throw error
  }
  return {
    name: file,
    get: (path) => reading.get(path),
    get own() {
      return reading.own
    },
    async refresh() {
      if (!(await snapshot.isOld())) return
      const newer = await snapshotOf(file)
      await snapshot.close()
      snapshot = newer
      reading = read(newer.database)
    },
    close: () => snapshot.close(),
  }
}

function custodyOf(custody: OwnRows['custody'] | undefined): OwnRows['custody'] {
  return custody ?? { clearFrom: () => [], holds: () => [], minimum: () => 0 }
}

/** What every log in SQLite has beside its entries. Throws `BrokenLog` where tables are not those of a log. */
export function ownRows(database: Database, file: string, schema: Schema): Omit<OwnRows, 'custody' | 'clear'> {
  const { missing, foreign } = driftOf(database, schema)
  if (missing.length === schema.statements.length) throw new BrokenLog(`${file} has no log`)
  // Where a table is another one, nothing that it says is worth anything: a view named `release` would end every hold.
  const lost = missing.find((name) => name.startsWith('table '))
  if (lost !== undefined) throw new BrokenLog(`the database lost or changed its ${lost}`)
  const [log] = database.prepare('SELECT origin, format FROM log').all()
  if (log === undefined) throw new BrokenLog(`${file} has no log`)
  if (integerOf(log, 'format') !== schema.format) throw new BrokenLog(`the database is not of format ${schema.format}`)
  const heads = database.prepare('SELECT size, note FROM checkpoint WHERE size > ? AND size <= ? ORDER BY size')
  return {
    origin: textOf(log, 'origin'),
    drift: [
      ...missing.map((name) => `the database lost or changed its ${name}`),
      ...foreign.map((name) => `the database has a ${name} that is not of a log`),
    ],
    headsOver: async (from, to) => notesOf(heads.all(from, to)),
  }
}
