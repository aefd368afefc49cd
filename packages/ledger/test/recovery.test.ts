import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createSigner, Refusal, utf8 } from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newestIn } from '../src/last-checkpoint.ts'
import { openLog } from '../src/open-log.ts'
import {
  closedLog,
  connect,
  crypto,
  fill,
  keyOf,
  leafOf,
  openIn,
  optionsIn,
  ORIGIN,
  temporaryDirectory,
  verifyAll,
} from './logs.ts'

describe('opening again', () => {
  test.each([0, 1, 255, 256, 257, 512, 700])('goes on where a log of %i entries ended', async (size) => {
    const { directory, head } = await closedLog(size)
    const log = await openIn(directory)
    expect(log.checkpoint()).toBe(head)
    await fill(log, size, size + 300)
    expect(await verifyAll(log, [head])).toBe(BigInt(size + 300))
  })

  test('leaves one database file and one checkpoint file, readable for everybody only where that is meant', async () => {
    const { directory } = await closedLog(3)
    expect(statSync(join(directory, 'ledger.db')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(directory, 'last-checkpoint'), 'utf8')).toMatch(/^ledger\.example\/aiegis\/1\n3\n/)
    expect(() => statSync(join(directory, 'ledger.db-wal'))).toThrow('ENOENT')
  })

  test('a directory that is not there and a file that is no database are named', async () => {
    const directory = temporaryDirectory()
    await expect(openLog({ ...optionsIn(join(directory, 'missing')) })).rejects.toThrow(/missing.ledger\.db cannot be opened/)
    writeFileSync(join(directory, 'ledger.db'), 'x'.repeat(5000))
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/ledger\.db cannot be opened/)
  })
})

describe('AHP-LEDGER-4 one writer', () => {
  test('a second opening in the same process is refused, and the first goes on', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/is open in another process/)
    // Whoever opens and closes a file gives back all locks that the process has on it.
    const { stderr } = spawnSync(process.execPath, ['-e', EXECUTE, DRIVER, join(directory, 'ledger.db'), 'BEGIN IMMEDIATE'])
    expect(stderr.toString()).toContain('database is locked')
    await log.append(leafOf(0), keyOf(0))
    expect(await verifyAll(log)).toBe(1n)
  })

  test('a file that another process has open is refused, until that process ends', async () => {
    const { directory, head } = await closedLog(2)
    const child = spawn(process.execPath, ['-e', HOLD, DRIVER, join(directory, 'ledger.db')])
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/is open in another process/)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await openIn(directory)).checkpoint()).toBe(head)
  })

  test('another process can neither write nor read the file while the log is open', async () => {
    const directory = temporaryDirectory()
    await fill(await openIn(directory), 0, 3)
    // In a process of its own: within one process two SQLite libraries do not see each other's locks.
    for (const statement of ['SELECT count(*) FROM entry', 'DROP TRIGGER entry_stay', 'BEGIN IMMEDIATE']) {
      const { stderr, status } = spawnSync(process.execPath, ['-e', EXECUTE, DRIVER, join(directory, 'ledger.db'), statement])
      expect(stderr.toString()).toContain('database is locked')
      expect(status).not.toBe(0)
    }
  })
})

describe('AHP-LEDGER-12 one log for each key', () => {
  test('a log whose file is missing is not begun anew when its key may have signed', async () => {
    const { directory } = await closedLog(2)
    rmSync(join(directory, 'ledger.db'))
    rmSync(join(directory, 'last-checkpoint'))
    await expect(openLog({ ...optionsIn(directory), mustExist: true })).rejects.toThrow(
      /^ledger: .*ledger\.db is missing, and its log key would sign a second log; put the file back/,
    )
    expect(existsSync(join(directory, 'ledger.db'))).toBe(false)
    // A start that was cut short before the first head leaves the file empty.
    writeFileSync(join(directory, 'ledger.db'), '')
    expect((await openIn(directory, { mustExist: true })).size()).toBe(0n)
  })
})

/** What another process has to open the file with. */
const DRIVER = createRequire(import.meta.url).resolve('@photostructure/sqlite')

/** Runs one statement. */
const EXECUTE = `
  const { DatabaseSync } = require(process.argv[1])
  new DatabaseSync(process.argv[2]).exec(process.argv[3])
`

/** Locks a database as a log does, says so, and waits. */
const HOLD = `
  const { DatabaseSync } = require(process.argv[1])
  const database = new DatabaseSync(process.argv[2])
  database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  process.stdout.write('locked')
  setInterval(() => {}, 1000)
`

