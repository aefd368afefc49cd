import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesOf, integerOf, textOf } from '../src/columns.ts'
import { closeDatabase, openDatabase, takeLock } from '../src/sqlite.ts'
import { temporaryDirectory } from './logs.ts'

describe('the database', () => {
  test('flushes at every commit, keeps others out and overwrites what is deleted', async () => {
    const database = await openDatabase(join(temporaryDirectory(), 'a.db'))
    const setting = (name: string): unknown => database.prepare(`PRAGMA ${name}`).get()?.[name]
    expect(setting('synchronous')).toBe(2)
    expect(setting('journal_mode')).toBe('wal')
    expect(setting('locking_mode')).toBe('exclusive')
    expect(setting('secure_delete')).toBe(1)
    closeDatabase(database)
  })

  test('is a file whatever its name', async () => {
    const directory = temporaryDirectory()
    for (const name of [':memory:', 'file:x?mode=memory', ' ']) {
      const file = join(relative(process.cwd(), directory), name)
      const database = await openDatabase(file)
      database.exec('CREATE TABLE t(a INTEGER) STRICT')
      closeDatabase(database)
      expect(existsSync(join(directory, name))).toBe(true)
      const again = await openDatabase(file)
      expect(again.prepare('SELECT count(*) AS n FROM t').get()).toMatchObject({ n: 0 })
      closeDatabase(again)
    }
  })

  test('gives values of the type that is asked for, or says that they are missing', async () => {
    const database = await openDatabase(join(temporaryDirectory(), 'a.db'))
    const row = database.prepare(`SELECT x'0102' AS b, 7 AS i, 'seven' AS t, NULL AS n, 7.5 AS f`).get()
    expect(bytesOf(row, 'b')).toEqual(new Uint8Array([1, 2]))
    expect(integerOf(row, 'i')).toBe(7)
    expect(textOf(row, 't')).toBe('seven')
    expect(() => bytesOf(row, 't')).toThrow('no bytes in column t')
    expect(() => bytesOf(undefined, 'b')).toThrow('no bytes in column b')
    expect(() => integerOf(row, 'f')).toThrow('no integer in column f')
    expect(() => textOf(row, 'n')).toThrow('no text in column n')
    closeDatabase(database)
  })
})

describe('a lock', () => {
  test('is had once, is kept when it is tried, and can be given back', async () => {
    const file = join(temporaryDirectory(), 'lock')
    const release = await takeLock(file)
    expect(release).toBeTypeOf('function')
    expect([await takeLock(file), await takeLock(file)]).toEqual([undefined, undefined])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    release?.()
    release?.()
    const again = await takeLock(file)
    expect(again).toBeTypeOf('function')
    again?.()
  })

  test('that cannot be made says so', async () => {
    const directory = temporaryDirectory()
    await expect(takeLock(join(directory, 'none', 'lock'))).rejects.toThrow(/^ledger: .*lock cannot be locked/)
    writeFileSync(join(directory, 'lock'), 'x'.repeat(5_000))
    await expect(takeLock(join(directory, 'lock'))).rejects.toThrow(/^ledger: .*lock cannot be locked/)
  })
})
