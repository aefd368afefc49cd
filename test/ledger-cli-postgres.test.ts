/** The auditor's commands on a real PostgreSQL, and what the owner of its tables does to it (spec chapter 17.12). @module */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatVkey, hashLeaf, utf8 } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crypto, fill, keyOf, leafOf, ORIGIN, temporaryDirectory, vkey } from '../packages/ledger/test/logs.ts'
import { poolFor } from '../packages/ledger/src/cli/sources/postgres.ts'
import { database, openOver } from '../packages/ledger/test/postgres/logs.ts'
import { fileWith, ledger, ledgerJson } from './ledger-cli.ts'
import { POSTGRES_URL, type TestDatabase } from './postgres.ts'

const KEY = ['--vkey', vkey.text]
const forged = utf8('forged')
const hex = (bytes: Uint8Array): string => `'\\x${Buffer.from(bytes).toString('hex')}'`

/** The URL without its password, which goes where the driver looks for it. */
function place(url: string): readonly string[] {
  const found = new URL(url)
  process.env['PGPASSWORD'] = decodeURIComponent(found.password)
  found.password = ''
  return ['--db', found.href]
}

/** As the owner, with the triggers of a table away and back. */
async function asOwner(made: TestDatabase, table: string, statement: string): Promise<void> {
  await made.run(
    `ALTER TABLE aiegis_ledger.${table} DISABLE TRIGGER USER; ${statement};
     DO $$ DECLARE name text; BEGIN FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'aiegis_ledger.${table}'::regclass AND NOT tgisinternal
     LOOP EXECUTE format('ALTER TABLE aiegis_ledger.${table} ENABLE ALWAYS TRIGGER %I', name); END LOOP; END $$`,
    'owner',
  )
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  const before = process.env['PGPASSWORD']
  let made: TestDatabase
  let at: readonly string[]
  beforeEach(async () => {
    made = await database()
    at = place(made.writerUrl)
  })
  afterEach(() => {
    if (before === undefined) delete process.env['PGPASSWORD']
    else process.env['PGPASSWORD'] = before
  })

  test('AHP-AUDITOR-1 AHP-AUDITOR-9 a log is read while it is written, with its entries, proofs and clear text', async () => {
    const log = await openOver(made)
    await fill(log, 0, 300)
    await log.append(leafOf('clear'), keyOf('clear'), utf8('{"agent_did":"somebody"}'))
    const kept = join(temporaryDirectory(), 'kept')
    expect(await ledgerJson('verify', ...at, ...KEY, '--keep', kept)).toMatchObject({ code: 0, last: { ok: true, size: 301 } })
    await fill(log, 300, 600)
    expect(await ledgerJson('audit', '--since', kept, ...at, ...KEY)).toMatchObject({ code: 0, last: { since: 301, size: 601 } })
    expect(await ledgerJson('show', '300', ...at, ...KEY)).toMatchObject({
      last: { clear: { agent_did: 'somebody' }, opens: false },
    })
    expect((await ledger('prove', '7', ...at, ...KEY)).out).toMatch(/^c2sp.org\/tlog-proof@v1\nindex 7\n/)
    expect((await ledger('tail', '--once', ...at, ...KEY)).code).toBe(0)
  })

  test.each<[string, string, string, Record<string, unknown>]>([
    ['an entry', 'entry', `UPDATE aiegis_ledger.entry SET leaf = ${hex(forged)} WHERE idx = 140`, { first_bad: 140 }],
    [
      'an entry and its hash',
      'entry',
      `UPDATE aiegis_ledger.entry SET leaf = ${hex(forged)}, leaf_hash = ${hex(hashLeaf(crypto, forged))} WHERE idx = 140`,
      { first_bad: 140 },
    ],
    ['an entry taken out', 'entry', 'DELETE FROM aiegis_ledger.entry WHERE idx = 77', { first_bad: 77 }],
    ['a tile', 'tile', `UPDATE aiegis_ledger.tile SET root = ${hex(new Uint8Array(32))}`, { first_bad: null }],
  ])('AHP-AUDITOR-1 %s that the owner changed is found', async (_, table, statement, expected) => {
    const log = await openOver(made)
    await fill(log, 0, 300)
    const since = fileWith(log.checkpoint())
    await log.close()
    await asOwner(made, table, statement)
    for (const command of [['verify'], ['audit', '--since', since]])
      expect(await ledgerJson(...command, ...at, ...KEY)).toMatchObject({
        code: 1,
        last: { type: 'error', kind: 'refused', ...expected },
      })
  })

  test('AHP-AUDITOR-2 a dropped trigger is found while every entry still holds', async () => {
    const log = await openOver(made)
    await fill(log, 0, 30)
    await log.close()
    await made.run('DROP TRIGGER entry_keep ON aiegis_ledger.entry', 'owner')
    const { code, lines } = await ledgerJson('verify', ...at, ...KEY)
    expect([code, lines[0]?.['type']]).toEqual([1, 'finding'])
    expect(lines[0]?.['message']).toContain('trigger entry_keep')
    expect(lines.at(-1)).toMatchObject({ ok: false, size: 30 })
  })

  test('AHP-AUDITOR-2 all that is missing or foreign is reported, and a table that is another one is not read', async () => {
    const log = await openOver(made)
    await fill(log, 0, 30)
    await log.close()
    await made.run(
      'DROP TRIGGER entry_keep ON aiegis_ledger.entry; ALTER TABLE aiegis_ledger.entry DROP CONSTRAINT entry_key_key; GRANT DELETE ON aiegis_ledger.tile TO PUBLIC',
      'owner',
    )
    expect(await ledgerJson('verify', ...at, ...KEY)).toMatchObject({
      code: 1,
      last: {
        ok: false,
        findings: [
          'the database lost or changed its constraint of entry: UNIQUE (key)',
          'the database lost or changed its trigger entry_keep',
          'the database has a right DELETE on tile of everybody that is not of a log',
        ],
      },
    })
    await made.run(
      'ALTER TABLE aiegis_ledger.release RENAME TO other; CREATE VIEW aiegis_ledger.release AS SELECT id, at FROM aiegis_ledger.hold',
      'owner',
    )
    expect(await ledgerJson('verify', ...at, ...KEY)).toMatchObject({
      code: 1,
      last: { type: 'error', message: 'does not hold: the database lost or changed its table release' },
    })
  })

  test('AHP-AUDITOR-9 no command that only reads could write, whatever its role may', async () => {
    const { pool, end } = await poolFor(place(made.adminUrl)[1] ?? '', false)
    const client = await pool.connect()
    try {
      await expect(client.query('INSERT INTO aiegis_ledger.log(id, origin) VALUES(0, $1)', [ORIGIN])).rejects.toThrow(/read-only/)
    } finally {
      client.release()
      await end()
    }
  })

  test('a schema without a log is named as such, by either scheme', async () => {
    for (const scheme of ['postgres:', 'postgresql:']) {
      const url = (at[1] ?? '').replace('postgres:', scheme)
      const { code, err } = await ledger('verify', '--db', url, ...KEY)
      expect([code, err]).toEqual([1, 'does not hold: the database has a schema and no log'])
    }
  })

  test('AHP-AUDITOR-3 the key of another log, and a database without one', async () => {
    const log = await openOver(made)
    await fill(log, 0, 3)
    await log.close()
    const other = formatVkey('other.example', 1, vkey.key, crypto)
    expect(await ledger('verify', ...at, '--vkey', other)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`the log is ${ORIGIN}`),
    })
    await made.run('DROP SCHEMA aiegis_ledger CASCADE', 'owner')
    expect(await ledger('verify', ...at, ...KEY)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('has no log') })
  })

  test('AHP-AUDITOR-8 orders and holds are written beside other writers', async () => {
    const log = await openOver(made)
    await log.append(leafOf('clear'), keyOf('clear'), utf8('{"agent_did":"somebody"}'))
    const directory = temporaryDirectory()
    const key = join(directory, 'log.key')
    const seed = Buffer.from(crypto.sha256(utf8('log key of the tests')))
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    writeFileSync(key, `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 })
    const by = ['--by', 'Ada', '--reason', 'request 17', ...at, '--key', key]
    expect(await ledger('erase', '0', ...by)).toMatchObject({ code: 2, err: expect.stringContaining('--last-checkpoint') })
    const last = join(directory, 'last-checkpoint')
    writeFileSync(last, await log.newest())
    const ended = await ledger('erase', '0', ...by, '--last-checkpoint', last)
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('done: nobody reads the clear text of entry 0') })
    expect((await ledger('tail', '--once', ...at, ...KEY)).out).toContain('reason "by Ada: request 17"')
    await fill(log, 1, 3)
    expect((await ledger('verify', ...at, ...KEY)).code).toBe(0)
  })
})
