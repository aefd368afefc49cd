import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { describe, expect, test } from 'vitest'
import { CUSTODY_TRIGGERS } from '../src/custody/sqlite-schema.ts'
import { connect, fill, keyOf, leafOf, openIn, temporaryDirectory, verifyAll } from './logs.ts'

const HASH = `x'${'00'.repeat(32)}'`
const TILE = `x'${'00'.repeat(8192)}'`

/** Statements of somebody with the file and no wish to change the schema. Each would change or forge evidence. */
const ATTACKS: readonly string[] = [
  `UPDATE entry SET leaf = x'00' WHERE idx = 0`,
  `UPDATE entry SET idx = 1000 WHERE idx = 299`,
  `UPDATE OR REPLACE entry SET idx = 0 WHERE idx = 1`,
  `UPDATE OR IGNORE entry SET leaf_hash = ${HASH}`,
  `DELETE FROM entry WHERE idx = 299`,
  `DELETE FROM entry`,
  `INSERT OR REPLACE INTO entry(idx, leaf, leaf_hash) VALUES(0, x'00', ${HASH})`,
  `REPLACE INTO entry(idx, leaf, leaf_hash) VALUES(299, x'00', ${HASH})`,
  `REPLACE INTO entry(rowid, leaf, leaf_hash) VALUES(5, x'00', ${HASH})`,
  `INSERT OR IGNORE INTO entry(idx, leaf, leaf_hash) VALUES(0, x'00', ${HASH})`,
  `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(0, x'00', ${HASH}) ON CONFLICT(idx) DO UPDATE SET leaf = excluded.leaf`,
  `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(301, x'00', ${HASH})`,
  `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(-1, x'00', ${HASH})`,
  `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(9223372036854775807, x'00', ${HASH})`,
  `UPDATE idem SET idx = 1 WHERE idx = 0`,
  `DELETE FROM idem`,
  `REPLACE INTO idem(key, idx) SELECT key, 5 FROM idem WHERE idx = 0`,
  `REPLACE INTO idem(key, idx) SELECT key, 299 FROM idem WHERE idx = 0`,
  `INSERT INTO idem(key, idx) SELECT key, 5 FROM idem WHERE idx = 0 ON CONFLICT(key) DO UPDATE SET idx = 5`,
  `INSERT INTO idem(key, idx) VALUES(x'01', 300)`,
  `INSERT INTO idem(key, idx) VALUES(x'01', 7)`,
  `INSERT INTO idem(key, idx) VALUES(x'01', -1)`,
  `INSERT INTO idem(key, idx) VALUES(x'01', 299)`,
  `INSERT INTO idem(key, idx) VALUES(x'01', NULL)`,
  `UPDATE tile SET root = ${HASH}`,
  `DELETE FROM tile`,
  `REPLACE INTO tile(level, n, root, hashes) VALUES(0, 0, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(0, 0, ${HASH}, ${TILE}) ON CONFLICT DO UPDATE SET root = excluded.root`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(0, 2, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(0, 1, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(1, 0, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(6, 0, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(7, 0, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(1, 1, ${HASH}, ${TILE})`,
  `INSERT INTO tile(level, n, root, hashes) VALUES(-1, 0, ${HASH}, ${TILE})`,
  `REPLACE INTO tile(rowid, level, n, root, hashes) VALUES(1, 0, 1, ${HASH}, ${TILE})`,
  `UPDATE checkpoint SET note = 'x'`,
  `UPDATE checkpoint SET size = size + 1000`,
  `DELETE FROM checkpoint`,
  `REPLACE INTO checkpoint(size, note) VALUES(300, 'x')`,
  `INSERT INTO checkpoint(size, note) VALUES(300, 'x') ON CONFLICT(size) DO UPDATE SET note = 'x'`,
  `INSERT INTO checkpoint(size, note) VALUES(301, 'x')`,
  `INSERT INTO checkpoint(size, note) VALUES(299, 'x')`,
  `UPDATE log SET origin = 'other.example'`,
  `DELETE FROM log`,
  `REPLACE INTO log(id, format, origin) VALUES(0, 1, 'other.example')`,
  `INSERT INTO log(id, format, origin) VALUES(1, 1, 'other.example')`,
]

const TABLES = ['log', 'entry', 'idem', 'tile', 'checkpoint'] as const

/** Why SQLite refuses a statement, or that it does not. */
function answerOf(database: DatabaseSyncInstance, statement: string): string {
  try {
    database.exec(statement)
    return `passed: ${statement}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const contentOf = (database: DatabaseSyncInstance): string =>
  JSON.stringify(TABLES.map((table) => database.prepare(`SELECT * FROM ${table}`).all()))

describe.each(['recursive_triggers = ON', 'recursive_triggers = OFF', 'ignore_check_constraints = ON'])(
  'through a connection with %s',
  (pragma) => {
    test('AHP-LEDGER-1 no statement changes a row, takes one out or puts one in out of turn', async () => {
      const directory = temporaryDirectory()
      const log = await openIn(directory)
      await fill(log, 0, 300)
      const head = log.checkpoint()
      await log.close()

      const database = connect(directory)
      database.exec(`PRAGMA ${pragma}`)
      const before = contentOf(database)
      const answers = ATTACKS.map((attack) => answerOf(database, attack))
      expect(answers.filter((answer) => !/^ledger: \w+ (row out of turn|is append-only)$/.test(answer))).toEqual([
        'table tile has no column named rowid',
      ])
      expect(contentOf(database)).toBe(before)
      database.close()

      const reopened = await openIn(directory)
      expect(await verifyAll(reopened, [head])).toBe(300n)
      expect((await reopened.append(leafOf(300), keyOf(300))).index).toBe(300n)
    })
  },
)

test.each(['ON', 'OFF'])(
  'AHP-LEDGER-1 what is in turn while a batch is written takes nothing from what was there (recursive_triggers = %s)',
  async (recursive) => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await fill(log, 0, 3)
    await log.close()
    const database = connect(directory)
    database.exec(`PRAGMA recursive_triggers = ${recursive}; BEGIN; INSERT INTO entry(idx, leaf, leaf_hash) VALUES(3, x'00', ${HASH});
      INSERT INTO idem(key, idx) VALUES(x'01', 3); INSERT INTO private(idx, clear) VALUES(3, x'01')`)
    for (const attack of [
      'REPLACE INTO idem(key, idx) SELECT key, 3 FROM idem WHERE idx = 0',
      'INSERT INTO idem(key, idx) SELECT key, 3 FROM idem WHERE idx = 0 ON CONFLICT(key) DO UPDATE SET idx = 3',
      "REPLACE INTO idem(key, idx) VALUES(x'01', 3)",
      "REPLACE INTO private(idx, clear) VALUES(3, x'02')",
      "INSERT INTO private(idx, clear) VALUES(2, x'02')",
      "INSERT INTO idem(key, idx) VALUES(x'02', 4)",
    ])
      expect(answerOf(database, attack)).toMatch(/^ledger: (idem|private) row out of turn$/)
    database.close()
  },
)

describe('what triggers do not stop', () => {
  test('naive triggers against UPDATE and DELETE are passed by INSERT OR REPLACE: the reason for all the others', () => {
    const database = new DatabaseSync(':memory:')
    database.exec(`CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf TEXT) STRICT;
      CREATE TRIGGER nu BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'no'); END;
      CREATE TRIGGER nd BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'no'); END;
      INSERT INTO entry VALUES(0, 'true')`)
    database.exec(`INSERT OR REPLACE INTO entry VALUES(0, 'forged')`)
    expect(database.prepare('SELECT leaf FROM entry').get()).toMatchObject({ leaf: 'forged' })
    database.close()
  })

  test('clear text that the owner of the file replaced does not reach the tree: it is no evidence', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await log.append(leafOf(0), keyOf(0), leafOf('clear'))
    await log.close()
    const database = connect(directory)
    const keep = CUSTODY_TRIGGERS.find((text) => text.includes('TRIGGER private_keep ')) ?? ''
    database.exec(`DROP TRIGGER private_keep; UPDATE private SET clear = x'01'; ${keep}`)
    database.close()
    const reopened = await openIn(directory)
    expect(await reopened.entry(0n)).toEqual({ leaf: leafOf(0), clear: new Uint8Array([1]) })
    expect(await verifyAll(reopened)).toBe(1n)
  })
})
