/** What a witness remembers of each log: the largest head that it signed, changed by compare-and-swap (spec chapter 17.8). @module */
import { integerOf, textOf } from '../columns.ts'
import { MADE } from '../schema.ts'
import { closeDatabase, openDatabase } from '../sqlite.ts'

/** The largest head of one log that a witness signed. */
export interface Witnessed {
  readonly size: bigint
  /** Note with the signature of the log and of the witness. */
  readonly note: string
}

/** Memory of a witness. */
export interface WitnessStore {
  get(origin: string): Witnessed | undefined
  /**
   * Remembers a head when the one before it still has `old` entries (0: there is none), at once and durably before it returns. False when
   * it has not, and then nothing changed.
   */
  replace(origin: string, old: bigint, next: Witnessed): boolean
  close(): void
}

const TABLE = 'CREATE TABLE witnessed(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL) STRICT, WITHOUT ROWID'
/** Down or sideways never, whoever writes; away never. */
const TRIGGERS: readonly string[] = [
  `CREATE TRIGGER witnessed_up BEFORE UPDATE ON witnessed WHEN NEW.origin IS NOT OLD.origin OR NEW.size < OLD.size BEGIN SELECT RAISE(ABORT, 'witness: a head went back'); END`,
  `CREATE TRIGGER witnessed_stay BEFORE DELETE ON witnessed BEGIN SELECT RAISE(ABORT, 'witness: a head is never forgotten'); END`,
  `CREATE TRIGGER witnessed_once BEFORE INSERT ON witnessed WHEN EXISTS(SELECT 1 FROM witnessed WHERE origin IS NEW.origin) BEGIN SELECT RAISE(ABORT, 'witness: a head went back'); END`,
]

/** Memory in a SQLite file, for this process alone. Rejects with an `Error` with a sentence when another process has it open. */
export async function openWitnessStore(file: string): Promise<WitnessStore> {
  const database = await openDatabase(file)
  const found = database.prepare(`SELECT sql FROM sqlite_schema WHERE ${MADE}`).all()
  if (found.length === 0) database.exec(['BEGIN IMMEDIATE', TABLE, ...TRIGGERS, 'COMMIT'].join('; '))
  else if (
    JSON.stringify(found.map((row) => textOf(row, 'sql')).toSorted()) !== JSON.stringify([TABLE, ...TRIGGERS].toSorted())
  ) {
    closeDatabase(database)
    throw new Error(`ledger: ${file} is not what a witness remembers, or lost a trigger`)
  }
  const select = database.prepare('SELECT size, note FROM witnessed WHERE origin = ?')
  const insert = database.prepare('INSERT INTO witnessed(origin, size, note) VALUES(?, ?, ?)')
  const update = database.prepare('UPDATE witnessed SET size = ?, note = ? WHERE origin = ? AND size = ?')
  return {
    get(origin) {
      const row = select.get(origin)
      return row && { size: BigInt(integerOf(row, 'size')), note: textOf(row, 'note') }
    },
    replace(origin, old, { size, note }) {
      const known = select.get(origin)
      if (BigInt(known === undefined ? 0 : integerOf(known, 'size')) !== old) return false
      // One connection, one process and no wait in between: nobody else can come here. The condition says it again.
      if (known === undefined) insert.run(origin, Number(size), note)
      else update.run(Number(size), note, origin, Number(old))
      return true
    },
    close: () => closeDatabase(database),
  }
}
