/** What the auditor's commands find when the owner of a log, or a thief of its key, changed it (spec chapter 17.12). @module */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createSigner, formatVkey, hashLeaf, utf8 } from '@aiegis/protocol'
import { cosign, namedSigner, witnessVkey } from '@aiegis/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readTile, TILE_HEIGHT, tileNode } from '../packages/protocol/src/tile.ts'
import { LOG_SCHEMA } from '../packages/ledger/src/schema.ts'
import {
  closedLog,
  connect,
  crypto,
  fill,
  keyOf,
  leafOf,
  openIn,
  ORIGIN,
  temporaryDirectory,
  vkey,
} from '../packages/ledger/test/logs.ts'
import { openTiles, serveFiles } from '../packages/ledger/test/tiles/logs.ts'
import { asOwner, fileWith, ledger, ledgerJson, blob } from './ledger-cli.ts'

const KEY = ['--vkey', vkey.text]
const forged = utf8('forged')
const forgedHash = blob(hashLeaf(crypto, forged))

/** A closed log of 300 entries with heads over 100, 130, 200 and 300. */
async function logWithHeads(): Promise<{ db: string; directory: string; since: string }> {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  for (const size of [100, 130, 200, 300]) await fill(log, Number(log.size()), size)
  const since = fileWith(log.checkpoint())
  await log.close()
  return { db: join(directory, 'ledger.db'), directory, since }
}

/** The first tile with other hashes in it, and its root. */
function tileWith(directory: string, indices: readonly number[]): string {
  const database = connect(directory)
  const row = database.prepare('SELECT hashes FROM tile WHERE level = 0 AND n = 0').get() as { hashes: Uint8Array }
  database.close()
  const hashes = row.hashes.slice()
  for (const index of indices) hashes.set(hashLeaf(crypto, forged), index * 32)
  const root = tileNode(readTile(crypto, hashes), TILE_HEIGHT, 0)
  return `UPDATE tile SET hashes = ${blob(hashes)}, root = ${blob(root)} WHERE level = 0 AND n = 0`
}

