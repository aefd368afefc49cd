/** Statements that try to rewrite history in PostgreSQL, each with its verdict: as the writer, as the owner, as a superuser (spec chapter 17.5). @module */
import type { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { POSTGRES_URL, type TestDatabase } from '../../../../test/postgres.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { BrokenLog } from '../../src/verify-log.ts'
import { fill, keyOf, leafOf, temporaryDirectory, verifyAll } from '../logs.ts'
import { database, openOver, optionsFor, poolOf } from './logs.ts'

const SIZE = 300
const HASH = `'\\x${'00'.repeat(32)}'::bytea`
const TILE = `'\\x${'00'.repeat(8192)}'::bytea`
const L = 'aiegis_ledger'
const NEXT = `INSERT INTO ${L}.entry VALUES(${SIZE}, 'k', 'forged', ${HASH})`
const HEAD = `UPDATE ${L}.head SET size = ${SIZE + 1}, note = 'x'`
const KEPT = `INSERT INTO ${L}.checkpoint VALUES(${SIZE + 1}, 'x')`

/** What triggers stop, whoever asks: the writer does not get as far with most of it. */
const TRIGGERS_STOP: readonly string[] = [
  `UPDATE ${L}.entry SET leaf = 'forged' WHERE idx = 0`,
  `UPDATE ${L}.entry SET idx = idx + 1000`,
  `DELETE FROM ${L}.entry WHERE idx = ${SIZE - 1}`,
  `DELETE FROM ${L}.entry`,
  `TRUNCATE ${L}.entry`,
  `TRUNCATE ${L}.head, ${L}.checkpoint`,
  `INSERT INTO ${L}.entry VALUES(0, 'k', 'forged', ${HASH}) ON CONFLICT(idx) DO UPDATE SET leaf = excluded.leaf`,
  `MERGE INTO ${L}.entry USING (SELECT 0 AS i) AS s ON idx = i WHEN MATCHED THEN UPDATE SET leaf = 'forged'`,
  `MERGE INTO ${L}.entry USING (SELECT 0 AS i) AS s ON idx = i WHEN MATCHED THEN DELETE`,
  `WITH gone AS (DELETE FROM ${L}.entry RETURNING 1) SELECT * FROM gone`,
  `UPDATE ${L}.checkpoint SET note = 'x'`,
  `DELETE FROM ${L}.checkpoint WHERE size > 0`,
  `UPDATE ${L}.tile SET root = ${HASH}`,
  `DELETE FROM ${L}.tile`,
  `UPDATE ${L}.log SET origin = 'other.example'`,
  `DELETE FROM ${L}.log`,
  `DELETE FROM ${L}.head`,
  `INSERT INTO ${L}.head VALUES(1, 0, NULL)`,
  `UPDATE ${L}.head SET id = 1`,
]

/** What the writer has the right to do, at the wrong moment. */
const OUT_OF_TURN: readonly string[] = [
  NEXT,
  `INSERT INTO ${L}.entry VALUES(0, 'k', 'forged', ${HASH})`,
  `INSERT INTO ${L}.entry VALUES(-1, 'k', 'forged', ${HASH})`,
  `INSERT INTO ${L}.entry VALUES(${SIZE + 1}, 'k', 'forged', ${HASH})`,
  `INSERT INTO ${L}.entry VALUES(9223372036854775807, 'k', 'forged', ${HASH})`,
  `INSERT INTO ${L}.entry VALUES(0, 'k', 'forged', ${HASH}) ON CONFLICT DO NOTHING`,
  `INSERT INTO ${L}.tile VALUES(0, 0, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.tile VALUES(0, 1, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.tile VALUES(0, 2, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.tile VALUES(1, 0, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.tile VALUES(0, -1, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.tile VALUES(6, 0, ${HASH}, ${TILE})`,
  `INSERT INTO ${L}.checkpoint VALUES(${SIZE}, 'x')`,
  `INSERT INTO ${L}.checkpoint VALUES(${SIZE + 1}, 'x')`,
  `INSERT INTO ${L}.checkpoint VALUES(${SIZE - 1}, 'x')`,
  `INSERT INTO ${L}.log VALUES(0, 'other.example')`,
  `UPDATE ${L}.head SET size = size - 1`,
  `UPDATE ${L}.head SET size = 0, note = NULL`,
  `UPDATE ${L}.head SET note = 'x'`,
  `UPDATE ${L}.head SET note = NULL`,
]

/** Whole transactions that move the head, and fail at their end. */
const NOT_WHOLE: readonly string[] = [
  `BEGIN; ${HEAD}; COMMIT`,
  `BEGIN; ${HEAD}; ${NEXT}; COMMIT`,
  `BEGIN; ${HEAD}; ${KEPT}; COMMIT`,
  `BEGIN; ${HEAD}; ${NEXT}; ${KEPT}; UPDATE ${L}.head SET size = size + 1; COMMIT`,
  `BEGIN; SET CONSTRAINTS ALL IMMEDIATE; ${HEAD}; COMMIT`,
]

/** What only rights stop. */
const WRITER_MAY_NOT: readonly string[] = [
  `ALTER TABLE ${L}.entry DISABLE TRIGGER ALL`,
  `DROP TRIGGER entry_keep ON ${L}.entry`,
  `CREATE TRIGGER aaa BEFORE INSERT ON ${L}.entry FOR EACH ROW EXECUTE FUNCTION ${L}.refuse()`,
  `DROP TABLE ${L}.entry CASCADE`,
  `DROP SCHEMA ${L} CASCADE`,
  `ALTER TABLE ${L}.entry ALTER COLUMN leaf TYPE bytea USING 'forged'::bytea`,
  `CREATE OR REPLACE FUNCTION ${L}.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
  `CREATE RULE r AS ON INSERT TO ${L}.entry DO INSTEAD NOTHING`,
  `CREATE TABLE ${L}.more(a integer)`,
  `SET session_replication_role = replica`,
  `ALTER ROLE CURRENT_USER SUPERUSER`,
  `INSERT INTO ${L}.format VALUES(2)`,
]

/** What the server says to a statement, on a connection of its own; `passed` when nothing. */
async function answerTo(pool: Pool, statement: string): Promise<string> {
  const client = await pool.connect()
  try {
    await client.query(statement)
    return `passed: ${statement}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    client.release(true)
  }
}

