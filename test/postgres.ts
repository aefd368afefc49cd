/** A real PostgreSQL for tests: the server that AIEGIS_TEST_POSTGRES names, and databases of logs in it, each with its owner and its writer. @module */
import { randomBytes } from 'node:crypto'
import { Client, Pool } from 'pg'
import { migratePostgres } from '@aiegis/ledger/postgres'

/** URL of a superuser of a server that tests may fill; where it is unset, tests that need it are skipped. */
export const POSTGRES_URL: string | undefined = process.env['AIEGIS_TEST_POSTGRES'] || undefined

/** What a test without it should say where nothing may be skipped. */
export const POSTGRES_MISSING =
  'AIEGIS_TEST_POSTGRES is not set: run the tests with node scripts/services.mjs, or set it to the URL of a superuser of a server'

/** An empty log in a database of its own. */
export interface TestDatabase {
  /** As the superuser. */
  readonly adminUrl: string
  /** As the role that owns the schema. */
  readonly ownerUrl: string
  /** As a role that is only a member of `aiegis_ledger_writer`. */
  readonly writerUrl: string
  /** As a role that is only a member of `aiegis_ledger_janitor`. */
  readonly janitorUrl: string
  readonly name: string
  /** Runs statements as the superuser, or as the owner. */
  run(sql: string, as?: 'admin' | 'owner'): Promise<void>
  /** Makes the log empty again. */
  reset(): Promise<void>
  drop(): Promise<void>
}

/** Makes a database with the schema of a log. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `aiegis_test_${randomBytes(6).toString('hex')}`
  const password = randomBytes(16).toString('hex')
  const [owner, writer, janitor] = [`${name}_owner`, `${name}_writer`, `${name}_janitor`]
  await asAdmin(async (admin) => {
    await admin.query('SELECT pg_advisory_lock(1)')
    for (const role of ['aiegis_ledger_writer', 'aiegis_ledger_janitor'])
      await admin.query(
        `DO $$ BEGIN IF NOT EXISTS(SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role}; END IF; END $$`,
      )
    await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD '${password}'`)
    await admin.query(`CREATE ROLE ${writer} LOGIN PASSWORD '${password}' IN ROLE aiegis_ledger_writer`)
    await admin.query(`CREATE ROLE ${janitor} LOGIN PASSWORD '${password}' IN ROLE aiegis_ledger_janitor`)
    await admin.query(`CREATE DATABASE ${name} OWNER ${owner} TEMPLATE template0 ENCODING 'UTF8'`)
  })
  const url = (user?: string): string => {
    const found = new URL(POSTGRES_URL ?? '')
    found.pathname = `/${name}`
    if (user !== undefined) Object.assign(found, { username: user, password })
    return found.href
  }
  async function migrate(): Promise<void> {
    const pool = new Pool({ connectionString: url(owner), max: 1 })
    await migratePostgres(pool)
    await pool.end()
  }

  async function run(sql: string, as: 'admin' | 'owner' = 'admin'): Promise<void> {
    await withClient(as === 'admin' ? url() : url(owner), async (client) => void (await client.query(sql)))
  }

  await migrate()
  return {
    adminUrl: url(),
    ownerUrl: url(owner),
    writerUrl: url(writer),
    janitorUrl: url(janitor),
    name,
    run,
    async reset() {
      await run('DROP SCHEMA IF EXISTS aiegis_ledger CASCADE', 'owner')
      await migrate()
    },
    drop: () =>
      asAdmin(async (admin) => {
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
        await admin.query(`DROP ROLE ${owner}, ${writer}, ${janitor}`)
      }),
  }
}

const asAdmin = (work: (admin: Client) => Promise<void>): Promise<void> => withClient(POSTGRES_URL ?? '', work)

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
