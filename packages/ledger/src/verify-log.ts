/** Verifies a whole log from what it serves: every entry hashed again, every tile and head compared (spec chapter 17). @module */
import {
  decodeUtf8,
  defaultCrypto,
  edgeOf,
  equal,
  formatTilePath,
  hashLeaf,
  parseCheckpoint,
  rootOf,
  TILE_WIDTH,
  tileBytes,
  verifyCheckpoint,
  type Checkpoint,
  type CryptoPort,
  type Tile,
  type TileName,
  type Vkey,
} from '@aiegis/protocol'
import { parseBundle } from './bundle.ts'
import { EMPTY_TREE, growTree, noFullTile, nodesOf, type FullTile, type Grown, type Tree } from './tree.ts'

/** A log that contradicts itself or a head that it signed. The message says where. */
export class BrokenLog extends Error {
  override readonly name: string = 'BrokenLog'
}

/** Which log to expect. */
export interface VerifyLogOptions {
  readonly origin: string
  readonly vkey: Vkey
  /** Keys that the log had before; remembered heads may be of one of them. */
  readonly formerVkeys?: readonly Vkey[]
  readonly crypto?: CryptoPort
  /** Signed notes from elsewhere that the log has to contain: kept by a receiver, a witness or the operator. */
  readonly remembered?: readonly string[]
  /** First entry that the log publishes; of bundles before it the hashes are taken from its tiles, and no entry is seen. */
  readonly minimum?: bigint
  /** Told after each bundle how many of all entries were hashed again. */
  onProgress?(done: number, all: number): void
}

/**
 * Reads the whole log through `get`, which takes a path such as `/checkpoint` and gives the body, and returns its verified head.
 * Keeps one bundle and the right edge of the tree, however long the log is.
 * Throws `BrokenLog` where something does not fit, `Malformed` for bytes without form; what `get` throws rises.
 */
export async function verifyLog(
  get: (path: string) => Uint8Array | Promise<Uint8Array>,
  options: VerifyLogOptions,
): Promise<Checkpoint> {
  const crypto = options.crypto ?? defaultCrypto()
  const head = await readHead(crypto, decodeUtf8(await get('/checkpoint')), options)
  const heads = [head]
  for (const note of options.remembered ?? []) heads.push(await readRemembered(crypto, note, options))
  const beyond = heads.find(({ size }) => size > head.size)
  if (beyond !== undefined)
    throw new BrokenLog(`a head over ${beyond.size} entries was signed, but the log ends after ${head.size}`)

  const size = Number(head.size)
  let tree = EMPTY_TREE
  checkRoots(crypto, tree, heads)
  while (tree.size < size) {
    const { n } = edgeOf(tree.size, 0)
    const width = Math.min(TILE_WIDTH, size - tree.size)
    const isPruned = BigInt(tree.size + TILE_WIDTH) <= (options.minimum ?? 0n)
    const hashes = isPruned ? await tileHashes(get, n) : await entryHashes(crypto, get, n, width)
    const grown = growThrough(crypto, tree, hashes, heads)
    tree = grown.tree
    for (const { level, n: number, tile } of grown.full)
      await checkTile(get, { level, n: BigInt(number), width: TILE_WIDTH }, tile)
    options.onProgress?.(tree.size, size)
  }
  for (const [level, tile] of tree.edge.entries()) {
    if (tile.width > 0) await checkTile(get, { level, n: BigInt(edgeOf(size, level).n), width: tile.width }, tile)
  }
  return head
}

type Get = (path: string) => Uint8Array | Promise<Uint8Array>

async function entryHashes(crypto: CryptoPort, get: Get, n: number, width: number): Promise<readonly Uint8Array[]> {
  const entries = parseBundle(await get(formatTilePath({ level: 'entries', n: BigInt(n), width })))
  if (entries.length !== width) throw new BrokenLog(`bundle ${n} has ${entries.length} entries, not ${width}`)
  return entries.map((entry) => hashLeaf(crypto, entry))
}

/** Hashes that lead to signed roots are those of the entries that were signed. */
async function tileHashes(get: Get, n: number): Promise<readonly Uint8Array[]> {
  const path = formatTilePath({ level: 0, n: BigInt(n), width: TILE_WIDTH })
  const bytes = await get(path)
  if (bytes.length !== TILE_WIDTH * HASH_LENGTH) throw new BrokenLog(`${path} has ${bytes.length} bytes`)
  return Array.from({ length: TILE_WIDTH }, (_, at) => bytes.subarray(at * HASH_LENGTH, (at + 1) * HASH_LENGTH))
}

const HASH_LENGTH = 32

async function readRemembered(crypto: CryptoPort, note: string, options: VerifyLogOptions): Promise<Checkpoint> {
  for (const vkey of options.formerVkeys ?? []) {
    const checkpoint = parseCheckpoint(note)
    if ((await verifyCheckpoint(crypto, checkpoint, options.origin, vkey)) === 'ok') return checkpoint
  }
  return readHead(crypto, note, options)
}

async function readHead(crypto: CryptoPort, note: string, { origin, vkey }: VerifyLogOptions): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(note)
  const verdict = await verifyCheckpoint(crypto, checkpoint, origin, vkey)
  if (verdict !== 'ok') throw new BrokenLog(`a head over ${checkpoint.size} entries is not signed by ${vkey.text} for ${origin}`)
  return checkpoint
}

/** Grows in steps that end at each head, so that every head is compared with the tree of its own size. */
function growThrough(crypto: CryptoPort, from: Tree, hashes: readonly Uint8Array[], heads: readonly Checkpoint[]): Grown {
  const end = from.size + hashes.length
  const stops = heads.map(({ size }) => Number(size)).filter((size) => size > from.size && size < end)
  const full: FullTile[] = []
  let tree = from
  for (const stop of [...new Set(stops), end].toSorted((a, b) => a - b)) {
    const grown = growTree(crypto, tree, hashes.slice(tree.size - from.size, stop - from.size))
    tree = grown.tree
    full.push(...grown.full)
    checkRoots(crypto, tree, heads)
  }
  return { tree, full }
}

function checkRoots(crypto: CryptoPort, tree: Tree, heads: readonly Checkpoint[]): void {
  for (const { size, root } of heads) {
    if (size !== BigInt(tree.size)) continue
    if (!equal(rootOf(crypto, nodesOf(tree, noFullTile), tree.size), root))
      throw new BrokenLog(`the first ${size} entries are not those that were signed`)
  }
}

async function checkTile(get: (path: string) => Uint8Array | Promise<Uint8Array>, name: TileName, tile: Tile): Promise<void> {
  const path = formatTilePath(name)
  if (!equal(await get(path), tileBytes(tile, name.width))) throw new BrokenLog(`${path} does not hold the hashes of its entries`)
}