describe('AHP-LEDGER-7 the checkpoint outside the database', () => {
  test('an old copy of the database does not start, for appending to it would fork the log', async () => {
    const { directory } = await closedLog(5)
    const file = join(directory, 'ledger.db')
    copyFileSync(file, `${file}.backup`)
    const log = await openIn(directory)
    await fill(log, 5, 9)
    await log.close()
    copyFileSync(`${file}.backup`, file)
    await expect(openLog(optionsIn(directory))).rejects.toThrow(
      /ends after 5 entries, but the checkpoint in .* is over 9; going on with an old copy/,
    )
  })

  test('nor does a new database beside it', async () => {
    const { directory } = await closedLog(5)
    rmSync(join(directory, 'ledger.db'))
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/ends after 0 entries, but the checkpoint in .* is over 5/)
  })

  test('nor another history of the same length, or a longer one', async () => {
    for (const size of [5, 8]) {
      const { directory } = await closedLog(5)
      const other = temporaryDirectory()
      const fork = await openIn(other)
      await fork.append(leafOf('other'), keyOf('other'))
      await fill(fork, 1, size)
      await fork.close()
      copyFileSync(join(other, 'ledger.db'), join(directory, 'ledger.db'))
      await expect(openLog(optionsIn(directory))).rejects.toThrow(/the first 5 entries in the database are not those under/)
    }
  })

  test('a database that is ahead of it starts: the crash came between commit and file', async () => {
    const { directory, head } = await closedLog(5)
    const log = await openIn(directory)
    await fill(log, 5, 600)
    const newest = log.checkpoint()
    await log.close()
    writeFileSync(join(directory, 'last-checkpoint'), head)
    const reopened = await openIn(directory)
    expect(reopened.checkpoint()).toBe(newest)
    expect(remembered(directory)).toBe(newest)
    expect(await verifyAll(reopened, [head])).toBe(600n)
  })

  test('without it only an empty log starts', async () => {
    const { directory } = await closedLog(1)
    rmSync(join(directory, 'last-checkpoint'))
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/last-checkpoint is missing/)
    const { directory: empty } = await closedLog(0)
    rmSync(join(empty, 'last-checkpoint'))
    expect((await openIn(empty)).size()).toBe(0n)
  })

  test('one that is no checkpoint, of another log or of another key does not count', async () => {
    const { directory, head } = await closedLog(3)
    const file = join(directory, 'last-checkpoint')
    for (const [content, reason] of [
      ['', /is no checkpoint/],
      [head.slice(0, -1), /is no checkpoint/],
      [head.replace('\n3\n', '\n2\n'), /is not signed by/],
      [head.replaceAll('ledger.example', 'ledger.test'), /is of log ledger\.test/],
    ] as const) {
      writeFileSync(file, content)
      await expect(openLog(optionsIn(directory))).rejects.toThrow(reason)
    }
    writeFileSync(file, head)
    expect((await openIn(directory)).size()).toBe(3n)
  })

  test('may be kept elsewhere', async () => {
    const [directory, elsewhere] = [temporaryDirectory(), temporaryDirectory()]
    const lastCheckpointFile = join(elsewhere, 'heads', '..', 'aiegis-1')
    const log = await openIn(directory, { lastCheckpointFile: join(elsewhere, 'aiegis-1') })
    await fill(log, 0, 2)
    const head = log.checkpoint()
    await log.close()
    expect(readFileSync(join(elsewhere, 'aiegis-1'), 'utf8')).toBe(head)
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/last-checkpoint is missing/)
    expect(lastCheckpointFile).toContain('aiegis-1')
  })
})

/** What the file has while a log is open, as a process would find it that starts after this one was killed. */
const remembered = (directory: string): string => newestIn(crypto, readFileSync(join(directory, 'last-checkpoint')))

