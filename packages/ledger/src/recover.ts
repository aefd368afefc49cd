/** Rebuilds the tree from the stored rows and holds it against every head that must be in it (spec chapter 17). @module */
import {
  equal,
  hashLeaf,
  parseCheckpoint,
  Refusal,
  refuseAs,
  verifyCheckpoint,
  type Checkpoint,
  type CryptoPort,
  type Vkey,
} from '@aiegis/protocol'
import type { Store } from './store.ts'
import { createTileCache } from './tile-cache.ts'
import { EMPTY_TILE, growTile, TILE_WIDTH, type Tile } from './tile.ts'
import { edgeOf, nodesOf, rootOf, type Tree } from './tree.ts'

/** What the log of these rows is called and which key signs it. */
export interface Identity {
  readonly crypto: CryptoPort
  readonly origin: string
  readonly vkey: Vkey
}

/**
 * The tree over all rows: leaves of the last tile are hashed again, everything to the left of it is taken from the roots of full
 * tiles. Throws `Error` when rows are missing or their root is not that of the newest stored head. Does not read every entry: an
 * audit does.
 */
export async function recoverTree({ crypto, ...identity }: Identity, store: Store): Promise<Tree> {
  const size = store.size()
  const edge: Tile[] = []
  for (let level = 0; 256 ** level <= size; level++) {
    const { n, width } = edgeOf(size, level)
    const hashes = level === 0 ? leafHashes(crypto, store, n) : store.tileRoots(level - 1, n * TILE_WIDTH)
    if (hashes.length !== width) throw new Error(`ledger: level ${level} of the database should end in a tile of ${width} hashes`)
    edge.push(growTile(crypto, EMPTY_TILE, hashes))
  }
  const tree = { size, edge }
  const head = store.head()
  if (head === undefined) {
    if (size === 0) return tree
    throw new Error('ledger: the database has entries and no checkpoint over them')
  }
  await checkHead({ crypto, ...identity }, store, tree, head.note, 'the newest checkpoint in the database')
  if (head.size !== size)
    throw new Error(`ledger: the database has ${size} entries and its newest checkpoint is over ${head.size}`)
  return tree
}

/**
 * Checks that a head of this log is over the start of `tree`. Throws `Error` with a sentence for the operator when the head is of
 * another log or key, when the tree ends before it, and when the roots differ. `what` names the head in the sentence.
 */
export async function checkHead(
  { crypto, origin, vkey }: Identity,
  store: Store,
  tree: Tree,
  note: string,
  what: string,
): Promise<void> {
  const checkpoint = read(note, what)
  if (checkpoint.origin !== origin) throw new Error(`ledger: ${what} is of log ${checkpoint.origin}, not of ${origin}`)
  const verdict = await verifyCheckpoint(crypto, checkpoint, origin, vkey)
  if (verdict !== 'ok') throw new Error(`ledger: ${what} is not signed by ${vkey.text}; a log keeps its key`)
  if (checkpoint.size > BigInt(tree.size)) {
    throw new Error(
      `ledger: the database ends after ${tree.size} entries, but ${what} is over ${checkpoint.size}: it is an old copy, and going on would fork the log`,
    )
  }
  const root = rootOf(crypto, nodesOf(tree, createTileCache(crypto, store).load), Number(checkpoint.size))
  if (!equal(root, checkpoint.root)) {
    throw new Error(`ledger: the first ${checkpoint.size} entries in the database are not those under ${what}: they were changed`)
  }
}

function read(note: string, what: string): Checkpoint {
  try {
    return refuseAs('internal', () => parseCheckpoint(note))
  } catch (cause) {
    if (cause instanceof Refusal) throw new Error(`ledger: ${what} is no checkpoint`, { cause })
    throw cause
  }
}

/** Hashes of the leaves in the last tile, each compared with what was stored beside it. */
function leafHashes(crypto: CryptoPort, store: Store, n: number): readonly Uint8Array[] {
  return store.leaves(n * TILE_WIDTH, TILE_WIDTH).map(({ leaf, leafHash }, offset) => {
    const hash = hashLeaf(crypto, leaf)
    if (!equal(hash, leafHash)) throw new Error(`ledger: entry ${n * TILE_WIDTH + offset} was changed`)
    return hash
  })
}
