/** Clear text in PostgreSQL: the contract, and what each role can do about it (spec chapter 17.7). @module */
import { utf8 } from '@aiegis/protocol'
import type { Pool } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { POSTGRES_URL, type TestDatabase } from '../../../../test/postgres.ts'
import { custodyContract, type CustodySubject } from '../../src/contract/index.ts'
import { clean } from '../../src/custody/janitor.ts'
import { openPostgresJanitor } from '../../src/postgres/janitor.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { keyOf, leafOf } from '../logs.ts'
import { database, openOver, optionsFor, poolOf } from './logs.ts'

const L = 'aiegis_ledger'

async function subject(): Promise<CustodySubject> {
  const made = await database()
  const log = await openPostgresLog(optionsFor(poolOf(made)))
  onTestFinished(() => log.close().catch(() => undefined))
  return {
    log,
    // The log goes on meanwhile.
    clean: async (options) => clean(await openPostgresJanitor(poolOf(made, made.janitorUrl)), options),
    age: (first, last, seconds) => age(made, first, last, seconds),
  }
}

function age(made: TestDatabase, first: number, last: number, seconds: number): Promise<void> {
  return made.run(
    `ALTER TABLE ${L}.private DISABLE TRIGGER private_keep;
     UPDATE ${L}.private SET at = at - ${seconds} WHERE idx BETWEEN ${first} AND ${last};
     ALTER TABLE ${L}.private ENABLE ALWAYS TRIGGER private_keep`,
    'owner',
  )
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test.each(custodyContract(() => subject()))(
    'AHP-CUSTODY-1 AHP-CUSTODY-2 AHP-CUSTODY-3 AHP-CUSTODY-4 AHP-CUSTODY-6 $name',
    async ({ run }) => expect(await run()).toBeUndefined(),
  )

  test('AHP-CUSTODY-4 AHP-CUSTODY-7 a writer takes no clear text out, forges none and frees none that is on hold', async () => {
    const made = await prepared()
    const before = await contentOf(made)
    const found = await answers(poolOf(made), FOR_NOBODY)
    expect(found.filter((answer) => !/: (permission denied for table \w+|ledger: \w+ row out of turn)$/.test(answer))).toEqual([])
    expect(await answers(poolOf(made), TAKES_OUT)).toEqual(
      TAKES_OUT.map((text) => `${text}: permission denied for table private`),
    )
    expect(await contentOf(made)).toBe(before)
  })

  test('AHP-CUSTODY-4 neither does the owner, nor a superuser in the role of a replica, as long as the triggers are there', async () => {
    const made = await prepared()
    const before = await contentOf(made)
    const expected = /: ledger: \w+ (is append-only|row out of turn)$|: duplicate key|: new row .* violates check/
    for (const [url, first] of [
      [made.ownerUrl, ''],
      [made.adminUrl, 'SET session_replication_role = replica; '],
    ] as const) {
      const found = await answers(
        poolOf(made, url),
        FOR_NOBODY.map((text) => first + text),
      )
      expect(found.filter((answer) => !expected.test(answer))).toEqual([])
    }
    expect(await contentOf(made)).toBe(before)
  })

  test('AHP-CUSTODY-7 a janitor reads no clear text, appends nothing, and neither orders, holds nor releases', async () => {
    const made = await prepared()
    const before = await contentOf(made)
    const found = await answers(poolOf(made, made.janitorUrl), [...FOR_NOBODY, ...NOT_FOR_JANITORS])
    expect(found.filter((answer) => !/: (permission denied for|ledger: (private|minimum) row out of turn)/.test(answer))).toEqual(
      [],
    )
    expect(await contentOf(made)).toBe(before)
    // What was ordered is what it comes for.
    expect(await answers(poolOf(made, made.janitorUrl), TAKES_OUT)).toEqual([`${TAKES_OUT[0]}: passed`])
  })

  test('AHP-CUSTODY-7 a role that may do more than a janitor is refused, and so is a janitor that wants to append', async () => {
    const made = await prepared()
    for (const url of [made.writerUrl, made.ownerUrl, made.adminUrl])
      await expect(openPostgresJanitor(poolOf(made, url))).rejects.toThrow(
        /^ledger: role .* may do more to table \w+ than a janitor/,
      )
    await expect(openPostgresLog(optionsFor(poolOf(made, made.janitorUrl)))).rejects.toThrow(
      /^ledger: role .* may rewrite table private/,
    )
    await made.run(`DROP TRIGGER private_stay ON ${L}.private`, 'owner')
    await expect(openPostgresJanitor(poolOf(made, made.janitorUrl))).rejects.toThrow(/lost or changed its trigger private_stay/)
  })

  test('AHP-CUSTODY-4 a hold that comes while the janitor takes out waits for it, and one that was there first is seen', async () => {
    const made = await prepared()
    const [janitor, writer] = await Promise.all([poolOf(made, made.janitorUrl).connect(), poolOf(made).connect()])
    onTestFinished(() => [janitor, writer].forEach((client) => client.release(true)))
    await janitor.query(`BEGIN; DELETE FROM ${L}.private WHERE idx = 0`)
    const held = writer.query(`INSERT INTO ${L}.hold(id, first, last) VALUES('late', 0, 0)`)
    const first = await Promise.race([held.then(() => 'hold'), new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])
    expect(first).toBe('waits')
    await janitor.query('COMMIT')
    await held
    // The other order: the hold commits while a statement of the janitor, with an older snapshot, is under way.
    await writer.query(`BEGIN; INSERT INTO ${L}.hold(id, first, last) VALUES('first', 3, 3)`)
    const taken = janitor.query(`DELETE FROM ${L}.private WHERE idx = 3`).then(
      () => 'taken',
      (error: unknown) => String(error),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    await writer.query('COMMIT')
    expect(await taken).toContain('ledger: private row out of turn')
    // A snapshot from before would not see the hold.
    for (const level of ['REPEATABLE READ', 'SERIALIZABLE'])
      expect(await answers(poolOf(made, made.janitorUrl), [`BEGIN ISOLATION LEVEL ${level}; DELETE FROM ${L}.private`])).toEqual([
        expect.stringContaining('in READ COMMITTED only'),
      ])
  })

  test('AHP-CUSTODY-5 says where bytes may still be: in the files of the table until it is written anew', async () => {
    const made = await prepared()
    const admin = poolOf(made, made.adminUrl)
    const janitor = await openPostgresJanitor(poolOf(made, made.janitorUrl))
    expect((await clean(janitor, {})).rest).toMatch(/until VACUUM FULL aiegis_ledger\.private is run by the owner/)
    await made.run(`VACUUM FULL ${L}.private`, 'owner')
    await made.run('CHECKPOINT')
    const { rows } = await admin.query<{ file: string }>(
      `SELECT encode(pg_read_binary_file(pg_relation_filepath('${L}.private')), 'escape') AS file`,
    )
    const file = rows[0]?.file ?? ''
    expect([0, 1, 2, 3].filter((number) => file.includes(`person ${number}`))).toEqual([1, 2])
  })
})

