/** The log: appends in batches, releases a head only when it is durable, and proves what is under it (spec chapter 17). @module */
import {
  consistencyPath,
  edgeOf,
  formatProof,
  hashLeaf,
  inclusionPath,
  Refusal,
  TILE_WIDTH,
  tileBytes,
  widthOf,
  type CryptoPort,
  type NodeSource,
} from '@aiegis/protocol'
import { formatBundle, MAX_ENTRY } from './bundle.ts'
import { sortOut, type Append } from './idempotency.ts'
import { createSequencer } from './sequencer.ts'
import type { Store } from './store.ts'
import { createTileCache } from './tile-cache.ts'
import { growTree, nodesOf, type Tree } from './tree.ts'

/** What an append gives back: everything a token needs beside itself. */
export interface Appended {
  readonly index: bigint
  /** Hashes from the sibling of the leaf upwards, 32 bytes each. */
  readonly path: readonly Uint8Array[]
  /** Signed note over a tree with this leaf. */
  readonly checkpoint: string
  /** Text of the tlog-proof: index, path and checkpoint. */
  readonly proof: string
}

/** An append-only log with one writer. After a storage failure every method throws `ledger_unavailable`. */
export interface Log {
  readonly origin: string
  /** Verifier key of the checkpoints. */
  readonly vkey: string
  /**
   * Stores a leaf of 1 to 65,535 bytes and resolves when a signed head above it is durable. The same idempotency key (1 to 64
   * bytes) gives the same index, with a proof under the newest head; with another leaf it is `idempotency_conflict`. `clear` (1 to
   * 65,535 bytes) goes into the side table. Rejects with `overloaded` or `ledger_unavailable`. Does not look into the leaf.
   */
  append(leaf: Uint8Array, idempotencyKey: Uint8Array, clear?: Uint8Array): Promise<Appended>
  /** The newest released head. */
  checkpoint(): string
  /** Path of entry `index` in the tree of `size` leaves, the released one unless said otherwise. Throws `RangeError` outside it. */
  prove(index: bigint, size?: bigint): readonly Uint8Array[]
  /** Text of a tlog-proof of entry `index` under the newest released head. Throws `RangeError` outside it. */
  proof(index: bigint): string
  /** Path that shows one released size to be the start of another. Throws `RangeError` outside them. */
  consistency(size1: bigint, size2: bigint): readonly Uint8Array[]
  /** The first `width` (1 to 256) hashes of tile `n` at `level`. Throws `RangeError` beyond the released head. */
  tile(level: number, n: bigint, width: number): Uint8Array
  /** The first `width` (1 to 256) entries of bundle `n`, each after its length in two bytes. Throws `RangeError` likewise. */
  entries(n: bigint, width: number): Uint8Array
  /** An entry under the released head, and its clear text as long as nobody erased it. */
  entry(index: bigint): { readonly leaf: Uint8Array; readonly clear: Uint8Array | undefined } | undefined
  /** Deletes the clear text of an entry; leaf, tree and proofs stay. True when there was some. */
  erase(index: bigint): boolean
  /** Entries under the released head. */
  size(): bigint
  /** Waits for the appends that were accepted, then gives the files back. Later calls throw `ledger_unavailable`. */
  close(): Promise<void>
}

/** What a log is made of once its files are open and checked. */
export interface LogParts {
  readonly origin: string
  readonly vkey: string
  readonly crypto: CryptoPort
  readonly store: Store
  /** The tree over everything stored. */
  readonly tree: Tree
  /** The head over that tree. */
  readonly checkpoint: string
  /** A signed note over the root of `tree`. */
  sign(tree: Tree): Promise<string>
  /** Makes a head durable outside the store. */
  remember(note: string): Promise<void>
  closeStore(): void
  /** Appends that may be unanswered at once; 4,096 unless said otherwise. */
  readonly maxWaiting: number | undefined
}

