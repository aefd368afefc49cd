/** What the auditor's commands make of files that somebody made to deceive, stop or hang them (spec chapter 17.12). @module */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { formatVkey, utf8 } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { snapshotOf } from '../packages/ledger/src/cli/sources/snapshot.ts'
import { openWitnessStore } from '../packages/ledger/src/witness/store.ts'
import {
  closedLog,
  connect,
  crypto,
  fill,
  keyOf,
  leafOf,
  openIn,
  optionsIn,
  temporaryDirectory,
  vkey,
} from '../packages/ledger/test/logs.ts'
import { openLog } from '../packages/ledger/src/open-log.ts'
import { openTiles } from '../packages/ledger/test/tiles/logs.ts'
import { asOwner, fileWith, ledger } from './ledger-cli.ts'

const KEY = ['--vkey', vkey.text]

/** A closed log in a directory, with what it published at 130 entries in `old`. */
async function tilesLog(): Promise<string> {
  const directory = temporaryDirectory()
  const log = await openTiles(directory)
  await fill(log, 0, 130)
  cpSync(join(directory, 'public'), join(directory, 'old'), { recursive: true })
  await fill(log, 130, 300)
  await fill(log, 300, 301)
  await log.close()
  return directory
}

/** Statements as the owner of the index, with all triggers in their place afterwards. */
function inIndex(directory: string, statements: string): void {
  renameSync(join(directory, 'index.db'), join(directory, 'ledger.db'))
  asOwner(directory, statements)
  renameSync(join(directory, 'ledger.db'), join(directory, 'index.db'))
}

/** A trigger of a name that SQLite gives nobody, written into the file as bytes. */
function plantTrigger(directory: string, name: string, table: string): void {
  const database = connect(directory, name)
  database.exec(`CREATE TRIGGER sqliteXevil AFTER INSERT ON ${table} BEGIN SELECT 1; END`)
  database.close()
  const file = join(directory, name)
  const bytes = readFileSync(file, 'latin1')
  writeFileSync(file, bytes.replaceAll('sqliteXevil', 'sqlite_evil'), 'latin1')
}

describe('AHP-AUDITOR-1 a directory whose files and index are of different times', () => {
  test.each<[string, (directory: string) => void, RegExp]>([
    [
      'published files that were put back',
      (directory) => {
        rmSync(join(directory, 'public'), { recursive: true })
        cpSync(join(directory, 'old'), join(directory, 'public'), { recursive: true })
      },
      /published checkpoint is over 130 entries, and the newest head in the index is over 301/,
    ],
    [
      'the hash of an entry in the index',
      (directory) => inIndex(directory, 'UPDATE entry SET leaf_hash = zeroblob(32) WHERE idx = 7'),
      /entry 7 was changed: .*\nfirst bad entry: 7$/,
    ],
    [
      'an entry taken out of the index',
      (directory) => inIndex(directory, 'DELETE FROM entry WHERE idx = 300'),
      /entry 300 is missing/,
    ],
    [
      'an index that was put back',
      (directory) =>
        inIndex(
          directory,
          'DELETE FROM checkpoint WHERE size = 301; DELETE FROM idem WHERE idx = 300; DELETE FROM entry WHERE idx = 300',
        ),
      /published checkpoint is over 301 entries, and the newest head in the index is over 300/,
    ],
  ])('%s: verify finds it', async (_, change, reason) => {
    const directory = await tilesLog()
    expect((await ledger('verify', '--db', directory, ...KEY)).code).toBe(0)
    change(directory)
    const { code, err } = await ledger('verify', '--db', directory, ...KEY)
    expect([code, err]).toEqual([1, expect.stringMatching(reason)])
  })

  test('a copy of what is published, put beside an index that was changed, does not hide it', async () => {
    const directory = await tilesLog()
    const index = connect(directory, 'index.db')
    index.exec('DROP TRIGGER entry_keep')
    index.close()
    cpSync(join(directory, 'public'), directory, { recursive: true })
    const { code, out } = await ledger('verify', '--db', directory, ...KEY)
    expect([code, out]).toEqual([1, expect.stringContaining('lost or changed its trigger entry_keep')])
  })
})