async function answers(pool: Pool, statements: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const statement of statements) found.push(await answerTo(pool, statement))
  return found
}

const others = (found: readonly string[], expected: RegExp): string[] => found.filter((answer) => !expected.test(answer))

/** Every row that is evidence. */
async function contentOf(made: TestDatabase): Promise<string> {
  const pool = poolOf(made, made.adminUrl)
  const tables = ['format', 'log', 'entry', 'tile', 'checkpoint', 'head']
  const rows = await Promise.all(tables.map((table) => pool.query(`SELECT * FROM ${L}.${table} ORDER BY 1`)))
  await pool.end()
  return JSON.stringify(rows.map((one) => one.rows))
}

async function filled(): Promise<{ made: TestDatabase; directory: string; head: string }> {
  const made = await database()
  const directory = temporaryDirectory()
  const log = await openPostgresLog(optionsFor(poolOf(made), directory))
  await fill(log, 0, SIZE)
  const head = log.checkpoint()
  await log.close()
  return { made, directory, head }
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test('AHP-LEDGER-1 AHP-LEDGER-16 a writer changes no row, takes none out, puts none in out of turn and moves no head by itself', async () => {
    const { made, directory, head } = await filled()
    const pool = poolOf(made)
    const before = await contentOf(made)
    expect(others(await answers(pool, TRIGGERS_STOP), /^permission denied for table \w+$/)).toEqual([])
    expect(others(await answers(pool, OUT_OF_TURN), /^ledger: \w+ row out of turn$/)).toEqual([])
    expect(others(await answers(pool, NOT_WHOLE), /^ledger: head row (without its entries|out of turn)$/)).toEqual([])
    expect(others(await answers(pool, WRITER_MAY_NOT), /^(permission denied|must be (owner|superuser)|only superusers)/)).toEqual(
      [],
    )
    expect(await contentOf(made)).toBe(before)
    const log = await openPostgresLog(optionsFor(pool, directory))
    expect(await verifyAll(log, [head])).toBe(BigInt(SIZE))
    expect((await log.append(leafOf(SIZE), keyOf(SIZE))).index).toBe(BigInt(SIZE))
    await log.close()
  })

  test('AHP-LEDGER-1 AHP-LEDGER-16 neither does the owner, nor a superuser in the role of a replica, as long as the triggers are there', async () => {
    const { made } = await filled()
    const before = await contentOf(made)
    const expected = /^ledger: \w+ (is append-only|row out of turn)$/
    expect(others(await answers(poolOf(made, made.ownerUrl), TRIGGERS_STOP), expected)).toEqual([])
    const replica = TRIGGERS_STOP.concat(OUT_OF_TURN).map((statement) => `SET session_replication_role = replica; ${statement}`)
    expect(others(await answers(poolOf(made, made.adminUrl), replica), expected)).toEqual([])
    const whole = NOT_WHOLE.map((statement) => `SET session_replication_role = replica; ${statement}`)
    expect(others(await answers(poolOf(made, made.adminUrl), whole), /^ledger: head row (without|out of turn)/)).toEqual([])
    expect(await contentOf(made)).toBe(before)
  })

  test('an operator of the writer that says yes to everything does not reach the triggers', async () => {
    const { made } = await filled()
    const before = await contentOf(made)
    const writer = decodeURIComponent(new URL(made.writerUrl).username)
    await made.run(`CREATE SCHEMA evil AUTHORIZATION ${writer}`)
    const evil = `CREATE FUNCTION evil.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR evil.>= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no);
      CREATE OPERATOR evil.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no)`
    const pool = poolOf(made)
    expect(await answerTo(pool, evil)).toMatch(/^passed/)
    const found = await answers(
      pool,
      OUT_OF_TURN.map((statement) => `SET search_path = evil, pg_catalog; ${statement}`),
    )
    expect(others(found, /^ledger: \w+ row out of turn$/)).toEqual([])
    expect(await contentOf(made)).toBe(before)
    await made.run('DROP SCHEMA evil CASCADE')
  })
})

