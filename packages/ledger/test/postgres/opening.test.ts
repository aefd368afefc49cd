/** What is checked before a log in PostgreSQL opens (spec chapter 17.5). @module */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner, utf8 } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { POSTGRES_URL, type TestDatabase } from '../../../../test/postgres.ts'
import { newestIn } from '../../src/last-checkpoint.ts'
import type { PostgresPool } from '../../src/postgres/client.ts'
import { openPostgresJanitor } from '../../src/postgres/janitor.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { migratePostgres, preparePostgresLog } from '../../src/postgres/schema.ts'
import { crypto, fill, keyOf, leafOf, ORIGIN, signer, temporaryDirectory, verifyAll } from '../logs.ts'
import { database, openOver, optionsFor, poolOf } from './logs.ts'

/** A closed log of five entries. */
async function closed(
  made: TestDatabase,
  directory: string = temporaryDirectory(),
): Promise<{ directory: string; head: string }> {
  const log = await openPostgresLog(optionsFor(poolOf(made), directory))
  await fill(log, 0, 5)
  const head = log.checkpoint()
  await log.close()
  return { directory, head }
}

/** A pool that answers one question of the check with something else. */
function answering(pool: PostgresPool, asked: string, value: string): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect()
      return {
        async query(text, values) {
          const result = await client.query(text, values)
          return values?.[0] === asked ? { ...result, rows: [{ value }] } : result
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (destroy) => client.release(destroy),
      }
    },
  }
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test('goes on where it ended, and where another writer went on', async () => {
    const made = await database()
    const { directory, head } = await closed(made)
    const elsewhere = temporaryDirectory()
    copyFileSync(join(directory, 'last-checkpoint'), join(elsewhere, 'last-checkpoint'))
    const other = await openOver(made, optionsFor(poolOf(made), elsewhere))
    await fill(other, 5, 700)
    const log = await openPostgresLog({ ...optionsFor(poolOf(made), directory) })
    expect(log.size()).toBe(700n)
    await fill(log, 700, 710)
    expect(await verifyAll(other, [head, log.checkpoint()])).toBe(710n)
    await log.close()
  })

  test('a writer that is thousands of entries behind catches up', async () => {
    const made = await database()
    const behind = await openOver(made)
    const log = await openOver(made)
    for (const size of [0, 2050]) await fill(log, size, size + 2050)
    expect((await behind.append(leafOf('late'), keyOf('late'))).index).toBe(4100n)
    expect((await behind.append(leafOf(7), keyOf(7))).index).toBeLessThan(4100n)
    expect(await verifyAll(behind, [log.checkpoint()])).toBe(4101n)
  })

  test('two processes that begin a log at once begin one', async () => {
    const made = await database()
    const logs = await Promise.all([openOver(made), openOver(made), openOver(made)])
    const appended = await Promise.all(logs.map((log, number) => log.append(leafOf(number), keyOf(number))))
    expect(appended.map(({ index }) => Number(index)).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    for (const log of logs)
      expect(
        await verifyAll(
          log,
          appended.map(({ checkpoint }) => checkpoint),
        ),
      ).toBe(3n)
  })

  test('AHP-LEDGER-7 an old copy of the database does not start, nor another history, nor one without the file', async () => {
    const made = await database()
    const { directory } = await closed(made)
    const kept = join(directory, 'kept')
    copyFileSync(join(directory, 'last-checkpoint'), kept)
    await made.reset()
    await expect(openPostgresLog({ ...optionsFor(poolOf(made)), lastCheckpointFile: kept })).rejects.toThrow(
      /ends after 0 entries, but the checkpoint in .* is over 5; going on with an old copy would fork the log/,
    )
    const fork = await openOver(made)
    await fork.append(leafOf('other'), keyOf('other'))
    await fill(fork, 1, 8)
    await expect(openPostgresLog({ ...optionsFor(poolOf(made)), lastCheckpointFile: kept })).rejects.toThrow(
      /the first 5 entries in the database are not those under the checkpoint in/,
    )
    await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/last-checkpoint is missing, so an old copy/)
    writeFileSync(kept, 'x')
    await expect(openPostgresLog({ ...optionsFor(poolOf(made)), lastCheckpointFile: kept })).rejects.toThrow(/is no checkpoint/)
  })

  test('AHP-LEDGER-7 every writer remembers what others released, too, before it shows it', async () => {
    const made = await database()
    const directory = temporaryDirectory()
    const idle = await openOver(made, optionsFor(poolOf(made), directory))
    const log = await openOver(made)
    await fill(log, 0, 3)
    expect(await idle.newest()).toBe(log.checkpoint())
    expect(newestIn(crypto, readFileSync(join(directory, 'last-checkpoint')))).toBe(log.checkpoint())
  })

  test('AHP-LEDGER-12 a log that nobody began is not begun under a key that may have signed', async () => {
    const made = await database()
    const must = { ...optionsFor(poolOf(made)), mustExist: true }
    await expect(openPostgresLog(must)).rejects.toThrow(
      /^ledger: the database has no log, and its log key would sign a second one/,
    )
    expect(existsSync(must.lastCheckpointFile)).toBe(false)
    await preparePostgresLog(poolOf(made), ORIGIN)
    const log = await openPostgresLog(must)
    expect(log.size()).toBe(0n)
    await log.close()
  })

  test('another origin or key is refused', async () => {
    const made = await database()
    const { directory } = await closed(made)
    const options = optionsFor(poolOf(made), directory)
    await expect(openPostgresLog({ ...options, origin: 'ledger.example/aiegis/2' })).rejects.toThrow(
      /^ledger: the database is of log ledger\.example.aiegis.1, not of ledger\.example.aiegis.2/,
    )
    const other = createSigner(crypto.sha256(utf8('another key')), ORIGIN)
    await expect(openPostgresLog({ ...options, signer: other })).rejects.toThrow(/not signed by .*; a log keeps its key/)
    await expect(openPostgresLog({ ...options, origin: 'a b' })).rejects.toThrow(TypeError)
  })

  test('AHP-LEDGER-16 a role that could rewrite is refused: the owner, a superuser, and who may become the owner', async () => {
    const made = await database()
    for (const url of [made.ownerUrl, made.adminUrl])
      await expect(openPostgresLog(optionsFor(poolOf(made, url)))).rejects.toThrow(
        /^ledger: role \w+ may rewrite table checkpoint; connect as a role that is only a member of aiegis_ledger_writer/,
      )
    const [owner, writer] = [made.ownerUrl, made.writerUrl].map((url) => new URL(url).username)
    await made.run(`GRANT ${owner} TO ${writer}`)
    await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/may rewrite table checkpoint/)
    // An owner that took its own rights away gives them back to itself.
    await made.run(`REVOKE ALL ON ALL TABLES IN SCHEMA aiegis_ledger FROM ${owner}`, 'owner')
    await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/may rewrite table checkpoint/)
    await made.run(`REVOKE ${owner} FROM ${writer}`)
    await made.run(`ALTER ROLE ${writer} CREATEROLE`)
    await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/may rewrite table checkpoint/)
    await made.run(`ALTER ROLE ${writer} NOCREATEROLE`)
    await made.run(`GRANT UPDATE ON aiegis_ledger.tile TO ${writer}`, 'owner')
    await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/may rewrite table tile/)
  })

  // What a role does not inherit it gets with one SET ROLE; the attribute of a superuser nobody inherits.
  test.each(['a superuser', 'pg_write_all_data', 'pg_execute_server_program', 'pg_write_server_files', 'aiegis_ledger_janitor'])(
    'AHP-LEDGER-16 AHP-CUSTODY-7 a role that can become %s is refused, through a group that inherits nothing',
    async (power) => {
      const made = await database()
      const granted = power === 'a superuser' ? new URL(made.adminUrl).username : power
      const [group, writer, janitor] = [
        `${made.name}_group`,
        ...[made.writerUrl, made.janitorUrl].map((url) => new URL(url).username),
      ]
      await made.run(`CREATE ROLE ${group} NOINHERIT IN ROLE ${granted}; GRANT ${group} TO ${writer}, ${janitor}`)
      onTestFinished(() => made.run(`DROP ROLE ${group}`))
      await expect(openPostgresLog(optionsFor(poolOf(made)))).rejects.toThrow(/^ledger: role \w+_writer may rewrite table/)
      if (power === 'aiegis_ledger_janitor') return
      await expect(openPostgresJanitor(poolOf(made, made.janitorUrl))).rejects.toThrow(/^ledger: role \w+_janitor may do more/)
    },
  )

  test('AHP-LEDGER-16 a connection that took a lesser role is judged by the one it came as', async () => {
    const made = await database()
    const admin = new URL(made.adminUrl)
    admin.searchParams.set('options', '-c role=aiegis_ledger_writer')
    await expect(openPostgresLog(optionsFor(poolOf(made, admin.href)))).rejects.toThrow(/may rewrite table checkpoint/)
  })

  test.each([
    ['fsync', 'off', /^ledger: fsync of the database is off; set it to on, or commits may be lost/],
    ['full_page_writes', 'off', /full_page_writes of the database is off/],
    ['server_encoding', 'LATIN1', /server_encoding of the database is LATIN1; set it to UTF8/],
  ])('AHP-LEDGER-15 a server with %s = %s is refused', async (name, value, reason) => {
    const made = await database()
    await expect(openPostgresLog(optionsFor(answering(poolOf(made), name, value)))).rejects.toThrow(reason)
  })

  test.each([
    ['DROP TRIGGER entry_keep ON aiegis_ledger.entry', /lost or changed its trigger entry_keep/],
    ['ALTER TABLE aiegis_ledger.head DISABLE TRIGGER head_whole', /lost or changed its trigger head_whole/],
    ['ALTER TABLE aiegis_ledger.entry ENABLE TRIGGER entry_turn', /lost or changed its trigger entry_turn/],
    [
      `CREATE OR REPLACE FUNCTION aiegis_ledger.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END'`,
      /lost or changed its trigger \w+_keep/,
    ],
    ['ALTER FUNCTION aiegis_ledger.entry_turn() RESET search_path', /lost or changed its trigger entry_turn/],
    [
      'CREATE TRIGGER more BEFORE INSERT ON aiegis_ledger.private FOR EACH ROW EXECUTE FUNCTION aiegis_ledger.refuse()',
      /has a trigger more that is not of a log/,
    ],
    ['CREATE RULE more AS ON INSERT TO aiegis_ledger.entry DO INSTEAD NOTHING', /lost or changed its table entry;/],
    ['ALTER TABLE aiegis_ledger.entry ENABLE ROW LEVEL SECURITY', /lost or changed its table entry;/],
    ['CREATE TABLE aiegis_ledger.more() INHERITS(aiegis_ledger.hold)', /lost or changed its table hold;/],
    [
      'CREATE SCHEMA more CREATE TABLE more(); ALTER TABLE aiegis_ledger.private INHERIT more.more',
      /lost or changed its table private;/,
    ],
    ['ALTER TABLE aiegis_ledger.entry SET UNLOGGED', /lost or changed its table entry;/],
    ['CREATE VIEW aiegis_ledger.more AS SELECT 1 AS one', /has a view more with rules that is not of a log/],
    ['CREATE SEQUENCE aiegis_ledger.more', /has a relation of kind S more that is not of a log/],
    ['ALTER TABLE aiegis_ledger.entry DROP CONSTRAINT entry_key_key', /changed its constraint of entry: UNIQUE \(key\);/],
    ['ALTER TABLE aiegis_ledger.tile DROP CONSTRAINT tile_pkey', /changed its constraint of tile: PRIMARY KEY/],
    ['ALTER TABLE aiegis_ledger.hold DROP CONSTRAINT hold_check', /constraint of hold: CHECK \(\(last >= first\)\);/],
    [
      'ALTER TABLE aiegis_ledger.entry ADD CHECK(idx < 100) NOT VALID',
      /has a constraint of entry: CHECK \(\(idx < 100\)\) NOT VALID that/,
    ],
    ['ALTER TABLE aiegis_ledger.entry ALTER COLUMN key DROP NOT NULL', /changed its column entry\.key bytea NOT NULL;/],
    ['ALTER TABLE aiegis_ledger.private ALTER COLUMN at SET DEFAULT 0', /changed its column private\.at bigint NOT NULL DEFAULT/],
    ['ALTER TABLE aiegis_ledger.head ALTER COLUMN size TYPE integer', /changed its column head\.size bigint NOT NULL;/],
    ['ALTER TABLE aiegis_ledger.hold ADD COLUMN more text', /has a column hold\.more text that is not of a log/],
    ['GRANT TRIGGER ON aiegis_ledger.entry TO PUBLIC', /role \w+ may rewrite table entry/],
    ['GRANT REFERENCES ON aiegis_ledger.entry TO PUBLIC', /has a right REFERENCES on entry of everybody that is not of a log/],
    ['GRANT UPDATE(clear) ON aiegis_ledger.private TO pg_monitor', /a right UPDATE on private\.clear of pg_monitor that/],
    ['GRANT INSERT ON aiegis_ledger.hold TO aiegis_ledger_janitor', /a right INSERT on hold of aiegis_ledger_janitor that/],
    ['GRANT INSERT ON aiegis_ledger.log TO aiegis_ledger_writer WITH GRANT OPTION', /lost or changed its right INSERT on log of/],
    ['GRANT CREATE ON SCHEMA aiegis_ledger TO pg_monitor', /a right CREATE on the schema of pg_monitor that is not of a log/],
    [
      'REVOKE DELETE ON aiegis_ledger.private FROM aiegis_ledger_janitor',
      /changed its right DELETE on private of aiegis_ledger_janitor/,
    ],
    ['ALTER FUNCTION aiegis_ledger.custody_turn() STABLE', /lost or changed its trigger erasure_turn;/],
    ['ALTER FUNCTION aiegis_ledger.entry_turn() SECURITY DEFINER', /lost or changed its trigger entry_turn;/],
    ['ALTER FUNCTION aiegis_ledger.refuse() OWNER TO pg_monitor', /lost or changed its trigger \w+_keep;/],
    ['ALTER TABLE aiegis_ledger.entry OWNER TO pg_monitor', /lost or changed its table entry;/],
    ['ALTER TABLE aiegis_ledger.hold ALTER COLUMN id TYPE text COLLATE "C"', /changed its column hold\.id text NOT NULL;/],
    [
      'CREATE SCHEMA more CREATE TABLE more(idx bigint REFERENCES aiegis_ledger.private)',
      /has a constraint of private: FOREIGN KEY \(idx\) REFERENCES aiegis_ledger\.private\(idx\) that/,
    ],
    ['INSERT INTO aiegis_ledger.format VALUES(2)', /^ledger: the database is of format 2, not 1; migrate it as its owner/],
    ['DROP SCHEMA aiegis_ledger CASCADE', /^ledger: the database has no log, or this role may not see it; run sql\/1\.sql/],
  ])('AHP-LEDGER-16 a database after %s is refused', async (sql, reason) => {
    const made = await database()
    const { directory } = await closed(made)
    await made.run('DROP SCHEMA IF EXISTS more CASCADE')
    // Only a superuser gives away what it is not a member of.
    await made.run(sql, sql.includes('OWNER TO') ? 'admin' : 'owner')
    await expect(openPostgresLog(optionsFor(poolOf(made), directory))).rejects.toThrow(reason)
  })

  test('AHP-LEDGER-15 a role whose commits are not waited for by default waits for those of the log', async () => {
    const made = await database()
    await made.run(`ALTER ROLE ${new URL(made.writerUrl).username} SET synchronous_commit = off`)
    const log = await openOver(made)
    await fill(log, 0, 3)
    expect(await verifyAll(log)).toBe(3n)
    await made.run(`ALTER ROLE ${new URL(made.writerUrl).username} RESET synchronous_commit`)
  })

  test('what the owner may do for others is no damage: an index, and rights to read', async () => {
    const made = await database()
    const { directory } = await closed(made)
    await made.run(
      'CREATE INDEX more ON aiegis_ledger.private(at); GRANT SELECT ON ALL TABLES IN SCHEMA aiegis_ledger TO pg_monitor',
      'owner',
    )
    const log = await openPostgresLog(optionsFor(poolOf(made), directory))
    expect(log.size()).toBe(5n)
    await log.close()
  })

  test('a server that is not there is named, and no password is', async () => {
    const made = await database()
    const url = new URL(made.writerUrl)
    url.port = '1'
    const failure: unknown = await openPostgresLog(optionsFor(poolOf(made, url.href))).catch((error: unknown) => error)
    expect(String(failure)).toMatch(/^Error: ledger: the database refused or did not answer: .*ECONNREFUSED/)
    expect(String(failure)).not.toContain(url.password)
  })

  test('migration changes nothing where the schema is there, and refuses a newer one', async () => {
    const made = await database()
    const { directory, head } = await closed(made)
    const owner = poolOf(made, made.ownerUrl)
    await Promise.all([migratePostgres(owner), migratePostgres(owner)])
    const log = await openPostgresLog(optionsFor(poolOf(made), directory))
    expect(log.checkpoint()).toBe(head)
    await log.close()
    await made.run('INSERT INTO aiegis_ledger.format VALUES(2)', 'owner')
    await expect(migratePostgres(owner)).rejects.toThrow(
      /^ledger: the database is of format 2, this program knows 1; use a newer one/,
    )
  })

  test('the file of the schema does by itself what migration does, also when two run it at once', async () => {
    const made = await database()
    await made.run('DROP SCHEMA aiegis_ledger CASCADE', 'owner')
    const owner = poolOf(made, made.ownerUrl)
    await Promise.all([migratePostgres(owner), migratePostgres(owner)])
    const log = await openOver(made)
    expect(log.size()).toBe(0n)
    expect(log.vkey).toContain(signer.kid)
  })
})
