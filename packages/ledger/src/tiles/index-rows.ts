/** Reads and writes the rows beside the files of a log; every write is one durable transaction (spec chapter 17.9). @module */
import { toHex } from '@aiegis/protocol'
import { bytesOf, integerOf, textOf } from '../columns.ts'
import { createSqliteCustody } from '../custody/sqlite-store.ts'
import type { CustodyStore } from '../custody/store.ts'
import { closeDatabase, inTransaction, type Database, type Statement } from '../sqlite.ts'
import type { Batch, Found, StoredHead } from '../store.ts'

/** The rows beside the files. */
export interface IndexRows {
  /** The newest head that was signed over rows; perhaps not published. */
  readonly head: () => StoredHead
  readonly find: (keys: readonly Uint8Array[]) => ReadonlyMap<string, Found>
  readonly leafHashes: (start: number, end: number) => readonly Uint8Array[]
  /** All of it or nothing; durable when it returns. Staged leaves go that are under a head of `published` entries. */
  readonly stage: (batch: Batch, published: number) => void
  /** Staged leaves from entry `start` on, without gaps. */
  readonly staged: (start: number) => readonly Uint8Array[]
  readonly clear: (index: number) => Uint8Array | undefined
  readonly custody: CustodyStore
  readonly close: () => void
}

/** The rows in an open database whose tables were checked. */
export function createIndexRows(database: Database): IndexRows {
  const sql = statementsOf(database)
  return {
    head() {
      const row = sql.head.get()
      return row === undefined ? { size: 0, note: undefined } : { size: integerOf(row, 'size'), note: textOf(row, 'note') }
    },
    find: (keys) => new Map(keys.flatMap((key) => find(sql, key))),
    leafHashes: (start, end) => sql.hashes.all(start, end).map((row) => bytesOf(row, 'leaf_hash')),
    stage: (batch, published) => inTransaction(database, () => stage(sql, batch, published)),
    staged: (start) =>
      sql.staged.all(start).flatMap((row, offset) => (integerOf(row, 'idx') === start + offset ? [bytesOf(row, 'leaf')] : [])),
    clear(index) {
      const row = sql.clear.get(index)
      return row && bytesOf(row, 'clear')
    },
    custody: createSqliteCustody(database),
    close: () => closeDatabase(database),
  }
}

function find(sql: Statements, key: Uint8Array): readonly (readonly [string, Found])[] {
  const row = sql.find.get(key)
  return row === undefined ? [] : [[toHex(key), { index: integerOf(row, 'idx'), leafHash: bytesOf(row, 'leaf_hash') }]]
}

function stage(sql: Statements, { start, entries, note }: Batch, published: number): void {
  sql.unstage.run(published)
  for (const [offset, { leaf, leafHash, key, clear }] of entries.entries()) {
    sql.insertEntry.run(start + offset, leafHash)
    sql.insertKey.run(key, start + offset)
    sql.insertStaged.run(start + offset, leaf)
    if (clear !== undefined) sql.insertClear.run(start + offset, clear)
  }
  sql.insertHead.run(start + entries.length, note)
}

type Statements = Readonly<Record<keyof typeof SQL, Statement>>

function statementsOf(database: Database): Statements {
  const prepare = (name: keyof typeof SQL): Statement => database.prepare(SQL[name])
  return {
    head: prepare('head'),
    find: prepare('find'),
    hashes: prepare('hashes'),
    staged: prepare('staged'),
    clear: prepare('clear'),
    unstage: prepare('unstage'),
    insertEntry: prepare('insertEntry'),
    insertKey: prepare('insertKey'),
    insertStaged: prepare('insertStaged'),
    insertClear: prepare('insertClear'),
    insertHead: prepare('insertHead'),
  }
}

const SQL = {
  head: 'SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1',
  find: 'SELECT idx, leaf_hash FROM idem JOIN entry USING(idx) WHERE key = ?',
  hashes: 'SELECT leaf_hash FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx',
  staged: 'SELECT idx, leaf FROM staged WHERE idx >= ? ORDER BY idx',
  clear: 'SELECT clear FROM private WHERE idx = ?1 AND NOT EXISTS(SELECT 1 FROM erasure WHERE idx = ?1)',
  unstage: 'DELETE FROM staged WHERE idx < ?',
  insertEntry: 'INSERT INTO entry(idx, leaf_hash) VALUES(?, ?)',
  insertKey: 'INSERT INTO idem(key, idx) VALUES(?, ?)',
  insertStaged: 'INSERT INTO staged(idx, leaf) VALUES(?, ?)',
  insertClear: 'INSERT INTO private(idx, clear) VALUES(?, ?)',
  insertHead: 'INSERT INTO checkpoint(size, note) VALUES(?, ?)',
} as const