/** The log over these parts, which `openLog` makes. */
export function createLog(parts: LogParts): Log {
  const { crypto, store } = parts
  const tiles = createTileCache(crypto, store)
  const node: NodeSource = (height, index) => nodesOf(tree, tiles.load)(height, index)
  const sequencer = createSequencer<Append, Appended>({ maxWaiting: parts.maxWaiting ?? 4096, maxBatch: 1024, commit })
  /** Over everything stored; may be one batch ahead of what is released. */
  let { tree } = parts
  let released = { size: tree.size, note: parts.checkpoint }
  let failed: Refusal | undefined
  let closing: Promise<void> | undefined

  async function commit(appends: readonly Append[]): Promise<readonly (Appended | Refusal)[]> {
    if (failed !== undefined) throw failed
    try {
      const { indices, fresh } = sortOut(appends, tree.size, store)
      if (fresh.length > 0) await extend(fresh)
      return indices.map((index) => (typeof index === 'number' ? appended(index) : index))
    } catch (cause) {
      if (cause instanceof NotSigned) throw new Refusal('ledger_unavailable', 'the log key did not sign', { cause })
      // What is on disk is not known any more. Only opening the files again, with all checks, can tell.
      failed = new Refusal('ledger_unavailable', 'the log stopped after a failure of its storage', { cause })
      throw failed
    }
  }

  async function extend(fresh: readonly Append[]): Promise<void> {
    const entries = fresh.map((append) => ({ ...append, leafHash: hashLeaf(crypto, append.leaf) }))
    const grown = growTree(
      crypto,
      tree,
      entries.map(({ leafHash }) => leafHash),
    )
    const note = await parts.sign(grown.tree).catch((cause: unknown) => {
      throw new NotSigned('signing failed', { cause })
    })
    store.append({ start: tree.size, entries, tiles: grown.full, note })
    tree = grown.tree
    tiles.keep(grown.full)
    await parts.remember(note)
    // Only now may anybody see this head: were it lost after that, the next one would contradict it.
    released = { size: tree.size, note }
  }

  function appended(position: number): Appended {
    const index = BigInt(position)
    const path = inclusionPath(crypto, node, position, released.size)
    return { index, path, checkpoint: released.note, proof: formatProof(index, path, released.note) }
  }

  function alive(): void {
    if (failed !== undefined) throw failed
    if (closing !== undefined) throw new Refusal('ledger_unavailable', 'the log is closed')
  }

  /** A count or an index up to `limit`, as the number that the tree uses. */
  function upTo(limit: number, value: bigint, what: string): number {
    alive()
    if (value < 0n || value > BigInt(limit))
      throw new RangeError(`${what} ${value} is beyond the released ${released.size} leaves`)
    return Number(value)
  }

  function tileNumber(level: number, n: bigint, width: number): number {
    const number = upTo(edgeOf(released.size, level).n, n, 'tile')
    const most = widthOf(released.size, level, number)
    if (!Number.isInteger(width) || width < 1 || width > most)
      throw new RangeError(`tile ${level}/${n} has ${most} hashes, not ${width}`)
    return number
  }

  return {
    origin: parts.origin,
    vkey: parts.vkey,
    async append(leaf, idempotencyKey, clear) {
      alive()
      checkLength('a leaf', leaf, MAX_ENTRY)
      checkLength('an idempotency key', idempotencyKey, 64)
      if (clear !== undefined) checkLength('clear text', clear, MAX_ENTRY)
      // Copies: the caller may write into its arrays while they wait.
      return sequencer.push({ leaf: leaf.slice(), key: idempotencyKey.slice(), clear: clear?.slice() })
    },
    checkpoint() {
      alive()
      return released.note
    },
    prove: (index, size = BigInt(released.size)) =>
      inclusionPath(crypto, node, upTo(released.size - 1, index, 'entry'), upTo(released.size, size, 'size')),
    proof: (index) => appended(upTo(released.size - 1, index, 'entry')).proof,
    consistency: (size1, size2) =>
      consistencyPath(crypto, node, upTo(released.size, size1, 'size'), upTo(released.size, size2, 'size')),
    tile(level, n, width) {
      const number = tileNumber(level, n, width)
      const edge = number === edgeOf(tree.size, level).n ? tree.edge[level] : undefined
      return tileBytes(edge ?? tiles.load(level, number), width)
    },
    entries: (n, width) => formatBundle(store.leaves(tileNumber(0, n, width) * TILE_WIDTH, width).map(({ leaf }) => leaf)),
    entry(index) {
      alive()
      if (index < 0n || index >= BigInt(released.size)) return undefined
      const leaf = store.leaf(Number(index))
      return leaf && { leaf, clear: store.clear(Number(index)) }
    },
    erase: (index) => store.erase(upTo(released.size - 1, index, 'entry')),
    size() {
      alive()
      return BigInt(released.size)
    },
    close() {
      closing ??= sequencer.drain().finally(() => parts.closeStore())
      return closing
    },
  }
}

/** Nothing was written: the next batch may do better. */
class NotSigned extends Error {}

function checkLength(what: string, bytes: Uint8Array, most: number): void {
  if (bytes.length < 1 || bytes.length > most) throw new TypeError(`${what} has 1 to ${most} bytes, not ${bytes.length}`)
}
