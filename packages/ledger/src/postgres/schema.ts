/** The tables, triggers and rights of a log in PostgreSQL: makes them, and checks them before anybody appends (spec chapter 17.5). @module */
import { integerOf, textOf } from '../columns.ts'
import { saying, withConnection, type PostgresPool, type Query } from './client.ts'
import { driftOf } from './drift.ts'
import { STEPS } from './steps.ts'

const FORMAT = STEPS.length
const CHECK_MS = 10_000
const MIGRATE_MS = 600_000
/** `hashtext` of nothing else: two migrations at once go one after the other. */
const MIGRATION_LOCK = 7_243_392

/**
 * Makes the schema in the database of `pool`, or brings it to the newest format; changes nothing where it is there. All in one
 * transaction. To be run as the role that is to own the log, which no process of the log should be.
 */
export async function migratePostgres(pool: PostgresPool): Promise<void> {
  const migration = withConnection(pool, MIGRATE_MS, async (query) => {
    await query('BEGIN')
    await query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const format = await formatOf(query)
    if (format > FORMAT)
      throw new Error(`ledger: the database is of format ${format}, this program knows ${FORMAT}; use a newer one`)
    for (const step of STEPS.slice(format)) await query(step)
    await query('COMMIT')
  })
  await saying(migration)
}

/**
 * Checks that the schema is exactly that of a log and out of the reach of this role, that commits are durable, and that the log is of
 * this origin; a log that nobody began gets it unless it `mustExist`. Resolves to `new` as long as
 * no head was stored. Rejects with an `Error` with a sentence for the operator. Does not look
 * at any entry.
 */
export async function preparePostgresLog(pool: PostgresPool, origin: string, mustExist = false): Promise<'new' | 'begun'> {
  return saying(withConnection(pool, CHECK_MS, (query) => check(query, origin, mustExist)))
}

/** Checks that the schema is exactly that of a log. Rejects like `preparePostgresLog`. */
export async function checkSchema(query: Query): Promise<void> {
  await checkFormat(query)
  const [drift] = await driftOf(query)
  if (drift !== undefined) throw new Error(`ledger: ${drift}; do not append to it before an audit`)
}

/** Checks that there is a log, of the format that this program knows. Rejects like `preparePostgresLog`. */
export async function checkFormat(query: Query): Promise<void> {
  const format = await formatOf(query)
  if (format === 0)
    throw new Error('ledger: the database has no log, or this role may not see it; run sql/1.sql of @aiegis/ledger as its owner')
  if (format !== FORMAT)
    throw new Error(
      `ledger: the database is of format ${format}, not ${FORMAT}; migrate it as its owner, or use the program it is for`,
    )
}

async function check(query: Query, origin: string, mustExist: boolean): Promise<'new' | 'begun'> {
  await checkFormat(query)
  await checkSettings(query)
  await checkRights(query)
  await checkSchema(query)
  const found = (await originOf(query)) ?? (mustExist ? undefined : await begin(query, origin))
  if (found === undefined) {
    throw new Error(
      'ledger: the database has no log, and its log key would sign a second one; put the database back, or begin a new log with a new key and origin',
    )
  }
  if (found !== origin) throw new Error(`ledger: the database is of log ${found}, not of ${origin}`)
  const [head] = (await query('SELECT note IS NULL AS fresh FROM aiegis_ledger.head')).rows
  return head?.['fresh'] === true ? 'new' : 'begun'
}

/** 0 where there is no schema of a log, or none that this role sees. */
async function formatOf(query: Query): Promise<number> {
  const [seen] = (await query(SQL.isThere)).rows
  if (seen?.['found'] !== true) return 0
  return integerOf((await query(SQL.format)).rows[0], 'format')
}

async function checkSettings(query: Query): Promise<void> {
  for (const [name, wanted] of Object.entries(SETTINGS)) {
    const found = textOf((await query('SELECT current_setting($1) AS value', [name])).rows[0], 'value')
    if (found !== wanted)
      throw new Error(`ledger: ${name} of the database is ${found}; set it to ${wanted}, or commits may be lost`)
  }
}

/** What a log needs of its server. */
const SETTINGS = { fsync: 'on', full_page_writes: 'on', server_encoding: 'UTF8' } as const

async function checkRights(query: Query): Promise<void> {
  const [row] = (await query(SQL.mayRewrite)).rows
  if (row === undefined) return
  throw new Error(
    `ledger: role ${textOf(row, 'role')} may rewrite table ${textOf(row, 'name')}; connect as a role that is only a member of aiegis_ledger_writer`,
  )
}

async function originOf(query: Query): Promise<string | undefined> {
  const [row] = (await query('SELECT origin FROM aiegis_ledger.log')).rows
  return row && textOf(row, 'origin')
}

/** The origin, or that of another process which was faster. */
async function begin(query: Query, origin: string): Promise<string | undefined> {
  try {
    await query('INSERT INTO aiegis_ledger.log(id, origin) VALUES(0, $1)', [origin])
  } catch (error) {
    const faster = await originOf(query)
    if (faster === undefined) throw error
  }
  return originOf(query)
}

/** Each role that this session is or becomes with one SET ROLE, whether it inherits from it or not. Of a superuser: all. */
export const BECOMES = `pg_roles AS became ON pg_has_role(session_user, became.oid, 'MEMBER')`

/** Whether that role can give itself every right: before PostgreSQL 16 one that creates roles can, and one that has the files of the server. */
export const MAY_ANYTHING = `(became.rolcreaterole OR became.rolname IN ('pg_execute_server_program', 'pg_write_server_files'))`

const SQL = {
  isThere: `SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = 'aiegis_ledger' AND has_schema_privilege(oid, 'USAGE')) AS found`,
  format: 'SELECT coalesce(max(version), 0)::float8 AS format FROM aiegis_ledger.format',
  mayRewrite: `SELECT session_user::text AS role, relname::text AS name FROM pg_class JOIN ${BECOMES}
    WHERE relnamespace = 'aiegis_ledger'::regnamespace AND relkind = 'r'
      AND (has_table_privilege(became.oid, pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') OR became.oid = relowner OR ${MAY_ANYTHING})
    ORDER BY relname LIMIT 1`,
} as const
