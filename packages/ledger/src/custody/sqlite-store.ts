/** Orders, holds and clear text in SQLite, for the process that has the log open (spec chapter 17.7). @module */
import { bytesOf, integerOf } from '../columns.ts'
import type { Database } from '../sqlite.ts'
import { holdOf, OnHold, sameHold, type CustodyStore, type Hold } from './store.ts'
import { onHold } from './sqlite-schema.ts'

/** The store in an open database whose schema was checked. Every change is durable when it returns. */
export function createSqliteCustody(database: Database): CustodyStore {
  // Whoever writes the log takes no clear text out, whatever statement comes through this connection.
  database.exec(
    `CREATE TEMP TRIGGER writer_private BEFORE DELETE ON main.private BEGIN SELECT RAISE(ABORT, 'ledger: a writer takes nothing out'); END`,
  )
  const sql = {
    isHeld: database.prepare(`SELECT ${onHold('?1')} AS held`),
    isThere: database.prepare('SELECT 1 FROM private WHERE idx = ? AND idx NOT IN (SELECT idx FROM erasure)'),
    order: database.prepare('INSERT INTO erasure(idx) VALUES(?)'),
    hold: database.prepare('INSERT INTO hold(id, first, last) VALUES(?, ?, ?)'),
    findHold: database.prepare('SELECT id, first, last, at FROM hold WHERE id = ?'),
    release: database.prepare('INSERT INTO release(id) VALUES(?)'),
    isReleased: database.prepare('SELECT 1 FROM release WHERE id = ?'),
    holds: database.prepare('SELECT id, first, last, at FROM hold WHERE id NOT IN (SELECT id FROM release) ORDER BY at, id'),
    clearFrom: database.prepare(
      'SELECT idx, clear FROM private WHERE idx >= ? AND idx NOT IN (SELECT idx FROM erasure) ORDER BY idx LIMIT ?',
    ),
    minimum: database.prepare('SELECT coalesce(max(idx), 0) AS minimum FROM minimum'),
  }
  const isHeld = (index: number): boolean => integerOf(sql.isHeld.get(index), 'held') === 1
  const findHold = (id: string): Hold | undefined => {
    const row = sql.findHold.get(id)
    return row && holdOf(row)
  }

  return {
    order(index) {
      if (isHeld(index))
        throw new OnHold(`ledger: entry ${index} is on hold; its clear text must stay until the hold is released`)
      if (sql.isThere.get(index) === undefined) return false
      sql.order.run(index)
      return true
    },
    hold(id, first, last) {
      if (findHold(id) === undefined) sql.hold.run(id, first, last)
      return sameHold(findHold(id), first, last)
    },
    release(id) {
      if (findHold(id) === undefined) throw new RangeError(`there is no hold ${id}`)
      if (sql.isReleased.get(id) !== undefined) return false
      sql.release.run(id)
      return true
    },
    holds: () => sql.holds.all().map(holdOf),
    isHeld,
    clearFrom: (start, count) =>
      sql.clearFrom.all(start, count).map((row) => ({ index: integerOf(row, 'idx'), clear: bytesOf(row, 'clear') })),
    minimum: () => integerOf(sql.minimum.get(), 'minimum'),
  }
}