describe('AHP-AUDITOR-1 a database that its owner changed, with every trigger back in its place', () => {
  const rewrite = (index: number): string =>
    `UPDATE entry SET leaf = ${blob(forged)}, leaf_hash = ${forgedHash} WHERE idx = ${index}`
  test.each<[string, string | ((directory: string) => string), RegExp, Record<string, unknown>]>([
    [
      'an entry',
      `UPDATE entry SET leaf = ${blob(forged)} WHERE idx = 140`,
      /entry 140 was changed/,
      { first_bad: 140, good: 130 },
    ],
    ['an entry and its hash', rewrite(140), /first that differs is entry 140/, { first_bad: 140, good: 130 }],
    [
      'an entry, its hash and the tile',
      (directory) => `${rewrite(140)}; ${tileWith(directory, [140])}`,
      /the first 200 entries are not those that were signed/,
      { first_bad: null, good: 130, last_bad: 199 },
    ],
    [
      'two entries, of which the tile has the first',
      (directory) => `${rewrite(140)}; ${rewrite(250)}; ${tileWith(directory, [140])}`,
      /the first 200 entries are not those/,
      { first_bad: null, good: 130, last_bad: 199 },
    ],
    [
      'two entries, of which the later does not even have its own hash',
      `${rewrite(140)}; UPDATE entry SET leaf = ${blob(forged)} WHERE idx = 250`,
      /first that differs is entry 140/,
      { first_bad: 140, good: 130 },
    ],
    [
      'two entries, of which nothing but a head shows the earlier',
      (directory) => `${rewrite(110)}; ${tileWith(directory, [110])}; UPDATE entry SET leaf = ${blob(forged)} WHERE idx = 250`,
      /the first 130 entries are not those/,
      { first_bad: null, good: 100, last_bad: 129 },
    ],
    [
      'an entry taken out behind another that was changed',
      `${rewrite(7)}; DELETE FROM entry WHERE idx = 77`,
      /entry 7/,
      { first_bad: 7 },
    ],
    ['an entry taken out', 'DELETE FROM entry WHERE idx = 77', /entry 77 is missing/, { first_bad: 77 }],
    ['the last entry taken out', 'DELETE FROM entry WHERE idx = 299', /ends after 299 entries/, { first_bad: 299 }],
    [
      'an entry put behind',
      `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(300, ${blob(forged)}, ${forgedHash})`,
      /ends after 301 entries, but its newest head is over 300/,
      { first_bad: 300 },
    ],
    ['a tile', 'UPDATE tile SET hashes = zeroblob(8192)', /tile 0\/0 was changed/, {}],
    ['a tile taken out', 'DELETE FROM tile', /tile 0\/0 is missing/, {}],
    [
      'a head that is kept',
      `UPDATE checkpoint SET note = replace(note, '130', '131') WHERE size = 130`,
      /head over 130 entries is one over 131/,
      {},
    ],
    [
      'the head over nothing',
      `UPDATE checkpoint SET note = replace(note, '/1', '/2') WHERE size = 0`,
      /head over 0 .* not signed/,
      {},
    ],
    [
      'a smaller head in the place of one that is kept',
      'UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 100) WHERE size = 130',
      /what is kept as the head over 130 entries is one over 100/,
      {},
    ],
    [
      'a larger one',
      'UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 300) WHERE size = 130',
      /what is kept as the head over 130 entries is one over 300/,
      {},
    ],
    ['heads taken out', 'DELETE FROM checkpoint', /has no head/, {}],
  ])('%s: verify says which entry is the first', async (_, statements, reason, place) => {
    const { db, directory } = await logWithHeads()
    asOwner(directory, typeof statements === 'string' ? statements : statements(directory))
    const { code, lines, last } = await ledgerJson('verify', '--db', db, ...KEY)
    expect({ code, last }).toMatchObject({ code: 1, last: { type: 'error', kind: 'refused', ...place } })
    expect(last['message']).toMatch(reason)
    expect(lines.map(({ type }) => type)).toEqual(['error'])
    const text = await ledger('verify', '--db', db, ...KEY)
    expect(text.code).toBe(1)
    expect(text.err).toMatch(reason)
    expect(text.out).toBe('')
    const isKnown = typeof place['first_bad'] === 'number'
    expect(text.err.includes(`first bad entry: ${String(place['first_bad'])}`)).toBe(isKnown)
  })

  test('AHP-AUDITOR-5 an entry that was changed with its hash is neither proven nor shown', async () => {
    const { db, directory } = await logWithHeads()
    asOwner(directory, rewrite(140))
    for (const command of ['prove', 'show', 'why'])
      expect(await ledger(command, '140', '--db', db, ...KEY)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('entry 140 is not one that the head over 300 entries has'),
      })
    expect((await ledger('prove', '139', '--db', db, ...KEY)).code).toBe(0)
  })

  test('audit from a remembered checkpoint finds each of the rows too', async () => {
    const { db, directory, since } = await logWithHeads()
    expect((await ledger('audit', '--since', since, '--db', db, ...KEY)).code).toBe(0)
    asOwner(directory, rewrite(140))
    expect(await ledgerJson('audit', '--since', since, '--db', db, ...KEY)).toMatchObject({ code: 1, last: { first_bad: 140 } })
  })
})

