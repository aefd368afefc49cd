/** Logs in PostgreSQL for tests, each in a database of its own. @module */
import { join } from 'node:path'
import { Pool } from 'pg'
import { afterAll, onTestFinished } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../../test/postgres.ts'
import type { Log } from '../../src/log.ts'
import type { PostgresPool } from '../../src/postgres/client.ts'
import { openPostgresLog, type PostgresLogOptions } from '../../src/postgres/open.ts'
import { ORIGIN, signer, temporaryDirectory } from '../logs.ts'

let shared: TestDatabase | undefined
afterAll(() => shared?.drop())

/** The database of this file, with an empty log. One test at a time. */
export async function database(): Promise<TestDatabase> {
  if (shared === undefined) shared = await createTestDatabase()
  else await shared.reset()
  return shared
}

/** A pool that is ended when the test is over, as the writer unless `url` is another's. */
export function poolOf({ writerUrl }: Pick<TestDatabase, 'writerUrl'>, url: string = writerUrl): Pool {
  const pool = new Pool({ connectionString: url, max: 4 })
  // The server may end a connection that nobody uses.
  pool.on('error', () => undefined)
  onTestFinished(() => (pool.ended ? undefined : pool.end()))
  return pool
}

/** Options of a writer with its file in `directory`. */
export function optionsFor(pool: PostgresPool, directory: string = temporaryDirectory()): PostgresLogOptions {
  return { pool, origin: ORIGIN, signer, lastCheckpointFile: join(directory, 'last-checkpoint') }
}

/** An open log that is closed when the test is over. */
export async function openOver(made: TestDatabase, change: Partial<PostgresLogOptions> = {}): Promise<Log> {
  const log = await openPostgresLog({ ...optionsFor(poolOf(made)), ...change })
  onTestFinished(() => log.close().catch(() => undefined))
  return log
}
