/** What a directory of tiles says after crashes, copies and mistakes (spec chapter 17.9). @module */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createSigner, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { openTilesLog } from '../../src/tiles/open.ts'
import { connect, crypto, fill, keyOf, leafOf, openIn, ORIGIN, temporaryDirectory, verifyAll, vkey } from '../logs.ts'
import { verifyLog } from '../../src/verify-log.ts'
import { failingAt, type FlushStep } from '../failing-files.ts'
import { policyOf, startWitness } from '../witness/witnesses.ts'
import { openTiles, tilesIn } from './logs.ts'

const UNAVAILABLE = { code: 'ledger_unavailable' }

/** A closed log of `size` entries in a directory of tiles. */
async function closedTiles(size: number): Promise<string> {
  const directory = temporaryDirectory()
  const log = await openTiles(directory)
  await fill(log, 0, size)
  await log.close()
  return directory
}

/** What a web server shows. */
const served =
  (directory: string): ((path: string) => Uint8Array) =>
  (path) =>
    readFileSync(join(directory, 'public', path))

describe('AHP-TILES-1 between rows, files and checkpoint', () => {
  const steps: readonly (readonly [name: string, isShown: boolean, is: (step: FlushStep, path: string) => boolean])[] = [
    ['at the first file of a batch', false, (step, path) => step === 'write' && path.includes('entries')],
    ['at the name of a file', false, (step, path) => step === 'rename' && path.includes('tile')],
    ['at a directory of the files', false, (step, path) => step === 'sync' && path.includes('tile')],
    ['at the checkpoint outside', false, (step, path) => step === 'overwrite' && path.includes('last-checkpoint')],
    ['at the published checkpoint', false, (step, path) => step === 'write' && path.includes('.checkpoint.tmp')],
    ['at the name of the published checkpoint', true, (step, path) => step === 'rename' && path.endsWith('/checkpoint')],
    ['at the directory of the published checkpoint', true, (step, path) => step === 'sync' && path.endsWith('public')],
  ]
  test.each(steps)(
    'AHP-LEDGER-5 AHP-LEDGER-8 a flush that fails %s stops the log for good, and loses nothing of it',
    async (_, isShown, is) => {
      for (const size of [3, 250]) {
        const directory = await closedTiles(size)
        let [armed, failed] = [false, 0]
        const files = failingAt((step, path) => armed && is(step, path) && ++failed > 0)
        const log = await openTiles(directory, { files })
        const head = log.checkpoint()
        armed = true
        await expect(fill(log, size, size + 20)).rejects.toMatchObject(UNAVAILABLE)
        const once = failed
        expect(once).toBeGreaterThan(0)
        armed = false
        // The same flush again could say yes about bytes that the disk never got: only opening tells.
        await expect(log.append(leafOf('more'), keyOf('more'))).rejects.toMatchObject(UNAVAILABLE)
        expect(() => log.checkpoint()).toThrow('the log stopped after a failure of its storage')
        await log.close()
        // What is published is a whole log all the time.
        const shown = await verifyLog(served(directory), { origin: ORIGIN, vkey, remembered: [head] })
        // The new head only when it is remembered outside: an old copy has to be held against what was seen.
        expect(shown.size).toBe(BigInt(isShown ? size + 20 : size))
        const reopened = await openTiles(directory)
        await fill(reopened, size, size + 20)
        expect(await verifyAll(reopened, [head])).toBe(BigInt(size + 20))
        expect((await verifyLog(served(directory), { origin: ORIGIN, vkey, remembered: [head] })).size).toBe(BigInt(size + 20))
      }
    },
  )

  test('files of a batch whose head was not published are written again with the same bytes, and full tiles never change', async () => {
    const directory = await closedTiles(250)
    const log = await openTiles(directory, {
      files: failingAt(
        (step, path) =>
          step === 'write' &&
          path.endsWith('.checkpoint.tmp') &&
          path.includes('public') &&
          existsSync(join(directory, 'public/tile/0/000')),
      ),
    })
    await expect(fill(log, 250, 300)).rejects.toMatchObject(UNAVAILABLE)
    await log.close()
    const tile = join(directory, 'public/tile/0/000')
    const content = readFileSync(tile)
    const reopened = await openTiles(directory)
    expect(reopened.size()).toBe(300n)
    expect(readFileSync(tile).equals(content)).toBe(true)
    // What partial tiles the crash left goes when their tile is full.
    expect(existsSync(join(directory, 'public/tile/0/000.p'))).toBe(false)
    expect(await verifyAll(reopened)).toBe(300n)
  })

  test('a file that is there with other bytes is not overwritten: the log stops', async () => {
    const directory = await closedTiles(3)
    const log = await openTiles(directory)
    writeFileSync(join(directory, 'public/tile/0/000.p/4'), 'x')
    await expect(log.append(leafOf(3), keyOf(3))).rejects.toMatchObject(UNAVAILABLE)
    await log.close()
    await expect(openTilesLog(tilesIn(directory))).rejects.toThrow(/000\.p.4 is there with other bytes; a tile never changes/)
    rmSync(join(directory, 'public/tile/0/000.p/4'))
    expect(await verifyAll(await openTiles(directory))).toBe(4n)
  })
})

