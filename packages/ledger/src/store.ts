/** Reads and writes the rows of a log; every write is one durable transaction (spec chapter 17). @module */
import { TILE_HEIGHT, TILE_WIDTH, tileBytes, tileNode } from '@aiegis/protocol'
import { bytesOf, integerOf, textOf, type Database, type Statement } from './sqlite.ts'
import type { FullTile } from './tree.ts'

/** An entry that is about to be stored. */
export interface NewEntry {
  readonly leaf: Uint8Array
  readonly leafHash: Uint8Array
  readonly key: Uint8Array
  /** Goes into the table that may be erased. */
  readonly clear: Uint8Array | undefined
}

/** Everything that one batch adds. */
export interface Batch {
  /** Index of the first entry: the number of those before. */
  readonly start: number
  readonly entries: readonly NewEntry[]
  readonly tiles: readonly FullTile[]
  /** Signed head over everything up to the last entry. */
  readonly note: string
}

/** The rows of one log. Throws what the driver throws; a failed `append` leaves nothing behind. */
export interface Store {
  /** Number of entries. */
  size(): number
  /** The newest head, as stored. */
  head(): string | undefined
  append(batch: Batch): void
  /** Index of the entry that was stored under this key. */
  indexOf(key: Uint8Array): number | undefined
  leaf(index: number): Uint8Array | undefined
  /** Leaves and stored leaf hashes from `start` on, at most 256. */
  leaves(start: number, count: number): readonly { readonly leaf: Uint8Array; readonly leafHash: Uint8Array }[]
  clear(index: number): Uint8Array | undefined
  /** Deletes clear text, also from the journal. True when there was some. */
  erase(index: number): boolean
  /** The 256 hashes of a full tile, and the root over them. */
  tile(level: number, n: number): { readonly hashes: Uint8Array; readonly root: Uint8Array } | undefined
  /** Roots of the full tiles of `level` from number `start` on. */
  tileRoots(level: number, start: number): readonly Uint8Array[]
}

/** The store in an open database whose schema was checked. */
export function createStore(database: Database): Store {
  const sql = statementsOf(database)
  return {
    size: () => integerOf(sql.size.get(), 'size'),
    head() {
      const row = sql.head.get()
      return row && textOf(row, 'note')
    },
    append: (batch) => inTransaction(database, () => insert(sql, batch)),
    indexOf(key) {
      const row = sql.index.get(key)
      return row && integerOf(row, 'idx')
    },
    leaf(index) {
      const row = sql.leaf.get(index)
      return row && bytesOf(row, 'leaf')
    },
    leaves: (start, count) =>
      sql.leaves.all(start, start + Math.min(count, TILE_WIDTH)).map((row) => ({
        leaf: bytesOf(row, 'leaf'),
        leafHash: bytesOf(row, 'leaf_hash'),
      })),
    clear(index) {
      const row = sql.clear.get(index)
      return row && bytesOf(row, 'clear')
    },
    erase(index) {
      const found = sql.clear.get(index) !== undefined
      sql.erase.run(index)
      // The journal still has the page with the text; this moves it into the file, where deletion overwrites, and empties it.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return found
    },
    tile(level, n) {
      const row = sql.tile.get(level, n)
      return row && { hashes: bytesOf(row, 'hashes'), root: bytesOf(row, 'root') }
    },
    tileRoots: (level, start) => sql.roots.all(level, start).map((row) => bytesOf(row, 'root')),
  }
}

type Statements = ReturnType<typeof statementsOf>

function statementsOf(database: Database): Record<keyof typeof SQL, Statement> {
  const prepare = (name: keyof typeof SQL): Statement => database.prepare(SQL[name])
  return {
    size: prepare('size'),
    head: prepare('head'),
    index: prepare('index'),
    leaf: prepare('leaf'),
    leaves: prepare('leaves'),
    clear: prepare('clear'),
    tile: prepare('tile'),
    roots: prepare('roots'),
    erase: prepare('erase'),
    insertEntry: prepare('insertEntry'),
    insertKey: prepare('insertKey'),
    insertClear: prepare('insertClear'),
    insertTile: prepare('insertTile'),
    insertHead: prepare('insertHead'),
  }
}

function insert(sql: Statements, { start, entries, tiles, note }: Batch): void {
  for (const [offset, { leaf, leafHash, key, clear }] of entries.entries()) {
    sql.insertEntry.run(start + offset, leaf, leafHash)
    sql.insertKey.run(key, start + offset)
    if (clear !== undefined) sql.insertClear.run(start + offset, clear)
  }
  for (const { level, n, tile } of tiles)
    sql.insertTile.run(level, n, tileNode(tile, TILE_HEIGHT, 0), tileBytes(tile, TILE_WIDTH))
  sql.insertHead.run(start + entries.length, note)
}

/** All or nothing. COMMIT returns when the journal is on disk. */
function inTransaction(database: Database, write: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    write()
    database.exec('COMMIT')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** Some errors, a full disk among them, have rolled back already; the first error is the one that matters. */
function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    return
  }
}

const SQL = {
  size: 'SELECT coalesce(max(idx) + 1, 0) AS size FROM entry',
  head: 'SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1',
  index: 'SELECT idx FROM idem WHERE key = ?',
  leaf: 'SELECT leaf FROM entry WHERE idx = ?',
  leaves: 'SELECT leaf, leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx',
  clear: 'SELECT clear FROM private WHERE idx = ?',
  tile: 'SELECT hashes, root FROM tile WHERE level = ? AND n = ?',
  roots: 'SELECT root FROM tile WHERE level = ? AND n >= ? ORDER BY n',
  erase: 'DELETE FROM private WHERE idx = ?',
  insertEntry: 'INSERT INTO entry(idx, leaf, leaf_hash) VALUES(?, ?, ?)',
  insertKey: 'INSERT INTO idem(key, idx) VALUES(?, ?)',
  insertClear: 'INSERT INTO private(idx, clear) VALUES(?, ?)',
  insertTile: 'INSERT INTO tile(level, n, root, hashes) VALUES(?, ?, ?, ?)',
  insertHead: 'INSERT INTO checkpoint(size, note) VALUES(?, ?)',
} as const
