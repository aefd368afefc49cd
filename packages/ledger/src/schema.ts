/** The tables of a log and the triggers that keep them append-only against accidents (spec chapter 17). @module */
import { textOf } from './columns.ts'
import { CUSTODY_TABLES, CUSTODY_TRIGGERS, IS_UNCOVERED } from './custody/sqlite-schema.ts'
import type { Database } from './sqlite.ts'

/*
 * Triggers stop mistakes and injected SQL, not the owner of the file, who can drop them: that shows in the tree. UPDATE and DELETE
 * triggers alone are passed by INSERT OR REPLACE, which fires no delete trigger unless the connection asks for it. So every table
 * also has a trigger that refuses any row out of its turn, and no table has a second unique key that REPLACE could collide with:
 * WITHOUT ROWID takes the hidden one away. IS NOT, because a NULL must not make a condition unknown.
 */
/** The same in every format. */
export const LOG_TABLE: string =
  'CREATE TABLE log(id INTEGER PRIMARY KEY CHECK(id = 0), format INTEGER NOT NULL, origin TEXT NOT NULL) STRICT'

const TABLES: readonly string[] = [
  LOG_TABLE,
  `CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL CHECK(length(leaf_hash) = 32)) STRICT`,
  `CREATE TABLE idem(key BLOB PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE tile(level INTEGER NOT NULL, n INTEGER NOT NULL, root BLOB NOT NULL CHECK(length(root) = 32), hashes BLOB NOT NULL CHECK(length(hashes) = 8192), PRIMARY KEY(level, n)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT`,
]

/** For each append-only table: when a new row is out of turn. */
const OUT_OF_TURN: readonly (readonly [table: string, condition: string])[] = [
  ['log', 'EXISTS(SELECT 1 FROM log)'],
  ['entry', 'NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)'],
  ['idem', `EXISTS(SELECT 1 FROM idem WHERE key IS NEW.key) OR NOT ${IS_UNCOVERED}`],
  [
    'tile',
    'NEW.level NOT BETWEEN 0 AND 6 OR NEW.n IS NOT (SELECT coalesce(max(n) + 1, 0) FROM tile WHERE level IS NEW.level) OR ' +
      '(NEW.n + 1) << (8 * NEW.level + 8) > (SELECT coalesce(max(idx) + 1, 0) FROM entry)',
  ],
  [
    'checkpoint',
    'EXISTS(SELECT 1 FROM checkpoint WHERE size >= NEW.size) OR NEW.size IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)',
  ],
]

/** The triggers that keep a table append-only: each new row in its turn, and none that changes or goes. */
export const appendOnly = (table: string, condition: string): readonly string[] => [
  `CREATE TRIGGER ${table}_turn BEFORE INSERT ON ${table} WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} row out of turn'); END`,
  `CREATE TRIGGER ${table}_keep BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} is append-only'); END`,
  `CREATE TRIGGER ${table}_stay BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} is append-only'); END`,
]

const TRIGGERS: readonly string[] = OUT_OF_TURN.flatMap(([table, condition]) => appendOnly(table, condition))

const SCHEMA: readonly string[] = [...TABLES, ...CUSTODY_TABLES, ...TRIGGERS, ...CUSTODY_TRIGGERS]

/** Version of the tables; another one needs a migration. */
const FORMAT = 1

/** The tables and triggers of a log. */
export const LOG_SCHEMA: Schema = { format: FORMAT, statements: SCHEMA }

/**
 * Creates the tables in an empty database, or checks that they are exactly these and of this origin. Throws `Error` with a sentence
 * for the operator. Does not look at any entry.
 */
export function prepareSchema(database: Database, origin: string): void {
  prepareTables(database, origin, LOG_SCHEMA)
}

/**
 * What somebody made in a database: all but the indexes of keys and the figures of ANALYZE. SQLite lets nobody make a name that begins with
 * `sqlite_`, but runs a trigger of such a name that was written into the file.
 */
export const MADE = "NOT (type = 'index' AND sql IS NULL) AND NOT (type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4'))"

/** What makes the tables of a database. */
export interface Schema {
  readonly format: number
  /** As SQLite keeps them; one of them makes table `log` with columns `format` and `origin`. */
  readonly statements: readonly string[]
}

/** The same for other tables. */
export function prepareTables(database: Database, origin: string, schema: Schema): void {
  const found = database.prepare(`SELECT sql FROM sqlite_schema WHERE ${MADE}`).all()
  if (found.length === 0) return createTables(database, origin, schema)
  const texts = new Set(found.map((row) => textOf(row, 'sql')))
  // First: tables of another format are others without anybody having changed them.
  const [log] = texts.has(LOG_TABLE) ? database.prepare('SELECT format, origin FROM log').all() : []
  if (log !== undefined && log['format'] !== schema.format) {
    throw new Error(
      `ledger: the database is of format ${String(log['format'])}, this program knows ${schema.format}; use the program it is for`,
    )
  }
  const missing = schema.statements.find((statement) => !texts.has(statement))
  if (missing !== undefined)
    throw new Error(`ledger: the database lost or changed its ${nameOf(missing)}; do not append to it before an audit`)
  if (texts.size !== schema.statements.length)
    throw new Error('ledger: the database has tables or triggers that are not of a log')
  if (log === undefined)
    throw new Error('ledger: the database does not say of which log it is; do not append to it before an audit')
  if (log['origin'] !== origin) throw new Error(`ledger: the database is of log ${textOf(log, 'origin')}, not of ${origin}`)
}

/** Names of what is missing of the tables and triggers, such as `trigger entry_keep`, and of what is there that is not of a log. */
export function driftOf(
  database: Database,
  { statements }: Schema,
): { readonly missing: readonly string[]; readonly foreign: readonly string[] } {
  const found = database.prepare(`SELECT type, name, sql FROM sqlite_schema WHERE ${MADE}`).all()
  const wanted = new Set(statements)
  const texts = new Set(found.map((row) => row['sql']))
  return {
    missing: statements.filter((statement) => !texts.has(statement)).map(nameOf),
    foreign: found
      .filter(({ sql }) => typeof sql !== 'string' || !wanted.has(sql))
      .map((row) => `${textOf(row, 'type')} ${textOf(row, 'name')}`),
  }
}

function createTables(database: Database, origin: string, { format, statements }: Schema): void {
  database.exec('BEGIN IMMEDIATE')
  for (const statement of statements) database.exec(statement)
  database.prepare('INSERT INTO log(id, format, origin) VALUES(0, ?, ?)').run(format, origin)
  database.exec('COMMIT')
}

/** `table entry`, `trigger entry_turn` … */
function nameOf(statement: string): string {
  const [, kind = '', name = ''] = /^CREATE (\w+) (\w+)/.exec(statement) ?? []
  return `${kind.toLowerCase()} ${name}`
}