test('AHP-TILES-1 batches that witnesses kept from being released stay staged until a head over them is published', async () => {
  const directory = await closedTiles(250)
  const witness = await startWitness('witness.example/w1')
  const log = await openTiles(directory, { witnesses: policyOf([witness]) })
  const head = log.checkpoint()
  await witness.stop()
  for (const number of [250, 257, 600]) await expect(fill(log, number, number + 6)).rejects.toMatchObject(UNAVAILABLE)
  await log.close()
  const shown = await verifyLog(served(directory), { origin: ORIGIN, vkey, remembered: [head] })
  expect(shown.size).toBe(250n)
  await witness.start()
  const reopened = await openTiles(directory, { witnesses: policyOf([witness]) })
  expect(reopened.size()).toBe(268n)
  expect(String(served(directory)('checkpoint')).match(/^\u2014 /gm)).toHaveLength(2)
  expect(existsSync(join(directory, 'public/tile/0/000.p'))).toBe(false)
  await fill(reopened, 250, 300)
  expect((await verifyLog(served(directory), { origin: ORIGIN, vkey, remembered: [head] })).size).toBe(306n)
})

describe('AHP-TILES-2 rows and files of one log', () => {
  /** Copies parts of an older directory over a newer one. */
  async function withOld(parts: readonly string[]): Promise<string> {
    const directory = await closedTiles(5)
    const old = temporaryDirectory()
    cpSync(directory, old, { recursive: true })
    const log = await openTiles(directory)
    for (let number = 5; number < 9; number++) await log.append(leafOf(number), keyOf(number))
    await log.close()
    for (const part of parts) {
      rmSync(join(directory, part), { recursive: true })
      cpSync(join(old, part), join(directory, part), { recursive: true })
    }
    return directory
  }

  test.each([
    ['rows', ['index.db'], /the index ends after 5 entries, but the published checkpoint is over 9; going on with an old copy/],
    [
      'rows and the checkpoint outside',
      ['index.db', 'last-checkpoint'],
      /ends after 5 entries, but the published checkpoint is over 9/,
    ],
    [
      'rows and files',
      ['index.db', 'public'],
      /ends after 5 entries, but the checkpoint in .* is over 9; going on with an old copy/,
    ],
    ['files', ['public'], /the published checkpoint is over 5 entries, and what follows up to 9 is not staged/],
  ] as const)('AHP-LEDGER-7 an old copy of %s does not start', async (_, parts, reason) => {
    await expect(openTilesLog(tilesIn(await withOld(parts)))).rejects.toThrow(reason)
  })

  test('an old published checkpoint alone is put right, as far as rows tell what followed', async () => {
    const directory = await closedTiles(5)
    const file = join(directory, 'public/checkpoint')
    const old = readFileSync(file)
    const log = await openTiles(directory)
    await log.append(leafOf(5), keyOf(5))
    await log.close()
    writeFileSync(file, old)
    expect(await verifyAll(await openTiles(directory))).toBe(6n)
    expect(String(readFileSync(file))).toMatch(/\n6\n/)
  })

  test.each([
    ['index.db', /ends after 0 entries, but the published checkpoint is over 5/],
    ['public', /the published checkpoint is over 0 entries, and what follows up to 5 is not staged/],
    ['public/checkpoint', /is not staged; put back the files and the checkpoint/],
    ['public/tile/entries/000.p/5', /000\.p.5 is missing/],
    ['last-checkpoint', /last-checkpoint is missing/],
  ])('without %s it does not start', async (name, reason) => {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    for (let number = 0; number < 5; number++) await log.append(leafOf(number), keyOf(number))
    await log.close()
    rmSync(join(directory, name), { recursive: true })
    await expect(openTilesLog(tilesIn(directory))).rejects.toThrow(reason)
  })

  test('a partial tile that is missing is written again, from the entries', async () => {
    const directory = await closedTiles(5)
    const file = join(directory, 'public/tile/0/000.p/5')
    const content = readFileSync(file)
    rmSync(join(directory, 'public/tile/0'), { recursive: true })
    await openTiles(directory)
    expect(readFileSync(file).equals(content)).toBe(true)
    expect((await verifyLog(served(directory), { origin: ORIGIN, vkey })).size).toBe(5n)
  })

  test('a changed leaf or hash at the end, or a checkpoint of another log, is noticed when it is opened', async () => {
    for (const [name, reason] of [
      ['public/tile/entries/000.p/5', /entry 4 was changed/],
      ['public/tile/0/000.p/5', /000\.p.5 is there with other bytes/],
      ['public/checkpoint', /over 5 entries is not the one that was stored; they are of two logs/],
    ] as const) {
      const directory = await closedTiles(5)
      const file = join(directory, name)
      const content = readFileSync(file)
      const at = name.endsWith('checkpoint') ? content.indexOf('\n5\n') + 5 : content.length - 1
      content[at] = (content[at] ?? 0) ^ 1
      writeFileSync(file, content)
      await expect(openTilesLog(tilesIn(directory))).rejects.toThrow(reason)
    }
  })

  test('another origin or key is refused, and rows that lost a trigger', async () => {
    const directory = await closedTiles(2)
    await expect(openTilesLog({ ...tilesIn(directory), origin: 'ledger.example/2' })).rejects.toThrow(
      /is of log ledger\.example.aiegis.1/,
    )
    const other = createSigner(crypto.sha256(utf8('another key')), ORIGIN)
    await expect(openTilesLog({ ...tilesIn(directory), signer: other })).rejects.toThrow(/not signed by .*; a log keeps its key/)
    const database = connect(directory, 'index.db')
    database.exec('DROP TRIGGER entry_stay')
    database.close()
    await expect(openTilesLog(tilesIn(directory))).rejects.toThrow(/lost or changed its trigger entry_stay/)
  })

  test('rows about files are not those of a log in SQLite, and the other way round', async () => {
    const directory = await closedTiles(2)
    await expect(openIn(directory, { file: join(directory, 'index.db') })).rejects.toThrow(/lost or changed its table entry/)
  })

  test('AHP-LEDGER-12 a log whose rows are missing is not begun anew when its key may have signed', async () => {
    const directory = temporaryDirectory()
    await expect(openTilesLog({ ...tilesIn(directory), mustExist: true })).rejects.toThrow(
      /index\.db is missing, and its log key/,
    )
    expect(existsSync(join(directory, 'public'))).toBe(false)
  })
})