describe('AHP-LEDGER-7 the file of the checkpoint while the log is open', () => {
  const SLOT = 16_384

  /** A copy of the files of a log that was not closed, and the notes that were released last, oldest first. */
  async function killed(): Promise<{ directory: string; file: string; released: readonly string[] }> {
    const running = temporaryDirectory()
    const log = await openIn(running)
    const released: string[] = []
    for (let number = 0; number < 4; number++) released.push((await log.append(leafOf(number), keyOf(number))).checkpoint)
    const directory = temporaryDirectory()
    for (const name of ['ledger.db', 'ledger.db-wal', 'last-checkpoint']) copyFileSync(join(running, name), join(directory, name))
    return { directory, file: join(directory, 'last-checkpoint'), released }
  }

  /** Where the newest note stands, by what a reader finds. */
  function newestSlot(bytes: Uint8Array): number {
    return newestIn(crypto, bytes) === newestIn(crypto, bytes.subarray(0, SLOT)) ? 0 : SLOT
  }

  test('has each head when it is released, and alone after the log is closed', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    expect(remembered(directory)).toBe(log.checkpoint())
    for (let number = 0; number < 5; number++) {
      const { checkpoint } = await log.append(leafOf(number), keyOf(number))
      expect(remembered(directory)).toBe(checkpoint)
    }
    const head = log.checkpoint()
    await log.close()
    expect(readFileSync(join(directory, 'last-checkpoint'), 'utf8')).toBe(head)
  })

  test('a crash in the middle of a write leaves the head before, wherever the write was cut', async () => {
    const { directory, file, released } = await killed()
    const whole = readFileSync(file)
    const at = newestSlot(whole)
    const length = whole.indexOf('\n', at) + 1 - at + Buffer.byteLength(newestIn(crypto, whole))
    expect(newestIn(crypto, whole)).toBe(released.at(-1))
    for (let cut = 0; cut < length; cut++) {
      const torn = Uint8Array.from(whole)
      torn.fill(0, at + cut, at + length)
      expect(newestIn(crypto, torn)).toBe(released.at(-2))
    }
    const torn = Uint8Array.from(whole)
    torn.fill(0, at + 100, at + length)
    writeFileSync(file, torn)
    expect((await openIn(directory)).size()).toBe(4n)
  })

  test('is believed only as it was written: no other turn, no other note, no other length', async () => {
    const { directory, file, released } = await killed()
    const whole = readFileSync(file)
    const older = newestSlot(whole) === 0 ? SLOT : 0
    for (const change of [
      (text: string) => text.replace(/^slot \d+/, 'slot 9'),
      (text: string) => text.replace('\n3\n', '\n9\n'),
      (text: string) =>
        text.replace(/^slot (\d+) (\d+)/, (_, turn: string, length: string) => `slot ${turn} ${Number(length) - 1}`),
    ]) {
      const changed = Uint8Array.from(whole)
      changed.set(Buffer.from(change(whole.toString('latin1', older, older + 1_000)), 'latin1'), older)
      expect(changed).not.toEqual(Uint8Array.from(whole))
      expect(newestIn(crypto, changed)).toBe(released.at(-1))
    }
    for (const at of [0, SLOT]) whole.fill(0x20, at + 90, at + 100)
    writeFileSync(file, whole)
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/is no checkpoint/)
  })

  test('holds an old copy of the database back, also when nobody closed the log', async () => {
    const { directory } = await killed()
    const { directory: old } = await closedLog(3)
    copyFileSync(join(old, 'ledger.db'), join(directory, 'ledger.db'))
    rmSync(join(directory, 'ledger.db-wal'))
    await expect(openLog(optionsIn(directory))).rejects.toThrow(/ends after 3 entries, but the checkpoint in .* is over 4/)
  })

  test('is the one of its name: put another there and the log stops', async () => {
    for (const replace of [
      (file: string) => rmSync(file),
      (file: string) => (copyFileSync(file, `${file}.2`), renameSync(`${file}.2`, file)),
    ]) {
      const directory = temporaryDirectory()
      const log = await openIn(directory)
      await fill(log, 0, 2)
      replace(join(directory, 'last-checkpoint'))
      await expect(log.append(leafOf(2), keyOf(2))).rejects.toMatchObject({ code: 'ledger_unavailable' })
      expect(() => log.checkpoint()).toThrow(Refusal)
    }
  })
})

describe('a database of somebody else', () => {
  test('another origin or key is refused', async () => {
    const { directory } = await closedLog(2)
    await expect(openLog({ ...optionsIn(directory), origin: 'ledger.example/aiegis/2' })).rejects.toThrow(
      /^ledger: the database is of log ledger\.example.aiegis.1/,
    )
    const other = createSigner(crypto.sha256(utf8('another key')), ORIGIN)
    await expect(openLog({ ...optionsIn(directory), signer: other })).rejects.toThrow(/not signed by .*; a log keeps its key/)
  })

  test('a name that no note can carry is refused before anything is created', async () => {
    const directory = temporaryDirectory()
    for (const origin of ['', 'a b', 'a+b', 'a\nb'])
      await expect(openLog({ ...optionsIn(directory), origin })).rejects.toThrow(TypeError)
    expect(() => statSync(join(directory, 'ledger.db'))).toThrow('ENOENT')
  })

  test('tables of another format are named as such, not as damage', async () => {
    const { directory } = await closedLog(2)
    const database = connect(directory)
    database.exec(`DROP TRIGGER log_keep; UPDATE log SET format = 2; DROP TABLE tile; ALTER TABLE private ADD COLUMN more TEXT`)
    database.close()
    await expect(openLog(optionsIn(directory))).rejects.toThrow('the database is of format 2, this program knows 1')
  })

  test('tables and triggers must be exactly those of a log', async () => {
    const changes: [string, RegExp][] = [
      ['DROP TRIGGER entry_stay', /lost or changed its trigger entry_stay/],
      ['DROP TRIGGER idem_turn', /lost or changed its trigger idem_turn/],
      [
        `DROP TRIGGER entry_keep; CREATE TRIGGER entry_keep BEFORE UPDATE ON entry BEGIN SELECT 1; END`,
        /lost or changed its trigger entry_keep/,
      ],
      ['ALTER TABLE private ADD COLUMN x TEXT', /lost or changed its table private/],
      ['DROP TABLE private', /lost or changed its table private/],
      ['CREATE TABLE more(x)', /not of a log/],
      [`CREATE TRIGGER more AFTER INSERT ON entry BEGIN DELETE FROM private; END`, /not of a log/],
    ]
    for (const [statement, reason] of changes) {
      const { directory } = await closedLog(2)
      const database = connect(directory)
      database.exec(statement)
      database.close()
      await expect(openLog(optionsIn(directory))).rejects.toThrow(reason)
    }
  })
})
