import { hashLeaf, parseCheckpoint, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { openLog } from '../src/open-log.ts'
import { BrokenLog } from '../src/verify-log.ts'
import { closedLog, connect, crypto, fill, keyOf, leafOf, openIn, optionsIn, verifyAll } from './logs.ts'

/** What the owner of a file can do: statements with the triggers of a table out of the way, and then back in place. */
function asOwner(directory: string, table: string, statement: string): void {
  const database = connect(directory)
  const triggers = database.prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?`).all(table) as {
    name: string
    sql: string
  }[]
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`)
  database.exec(statement)
  for (const { sql } of triggers) database.exec(sql)
  database.close()
}

const hex = (bytes: Uint8Array): string => `x'${Buffer.from(bytes).toString('hex')}'`

describe('what the owner of the file can do', () => {
  const forgedHash = hex(hashLeaf(crypto, new Uint8Array(1)))
  test.each([
    ['an entry of the last tile', 'entry', `UPDATE entry SET leaf = x'00' WHERE idx = 299`, /entry 299 was changed/],
    [
      'an entry of the last tile and its hash',
      'entry',
      `UPDATE entry SET leaf = x'00', leaf_hash = ${forgedHash} WHERE idx = 299`,
      /the first 300 entries in the database are not those under the newest checkpoint in the database/,
    ],
    [
      'the last entry taken out',
      'entry',
      'DELETE FROM entry WHERE idx = 299',
      /ends after 299 entries, but the newest checkpoint/,
    ],
    ['an entry of the last tile taken out', 'entry', 'DELETE FROM entry WHERE idx = 290', /should end in a tile of 44 hashes/],
    [
      'an entry put behind',
      'entry',
      `INSERT INTO entry(idx, leaf, leaf_hash) VALUES(300, x'00', ${forgedHash})`,
      /has 301 entries, but its newest checkpoint is over 300/,
    ],
    [
      'the root of a full tile',
      'tile',
      `UPDATE tile SET root = x'${'00'.repeat(32)}'`,
      /the first 300 entries in the database are not those/,
    ],
    ['a full tile taken out', 'tile', 'DELETE FROM tile', /level 1 of the database should end in a tile of 1 hashes/],
    [
      'the newest head taken out',
      'checkpoint',
      'DELETE FROM checkpoint WHERE size = 300',
      /has 300 entries, but its newest checkpoint is over/,
    ],
    ['all heads taken out', 'checkpoint', 'DELETE FROM checkpoint', /entries and no checkpoint over them/],
    ['the newest head', 'checkpoint', `UPDATE checkpoint SET note = 'x' WHERE size = 300`, /is no checkpoint/],
    [
      'an older head in the place of the newest',
      'checkpoint',
      'UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 0) WHERE size = 300',
      /has 300 entries, but its newest checkpoint is over 0/,
    ],
  ])('%s: the log does not start', async (_, table, statement, reason) => {
    const { directory } = await closedLog(300)
    asOwner(directory, table, statement)
    await expect(openLog(optionsIn(directory))).rejects.toThrow(reason)
  })

  test('an old entry changed and all triggers back in place: reading the whole log shows it', async () => {
    const { directory, head } = await closedLog(300)
    const forged = utf8('forged')
    asOwner(
      directory,
      'entry',
      `UPDATE entry SET leaf = ${hex(forged)}, leaf_hash = ${hex(hashLeaf(crypto, forged))} WHERE idx = 7`,
    )
    const log = await openIn(directory)
    await expect(verifyAll(log)).rejects.toThrow(BrokenLog)
    await expect(verifyAll(log, [head])).rejects.toThrow(/the first 300 entries are not those|does not hold the hashes/)
  })

  test('AHP-LEDGER-18 a key given to another entry, and that entry the hash of the leaf: no token gets out that is not in the log', async () => {
    const { directory, head } = await closedLog(300)
    asOwner(directory, 'idem', `UPDATE idem SET idx = 9 WHERE idx = 8`)
    asOwner(directory, 'entry', `UPDATE entry SET leaf_hash = ${hex(hashLeaf(crypto, leafOf('new')))} WHERE idx = 7`)
    asOwner(directory, 'idem', `INSERT INTO idem(key, idx) VALUES(${hex(keyOf('new'))}, 7)`)
    const log = await openIn(directory)
    expect((await log.append(leafOf(5), keyOf(5))).index).toBe(5n)
    await expect(log.append(leafOf(8), keyOf(8))).rejects.toMatchObject({ code: 'idempotency_conflict' })
    await expect(log.append(leafOf('new'), keyOf('new'))).rejects.toMatchObject({
      code: 'ledger_unavailable',
      cause: { message: 'ledger: the database has a key for entry 7 that is of another leaf' },
    })
    await log.close()
    expect((await openIn(directory)).checkpoint()).toBe(head)
  })

  test('a key taken out: the same append is a second entry, and both are in the log for everybody to see', async () => {
    const { directory, head } = await closedLog(3)
    asOwner(directory, 'idem', 'DELETE FROM idem WHERE idx = 1')
    const log = await openIn(directory)
    expect((await log.append(leafOf(1), keyOf(1))).index).toBe(3n)
    expect(await verifyAll(log, [head])).toBe(4n)
  })

  test('a changed tile is neither served nor used in proofs', async () => {
    const { directory } = await closedLog(300)
    asOwner(directory, 'tile', `UPDATE tile SET hashes = zeroblob(8192)`)
    const log = await openIn(directory)
    await expect(log.prove(3n)).rejects.toThrow('tile 0/0 was changed')
    await expect(log.tile(0, 0n, 256)).rejects.toThrow('tile 0/0 was changed')
    await expect(verifyAll(log)).rejects.toThrow('tile 0/0 was changed')
  })

  test('everything rewritten and signed with the stolen log key: a checkpoint that somebody remembers shows it', async () => {
    const { head } = await closedLog(20)
    const { directory } = await closedLog(0)
    const forged = await openIn(directory)
    await fill(forged, 0, 19)
    await forged.append(leafOf('forged'), keyOf('forged'))
    expect(await verifyAll(forged)).toBe(20n)
    await expect(verifyAll(forged, [head])).rejects.toThrow(/the first 20 entries are not those that were signed/)
    await fill(forged, 20, 25)
    await expect(verifyAll(forged, [head])).rejects.toThrow(BrokenLog)
    expect(parseCheckpoint(head).size).toBe(20n)
  })
})
