/** Orders, holds and clear text in PostgreSQL, for the writers of a log (spec chapter 17.7). @module */
import { bytesOf, integerOf, type Row } from '../columns.ts'
import { holdOf, OnHold, sameHold, type CustodyStore } from '../custody/store.ts'

type Run = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** The store in a database whose schema was checked. `ask` runs a question, `change` a statement that is durable when it resolves. */
export function createPostgresCustody(ask: Run, change: Run): CustodyStore {
  const isHeld = async (index: number): Promise<boolean> => (await ask(SQL.isHeld, [index])).length > 0

  return {
    async order(index) {
      if (await isHeld(index))
        throw new OnHold(`ledger: entry ${index} is on hold; its clear text must stay until the hold is released`)
      return (await change(SQL.order, [index])).length > 0
    },
    async hold(id, first, last) {
      await change(SQL.hold, [id, first, last])
      const [row] = await ask(SQL.findHold, [id])
      return sameHold(row && holdOf(row), first, last)
    },
    async release(id) {
      if ((await ask(SQL.findHold, [id])).length === 0) throw new RangeError(`there is no hold ${id}`)
      return (await change(SQL.release, [id])).length > 0
    },
    holds: async () => (await ask(SQL.holds)).map(holdOf),
    isHeld,
    clearFrom: async (start, count) =>
      (await ask(SQL.clearFrom, [start, count])).map((row) => ({ index: integerOf(row, 'idx'), clear: bytesOf(row, 'clear') })),
    async minimum() {
      const [row] = await ask(SQL.minimum)
      return integerOf(row, 'minimum')
    },
  }
}

const HOLD = 'id, first::float8 AS first, last::float8 AS last, at::float8 AS at'
const SQL = {
  isHeld: `SELECT 1 FROM aiegis_ledger.hold WHERE $1::bigint BETWEEN first AND last
    AND id NOT IN (SELECT id FROM aiegis_ledger.release) LIMIT 1`,
  order: `INSERT INTO aiegis_ledger.erasure(idx) SELECT idx FROM aiegis_ledger.private WHERE idx = $1
    AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.erasure WHERE idx = $1) ON CONFLICT DO NOTHING RETURNING 1`,
  hold: 'INSERT INTO aiegis_ledger.hold(id, first, last) VALUES($1, $2, $3) ON CONFLICT DO NOTHING',
  findHold: `SELECT ${HOLD} FROM aiegis_ledger.hold WHERE id = $1`,
  release: 'INSERT INTO aiegis_ledger.release(id) VALUES($1) ON CONFLICT DO NOTHING RETURNING 1',
  holds: `SELECT ${HOLD} FROM aiegis_ledger.hold WHERE id NOT IN (SELECT id FROM aiegis_ledger.release) ORDER BY at, id`,
  clearFrom: `SELECT idx::float8 AS idx, clear FROM aiegis_ledger.private AS kept WHERE idx >= $1
    AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.erasure WHERE erasure.idx = kept.idx) ORDER BY idx LIMIT $2`,
  minimum: 'SELECT coalesce(max(idx), 0)::float8 AS minimum FROM aiegis_ledger.minimum',
} as const