describe('AHP-AUDITOR-4 files of a log that are no files, or have no end', () => {
  test.each<[string, (file: (path: string) => string) => void, RegExp]>([
    [
      'a checkpoint that is a directory',
      (file) => (rmSync(file('checkpoint')), mkdirSync(file('checkpoint'))),
      /checkpoint is no file$/,
    ],
    ['a tile that is a directory', (file) => (rmSync(file('tile/0/000')), mkdirSync(file('tile/0/000'))), /000 is no file$/],
    [
      'a directory of tiles that is a file',
      (file) => (rmSync(file('tile/0'), { recursive: true }), writeFileSync(file('tile/0'), '')),
      /000 is no file$/,
    ],
    ['a link to itself', (file) => (rmSync(file('tile/0/000')), symlinkSync('000', file('tile/0/000'))), /000 is no file$/],
    ['a tile of 4 GiB', (file) => truncateSync(file('tile/0/000'), 2 ** 32), /000 has more than 8192 bytes$/],
    [
      'a checkpoint that is a pipe, into which nobody writes',
      (file) => (rmSync(file('checkpoint')), void execFileSync('mkfifo', [file('checkpoint')])),
      /checkpoint is no file$/,
    ],
  ])('%s: one sentence, exit code 1', async (_, change, reason) => {
    const directory = await tilesLog()
    change((path) => join(directory, 'public', path))
    const { code, err } = await ledger('verify', '--db', directory, ...KEY)
    expect([code, err]).toEqual([1, expect.stringMatching(reason)])
    expect(err.split('\n').filter((line) => !line.startsWith('hashed again'))).toHaveLength(1)
  })

  test.each(['ledger.db', 'ledger.db-wal', 'ledger.db-journal'])('a pipe in the place of %s', async (name) => {
    const { directory } = await closedLog(3)
    const file = join(directory, name)
    rmSync(file, { force: true })
    execFileSync('mkfifo', [file])
    expect(await ledger('verify', '--db', join(directory, 'ledger.db'), ...KEY)).toEqual({
      code: 2,
      out: '',
      err: `wrong call: ${file} is no file`,
    })
  })
})

describe('AHP-AUDITOR-2 a database that holds what SQLite would not have stored', () => {
  test('a trigger of a name that nobody can give is found, and neither a log nor a witness starts with it', async () => {
    const { directory } = await closedLog(3)
    plantTrigger(directory, 'ledger.db', 'entry')
    const { code, out } = await ledger('verify', '--db', join(directory, 'ledger.db'), ...KEY)
    expect([code, out]).toEqual([1, expect.stringContaining('the database has a trigger sqlite_evil that is not of a log')])
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/tables or triggers that are not of a log/)
    const witness = join(directory, 'witness.db')
    ;(await openWitnessStore(witness)).close()
    plantTrigger(directory, 'witness.db', 'witnessed')
    await expect(openWitnessStore(witness)).rejects.toThrow(/is not what a witness remembers/)
  })

  test('figures of ANALYZE, which change nothing, are not taken for it', async () => {
    const { directory } = await closedLog(3)
    const database = connect(directory)
    database.exec('ANALYZE')
    database.close()
    expect((await ledger('verify', '--db', join(directory, 'ledger.db'), ...KEY)).code).toBe(0)
    await (await openLog(optionsIn(directory))).close()
  })

  test.each([
    ['verify', 'INSERT INTO checkpoint(size, note) SELECT 1 << 62, note FROM checkpoint WHERE size = 3'],
    ['verify', 'INSERT INTO entry(idx, leaf, leaf_hash) SELECT 1 << 62, leaf, leaf_hash FROM entry WHERE idx = 2'],
    ['hold', `INSERT INTO hold(id, first, last) VALUES('aaaaaaaaaaaaaaaaaaaaaa', 1 << 62, (1 << 62) + 1)`],
  ])('a number over every log is refused by %s, and is no fault of the program', async (command, statement) => {
    const { directory } = await closedLog(3)
    asOwner(directory, statement)
    const { code, out, err } = await ledger(command, '--db', join(directory, 'ledger.db'), ...(command === 'hold' ? [] : KEY))
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^does not hold: .*too large.*$/)
  })
})