describe('AHP-AUDITOR-2 tables and triggers that are not those of a log', () => {
  test.each(['entry_turn', 'entry_keep', 'checkpoint_stay', 'hold_keep'])(
    'a dropped trigger %s is found while every entry still holds',
    async (name) => {
      const { db, directory, since } = await logWithHeads()
      asOwner(directory, '', name)
      for (const command of [['verify'], ['audit', '--since', since]]) {
        const { code, lines } = await ledgerJson(...command, '--db', db, ...KEY, '--keep', join(directory, 'kept'))
        const message = `the database lost or changed its trigger ${name}`
        expect([code, lines[0]]).toEqual([1, { type: 'finding', message }])
        expect(lines[1]).toMatchObject({ ok: false, size: 300, findings: [message] })
      }
      // What has a finding is nothing to remember.
      expect(() => readFileSync(join(directory, 'kept'))).toThrow(/ENOENT/)
    },
  )

  test('a trigger that is another one, and one too many', async () => {
    const { db, directory } = await logWithHeads()
    asOwner(
      directory,
      `CREATE TRIGGER entry_keep BEFORE UPDATE ON entry BEGIN SELECT 1; END; CREATE TRIGGER helpful AFTER INSERT ON entry BEGIN SELECT 1; END`,
      'entry_keep',
    )
    const { code, lines } = await ledgerJson('verify', '--db', db, ...KEY)
    expect(code).toBe(1)
    expect(lines.map(({ message }) => message).slice(0, 3)).toEqual([
      'the database lost or changed its trigger entry_keep',
      'the database has a trigger entry_keep that is not of a log',
      'the database has a trigger helpful that is not of a log',
    ])
  })

  test.each(['entry', 'checkpoint', 'private', 'erasure', 'release', 'idem'])(
    'a view in the place of table %s is not read',
    async (name) => {
      const { db, directory } = await logWithHeads()
      asOwner(directory, `ALTER TABLE ${name} RENAME TO hidden; CREATE VIEW ${name} AS SELECT * FROM hidden`, 'all')
      const { code, last } = await ledgerJson('verify', '--db', db, ...KEY)
      expect([code, last['message']]).toEqual([1, expect.stringContaining(`lost or changed its table ${name}`)])
    },
  )

  test('a database of something else, a damaged one, and no database', async () => {
    const directory = temporaryDirectory()
    const other = connect(directory, 'other.db')
    other.exec('CREATE TABLE log(x)')
    other.close()
    expect(await ledger('verify', '--db', join(directory, 'other.db'), ...KEY)).toMatchObject({
      code: 1,
      err: expect.stringContaining('has no log'),
    })
    const { db } = await logWithHeads()
    const bytes = readFileSync(db)
    writeFileSync(db, bytes.fill(0xff, 8_192, 40_960))
    expect((await ledger('verify', '--db', db, ...KEY)).code).toBe(1)
    truncateSync(db, 4_096)
    const cut = await ledger('verify', '--db', db, ...KEY)
    expect(cut).toMatchObject({ code: 1, out: '' })
    expect(cut.err.split('\n')).toHaveLength(1)
    writeFileSync(db, 'a text')
    expect(await ledger('verify', '--db', db, ...KEY)).toEqual({
      code: 2,
      out: '',
      err: `wrong call: ${db} is no SQLite database`,
    })
  })
})

describe('AHP-AUDITOR-3 what only a remembered checkpoint shows', () => {
  test('history that was rewritten and signed with the stolen key: verify is content, audit is not', async () => {
    const { head } = await closedLog(20)
    const forgery = temporaryDirectory()
    const log = await openIn(forgery)
    await fill(log, 0, 19)
    await log.append(leafOf('forged'), keyOf('forged'))
    await fill(log, 20, 30)
    await log.close()
    const db = join(forgery, 'ledger.db')
    expect((await ledger('verify', '--db', db, ...KEY)).code).toBe(0)
    const { code, last } = await ledgerJson('audit', '--since', fileWith(head), '--db', db, ...KEY)
    expect([code, last['message']]).toEqual([1, 'does not hold: the first 20 entries are not those that were signed'])
    expect(last).toMatchObject({ first_bad: null, last_bad: 19 })
  })

  test('an old copy that was put back', async () => {
    const { directory, head: early } = await closedLog(20)
    const copy = temporaryDirectory()
    cpSync(directory, copy, { recursive: true })
    const log = await openIn(directory)
    await fill(log, 20, 40)
    const late = log.checkpoint()
    await log.close()
    const db = join(copy, 'ledger.db')
    expect((await ledger('audit', '--since', fileWith(early), '--db', db, ...KEY)).code).toBe(0)
    expect(await ledger('audit', '--since', fileWith(late), '--db', db, ...KEY)).toMatchObject({
      code: 1,
      out: '',
      err: 'does not hold: a head over 40 entries was signed, but the log ends after 20',
    })
  })

  test('another log with the same name and another key, and a checkpoint of another log', async () => {
    const { directory, head } = await closedLog(5)
    const db = join(directory, 'ledger.db')
    const stranger = createSigner(crypto.sha256(utf8('a stranger')), ORIGIN)
    const wrong = formatVkey(ORIGIN, 1, stranger.publicKey, crypto)
    expect(await ledger('verify', '--db', db, '--vkey', wrong)).toMatchObject({
      code: 1,
      err: `does not hold: the head over 5 entries is not signed by ${wrong}`,
    })
    const other = formatVkey('other.example', 1, vkey.key, crypto)
    expect(await ledger('verify', '--db', db, '--vkey', other)).toMatchObject({
      code: 1,
      err: `does not hold: the log is ${ORIGIN}, and the key is that of other.example`,
    })
    const elsewhere = await openIn(temporaryDirectory(), { origin: 'other.example' })
    const foreign = elsewhere.checkpoint()
    await elsewhere.close()
    expect(await ledger('audit', '--since', fileWith(foreign), '--db', db, ...KEY)).toMatchObject({
      code: 1,
      err: `does not hold: the remembered checkpoint is of log other.example, not of ${ORIGIN}`,
    })
    const bent = head.replace('\n5\n', '\n4\n')
    expect(await ledger('audit', '--since', fileWith(bent), '--db', db, ...KEY)).toMatchObject({
      code: 1,
      err: `does not hold: the remembered checkpoint over 4 entries is not signed by ${vkey.text}`,
    })
  })
})

