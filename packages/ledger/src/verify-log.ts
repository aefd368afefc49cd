/** Verifies a whole log from what it serves: every entry hashed again, every tile and head compared (spec chapter 17). @module */
import {
  decodeUtf8,
  defaultCrypto,
  edgeOf,
  EMPTY_TILE,
  equal,
  formatTilePath,
  growTile,
  hashLeaf,
  parseCheckpoint,
  rootOf,
  TILE_WIDTH,
  tileBytes,
  verifyCheckpoint,
  widthOf,
  type Checkpoint,
  type CryptoPort,
  type Tile,
  type TileName,
  type Vkey,
} from '@aiegis/protocol'
import { parseBundle } from './bundle.ts'
import { growTree, noFullTile, nodesOf, type FullTile, type Grown, type Tree } from './tree.ts'

/** Which entries of a broken log are not as they were signed, as far as that can be told. */
export interface BrokenPlace {
  /** So many entries from the start are those under a head that was signed. */
  readonly good?: number
  /** The first entry that differs from what is stored about it; absent where only a whole range is known to be wrong. */
  readonly index?: number
  /** The first wrong entry is not behind this one. */
  readonly last?: number
}

/** A log that contradicts itself or a head that it signed. The message says where. */
export class BrokenLog extends Error {
  override readonly name: string = 'BrokenLog'
  readonly place: BrokenPlace
  constructor(message: string, place: BrokenPlace = {}, options?: ErrorOptions) {
    super(message, options)
    this.place = place
  }
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
  /**
   * Entries before this one, rounded down to a whole bundle, are not read: the tree over them is taken from tiles and held against the heads
   * over more entries, such as a remembered one. 0 when absent.
   */
  readonly start?: number
  /**
   * Notes that the log keeps itself, over more than `from` and at most `to` entries; each has to be signed and over this tree. The first
   * `from` is −1: a head over nothing is one too.
   */
  headsOver?(from: number, to: number): readonly string[] | Promise<readonly string[]>
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
  const first = Math.min(options.start ?? 0, size)
  let tree = await treeBefore(crypto, get, first - (first % TILE_WIDTH), size)
  const proven: Proven = { good: 0 }
  checkRoots(crypto, tree, heads, proven)
  while (tree.size < size) {
    const { n } = edgeOf(tree.size, 0)
    const width = Math.min(TILE_WIDTH, size - tree.size)
    const isPruned = BigInt(tree.size + TILE_WIDTH) <= (options.minimum ?? 0n)
    const here = [...heads, ...(await keptHeads(crypto, tree.size === 0 ? -1 : tree.size, tree.size + width, options))]
    const { hashes, wrong } = isPruned
      ? { hashes: await tileHashes(get, n), wrong: undefined }
      : await heldEntries(crypto, get, n, width)
    if (wrong !== undefined) {
      // A head between may show that it begins earlier.
      growThrough(crypto, tree, hashes, here, proven)
      throw new BrokenLog(wrong.message, { ...proven, ...wrong.place }, { cause: wrong })
    }
    const grown = growThrough(crypto, tree, hashes, here, proven)
    tree = grown.tree
    for (const { level, n: number, tile } of grown.full)
      if (level > 0) await checkTile(get, { level, n: BigInt(number), width: TILE_WIDTH }, tile, proven)
    options.onProgress?.(tree.size, size)
  }
  for (const [level, tile] of tree.edge.entries())
    if (level > 0 && tile.width > 0)
      await checkTile(get, { level, n: BigInt(edgeOf(size, level).n), width: tile.width }, tile, proven)
  return head
}

type Get = (path: string) => Uint8Array | Promise<Uint8Array>

/** How far the tree was found to be one that was signed. */
interface Proven {
  good: number
}

/**
 * The tree over the first `start` entries of a log of `size`, from its tiles; not proven until a head over it or more was compared. Throws
 * `BrokenLog` for a tile without these hashes.
 */
export async function treeBefore(crypto: CryptoPort, get: Get, start: number, size: number): Promise<Tree> {
  const edge: Tile[] = []
  for (let level = 0; 256 ** level <= start; level++) {
    const { n, width } = edgeOf(start, level)
    if (width === 0) {
      edge.push(EMPTY_TILE)
      continue
    }
    const path = formatTilePath({ level, n: BigInt(n), width: widthOf(size, level, n) })
    const hashes = hashesIn(await get(path))
    if (hashes.length < width) throw new BrokenLog(`${path} has ${hashes.length} hashes, not ${width}`)
    edge.push(growTile(crypto, EMPTY_TILE, hashes.slice(0, width)))
  }
  return { size: start, edge }
}