test('AHP-AUDITOR-9 the copy of a file has no name while it is read, and none is left of one that cannot be', async () => {
  const { directory } = await closedLog(3)
  const [file, broken] = [join(directory, 'ledger.db'), join(directory, 'broken.db')]
  writeFileSync(broken, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8_000, 1)]))
  const own = temporaryDirectory()
  vi.stubEnv('TMPDIR', own)
  onTestFinished(() => void vi.unstubAllEnvs())
  const snapshot = await snapshotOf(file)
  expect([readdirSync(own), await snapshot.isOld()]).toEqual([[], false])
  expect(snapshot.database.prepare('SELECT count(*) AS n FROM entry').get()).toMatchObject({ n: 3 })
  utimesSync(file, 1, 1)
  expect(await snapshot.isOld()).toBe(true)
  await snapshot.close()
  await expect(snapshotOf(broken)).rejects.toThrow(/cannot be opened|malformed|not a database/)
  expect(readdirSync(own)).toEqual([])
})

test('AHP-AUDITOR-9 a file that is named by a link is read with what its process has not moved into it yet', async () => {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  await fill(log, 0, 20)
  // As another process sees it; reading it here would give back the locks of this one.
  const copy = temporaryDirectory()
  for (const name of ['ledger.db', 'ledger.db-wal']) execFileSync('cp', [join(directory, name), copy])
  await log.close()
  expect(existsSync(join(copy, 'ledger.db-wal'))).toBe(true)
  const link = join(temporaryDirectory(), 'link.db')
  symlinkSync(join(copy, 'ledger.db'), link)
  const direct = await ledger('verify', '--db', join(copy, 'ledger.db'), ...KEY)
  expect(direct).toMatchObject({ code: 0, out: expect.stringContaining('all 20 entries') })
  expect(await ledger('verify', '--db', link, ...KEY)).toEqual(direct)
})

test('a head that cannot be kept is a wrong call, in one sentence', async () => {
  const { directory } = await closedLog(3)
  const keep = join(fileWith('no directory'), 'kept')
  const { code, out, err } = await ledger('verify', '--db', join(directory, 'ledger.db'), ...KEY, '--keep', keep)
  expect([code, out]).toEqual([2, ''])
  expect(err.split('\n').at(-1)).toMatch(/^wrong call: --keep .*kept cannot be written: ENOTDIR/)
})

test('AHP-AUDITOR-7 clear text that names a decision and does not open its leaf leads nobody to that entry', async () => {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  await log.append(leafOf(0), keyOf(0), utf8(JSON.stringify({ jti: '01KA0000000000000000000000' })))
  await log.close()
  for (const command of ['prove', 'show', 'why']) {
    const { code, out, err } = await ledger(command, '01KA0000000000000000000000', '--db', join(directory, 'ledger.db'), ...KEY)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/clear text of entry 0 names this decision and does not open its leaf/)
  }
})

test('what is wrong with a call that writes is a wrong call, in one sentence, and no fault of the program', async () => {
  const { directory } = await closedLog(3)
  const url = (host: string): string => JSON.stringify({ url: host, vkey: formatVkey('one.example', 4, vkey.key, crypto) })
  const policy = (quorum: number, host: string): string[] => [
    '--witnesses',
    fileWith(`{"quorum":${quorum},"witnesses":[${url(host)}]}`),
  ]
  const key = fileWith(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))
  chmodSync(key, 0o600)
  const hold = ['hold', '0', '--by', 'a', '--reason', 'b', '--db', join(directory, 'ledger.db'), '--key', key]
  for (const [change, reason] of [
    [policy(5, 'http://127.0.0.1:1'), /^wrong call: --witnesses: witnesses: a quorum from 1 to 1, not 5$/],
    [policy(1, 'http://example.org'), /^wrong call: --witnesses: http:\/\/example\.org: write an https URL/],
    [['--last-checkpoint', directory], /^wrong call: .* cannot be read: EISDIR/],
  ] as const) {
    const { code, out, err } = await ledger(...hold, ...change)
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(reason)])
    expect(err.split('\n')).toHaveLength(1)
  }
  const binary = fileWith(new Uint8Array([0xff, 0xfe]))
  expect(await ledger('verify', '--db', join(directory, 'ledger.db'), '--vkey', binary)).toMatchObject({ code: 2, out: '' })
})
