/** What the log adds to plain inserts and to a flush of the disk, how it grows, and how much memory a million entries take. @module */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { logHttp, openLog, verifyLog, type Log } from '@aiegis/ledger'
import { createSigner, defaultCrypto, parseVkey, utf8, type Signer } from '@aiegis/protocol'
import { measure, ratio, report } from './measure.ts'

const ORIGIN = 'ledger.example/bench'
const FEW = 1_000
const MANY = 1_000_000
/** As large as the leaf of a decision. */
const PADDING = 'x'.repeat(430)

/**
 * Appends of 100 at once over inserts of 100 in one transaction, commits of 64 callers for each of their entries, bytes of the file
 * without clear text, one caller, who waits for two flushes (chapter 17.2), over one flush, and the proof of an entry of a million over
 * that of a thousand: of one that was just appended, as a token carries it, and of any, for which tiles are read from the disk and hashed.
 */
export async function benchLedger(json: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-bench-'))
  try {
    const batch100_over_plain = await overPlain(directory)
    const p50_over_fsync = await overFsync(directory)
    const { commits_per_entry, bytes_per_entry, ...proofs } = await aMillion(directory, json)
    report('ledger', { batch100_over_plain, commits_per_entry, bytes_per_entry, p50_over_fsync, ...proofs }, json)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const signer: Signer = createSigner(defaultCrypto().sha256(utf8('log key of the benchmark')), ORIGIN)

function open(directory: string, name: string): Promise<Log> {
  const lastCheckpointFile = join(directory, `${name}-last-checkpoint`)
  return openLog({ file: join(directory, `${name}.db`), origin: ORIGIN, signer, lastCheckpointFile })
}

const leafOf = (number: number): Uint8Array => utf8(`{"number":${number},"padding":"${PADDING}"}`)
const keyOf = (number: number): Uint8Array => utf8(`key ${number}`)

/** As durable, and one row of one column for each leaf: without hash, key, triggers, tree, head, the flush outside and proofs. */
function openPlain(file: string): { insert(leaves: readonly Uint8Array[]): void; close(): void } {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT')
  const statement = database.prepare('INSERT INTO entry(leaf) VALUES(?)')
  return {
    insert(leaves) {
      database.exec('BEGIN IMMEDIATE')
      for (const leaf of leaves) statement.run(leaf)
      database.exec('COMMIT')
    },
    close: () => database.close(),
  }
}

async function overPlain(directory: string): Promise<number> {
  const log = await open(directory, 'batches')
  const plain = openPlain(join(directory, 'plain.db'))
  const batches = (operations: number): readonly (readonly number[])[] =>
    Array.from({ length: operations }, (_, batch) => Array.from({ length: 100 }, (__, offset) => batch * 100 + offset))
  const costs = await measure(
    [
      {
        name: 'ledger',
        prepare: batches,
        run: (batch) => Promise.all((batch as readonly number[]).map((number) => log.append(leafOf(number), keyOf(number)))),
      },
      { name: 'plain', prepare: batches, run: (batch) => plain.insert((batch as readonly number[]).map(leafOf)) },
    ],
    10,
  )
  await log.close()
  plain.close()
  return ratio(costs, 'plain', 'ledger')
}

async function overFsync(directory: string): Promise<number> {
  const log = await open(directory, 'single')
  const file = openSync(join(directory, 'flushed'), 'w')
  const page = new Uint8Array(4_096)
  const [appends, flushes]: [number[], number[]] = [[], []]
  for (let number = 0; number < 500; number++) {
    flushes.push(
      timed(() => {
        writeSync(file, page)
        fsyncSync(file)
      }),
    )
    const before = performance.now()
    await log.append(leafOf(number), keyOf(number))
    appends.push(performance.now() - before)
  }
  closeSync(file)
  await log.close()
  return rounded(median(appends) / median(flushes))
}

interface Grown {
  readonly commits_per_entry: number
  readonly bytes_per_entry: number
  readonly proof_1e6_over_1e3: number
  readonly old_proof_1e6_over_1e3: number
}

async function aMillion(directory: string, json: boolean): Promise<Grown> {
  const few = await open(directory, 'few')
  await append(few, FEW, 64)
  const log = await open(directory, 'many')
  const before = process.memoryUsage.rss()
  const heads = await append(log, 64 * 250, 64)
  await append(log, MANY, 1_000, 64 * 250)
  if (!json) console.log(`memory while building ${MANY} entries: from ${megabytes(before)} to ${megabytes(peak())} MB at most`)
  const proof_1e6_over_1e3 = await overFew(log, few, (at, size) => size - 1 - (at % 100))
  const old_proof_1e6_over_1e3 = await overFew(log, few, (at, size) => (at * 7_919) % size)
  await few.close()
  if (!json) await verifyAll(log)
  await log.close()
  const { size } = statSync(join(directory, 'many.db'))
  return {
    commits_per_entry: rounded(heads / (64 * 250)),
    bytes_per_entry: Math.round(size / MANY),
    proof_1e6_over_1e3,
    old_proof_1e6_over_1e3,
  }
}

/** Appends entries `from` to `size` − 1 by so many callers, each after its last answer, and gives the number of heads. */
async function append(log: Log, size: number, callers: number, from = 0): Promise<number> {
  const heads = new Set<string>()
  let next = from
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < size) {
        const number = next++
        const { checkpoint } = await log.append(leafOf(number), keyOf(number))
        if (size <= 64 * 250) heads.add(checkpoint)
      }
    }),
  )
  return heads.size
}

/** Proofs of the entries that `pick` names. */
async function overFew(many: Log, few: Log, pick: (at: number, size: number) => number): Promise<number> {
  const indices = (size: number) => (operations: number) => Array.from({ length: operations }, (_, at) => BigInt(pick(at, size)))
  const costs = await measure(
    [
      { name: 'many', prepare: indices(MANY), run: (index) => many.proof(index as bigint) },
      { name: 'few', prepare: indices(FEW), run: (index) => few.proof(index as bigint) },
    ],
    100,
  )
  return ratio(costs, 'many', 'few')
}

async function verifyAll(log: Log): Promise<void> {
  const serve = logHttp(log)
  const get = async (path: string): Promise<Uint8Array> => (await serve('GET', path))?.body ?? new Uint8Array(0)
  const began = performance.now()
  const [before, seen]: [number, number[]] = [process.memoryUsage.rss(), []]
  const { size } = await verifyLog(get, {
    origin: ORIGIN,
    vkey: parseVkey(log.vkey),
    onProgress(done, all) {
      if (done % 102_400 < 256) console.log(`verified ${done} of ${all} entries`)
      seen.push(process.memoryUsage.rss())
    },
  })
  const seconds = (performance.now() - began) / 1_000
  const most = Math.max(before, ...[...seen.keys()].filter((at) => at % 16 === 0).map((at) => seen[at] ?? 0))
  console.log(
    `verified ${size} entries in ${seconds.toFixed(1)} s; memory from ${megabytes(before)} to ${megabytes(most)} MB at most`,
  )
}

function timed(work: () => void): number {
  const before = performance.now()
  work()
  return performance.now() - before
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Largest resident set of this process so far, in bytes. */
function peak(): number {
  return process.resourceUsage().maxRSS * 1_024
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
