/** Rebuilds the tree from the stored rows and holds it against every head that must be in it (spec chapter 17). @module */
import {
  edgeOf,
  EMPTY_TILE,
  equal,
  growTile,
  hashLeaf,
  Malformed,
  parseCheckpoint,
  rootOf,
  TILE_WIDTH,
  verifyCheckpoint,
  type Checkpoint,
  type CryptoPort,
  type Tile,
  type Vkey,
} from '@aiegis/protocol'
import type { Store } from './store.ts'
import { readStoredTile } from './stored-tile.ts'
import { createTileReader } from './tile-reader.ts'
import type { Tree } from './tree.ts'

/** What the log of these rows is called and which key signs it. */
export interface Identity {
  readonly crypto: CryptoPort
  readonly origin: string
  readonly vkey: Vkey
}

/** Rows that were read, and the tree over them. */
export interface Recovered {
  readonly identity: Identity
  readonly store: Store
  readonly tree: Tree
  /** The newest stored head; none before the first one. */
  readonly note: string | undefined
}

/**
 * The tree over all rows: leaves of the last tile are hashed again, everything to the left of it is taken from the roots of full
 * tiles. Throws `Error` when rows are missing or their root is not that of the newest stored head. Does not read every entry: an
 * audit does.
 */
export async function recoverTree(identity: Identity, store: Store): Promise<Recovered> {
  const { entries, head } = await store.state()
  const edge: Tile[] = []
  for (let level = 0; 256 ** level <= entries; level++) {
    const { n, width } = edgeOf(entries, level)
    const hashes =
      level === 0 ? await leafHashes(identity.crypto, store, n, width) : await store.tileRoots(level - 1, n * TILE_WIDTH, width)
    if (hashes.length !== width) throw new Error(`ledger: level ${level} of the database should end in a tile of ${width} hashes`)
    edge.push(growTile(identity.crypto, EMPTY_TILE, hashes))
  }
  const recovered = { identity, store, tree: { size: entries, edge }, note: head.note }
  if (head.note === undefined && entries > 0) throw new Error('ledger: the database has entries and no checkpoint over them')
  if (head.note === undefined) return recovered
  const checkpoint = await checkHead(recovered, head.note, 'the newest checkpoint in the database')
  if (checkpoint.size === BigInt(entries)) return recovered
  throw new Error(`ledger: the database has ${entries} entries, but its newest checkpoint is over ${checkpoint.size}`)
}

/**
 * Checks that a head of this log is over the start of the tree, and returns it read. Throws `Error` with a sentence for the operator
 * when it is of another log or key, when the tree ends before it, and when the roots differ. `what` names it in the sentence.
 */
export async function checkHead({ identity, store, tree }: Recovered, note: string, what: string): Promise<Checkpoint> {
  const { crypto, origin, vkey } = identity
  const checkpoint = readHead(note, what)
  const { size, root } = checkpoint
  if (checkpoint.origin !== origin) throw new Error(`ledger: ${what} is of log ${checkpoint.origin}, not of ${origin}`)
  const verdict = await verifyCheckpoint(crypto, checkpoint, origin, vkey)
  if (verdict !== 'ok') throw new Error(`ledger: ${what} is not signed by ${vkey.text}; a log keeps its key`)
  if (size > BigInt(tree.size)) {
    throw new Error(
      `ledger: the database ends after ${tree.size} entries, but ${what} is over ${size}; going on with an old copy would fork the log`,
    )
  }
  const length = Number(size)
  const tiles = createTileReader(crypto, (level, n) => readStoredTile(crypto, store, tree, { level, n }))
  if (!equal(await tiles.over(length, (node) => rootOf(crypto, node, length)), root)) {
    throw new Error(`ledger: the first ${size} entries in the database are not those under ${what}; they were changed`)
  }
  return checkpoint
}

function readHead(note: string, what: string): Checkpoint {
  try {
    return parseCheckpoint(note)
  } catch (cause) {
    if (cause instanceof Malformed) throw new Error(`ledger: ${what} is no checkpoint`, { cause })
    throw cause
  }
}

/** Hashes of the leaves in the last tile, each compared with what was stored beside it. */
async function leafHashes(crypto: CryptoPort, store: Store, n: number, width: number): Promise<readonly Uint8Array[]> {
  return (await store.leaves(n * TILE_WIDTH, width)).map(({ leaf, leafHash }, offset) => {
    const hash = hashLeaf(crypto, leaf)
    if (!equal(hash, leafHash)) throw new Error(`ledger: entry ${n * TILE_WIDTH + offset} was changed`)
    return hash
  })
}
