/** Copies a SQLite database as it is at one moment, without a lock, so that its owner neither waits nor is kept from it (spec chapter 17.12). @module */
import { constants } from 'node:fs'
import { copyFile, mkdtemp, open, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal } from '@aiegis/protocol'
import { openDatabase, type Database } from '../../sqlite.ts'
import { Unreachable, WrongCall } from '../failures.ts'

/** A copy in memory and unnamed files; nobody else can open it. */
export interface Snapshot {
  readonly database: Database
  /** Whether the file was written since. */
  isOld(): Promise<boolean>
  close(): Promise<void>
}

/** Bytes of the header of a write-ahead log: its salts change whenever it begins anew. */
const WAL_HEADER = 32
const ATTEMPTS = 20
const PAUSE_MS = 50
const MAGIC = 'SQLite format 3\0'

/**
 * Copies the file and its write-ahead log. SQLite writes pages into the file only from a log that it keeps until all of them are there, so
 * a file that was copied between two looks at one log is that file together with it. Opens neither in SQLite: the process that has the log
 * open locks both against readers. Must not be called in that process, whose locks closing the file gives back (POSIX.1 fcntl). Rejects
 * with `WrongCall` for what is no SQLite database, and `Unreachable` for one that does not stay still.
 */
export async function snapshotOf(named: string): Promise<Snapshot> {
  // The log of SQLite is beside the file itself: read beside a link to it, the newest entries would be missing.
  const file = await realpath(named).catch(() => named)
  await checkMagic(file)
  const directory = await mkdtemp(join(tmpdir(), 'aiegis-audit-'))
  try {
    const mark = await copyInto(file, join(directory, 'copy.db'))
    const database = await openDatabase(join(directory, 'copy.db'))
    database.exec('PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY')
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    // Clear text is in the copy: where an open file needs no name, nobody finds it, also when this process is killed.
    await rm(directory, { recursive: true, force: true }).catch(() => undefined)
    return {
      database,
      isOld: async () => (await markOf(file)) !== mark,
      async close() {
        database.close()
        await rm(directory, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

/** Resolves to what says whether the file was written since. */
async function copyInto(file: string, copy: string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await walHeader(file)
    const mark = await markOf(file)
    await copyFile(file, copy, constants.COPYFILE_FICLONE)
    if (before.length === 0) {
      // What a process left that was ended while it closed the file.
      await copyIfThere(`${file}-journal`, `${copy}-journal`)
      if ((await markOf(file)) === mark) return mark
    } else if (await copyWal(file, copy, before)) return mark
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new Unreachable(`${file} is being changed all the time; try again, or read the log from its URL`)
}

/** Copies the log after the file; false where it is not the one that was there before. */
async function copyWal(file: string, copy: string, before: Uint8Array): Promise<boolean> {
  return (await copyIfThere(`${file}-wal`, `${copy}-wal`)) && equal(await walHeader(copy), before)
}

async function copyIfThere(file: string, copy: string): Promise<boolean> {
  await rm(copy, { force: true })
  try {
    if (!(await stat(file)).isFile()) throw new WrongCall(`${file} is no file`)
    await copyFile(file, copy, constants.COPYFILE_FICLONE)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Empty where there is no log, or nothing in it. */
async function walHeader(file: string): Promise<Uint8Array> {
  try {
    return await firstBytes(`${file}-wal`, WAL_HEADER)
  } catch (error) {
    if (isMissing(error)) return new Uint8Array(0)
    throw error
  }
}

async function markOf(file: string): Promise<string> {
  const marks = await Promise.all(
    [file, `${file}-wal`, `${file}-journal`].map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined)
      return found === undefined ? '' : `${found.ino}/${found.size}/${found.mtimeNs}`
    }),
  )
  return marks.join(' ')
}

async function checkMagic(file: string): Promise<void> {
  let bytes: Uint8Array
  try {
    bytes = await firstBytes(file, MAGIC.length)
  } catch (cause) {
    if (cause instanceof WrongCall) throw cause
    const reason = isMissing(cause) ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause)
    throw new WrongCall(`${file} cannot be read: ${reason}`, { cause })
  }
  if (Buffer.from(bytes).toString('latin1') !== MAGIC) throw new WrongCall(`${file} is no SQLite database`)
}

async function firstBytes(file: string, count: number): Promise<Uint8Array> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new WrongCall(`${file} is no file`)
    const bytes = new Uint8Array(count)
    const { bytesRead } = await handle.read(bytes, 0, count, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT'
}
