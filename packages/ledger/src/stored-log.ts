/** A backend on the rows of a database: appends in batches, and releases a head only when it is durable (spec chapter 17). @module */
import {
  equal,
  hashLeaf,
  parseCheckpoint,
  Refusal,
  rootOf,
  TILE_WIDTH,
  tileBytes,
  verifyCheckpoint,
  widthOf,
  type Tile,
} from '@aiegis/protocol'
import type { Head, LogBackend } from './backend.ts'
import { formatBundle, MAX_ENTRY } from './bundle.ts'
import { guardCustody } from './custody/store.ts'
import { Overtaken } from './witness/cosigner.ts'
import { checkFound, sortOut, type Append } from './idempotency.ts'
import type { Identity } from './recover.ts'
import { createSequencer } from './sequencer.ts'
import { NotAnswering, type Store, type StoredHead, type Turn } from './store.ts'
import { readStoredTile } from './stored-tile.ts'
import { growTree, noFullTile, nodesOf, type FullTile, type Tree } from './tree.ts'

/** What a backend is made of once its database is open and checked. */
export interface StoredLogParts {
  readonly identity: Identity
  readonly store: Store
  /** The tree over everything stored. */
  readonly tree: Tree
  /** The head over that tree, as it is stored. */
  readonly note: string
  /** The same head as it is released, remembered outside; `note` when absent. */
  readonly released?: string
  /** A signed note over the root of `tree`. */
  sign(tree: Tree): Promise<string>
  /** The head as it is released, with the lines of witnesses. Rejects with `NotAnswering`, `Overtaken` and `Error` as a `Cosigner`. */
  cosign?(note: string, tree: Tree): Promise<string>
  /** Makes a head durable outside the store. */
  remember(note: string): Promise<void>
  /** Appends that may be unanswered at once; 4,096 unless said otherwise. */
  readonly maxWaiting: number | undefined
}

/** A tree and the head over it. */
interface Known {
  readonly tree: Tree
  readonly note: string
  /** Tiles that this process just made full: the proofs of their batch need them. */
  readonly full: readonly FullTile[]
}

/** What a batch came to. */
interface Extended extends Known {
  /** Entries before it. */
  readonly start: number
  /** For each append, where it is; before `start` when it was there already. */
  readonly indices: readonly (number | Refusal)[]
}

/** Leaf hashes that are read at once, and the most that a turn reads: others wait for it. */
const STEP = 4096