describe('AHP-LEDGER-1 the rows beside the files', () => {
  const HASH = `x'${'00'.repeat(32)}'`
  test('no statement changes one, takes one out or puts one in out of turn, but for what is staged', async () => {
    const directory = await closedTiles(300)
    const database = connect(directory, 'index.db')
    const content = (): unknown =>
      ['log', 'entry', 'idem', 'checkpoint'].map((table) => database.prepare(`SELECT * FROM ${table}`).all())
    const before = content()
    const answers = [
      `UPDATE entry SET leaf_hash = ${HASH} WHERE idx = 0`,
      `UPDATE OR REPLACE entry SET idx = 0 WHERE idx = 1`,
      `DELETE FROM entry WHERE idx = 299`,
      `REPLACE INTO entry(idx, leaf_hash) VALUES(0, ${HASH})`,
      `INSERT INTO entry(idx, leaf_hash) VALUES(0, ${HASH}) ON CONFLICT(idx) DO UPDATE SET leaf_hash = excluded.leaf_hash`,
      `INSERT INTO entry(idx, leaf_hash) VALUES(301, ${HASH})`,
      `INSERT INTO entry(idx, leaf_hash) VALUES(-1, ${HASH})`,
      `UPDATE idem SET idx = 1 WHERE idx = 0`,
      `DELETE FROM idem`,
      `REPLACE INTO idem(key, idx) SELECT key, 5 FROM idem WHERE idx = 0`,
      `INSERT INTO idem(key, idx) VALUES(x'01', 7)`,
      `UPDATE checkpoint SET note = 'x'`,
      `DELETE FROM checkpoint`,
      `REPLACE INTO checkpoint(size, note) VALUES(300, 'x')`,
      `INSERT INTO checkpoint(size, note) VALUES(301, 'x')`,
      `UPDATE log SET origin = 'other.example'`,
      `REPLACE INTO log(id, format, origin) VALUES(0, 1, 'other.example')`,
    ].map((attack) => {
      try {
        database.exec(attack)
        return `passed: ${attack}`
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    })
    expect(answers.filter((answer) => !/^ledger: \w+ (row out of turn|is append-only)$/.test(answer))).toEqual([])
    expect(content()).toEqual(before)
    database.exec('DELETE FROM staged')
    database.close()
    expect(await verifyAll(await openTiles(directory))).toBe(300n)
  })

  test('what the owner of the files can do shows from a head that somebody remembers', async () => {
    const directory = await closedTiles(20)
    const head = String(served(directory)('checkpoint'))
    const other = temporaryDirectory()
    const forged = await openTiles(other)
    await fill(forged, 1, 25)
    expect(await verifyAll(forged)).toBe(24n)
    const audit = verifyLog(served(other), { origin: ORIGIN, vkey, remembered: [head] })
    await expect(audit).rejects.toThrow('the first 20 entries are not those that were signed')
  })
})

describe('AHP-LEDGER-4 one process has a directory open', () => {
  test('a second opening is refused, in this process and in another, whatever it calls the directory', async () => {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    await expect(openTilesLog(tilesIn(join(directory, '.')))).rejects.toThrow(/index\.db is open in another process/)
    const driver = createRequire(import.meta.url).resolve('@photostructure/sqlite')
    const { stderr } = spawnSync(process.execPath, [
      '-e',
      `const { DatabaseSync } = require(process.argv[1]); new DatabaseSync(process.argv[2]).exec('BEGIN IMMEDIATE')`,
      driver,
      join(directory, 'index.db'),
    ])
    expect(stderr.toString()).toContain('database is locked')
    await log.append(leafOf(0), keyOf(0))
    expect(await verifyAll(log)).toBe(1n)
  })

  test('a directory that is not there is named', async () => {
    const directory = join(temporaryDirectory(), 'missing')
    await expect(openTilesLog(tilesIn(directory))).rejects.toThrow(/missing.index\.db cannot be opened/)
    mkdirSync(directory)
    expect((await openTiles(directory)).size()).toBe(0n)
  })
})