/** What an owner can always do: triggers are a guard against accidents. */
const OWNER_CAN: readonly (readonly [what: string, statement: string])[] = [
  [
    'an entry changed with the triggers off, which are on again',
    `ALTER TABLE ${L}.entry DISABLE TRIGGER ALL; UPDATE ${L}.entry SET leaf = 'forged', leaf_hash = sha256('\\x00'::bytea || 'forged'::bytea) WHERE idx = 7;
     ALTER TABLE ${L}.entry ENABLE ALWAYS TRIGGER entry_turn; ALTER TABLE ${L}.entry ENABLE ALWAYS TRIGGER entry_keep; ALTER TABLE ${L}.entry ENABLE ALWAYS TRIGGER entry_stay`,
  ],
  [
    'every entry changed by a new column type, which fires no trigger',
    `ALTER TABLE ${L}.entry ALTER COLUMN leaf TYPE bytea USING leaf || 'x'::bytea`,
  ],
]

describe.skipIf(POSTGRES_URL === undefined)(
  'what the owner can always do (skipped where AIEGIS_TEST_POSTGRES is not set)',
  () => {
    test.each(OWNER_CAN)('%s: verification from a remembered head finds it', async (_, statement) => {
      const { made, directory, head } = await filled()
      const remembered = await openOver(made, optionsFor(poolOf(made), directory))
      expect(await verifyAll(remembered, [head])).toBe(BigInt(SIZE))
      await made.run(statement, 'owner')
      // A process that runs serves what is there; who reads it all sees what was done.
      await expect(verifyAll(remembered, [head])).rejects.toThrow(BrokenLog)
    })

    test('the end taken away and written anew under the stolen log key: a head that somebody remembers shows it', async () => {
      const { made, head } = await filled()
      await made.reset()
      const forged = await openOver(made)
      await fill(forged, 0, SIZE - 1)
      await forged.append(leafOf('forged'), keyOf('forged'))
      expect(await verifyAll(forged)).toBe(BigInt(SIZE))
      await expect(verifyAll(forged, [head])).rejects.toThrow(BrokenLog)
    })
  },
)
