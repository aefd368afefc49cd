/** What the command `aiegis-janitor` does: opens a log as a janitor, cleans once, and says what it did (spec chapter 17.7). @module */
import { parseArgs } from 'node:util'
import { openPostgresJanitor } from '../postgres/janitor.ts'
import { shown } from '../cli/output.ts'
import { clean, type Cleaned } from './janitor.ts'
import { DEFAULT_RETENTION, parseRetention } from './retention.ts'
import { openSqliteJanitor } from './sqlite-janitor.ts'

const USAGE = `usage: aiegis-janitor --db FILE|postgres://ROLE@HOST/DATABASE [--retention ${DEFAULT_RETENTION}]
       [--prune] [--json]

Takes out clear text whose erasure was ordered, or that is older than the retention and nobody
ordered to erase; never what is on hold. A log in a file must not be open elsewhere. In
PostgreSQL ROLE is only a member of aiegis_ledger_janitor; a password is taken from PGPASSWORD
or .pgpass.
--prune: publish entries no more that are older than the retention.
Exit code 0: done, 1: refused, 2: wrong call, 4: own fault.`

/** Where a command writes. */
export interface JanitorPorts {
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
}

/** Runs the command and resolves to its exit code. Rejects only for defects. */
export async function runJanitor(args: readonly string[], { print, complain }: JanitorPorts): Promise<0 | 1 | 2> {
  const call = readCall(args)
  if (call === undefined) {
    complain(USAGE)
    return 2
  }
  try {
    // Before anything is opened.
    parseRetention(call.retention)
    const cleaned = await withStore(call.db, async (store) => clean(store, call))
    for (const line of call.json ? [JSON.stringify(cleaned)] : sentences(cleaned)) print(line)
    return 0
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('ledger: ')) throw error
    complain(shown(error.message))
    return 1
  }
}

function sentences({ ordered, expired, held, minimum, rest }: Cleaned): readonly string[] {
  return [
    `taken out: ${ordered} clear texts that were ordered to be erased, ${expired} that were old enough`,
    `on hold: ${held} that would have gone`,
    `published from entry ${minimum} on`,
    ...(rest === undefined ? [] : [`not yet gone: ${rest}`]),
  ]
}

type Store = Parameters<typeof clean>[0]

async function withStore<T>(db: string, work: (store: Store) => Promise<T>): Promise<T> {
  if (!isPostgres(db)) return closing(await openSqliteJanitor(db), work)
  const { Pool } = await import('pg').catch((cause: unknown) => {
    throw new Error('ledger: a log in PostgreSQL needs the package pg; run npm install pg', { cause })
  })
  const pool = new Pool({ connectionString: db, max: 2, connectionTimeoutMillis: 5_000 })
  // A connection that nobody uses ended; the next question makes another.
  pool.on('error', () => undefined)
  try {
    return await closing(await openPostgresJanitor(pool), work)
  } finally {
    await pool.end()
  }
}

async function closing<T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const isPostgres = (db: string): boolean => /^postgres(?:ql)?:\/\//.test(db)

interface Call {
  readonly db: string
  readonly retention: string
  readonly prune: boolean
  readonly json: boolean
}

function readCall(args: readonly string[]): Call | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        db: { type: 'string' },
        retention: { type: 'string', default: DEFAULT_RETENTION },
        prune: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
    const { db, retention, prune, json } = values
    // Every user of a machine sees its command lines.
    const hasPassword =
      db !== undefined &&
      isPostgres(db) &&
      (!URL.canParse(db) || new URL(db).password !== '' || new URL(db).searchParams.has('password'))
    return db === undefined || db === '' || hasPassword ? undefined : { db, retention, prune, json }
  } catch (error) {
    // parseArgs throws TypeError for what it does not know.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
