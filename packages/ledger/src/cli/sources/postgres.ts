/** Reads a log in PostgreSQL in transactions that cannot write (spec chapter 17.12). @module */
import type { CryptoPort } from '@aiegis/protocol'
import { textOf } from '../../columns.ts'
import { withConnection, type PostgresPool, type Query } from '../../postgres/client.ts'
import { driftOf } from '../../postgres/drift.ts'
import { checkFormat } from '../../postgres/schema.ts'
import { createPostgresStore } from '../../postgres/store.ts'
import { BrokenLog } from '../../verify-log.ts'
import { WrongCall } from '../failures.ts'
import { rowsGet } from './rows.ts'
import { notesOf, type LogSource } from './source.ts'

const READ_MS = 10_000

/** Whether this is the URL of a PostgreSQL. */
export function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place)
}

/** A pool whose transactions only read, and what ends it. Throws `WrongCall` for a URL with a password: every user sees command lines. */
export async function poolFor(
  url: string,
  mayWrite: boolean,
): Promise<{ pool: PostgresPool; name: string; end: () => Promise<void> }> {
  if (!URL.canParse(url)) throw new WrongCall('--db is no URL of a PostgreSQL')
  const { password, host, pathname } = new URL(url)
  if (password !== '' || new URL(url).searchParams.has('password'))
    throw new WrongCall('--db has a password, which every user of this machine sees; take it out and set PGPASSWORD or .pgpass')
  const { Pool } = await import('pg').catch((cause: unknown) => {
    throw new WrongCall('a log in PostgreSQL needs the package pg; run npm install pg', { cause })
  })
  const options = mayWrite ? {} : { options: '-c default_transaction_read_only=on' }
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5_000, ...options })
  // A connection that nobody uses ended; the next question makes another.
  pool.on('error', () => undefined)
  return { pool, name: `postgres://${host}${pathname}`, end: () => pool.end() }
}

/** The log in the database at this URL. Rejects with `NotAnswering`, and `BrokenLog` where there is none. */
export async function openPostgresSource(crypto: CryptoPort, url: string): Promise<LogSource> {
  const { pool, name, end } = await poolFor(url, false)
  try {
    const { origin, drift } = await withConnection(pool, READ_MS, describe)
    const store = createPostgresStore(pool)
    const { custody } = store
    if (custody === undefined) throw new TypeError('a store in PostgreSQL has custody')
    const heads = 'SELECT size::float8 AS size, note FROM aiegis_ledger.checkpoint WHERE size > $1 AND size <= $2 ORDER BY size'
    return {
      name,
      get: rowsGet(crypto, store),
      own: {
        origin,
        drift,
        custody,
        clear: async (index) => store.clear(index),
        headsOver: (from, to) => withConnection(pool, READ_MS, async (query) => notesOf((await query(heads, [from, to])).rows)),
      },
      refresh: async () => undefined,
      close: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function describe(query: Query): Promise<{ origin: string; drift: readonly string[] }> {
  await checkFormat(query)
  const drift = await driftOf(query)
  // What is in a table that is another one is worth nothing: a view named `release` would end every hold.
  const lost = drift.find((sentence) => /lost or changed its (?:table|column) /.test(sentence))
  if (lost !== undefined) throw new BrokenLog(lost)
  const [log] = (await query('SELECT origin FROM aiegis_ledger.log')).rows
  if (log === undefined) throw new BrokenLog('the database has a schema and no log')
  return { origin: textOf(log, 'origin'), drift }
}