describe('AHP-AUDITOR-4 tiles in a directory or at a URL', () => {
  async function tilesLog(): Promise<{ directory: string; since: string; early: string }> {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    await fill(log, 0, 300)
    const early = readFileSync(join(directory, 'public/checkpoint'), 'utf8')
    const since = fileWith(log.checkpoint())
    await fill(log, 300, 600)
    await log.close()
    return { directory, since, early }
  }

  test('are verified and audited alike, and say the same', async () => {
    const { directory, since } = await tilesLog()
    const url = await serveFiles(join(directory, 'public'))
    for (const place of [
      ['--db', directory],
      ['--db', join(directory, 'public')],
      ['--url', url],
    ]) {
      expect(await ledgerJson('verify', ...place, ...KEY)).toMatchObject({
        code: 0,
        last: { type: 'verified', ok: true, size: 600 },
      })
      expect(await ledgerJson('audit', '--since', since, ...place, ...KEY)).toMatchObject({
        code: 0,
        last: { type: 'audited', ok: true, since: 300, size: 600 },
      })
    }
  })

  test.each<[string, (file: (path: string) => string) => void, RegExp]>([
    ['a bundle that ends early', (file) => truncateSync(file('tile/entries/001'), 900), /ends inside an entry/],
    ['a bundle with entries less', (file) => truncateSync(file('tile/entries/001'), 20 * 18), /bundle 1 has|ends inside/],
    ['a bundle that is missing', (file) => rmSync(file('tile/entries/001')), /tile\/entries\/001 is not there/],
    ['a tile that ends early', (file) => truncateSync(file('tile/0/001'), 8_160), /tile\/0\/001 does not hold/],
    ['a tile that is missing', (file) => rmSync(file('tile/0/001')), /tile\/0\/001 is not there/],
    [
      'a changed upper tile',
      (file) => writeFileSync(file('tile/1/000.p/2'), new Uint8Array(64)),
      /tile\/1\/000\.p\/2 does not hold/,
    ],
    ['no checkpoint', (file) => rmSync(file('checkpoint')), /checkpoint is not there/],
  ])('%s is found, in the directory and over HTTP', async (_, change, reason) => {
    const { directory } = await tilesLog()
    change((path) => join(directory, 'public', path))
    const url = await serveFiles(join(directory, 'public'))
    for (const place of [
      ['--db', directory],
      ['--url', url],
    ]) {
      const { code, err } = await ledger('verify', ...place, ...KEY)
      expect([code, err]).toEqual([1, expect.stringMatching(reason)])
    }
  })

  test('a log that shows an older head again, and one that rewrites what is before the remembered head', async () => {
    const { directory, since, early } = await tilesLog()
    const published = join(directory, 'public')
    const url = await serveFiles(published)
    const kept = fileWith(readFileSync(join(published, 'checkpoint')))
    writeFileSync(join(published, 'checkpoint'), early)
    expect(await ledger('audit', '--since', kept, '--url', url, ...KEY)).toMatchObject({
      code: 1,
      err: expect.stringContaining('but the log ends after 300'),
    })
    writeFileSync(join(published, 'checkpoint'), readFileSync(kept))
    const tile = readFileSync(join(published, 'tile/1/000.p/2'))
    writeFileSync(join(published, 'tile/1/000.p/2'), tile.fill(1, 0, 32))
    expect(await ledger('audit', '--since', since, '--url', url, ...KEY)).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not hold'),
    })
  })

  test('AHP-AUDITOR-4 a server that answers nothing, errors, redirects, and more than there can be', async () => {
    const { directory } = await tilesLog()
    // A slash at the end is the same place.
    const good = await serveFiles(join(directory, 'public'))
    expect((await ledger('verify', '--url', `${good}/`, ...KEY)).code).toBe(0)
    const answers = new Map<string, (path: string) => readonly [number, Record<string, string>, Uint8Array]>([
      ['error', () => [500, {}, new Uint8Array(0)]],
      ['redirect', (path) => [302, { Location: good + path }, new Uint8Array(0)]],
      ['flood', () => [200, {}, new Uint8Array(70_000)]],
      ['nothing', () => [404, {}, new Uint8Array(0)]],
      ['no more', () => [410, {}, new Uint8Array(0)]],
    ])
    for (const [name, answer] of answers) {
      const server = createServer((request, response) => {
        const [status, headers, body] = answer(request.url ?? '')
        response.writeHead(status, headers).end(body)
      })
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      onTestFinished(() => void server.close())
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const { code, err, out } = await ledger('verify', '--url', `http://127.0.0.1:${port}`, ...KEY)
      expect([name, code, out]).toEqual([name, name.startsWith('no') ? 1 : 3, ''])
      expect(err.split('\n')).toHaveLength(1)
    }
    expect((await ledger('verify', '--url', 'http://127.0.0.1:1', ...KEY)).code).toBe(3)
  })
})