/** Which of these hashes the tile does not have; -1 when it has them all. Throws `BrokenLog` where it has more and they are `all`. */
async function firstDiffering(get: Get, name: TileName, hashes: readonly Uint8Array[], all: boolean): Promise<number> {
  const bytes = await get(formatTilePath(name))
  const at = hashes.findIndex((hash, index) => !equal(hash, bytes.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH)))
  if (at === -1 && all && bytes.length !== hashes.length * HASH_LENGTH)
    throw new BrokenLog(`${formatTilePath(name)} does not hold the hashes of its entries`)
  return at
}

function hashesIn(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_LENGTH) }, (_, at) =>
    bytes.subarray(at * HASH_LENGTH, (at + 1) * HASH_LENGTH),
  )
}

/**
 * Hashes of the entries of a bundle, up to the first that is not the one in the tile, or that `get` says is wrong, and what is wrong with
 * that one.
 */
async function heldEntries(
  crypto: CryptoPort,
  get: Get,
  n: number,
  width: number,
): Promise<{ readonly hashes: readonly Uint8Array[]; readonly wrong: BrokenLog | undefined }> {
  const start = n * TILE_WIDTH
  let [wrong, hashes]: [BrokenLog | undefined, readonly Uint8Array[]] = [undefined, []]
  try {
    hashes = await entryHashes(crypto, get, n, width)
  } catch (error) {
    if (!(error instanceof BrokenLog) || error.place.index === undefined) throw error
    wrong = error
    const before = error.place.index - start
    if (before > 0) hashes = await entryHashes(crypto, get, n, before)
  }
  const name = { level: 0, n: BigInt(n), width }
  const at = await firstDiffering(get, name, hashes, wrong === undefined)
  if (at === -1) return { hashes, wrong }
  const message = `${formatTilePath(name)} does not hold the hashes of its entries; the first that differs is entry ${start + at}`
  return { hashes: hashes.slice(0, at), wrong: new BrokenLog(message, { index: start + at }) }
}

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
  return hashesIn(bytes)
}

const HASH_LENGTH = 32

/** Heads that the log keeps. One that is not over so many entries would be compared with nothing, so it throws `BrokenLog`. */
async function keptHeads(
  crypto: CryptoPort,
  from: number,
  to: number,
  options: VerifyLogOptions,
): Promise<readonly Checkpoint[]> {
  const notes = (await options.headsOver?.(from, to)) ?? []
  const kept = await Promise.all(notes.map((note) => readRemembered(crypto, note, options)))
  const stranger = kept.find(({ size }) => size <= BigInt(from) || size > BigInt(to))
  if (stranger === undefined) return kept
  throw new BrokenLog(`a head over ${stranger.size} entries is kept as one over more than ${from} and at most ${to}`)
}

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
function growThrough(
  crypto: CryptoPort,
  from: Tree,
  hashes: readonly Uint8Array[],
  heads: readonly Checkpoint[],
  proven: Proven,
): Grown {
  const end = from.size + hashes.length
  const stops = heads.map(({ size }) => Number(size)).filter((size) => size > from.size && size < end)
  const full: FullTile[] = []
  let tree = from
  for (const stop of [...new Set(stops), end].toSorted((a, b) => a - b)) {
    const grown = growTree(crypto, tree, hashes.slice(tree.size - from.size, stop - from.size))
    tree = grown.tree
    full.push(...grown.full)
    checkRoots(crypto, tree, heads, proven)
  }
  return { tree, full }
}

function checkRoots(crypto: CryptoPort, tree: Tree, heads: readonly Checkpoint[], proven: Proven): void {
  for (const { size, root } of heads) {
    if (size !== BigInt(tree.size)) continue
    if (!equal(rootOf(crypto, nodesOf(tree, noFullTile), tree.size), root))
      throw new BrokenLog(`the first ${size} entries are not those that were signed`, { ...proven, last: tree.size - 1 })
    proven.good = tree.size
  }
}

async function checkTile(get: Get, name: TileName, tile: Tile, proven: Proven): Promise<void> {
  const path = formatTilePath(name)
  if (!equal(await get(path), tileBytes(tile, name.width)))
    throw new BrokenLog(`${path} does not hold the hashes of its entries`, { ...proven })
}
