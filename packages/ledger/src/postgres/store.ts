/** Reads and writes the rows of a log in PostgreSQL; writers take turns at the one row of the head (spec chapter 17.5). @module */
import { TILE_HEIGHT, TILE_WIDTH, tileBytes, tileNode, toHex } from '@aiegis/protocol'
import { bytesOf, integerOf, textOf, type Row } from '../columns.ts'
import { createPostgresCustody } from './custody.ts'
import type { Batch, Found, Store, StoredHead, Turn } from '../store.ts'
import { PostgresFailure, withConnection, type PostgresPool, type Query } from './client.ts'

/** Milliseconds of one turn, waiting for it included, and of one question. */
const TURN_MS = 10_000
const READ_MS = 5_000
/** Turns that are tried when the server could not bring transactions into an order. */
const ATTEMPTS = 5
/** serialization_failure and deadlock_detected: nothing was written, and the next try may do better. */
const WORTH_ANOTHER: ReadonlySet<string | undefined> = new Set(['40001', '40P01'])

/**
 * The session may be of a pooler and hold anything, so a turn says what it needs. A writer that stands still loses its turn after three
 * seconds: the server ends its transaction. Others wait longer than that.
 */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '6s';
  SET LOCAL statement_timeout = '6s'; SET LOCAL idle_in_transaction_session_timeout = '3s'`

/** The store in a database whose schema was checked. */
export function createPostgresStore(pool: PostgresPool): Store {
  const ask = (text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
    withConnection(pool, READ_MS, async (query) => (await query(text, values)).rows)
  const change = (text: string, values: readonly unknown[] = []): Promise<readonly Row[]> =>
    withConnection(pool, TURN_MS, async (query) => {
      await query(BEGIN)
      const { rows } = await query(text, values)
      await commit(query)
      return rows
    })

  return {
    hasOtherWriters: true,
    async inTurn(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await withConnection(pool, TURN_MS, (query) => transaction(query, work))
        } catch (error) {
          if (attempt >= ATTEMPTS || !(error instanceof PostgresFailure) || !WORTH_ANOTHER.has(error.state)) throw error
        }
      }
    },
    async state() {
      const [row] = await ask(SQL.state)
      return { entries: integerOf(row, 'entries'), head: headOf(row) }
    },
    async leaf(index) {
      const [row] = await ask(SQL.leaf, [index])
      return row && bytesOf(row, 'leaf')
    },
    async leaves(start, count) {
      const rows = await ask(SQL.leaves, [start, start + Math.min(count, TILE_WIDTH)])
      return rows.map((row) => ({ leaf: bytesOf(row, 'leaf'), leafHash: bytesOf(row, 'leaf_hash') }))
    },
    leafHashes: async (start, end) => hashesOf(await ask(SQL.leafHashes, [start, end])),
    async clear(index) {
      const [row] = await ask(SQL.clear, [index])
      return row && bytesOf(row, 'clear')
    },
    custody: createPostgresCustody(ask, change),
    async tile(level, n) {
      const [row] = await ask(SQL.tile, [level, n])
      return row && { hashes: bytesOf(row, 'hashes'), root: bytesOf(row, 'root') }
    },
    tileRoots: async (level, start, count) =>
      (await ask(SQL.roots, [level, start, start + count])).map((row) => bytesOf(row, 'root')),
    // The pool is its owner's.
    close: () => undefined,
  }
}

/**
 * The head is signed inside: whoever holds its row knows that every row below was committed and that nobody else signs the next size.
 * A head whose transaction fails was seen by nobody; one whose answer did not come is found by the next turn, or never was.
 */
async function transaction<T>(query: Query, work: (turn: Turn) => Promise<T>): Promise<T> {
  await query(BEGIN)
  const [head] = (await query(SQL.lock)).rows
  if (textOf(head, 'durability') !== 'on') throw new Error('ledger: the database does not take synchronous_commit = on')
  const result = await work({
    head: () => headOf(head),
    find: async (keys) => new Map((await query(SQL.find, [keys])).rows.map(foundOf)),
    leafHashes: async (start, end) => hashesOf((await query(SQL.leafHashes, [start, end])).rows),
    append: (batch) => append(query, batch),
  })
  await commit(query)
  return result
}

async function commit(query: Query): Promise<void> {
  const { command } = await query('COMMIT')
  // PostgreSQL answers so, and without an error, when something before failed.
  if (command !== 'COMMIT') throw new PostgresFailure('the database rolled back', undefined)
}

/** The head first: triggers give no row a turn that is not below it. */
async function append(query: Query, { start, entries, tiles, note }: Batch): Promise<void> {
  const size = start + entries.length
  const moved = await query(SQL.moveHead, [size, note, start])
  if (moved.rows.length !== 1) throw new PostgresFailure('another writer moved the head', '40001')
  if (entries.length > 0) {
    const column = (name: 'key' | 'leaf' | 'leafHash'): readonly Uint8Array[] => entries.map((entry) => entry[name])
    await query(SQL.insertEntries, [start, column('key'), column('leaf'), column('leafHash')])
  }
  const clear = entries.flatMap((entry, offset) =>
    entry.clear === undefined ? [] : [{ index: start + offset, text: entry.clear }],
  )
  if (clear.length > 0) await query(SQL.insertClear, [clear.map(({ index }) => index), clear.map(({ text }) => text)])
  for (const { level, n, tile } of tiles)
    await query(SQL.insertTile, [level, n, tileNode(tile, TILE_HEIGHT, 0), tileBytes(tile, TILE_WIDTH)])
  await query(SQL.insertCheckpoint, [size, note])
}

function headOf(row: Row | undefined): StoredHead {
  return { size: integerOf(row, 'size'), note: row?.['note'] === null ? undefined : textOf(row, 'note') }
}

function foundOf(row: Row): readonly [string, Found] {
  return [toHex(bytesOf(row, 'key')), { index: integerOf(row, 'idx'), leafHash: bytesOf(row, 'leaf_hash') }]
}

function hashesOf(rows: readonly Row[]): readonly Uint8Array[] {
  return rows.map((row) => bytesOf(row, 'leaf_hash'))
}

/** Every integer is below 2^53, so a `float8` holds it; a `bigint` would arrive as text. */
const SQL = {
  state:
    'SELECT (SELECT coalesce(max(idx) + 1, 0)::float8 FROM aiegis_ledger.entry) AS entries, size::float8 AS size, note FROM aiegis_ledger.head',
  lock: `SELECT size::float8 AS size, note, current_setting('synchronous_commit') AS durability FROM aiegis_ledger.head FOR UPDATE`,
  find: 'SELECT key, idx::float8 AS idx, leaf_hash FROM aiegis_ledger.entry WHERE key = ANY($1::bytea[])',
  leaf: 'SELECT leaf FROM aiegis_ledger.entry WHERE idx = $1',
  leaves: 'SELECT leaf, leaf_hash FROM aiegis_ledger.entry WHERE idx >= $1 AND idx < $2 ORDER BY idx',
  leafHashes: 'SELECT leaf_hash FROM aiegis_ledger.entry WHERE idx >= $1 AND idx < $2 ORDER BY idx',
  clear:
    'SELECT clear FROM aiegis_ledger.private WHERE idx = $1 AND NOT EXISTS(SELECT 1 FROM aiegis_ledger.erasure WHERE idx = $1)',
  tile: 'SELECT hashes, root FROM aiegis_ledger.tile WHERE level = $1 AND n = $2',
  roots: 'SELECT root FROM aiegis_ledger.tile WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n',
  moveHead: `UPDATE aiegis_ledger.head SET size = $1::bigint, note = $2
    WHERE size = $3::bigint AND (note IS NULL) = ($1::bigint = $3::bigint) RETURNING 1`,
  insertEntries: `INSERT INTO aiegis_ledger.entry(idx, key, leaf, leaf_hash)
    SELECT $1::bigint + ord - 1, key, leaf, leaf_hash
    FROM unnest($2::bytea[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS fresh(key, leaf, leaf_hash, ord) ORDER BY ord`,
  insertClear:
    'INSERT INTO aiegis_ledger.private(idx, clear) SELECT idx, clear FROM unnest($1::bigint[], $2::bytea[]) AS fresh(idx, clear)',
  insertTile: 'INSERT INTO aiegis_ledger.tile(level, n, root, hashes) VALUES($1, $2, $3, $4)',
  insertCheckpoint: 'INSERT INTO aiegis_ledger.checkpoint(size, note) VALUES($1, $2)',
} as const
