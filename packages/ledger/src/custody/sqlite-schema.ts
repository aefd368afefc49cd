/** The side table of a log in SQLite: clear text that may be erased, and what must stand about it before it is (spec chapter 17.7). @module */
import { SIX_MONTHS_SECONDS } from './retention.ts'

/*
 * Nothing under the tree depends on these tables. All but `private` are append-only, and a row of `private` goes only when it was ordered
 * or is six months old, and never while it is on hold: whoever owns the file can drop the triggers, but no mistake gets past them.
 */
export const CUSTODY_TABLES: readonly string[] = [
  `CREATE TABLE private(idx INTEGER PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch()), clear BLOB NOT NULL) STRICT`,
  `CREATE TABLE erasure(idx INTEGER PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT`,
  `CREATE TABLE hold(id TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT, WITHOUT ROWID`,
  `CREATE TABLE release(id TEXT PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT, WITHOUT ROWID`,
  `CREATE TABLE minimum(idx INTEGER PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT`,
]

/** Whether a new row is about an entry of the batch that is being written: one that no head covers. False, not NULL, for NULL. */
export const IS_UNCOVERED =
  '((NEW.idx BETWEEN (SELECT coalesce(max(size), 0) FROM checkpoint) AND (SELECT max(idx) FROM entry)) IS TRUE)'

/** Whether an entry is on hold, for a column that has its index. */
export const onHold = (index: string): string =>
  `EXISTS(SELECT 1 FROM hold WHERE ${index} BETWEEN first AND last AND NOT EXISTS(SELECT 1 FROM release WHERE release.id = hold.id))`

const isYoung = (at: string): string => `${at} > unixepoch() - ${SIX_MONTHS_SECONDS}`

const OUT_OF_TURN: readonly (readonly [table: string, condition: string])[] = [
  // With its entry and before the head over it, or never: what was erased does not come back.
  ['private', `NOT ${IS_UNCOVERED} OR NEW.at IS NOT unixepoch() OR EXISTS(SELECT 1 FROM private WHERE idx IS NEW.idx)`],
  [
    'erasure',
    `EXISTS(SELECT 1 FROM erasure WHERE idx IS NEW.idx) OR NOT EXISTS(SELECT 1 FROM private WHERE idx IS NEW.idx) OR ${onHold('NEW.idx')}`,
  ],
  ['hold', 'EXISTS(SELECT 1 FROM hold WHERE id IS NEW.id) OR NEW.first < 0 OR NEW.last < NEW.first'],
  ['release', 'EXISTS(SELECT 1 FROM release WHERE id IS NEW.id) OR NOT EXISTS(SELECT 1 FROM hold WHERE id IS NEW.id)'],
  [
    'minimum',
    'NEW.idx <= (SELECT coalesce(max(idx), 0) FROM minimum) OR NEW.idx > (SELECT coalesce(max(size), 0) FROM checkpoint) OR ' +
      `EXISTS(SELECT 1 FROM private WHERE idx < NEW.idx AND ${isYoung('at')}) OR ` +
      'EXISTS(SELECT 1 FROM hold WHERE first < NEW.idx AND NOT EXISTS(SELECT 1 FROM release WHERE release.id = hold.id))',
  ],
]

/** On hold, or young and not ordered to go. */
const MUST_STAY = `${onHold('OLD.idx')} OR (${isYoung('OLD.at')} AND NOT EXISTS(SELECT 1 FROM erasure WHERE idx IS OLD.idx))`

/** In the form of the triggers of the log. */
export const CUSTODY_TRIGGERS: readonly string[] = [
  ...OUT_OF_TURN.map(
    ([table, condition]) =>
      `CREATE TRIGGER ${table}_turn BEFORE INSERT ON ${table} WHEN ${condition} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} row out of turn'); END`,
  ),
  ...OUT_OF_TURN.map(
    ([table]) =>
      `CREATE TRIGGER ${table}_keep BEFORE UPDATE ON ${table} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} is append-only'); END`,
  ),
  ...OUT_OF_TURN.map(
    ([table]) =>
      `CREATE TRIGGER ${table}_stay BEFORE DELETE ON ${table}${table === 'private' ? ` WHEN ${MUST_STAY}` : ''} BEGIN SELECT RAISE(ABORT, 'ledger: ${table} is append-only'); END`,
  ),
]
