/** The janitor of a log in PostgreSQL, as a role that takes clear text out and does nothing else (spec chapter 17.7). @module */
import { integerOf, textOf, type Row } from '../columns.ts'
import { janitorSql, nextMinimum } from '../custody/janitor-sql.ts'
import type { JanitorStore } from '../custody/store.ts'
import { saying, withConnection, type PostgresPool } from './client.ts'
import { BECOMES, checkSchema, MAY_ANYTHING } from './schema.ts'

/** Milliseconds of one step. */
const STEP_MS = 60_000
const NOW = 'floor(extract(epoch FROM clock_timestamp()))'
const SQL = janitorSql({ table: (name) => `aiegis_ledger.${name}`, now: NOW, parameter: (n) => `$${n}::bigint` })
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on'

/**
 * Opens the database for a janitor. Rejects with an `Error` with a sentence: it has no log, lost a trigger, or its role may do more than
 * a janitor. `close` leaves the pool to its owner.
 */
export async function openPostgresJanitor(pool: PostgresPool): Promise<JanitorStore> {
  const origin = await saying(
    withConnection(pool, STEP_MS, async (query) => {
      await checkSchema(query)
      const [more] = (await query(MAY_MORE)).rows
      if (more !== undefined)
        throw new Error(
          `ledger: role ${textOf(more, 'role')} may do more to table ${textOf(more, 'name')} than a janitor; connect as a role that is only a member of aiegis_ledger_janitor`,
        )
      const [log] = (await query('SELECT origin FROM aiegis_ledger.log')).rows
      if (log === undefined) throw new Error('ledger: the database has a schema and no log')
      return textOf(log, 'origin')
    }),
  )
  const change = (text: string, values: readonly unknown[]): Promise<readonly Row[]> =>
    saying(
      withConnection(pool, STEP_MS, async (query) => {
        await query(BEGIN)
        const { rows } = await query(text, values)
        await query('COMMIT')
        return rows
      }),
    )
  const one = async (text: string, values: readonly unknown[] = []): Promise<Row | undefined> => (await change(text, values))[0]

  return {
    origin,
    eraseOrdered: async (most) => (await change(SQL.ordered, [most])).length,
    eraseOlder: async (seconds, most) => (await change(SQL.older, [seconds, most])).length,
    countHeld: async (seconds) =>
      integerOf(await one(`SELECT held::float8 AS held FROM (${SQL.held}) AS found`, [seconds]), 'held'),
    async minimum(seconds) {
      const current = integerOf(await one(`SELECT minimum::float8 AS minimum FROM (${SQL.minimum}) AS found`), 'minimum')
      const text = `SELECT old::float8 AS old, held::float8 AS held FROM (${SQL.oldEnough}) AS found`
      const row = seconds === undefined ? undefined : await one(text, [seconds])
      const next = nextMinimum(current, numberIn(row, 'old'), numberIn(row, 'held'))
      if (next !== undefined) await change(SQL.prune, [next])
      return next ?? current
    },
    overwrite: () =>
      'PostgreSQL keeps the bytes of deleted rows in its files until VACUUM FULL aiegis_ledger.private is run by the owner, and in its journal and backups until those end',
    close: () => undefined,
  }
}

function numberIn(row: Row | undefined, column: string): number | undefined {
  return typeof row?.[column] === 'number' ? row[column] : undefined
}

const MAY_MORE = `SELECT session_user::text AS role, relname::text AS name FROM pg_class JOIN ${BECOMES}
  WHERE relnamespace = 'aiegis_ledger'::regnamespace AND relkind = 'r' AND (became.oid = relowner OR ${MAY_ANYTHING}
    OR has_any_column_privilege(became.oid, pg_class.oid, 'UPDATE') OR has_table_privilege(became.oid, pg_class.oid, 'TRUNCATE, TRIGGER')
    OR (relname <> 'minimum' AND has_any_column_privilege(became.oid, pg_class.oid, 'INSERT'))
    OR (relname <> 'private' AND has_table_privilege(became.oid, pg_class.oid, 'DELETE'))
    OR (relname = 'private' AND has_column_privilege(became.oid, pg_class.oid, 'clear', 'SELECT'))
    OR (relname = 'entry' AND has_any_column_privilege(became.oid, pg_class.oid, 'SELECT'))) ORDER BY relname LIMIT 1`