/** Entries 0 and 3 are ordered, 1 on hold, 2 young, 4 without clear text. */
async function prepared(): Promise<TestDatabase> {
  const made = await database()
  const log = await openOver(made)
  for (const number of [0, 1, 2, 3]) await log.append(leafOf(number), keyOf(number), utf8(`person ${number}`))
  await log.append(leafOf(4), keyOf(4))
  for (const number of [0n, 3n]) await log.custody?.erase(number, '')
  await log.custody?.hold(1n, 1n, '', HELD)
  await log.custody?.hold(2n, 2n, '', FREE)
  await log.custody?.release(FREE, '')
  await log.close()
  return made
}

const HELD = 'A'.repeat(22)
const FREE = 'B'.repeat(22)
const TAKES_OUT: readonly string[] = [`DELETE FROM ${L}.private WHERE idx = 0`]
const FOR_NOBODY: readonly string[] = [
  `UPDATE ${L}.private SET clear = 'x' WHERE idx = 1`,
  `UPDATE ${L}.private SET at = 0`,
  `DELETE FROM ${L}.private WHERE idx = 1`,
  `DELETE FROM ${L}.private WHERE idx = 2`,
  `DELETE FROM ${L}.private`,
  `TRUNCATE ${L}.private`,
  `TRUNCATE ${L}.hold, ${L}.release, ${L}.erasure`,
  `MERGE INTO ${L}.private USING (SELECT 1 AS i) AS s ON idx = i WHEN MATCHED THEN DELETE`,
  `INSERT INTO ${L}.private(idx, clear) VALUES(1, 'x') ON CONFLICT(idx) DO UPDATE SET clear = excluded.clear`,
  `INSERT INTO ${L}.private(idx, clear) VALUES(4, 'x')`,
  `INSERT INTO ${L}.private(idx, at, clear) VALUES(1000, 0, 'x')`,
  `INSERT INTO ${L}.erasure(idx) VALUES(1)`,
  `INSERT INTO ${L}.erasure(idx) VALUES(4)`,
  `UPDATE ${L}.erasure SET idx = 1 WHERE idx = 0`,
  `DELETE FROM ${L}.erasure`,
  `UPDATE ${L}.hold SET first = 2, last = 2`,
  `DELETE FROM ${L}.hold`,
  `INSERT INTO ${L}.hold(id, first, last) VALUES('${HELD}', 4, 4) ON CONFLICT(id) DO UPDATE SET first = 4, last = 4`,
  `INSERT INTO ${L}.release(id) VALUES('x')`,
  `DELETE FROM ${L}.release`,
  `INSERT INTO ${L}.minimum(idx) VALUES(1)`,
  `INSERT INTO ${L}.minimum(idx) VALUES(2)`,
  `INSERT INTO ${L}.minimum(idx) VALUES(0)`,
  `INSERT INTO ${L}.minimum(idx) VALUES(1000)`,
]
const NOT_FOR_JANITORS: readonly string[] = [
  `SELECT clear FROM ${L}.private`,
  `SELECT leaf FROM ${L}.entry`,
  `DELETE FROM ${L}.private WHERE idx = 0 RETURNING clear`,
  `INSERT INTO ${L}.entry VALUES(7, 'k', 'forged', '')`,
  `UPDATE ${L}.head SET size = size + 1`,
  `INSERT INTO ${L}.checkpoint VALUES(7, 'x')`,
  `INSERT INTO ${L}.private(idx, clear) VALUES(4, 'x')`,
  `INSERT INTO ${L}.erasure(idx) VALUES(2)`,
  `INSERT INTO ${L}.hold(id, first, last) VALUES('x', 0, 4)`,
  `INSERT INTO ${L}.release(id) VALUES('${HELD}')`,
  `INSERT INTO ${L}.minimum(idx, at) VALUES(1, 0)`,
]

async function answers(pool: Pool, statements: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const statement of statements) {
    const client = await pool.connect()
    const answer = await client.query(statement).then(
      () => 'passed',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    found.push(`${statement}: ${answer}`)
    client.release(true)
  }
  return found
}

async function contentOf(made: TestDatabase): Promise<string> {
  const pool = poolOf(made, made.adminUrl)
  const tables = ['private', 'erasure', 'hold', 'release', 'minimum', 'entry', 'head']
  const rows = await Promise.all(tables.map((table) => pool.query(`SELECT * FROM ${L}.${table} ORDER BY 1`)))
  return JSON.stringify(rows.map((one) => one.rows))
}
