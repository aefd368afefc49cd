/** Reads and writes the rows of a log in SQLite; every write is one durable transaction (spec chapter 17). @module */
import { TILE_HEIGHT, TILE_WIDTH, tileBytes, tileNode, toHex } from '@aiegis/protocol'
import { bytesOf, integerOf, textOf } from './columns.ts'
import { createSqliteCustody } from './custody/sqlite-store.ts'
import { closeDatabase, inTransaction, type Database, type SqlValue, type Statement } from './sqlite.ts'
import type { Batch, Found, Store, StoredHead, Turn } from './store.ts'

/** The store in an open database whose schema was checked. Throws what the driver throws; a failed append leaves nothing behind. */
export function createSqliteStore(database: Database): Store {
  const sql = statementsOf(database)
  const head = (): StoredHead => {
    const row = sql.head.get()
    return row === undefined ? { size: 0, note: undefined } : { size: integerOf(row, 'size'), note: textOf(row, 'note') }
  }
  const leafHashes = (start: number, end: number): readonly Uint8Array[] =>
    sql.leaves.all(start, end).map((row) => bytesOf(row, 'leaf_hash'))
  const turn: Turn = {
    head,
    find: (keys) => new Map(keys.flatMap((key) => find(sql, key))),
    leafHashes,
    append: (batch) => inTransaction(database, () => insert(sql, batch)),
  }
  return {
    hasOtherWriters: false,
    // The file has one writer, which does one thing after the other. No transaction stays open between two of its steps: erasure could
    // come in between and be undone with it.
    inTurn: (work) => work(turn),
    state: () => ({ entries: integerOf(sql.size.get(), 'size'), head: head() }),
    leaf(index) {
      const row = sql.leaf.get(index)
      return row && bytesOf(row, 'leaf')
    },
    leaves: (start, count) =>
      sql.leaves.all(start, start + Math.min(count, TILE_WIDTH)).map((row) => ({
        leaf: bytesOf(row, 'leaf'),
        leafHash: bytesOf(row, 'leaf_hash'),
      })),
    leafHashes,
    clear(index) {
      const row = sql.clear.get(index)
      return row && bytesOf(row, 'clear')
    },
    custody: createSqliteCustody(database),
    tile(level, n) {
      const row = sql.tile.get(level, n)
      return row && { hashes: bytesOf(row, 'hashes'), root: bytesOf(row, 'root') }
    },
    tileRoots: (level, start, count) => sql.roots.all(level, start, start + count).map((row) => bytesOf(row, 'root')),
    close: () => closeDatabase(database),
  }
}

function find(sql: Statements, key: Uint8Array): readonly (readonly [string, Found])[] {
  const row = sql.find.get(key)
  return row === undefined ? [] : [[toHex(key), { index: integerOf(row, 'idx'), leafHash: bytesOf(row, 'leaf_hash') }]]
}

type Statements = ReturnType<typeof statementsOf>

function statementsOf(database: Database): Record<keyof typeof SQL, Statement> {
  const prepare = (name: keyof typeof SQL): Statement => database.prepare(SQL[name])
  return {
    size: prepare('size'),
    head: prepare('head'),
    find: prepare('find'),
    leaf: prepare('leaf'),
    leaves: prepare('leaves'),
    clear: prepare('clear'),
    tile: prepare('tile'),
    roots: prepare('roots'),
    insertEntry: prepare('insertEntry'),
    insertEntries: prepare('insertEntries'),
    insertKey: prepare('insertKey'),
    insertKeys: prepare('insertKeys'),
    insertClear: prepare('insertClear'),
    insertClears: prepare('insertClears'),
    insertTile: prepare('insertTile'),
    insertHead: prepare('insertHead'),
  }
}

function insert(sql: Statements, { start, entries, tiles, note }: Batch): void {
  insertRows(
    [sql.insertEntry, sql.insertEntries],
    entries.map(({ leaf, leafHash }, offset) => [start + offset, leaf, leafHash]),
  )
  insertRows(
    [sql.insertKey, sql.insertKeys],
    entries.map(({ key }, offset) => [key, start + offset]),
  )
  insertRows(
    [sql.insertClear, sql.insertClears],
    entries.flatMap(({ clear }, offset) => (clear === undefined ? [] : [[start + offset, clear]])),
  )
  for (const { level, n, tile } of tiles)
    sql.insertTile.run(level, n, tileNode(tile, TILE_HEIGHT, 0), tileBytes(tile, TILE_WIDTH))
  sql.insertHead.run(start + entries.length, note)
}

function insertRows([one, many]: readonly [Statement, Statement], rows: readonly (readonly SqlValue[])[]): void {
  const whole = rows.length - (rows.length % ROWS)
  for (let at = 0; at < whole; at += ROWS) many.run(...rows.slice(at, at + ROWS).flat())
  for (const row of rows.slice(whole)) one.run(...row)
}

/** Rows of one statement: with more of them none is faster. */
const ROWS = 16
const times = (row: string): string => Array.from({ length: ROWS }, () => row).join()

const SQL = {
  size: 'SELECT coalesce(max(idx) + 1, 0) AS size FROM entry',
  head: 'SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1',
  find: 'SELECT idx, leaf_hash FROM idem JOIN entry USING(idx) WHERE key = ?',
  leaf: 'SELECT leaf FROM entry WHERE idx = ?',
  leaves: 'SELECT leaf, leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx',
  clear: 'SELECT clear FROM private WHERE idx = ?1 AND NOT EXISTS(SELECT 1 FROM erasure WHERE idx = ?1)',
  tile: 'SELECT hashes, root FROM tile WHERE level = ? AND n = ?',
  roots: 'SELECT root FROM tile WHERE level = ? AND n >= ? AND n < ? ORDER BY n',
  insertEntry: 'INSERT INTO entry(idx, leaf, leaf_hash) VALUES(?, ?, ?)',
  insertEntries: `INSERT INTO entry(idx, leaf, leaf_hash) VALUES${times('(?, ?, ?)')}`,
  insertKey: 'INSERT INTO idem(key, idx) VALUES(?, ?)',
  insertKeys: `INSERT INTO idem(key, idx) VALUES${times('(?, ?)')}`,
  insertClear: 'INSERT INTO private(idx, clear) VALUES(?, ?)',
  insertClears: `INSERT INTO private(idx, clear) VALUES${times('(?, ?)')}`,
  insertTile: 'INSERT INTO tile(level, n, root, hashes) VALUES(?, ?, ?, ?)',
  insertHead: 'INSERT INTO checkpoint(size, note) VALUES(?, ?)',
} as const
