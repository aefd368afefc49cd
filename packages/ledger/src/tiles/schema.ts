/** The tables beside the files of a log: keys, clear text, and what is in order but not in files yet (spec chapter 17.9). @module */
import { CUSTODY_TABLES, CUSTODY_TRIGGERS, IS_UNCOVERED } from '../custody/sqlite-schema.ts'
import { appendOnly, LOG_TABLE, prepareTables, type Schema } from '../schema.ts'
import type { Database } from '../sqlite.ts'

const COUNT = '(SELECT coalesce(max(idx) + 1, 0) FROM entry)'

/*
 * Entries and tiles are in files. Here is what files cannot do: give each key its index, keep clear text that can be erased, and hold
 * the leaves of the newest batch with its head until they are in files. Append-only by the same triggers as a log in SQLite.
 */
/** The tables and triggers beside the files. */
export const INDEX_SCHEMA: Schema = {
  format: 1,
  statements: [
    LOG_TABLE,
    `CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf_hash BLOB NOT NULL CHECK(length(leaf_hash) = 32)) STRICT`,
    `CREATE TABLE idem(key BLOB PRIMARY KEY, idx INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
    `CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT`,
    `CREATE TABLE staged(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT`,
    ...CUSTODY_TABLES,
    ...CUSTODY_TRIGGERS,
    ...appendOnly('log', 'EXISTS(SELECT 1 FROM log)'),
    ...appendOnly('entry', `NEW.idx IS NOT ${COUNT}`),
    ...appendOnly('idem', `EXISTS(SELECT 1 FROM idem WHERE key IS NEW.key) OR NOT ${IS_UNCOVERED}`),
    ...appendOnly('checkpoint', `EXISTS(SELECT 1 FROM checkpoint WHERE size >= NEW.size) OR NEW.size IS NOT ${COUNT}`),
  ],
}

/** Creates the tables in an empty database, or checks that they are exactly these and of this origin. Throws as `prepareSchema` does. */
export function prepareIndex(database: Database, origin: string): void {
  prepareTables(database, origin, INDEX_SCHEMA)
}
