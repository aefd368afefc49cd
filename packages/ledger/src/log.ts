/** The log as its users see it: appends with proofs, and proves everything that is under the released head (spec chapter 17). @module */
import {
  consistencyPath,
  defaultCrypto,
  formatProof,
  inclusionPath,
  proofsUnder,
  Refusal,
  type CryptoPort,
  type Proven,
} from '@aiegis/protocol'
import type { Head, LogBackend, LogEntry } from './backend.ts'
import { createCustody, type Custody } from './custody/custody.ts'
import { createTileReader, type TileReader } from './tile-reader.ts'

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

/** An append-only log. Once its storage contradicted itself every method throws, or rejects with, `ledger_unavailable`. */
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
  /** The newest released head that is known here; other writers may have released a newer one. */
  checkpoint(): string
  /** Entries under that head. */
  size(): bigint
  /** The newest released head of all writers. Rejects with `ledger_unavailable`. */
  newest(): Promise<string>
  /** Path of entry `index` in the tree of `size` leaves, the released one unless said otherwise. Rejects with `RangeError` outside it. */
  prove(index: bigint, size?: bigint): Promise<readonly Uint8Array[]>
  /** Text of a tlog-proof of entry `index` under the released head. Rejects with `RangeError` outside it. */
  proof(index: bigint): Promise<string>
  /** Path that shows one released size to be the start of another. Rejects with `RangeError` outside them. */
  consistency(size1: bigint, size2: bigint): Promise<readonly Uint8Array[]>
  /** The first `width` (1 to 256) hashes of tile `n` at `level`. Rejects with `RangeError` beyond the newest released head. */
  tile(level: number, n: bigint, width: number): Promise<Uint8Array>
  /** The first `width` (1 to 256) entries of bundle `n`, each after its length in two bytes. Rejects with `RangeError` likewise. */
  entries(n: bigint, width: number): Promise<Uint8Array>
  /** An entry under the released head, and its clear text as long as nobody ordered to erase it. */
  entry(index: bigint): Promise<LogEntry | undefined>
  /** Holds and erasures of clear text; `undefined` where the backend keeps none. */
  readonly custody: Custody | undefined
  /** Waits for the appends that were accepted, then gives the files back. Later calls throw `ledger_unavailable`. */
  close(): Promise<void>
}

/** The log that a backend keeps. Does not check the backend: `ledgerContract` does, and `verifyLog` checks what it keeps. */
export function createLog(backend: LogBackend, crypto: CryptoPort = defaultCrypto()): Log {
  const tiles = createTileReader(
    crypto,
    (level, n, width) => backend.grownTile?.(level, n, width) ?? backend.tile(level, n, width),
  )
  // Counted, not kept: a set through which promises pass keeps those that are done alive, which cost a third of all appends.
  let unproven = 0
  let allProven: (() => void) | undefined
  let closing: Promise<void> | undefined
  const proven = proveTogether(crypto, tiles)

  async function append(leaf: Uint8Array, key: Uint8Array, clear: Uint8Array | undefined): Promise<Appended> {
    const index = await backend.append(leaf, key, clear)
    const known = backend.head()
    return proven(index, index < known.size ? known : await backend.headOver(index + 1))
  }

  async function finish(): Promise<void> {
    // An entry that is stored still gets its proof.
    if (unproven > 0) await new Promise<void>((resolve) => (allProven = resolve))
    await backend.close()
  }

  return {
    origin: backend.origin,
    vkey: backend.vkey,
    async append(leaf, idempotencyKey, clear) {
      if (closing !== undefined) throw new Refusal('ledger_unavailable', 'the log is closed')
      unproven++
      try {
        return await append(leaf, idempotencyKey, clear)
      } finally {
        if (--unproven === 0) allProven?.()
      }
    },
    checkpoint: () => backend.head().note,
    size: () => BigInt(backend.head().size),
    newest: async () => (await backend.newest()).note,
    async prove(index, size) {
      const leaf = countOf(index, 'entry')
      const head = await backend.headOver(size === undefined ? leaf + 1 : countOf(size, 'size'))
      const leaves = size === undefined ? head.size : countOf(size, 'size')
      return tiles.over(leaves, (node) => inclusionPath(crypto, node, leaf, leaves))
    },
    async proof(index) {
      const leaf = countOf(index, 'entry')
      const { size, note } = await backend.headOver(leaf + 1)
      return formatProof(index, await tiles.over(size, (node) => inclusionPath(crypto, node, leaf, size)), note)
    },
    async consistency(size1, size2) {
      const [first, second] = [countOf(size1, 'size'), countOf(size2, 'size')]
      await backend.headOver(second)
      return tiles.over(second, (node) => consistencyPath(crypto, node, first, second))
    },
    tile: async (level, n, width) => backend.tile(level, countOf(n, 'tile'), width),
    entries: async (n, width) => backend.entries(countOf(n, 'bundle'), width),
    entry: async (index) => (isCount(index) ? backend.entry(Number(index)) : backend.entry(-1)),
    custody: backend.custody && createCustody(backend, backend.custody, crypto, Date.now),
    close() {
      closing ??= finish()
      return closing
    },
  }
}

/** Those who ask under one head before the first is answered. */
interface Group extends Head {
  readonly indices: number[]
  readonly proofs: Promise<readonly Proven[]>
}

/** Proofs of entries. Those of one batch ask at the same time under the same head and have most of their paths in common. */
function proveTogether(crypto: CryptoPort, tiles: TileReader): (index: number, head: Head) => Promise<Appended> {
  let open: Group | undefined

  function begin({ size, note }: Head): Group {
    const indices: number[] = []
    const work = async (): Promise<readonly Proven[]> => {
      // After everybody who was answered with the first.
      await Promise.resolve()
      if (open === group) open = undefined
      const [first = 0] = indices
      // The path of one needs the right edge of the tree, and almost all of the tiles that the others need.
      await tiles.over(size, (node) => inclusionPath(crypto, node, first, size))
      return tiles.over(size, (node) => indices.map(proofsUnder(crypto, node, size, note)))
    }
    const group = { size, note, indices, proofs: work() }
    return group
  }

  return async (index, head) => {
    if (open?.note !== head.note) open = begin(head)
    const at = open.indices.push(index) - 1
    const proven = (await open.proofs)[at]
    if (proven === undefined) throw new Error('ledger: an entry is left without its proof')
    return { index: BigInt(index), checkpoint: head.note, ...proven }
  }
}

/** A count or an index as the number that the tree uses. */
function countOf(value: bigint, what: string): number {
  if (!isCount(value)) throw new RangeError(`${what} ${value} is in no log`)
  return Number(value)
}

function isCount(value: bigint): boolean {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)
}