/** The backend over these parts. After a failure of storage that is not `NotAnswering` it ends. */
export function createStoredLog(parts: StoredLogParts): LogBackend {
  const { identity, store } = parts
  const { crypto, origin, vkey } = identity
  const sequencer = createSequencer<Append, number>({ maxWaiting: parts.maxWaiting ?? 4096, maxBatch: 1024, commit })
  /** Over everything that is known to be stored; may be ahead of what is released. */
  let known: Known = { tree: parts.tree, note: parts.note, full: [] }
  let released: Head = { size: parts.tree.size, note: parts.released ?? parts.note }
  /** The stored head that `released` is. */
  let releasedNote = parts.note
  let failed: Refusal | undefined
  let closing: Promise<void> | undefined
  let before: Promise<unknown> = Promise.resolve()

  const ROWS: Pick<Turn, 'head' | 'leafHashes'> = {
    head: async (): Promise<StoredHead> => (await store.state()).head,
    leafHashes: store.leafHashes,
  }

  /** One step after the other: what is known has one writer. */
  function inOrder<T>(step: () => Promise<T>): Promise<T> {
    const mine = before.then(step)
    before = mine.catch(() => undefined)
    return mine
  }

  function commit(appends: readonly Append[]): Promise<readonly (number | Refusal)[]> {
    return inOrder(async () => {
      try {
        if (failed !== undefined) throw failed
        const done = await release(await store.inTurn((turn) => extend(turn, appends)))
        await checkFound(done.start, done.indices, appends, tileOf)
        return done
      } catch (error) {
        if (!(error instanceof FarBehind)) throw ended(error)
        await catchUp()
        return undefined
      }
    }).then((done) => done?.indices ?? commit(appends))
  }

  /** Puts new entries behind what is stored, and a head over them: one transaction, in which nobody else can. */
  async function extend(turn: Turn, appends: readonly Append[]): Promise<Extended> {
    const last = await follow(turn, STEP)
    const start = last.tree.size
    const { indices, fresh: entries } = sortOut(appends, start, await turn.find(appends.map(({ key }) => key)))
    if (entries.length === 0) return { ...last, start, indices }
    const { tree, full } = growTree(
      crypto,
      last.tree,
      entries.map(({ leafHash }) => leafHash),
    )
    const note = await parts.sign(tree).catch((cause: unknown) => {
      throw new NotSigned('signing failed', { cause })
    })
    await turn.append({ start, entries, tiles: full, tree, note })
    return { tree, note, full, start, indices }
  }

  /** What other writers stored since; nothing where there are none. Throws `Error` for a head that does not extend the known one. */
  async function follow(rows: Pick<Turn, 'head' | 'leafHashes'>, most: number): Promise<Known> {
    const { size, note } = await rows.head()
    if (note === known.note) return known
    if (note === undefined || size < known.tree.size)
      throw new Error(`ledger: the database went back from ${known.tree.size} entries to ${size}; it must not be appended to`)
    if (size - known.tree.size > most) throw new FarBehind()
    let { tree } = known
    while (tree.size < size) {
      const end = Math.min(size, tree.size + STEP)
      const hashes = await rows.leafHashes(tree.size, end)
      if (hashes.length !== end - tree.size) throw new Error(`ledger: entries before ${end} are missing from the database`)
      tree = growTree(crypto, tree, hashes).tree
    }
    const checkpoint = parseCheckpoint(note)
    const isSigned = (await verifyCheckpoint(crypto, checkpoint, origin, vkey)) === 'ok'
    const root = rootOf(crypto, nodesOf(tree, noFullTile), tree.size)
    if (!isSigned || checkpoint.size !== BigInt(size) || !equal(checkpoint.root, root))
      throw new Error(`ledger: the head over ${size} entries does not extend the one over ${known.tree.size}`)
    return { tree, note, full: [] }
  }

  /** Only now may anybody see this head: were it lost after that, the next one would contradict it. */
  async function release<T extends Known>(next: T): Promise<T> {
    known = { tree: next.tree, note: next.note, full: next.full }
    if (next.note === releasedNote) return next
    try {
      const note = (await parts.cosign?.(next.note, next.tree)) ?? next.note
      await parts.remember(note)
      released = { size: next.tree.size, note }
      releasedNote = next.note
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
      // By another writer, whose head is stored, or by nobody who is known here.
      const newer = await follow(ROWS, Number.POSITIVE_INFINITY)
      if (newer.note !== next.note) await release(newer)
      else throw error.isProven ? new Error(`ledger: ${error.message}`, { cause: error }) : error
    }
    return next
  }

  async function catchUp(): Promise<Head> {
    try {
      if (failed !== undefined) throw failed
      await release(await follow(ROWS, Number.POSITIVE_INFINITY))
      return released
    } catch (error) {
      throw ended(error)
    }
  }

  /** The refusal for a failure, and the end of the log unless it may have done no harm. */
  function ended(cause: unknown): Refusal {
    if (cause === failed && failed !== undefined) return failed
    if (cause instanceof NotSigned) return new Refusal('ledger_unavailable', 'the log key did not sign', { cause })
    if (cause instanceof NotAnswering) return new Refusal('ledger_unavailable', cause.message, { cause })
    // What is stored is not known any more. Only opening it again, with all checks, can tell.
    failed = new Refusal('ledger_unavailable', 'the log stopped after a failure of its storage', { cause })
    return failed
  }

  function alive(): void {
    if (failed !== undefined) throw failed
    if (closing !== undefined) throw new Refusal('ledger_unavailable', 'the log is closed')
  }

  async function read<T>(question: () => T | Promise<T>): Promise<T> {
    alive()
    try {
      return await question()
    } catch (error) {
      throw error instanceof NotAnswering ? ended(error) : error
    }
  }

  /** Newest head where it has this; another writer may have given out a head that is newer than the one known here. */
  async function covering(has: (size: number) => boolean): Promise<number> {
    const { size } = has(released.size) ? released : await newest()
    return size
  }

  async function newest(): Promise<Head> {
    return store.hasOtherWriters ? inOrder(catchUp) : released
  }

  /** Throws `RangeError` for what is not under the newest head. */
  async function checkTile(level: number, n: number, width: number): Promise<void> {
    if (![level, n].every((value) => Number.isSafeInteger(value) && value >= 0)) throw new RangeError(`tile ${level}/${n}`)
    const most = widthOf(await covering((size) => width <= widthOf(size, level, n)), level, n)
    if (!Number.isInteger(width) || width < 1 || width > most)
      throw new RangeError(`tile ${level}/${n} has ${most} hashes, not ${width}`)
  }

  const isUnder = async (index: number): Promise<boolean> => index >= 0 && index < (await covering((size) => index < size))

  async function tileOf(level: number, n: number): Promise<Tile> {
    const made = known.full.find((tile) => tile.level === level && tile.n === n)
    return made?.tile ?? readStoredTile(crypto, store, known.tree, { level, n })
  }

  async function finish(): Promise<void> {
    try {
      await sequencer.drain()
    } finally {
      await store.close()
    }
  }

  return {
    origin,
    vkey: vkey.text,
    async append(leaf, key, clear) {
      alive()
      checkLength('a leaf', leaf, MAX_ENTRY)
      checkLength('an idempotency key', key, 64)
      if (clear !== undefined) checkLength('clear text', clear, MAX_ENTRY)
      // Copies: the caller may write into its arrays while they wait. Not `slice`, which shares the bytes of a Buffer.
      const copy = new Uint8Array(leaf)
      const kept = { key: new Uint8Array(key), clear: clear && new Uint8Array(clear) }
      return sequencer.push({ leaf: copy, leafHash: hashLeaf(crypto, copy), ...kept })
    },
    head() {
      alive()
      return released
    },
    headOver: (size) =>
      read(async () => {
        const newer = await covering((entries) => size <= entries)
        if (size > newer) throw new RangeError(`the log has ${newer} entries, not ${size}`)
        return released
      }),
    newest: () => read(newest),
    tile: (level, n, width) =>
      read(async () => {
        await checkTile(level, n, width)
        return tileBytes(await tileOf(level, n), width)
      }),
    grownTile: (level, n, width) =>
      read(async () => {
        await checkTile(level, n, width)
        return tileOf(level, n)
      }),
    entries: (n, width) =>
      read(async () => {
        await checkTile(0, n, width)
        return formatBundle((await store.leaves(n * TILE_WIDTH, width)).map(({ leaf }) => leaf))
      }),
    entry: (index) =>
      read(async () => {
        const leaf = (await isUnder(index)) ? await store.leaf(index) : undefined
        return leaf && { leaf, clear: await store.clear(index) }
      }),
    ...(store.custody && { custody: guardCustody(store.custody, read) }),
    close() {
      closing ??= finish()
      return closing
    },
  }
}

/** Nothing was written: the next batch may do better. */
class NotSigned extends Error {}

/** Others stored more than a turn should read. */
class FarBehind extends Error {}

function checkLength(what: string, bytes: Uint8Array, most: number): void {
  if (bytes.length < 1 || bytes.length > most) throw new TypeError(`${what} has 1 to ${most} bytes, not ${bytes.length}`)
}
