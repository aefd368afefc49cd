/** Statements that try to lose, forge or free clear text in SQLite, each with its verdict (spec chapter 17.7). @module */
import { join } from 'node:path'
import { utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { createSqliteCustody } from '../../src/custody/sqlite-store.ts'
import { bindToJanitor, openSqliteJanitor } from '../../src/custody/sqlite-janitor.ts'
import { closeDatabase, openDatabase } from '../../src/sqlite.ts'
import { closedLog, connect, keyOf, leafOf, openIn, optionsIn, temporaryDirectory } from '../logs.ts'

const HELD = 'A'.repeat(22)
const FREE = 'B'.repeat(22)

/** Entry 0 is ordered, 1 on hold, 2 young, 3 was ordered and taken out, 4 has no clear text. */
async function prepared(): Promise<string> {
  const directory = temporaryDirectory()
  const log = await openIn(directory)
  for (const number of [0, 1, 2, 3]) await log.append(leafOf(number), keyOf(number), utf8(`person ${number}`))
  await log.append(leafOf(4), keyOf(4))
  await log.custody?.erase(3n, '')
  await log.custody?.hold(1n, 1n, '', HELD)
  await log.custody?.hold(2n, 2n, '', FREE)
  await log.custody?.release(FREE, '')
  await log.close()
  const janitor = await openSqliteJanitor(optionsIn(directory).file)
  await janitor.eraseOrdered(10)
  await janitor.close()
  const again = await openIn(directory)
  await again.custody?.erase(0n, '')
  await again.close()
  return directory
}

const REFUSED: readonly string[] = [
  `UPDATE private SET clear = x'00' WHERE idx = 1`,
  `UPDATE private SET at = 0`,
  `UPDATE private SET idx = 100 WHERE idx = 1`,
  `UPDATE OR REPLACE private SET idx = 1 WHERE idx = 2`,
  `DELETE FROM private WHERE idx = 1`,
  `DELETE FROM private WHERE idx = 2`,
  `DELETE FROM private`,
  `REPLACE INTO private(idx, clear) VALUES(1, x'00')`,
  `INSERT INTO private(idx, clear) VALUES(1, x'00') ON CONFLICT(idx) DO UPDATE SET clear = excluded.clear`,
  `INSERT INTO private(idx, clear) VALUES(3, x'00')`,
  `INSERT INTO private(idx, clear) VALUES(4, x'00')`,
  `INSERT INTO private(idx, clear) SELECT max(idx), x'00' FROM entry`,
  `INSERT INTO private(idx, at, clear) VALUES(1000, 0, x'00')`,
  `INSERT INTO private(idx, clear) VALUES(-1, x'00')`,
  `INSERT INTO private(idx, clear) VALUES(NULL, x'00')`,
  `INSERT INTO erasure(idx) VALUES(1)`,
  `INSERT INTO erasure(idx) VALUES(4)`,
  `INSERT INTO erasure(idx) VALUES(1000)`,
  `REPLACE INTO erasure(idx, at) VALUES(0, 0)`,
  `UPDATE erasure SET idx = 2 WHERE idx = 0`,
  `UPDATE erasure SET idx = 1 WHERE idx = 0`,
  `DELETE FROM erasure`,
  `UPDATE hold SET first = 2, last = 2`,
  `DELETE FROM hold`,
  `REPLACE INTO hold(id, first, last) VALUES('${HELD}', 4, 4)`,
  `INSERT INTO hold(id, first, last) VALUES('${HELD}', 4, 4) ON CONFLICT(id) DO UPDATE SET first = 4, last = 4`,
  `INSERT INTO hold(id, first, last) VALUES('x', 2, 1)`,
  `INSERT INTO hold(id, first, last) VALUES('x', -1, 1)`,
  `INSERT INTO release(id) VALUES('x')`,
  `REPLACE INTO release(id) VALUES('${FREE}')`,
  `UPDATE release SET id = '${HELD}'`,
  `DELETE FROM release`,
  `INSERT INTO minimum(idx) VALUES(1)`,
  `INSERT INTO minimum(idx) VALUES(2)`,
  `INSERT INTO minimum(idx) VALUES(0)`,
  `INSERT INTO minimum(idx) VALUES(-1)`,
  `INSERT INTO minimum(idx) VALUES(1000)`,
]

function answerOf(run: () => unknown): string {
  try {
    run()
    return 'passed'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe.each(['recursive_triggers = ON', 'recursive_triggers = OFF', 'ignore_check_constraints = ON'])(
  'through a connection with %s',
  (pragma) => {
    test('AHP-CUSTODY-4 no statement loses or forges clear text, orders or holds', async () => {
      const directory = await prepared()
      const database = connect(directory)
      database.exec(`PRAGMA ${pragma}`)
      const content = (): string =>
        JSON.stringify(
          ['private', 'erasure', 'hold', 'release', 'minimum'].map((table) => database.prepare(`SELECT * FROM ${table}`).all()),
        )
      const before = content()
      const answers = REFUSED.map((statement) => `${statement}: ${answerOf(() => database.exec(statement))}`)
      expect(answers.filter((answer) => !/: ledger: \w+ (row out of turn|is append-only)$/.test(answer))).toEqual([])
      expect(content()).toBe(before)
      // What was ordered may go, and a hold be released: that is what the tables are for.
      database.exec(`DELETE FROM private WHERE idx = 0; INSERT INTO release(id) VALUES('${HELD}')`)
      database.close()
    })
  },
)

describe('roles of connections', () => {
  test('AHP-CUSTODY-7 that of a writer takes nothing out, also what was ordered', async () => {
    const directory = await prepared()
    const database = await openDatabase(join(directory, 'ledger.db'))
    createSqliteCustody(database)
    for (const statement of ['DELETE FROM private WHERE idx = 0', 'DELETE FROM private'])
      expect(answerOf(() => database.exec(statement))).toBe('ledger: a writer takes nothing out')
    closeDatabase(database)
  })

  test('AHP-CUSTODY-7 that of a janitor adds nothing', async () => {
    const { directory } = await closedLog(3)
    const database = await openDatabase(join(directory, 'ledger.db'))
    bindToJanitor(database)
    const hash = `x'${'00'.repeat(32)}'`
    for (const [table, row] of [
      ['entry(idx, leaf, leaf_hash)', `3, x'00', ${hash}`],
      ['idem(key, idx)', `x'01', 2`],
      ['checkpoint(size, note)', `4, 'x'`],
      ['private(idx, clear)', `2, x'00'`],
      ['erasure(idx)', '2'],
      ['hold(id, first, last)', `'x', 0, 1`],
      ['release(id)', `'x'`],
      ['log(id, format, origin)', `1, 1, 'x'`],
    ] as const)
      expect(answerOf(() => database.exec(`INSERT INTO ${table} VALUES(${row})`))).toMatch(/^ledger: a janitor adds nothing to/)
    closeDatabase(database)
  })

  test('AHP-LEDGER-4 a janitor does not come while the log is open, nor the log while the janitor is there', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    const { file } = optionsIn(directory)
    await expect(openSqliteJanitor(file)).rejects.toThrow(/is open in another process/)
    await log.close()
    const janitor = await openSqliteJanitor(file)
    await expect(openIn(directory)).rejects.toThrow(/is open in another process/)
    await janitor.close()
  })

  test('a janitor says what is wrong with its file', async () => {
    const { directory } = await closedLog(1)
    await expect(openSqliteJanitor(join(directory, 'none.db'))).rejects.toThrow(/^ledger: there is no file .*none\.db/)
    const database = connect(directory)
    database.exec('DROP TRIGGER private_stay')
    database.close()
    await expect(openSqliteJanitor(optionsIn(directory).file)).rejects.toThrow(/lost or changed its trigger private_stay/)
    const other = await openDatabase(join(directory, 'other.db'))
    closeDatabase(other)
    await expect(openSqliteJanitor(join(directory, 'other.db'))).rejects.toThrow(/has no log/)
  })
})