test('AHP-AUDITOR-2 the schema that drift is measured against is the one of a log that was just made', async () => {
  const { db, directory } = await logWithHeads()
  const database = connect(directory)
  const count = database.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'`).get() as { n: number }
  database.close()
  expect(count.n).toBe(LOG_SCHEMA.statements.length)
  expect((await ledger('verify', '--db', db, ...KEY)).code).toBe(0)
})

test('AHP-AUDITOR-3 a trust bundle counts the witnesses of the head, and knows one log from another', async () => {
  const { directory, head } = await closedLog(5)
  const [witness, another] = [namedSigner('witness', 'witness.example'), namedSigner('another', 'another.example')]
  const trusting = (origin: string, quorum: number): string =>
    fileWith(
      JSON.stringify({
        harnesses: [],
        ledgers: [
          { origin, vkey: vkey.text, witnesses: { quorum, vkeys: [witness, another].map((one) => witnessVkey(crypto, one)) } },
        ],
      }),
    )
  asOwner(
    directory,
    `UPDATE checkpoint SET note = CAST(${blob(utf8(cosign(crypto, head, witness, 1_795_212_000)))} AS TEXT) WHERE size = 5`,
  )
  const db = join(directory, 'ledger.db')
  expect((await ledger('verify', '--db', db, '--trust', trusting(ORIGIN, 1))).code).toBe(0)
  expect(await ledger('verify', '--db', db, '--trust', trusting(ORIGIN, 2))).toMatchObject({
    code: 1,
    err: 'does not hold: too few witnesses signed the head over 5 entries: 2 are asked for',
  })
  expect(await ledger('verify', '--db', db, '--trust', trusting('other.example', 1))).toMatchObject({
    code: 1,
    err: `does not hold: the log is ${ORIGIN}, which the trust bundle does not name`,
  })
})
