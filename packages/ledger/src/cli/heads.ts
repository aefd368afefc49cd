/** Reads heads of a log and says whose they are; proves entries under them (spec chapters 5 and 17.12). @module */
import {
  decodeUtf8,
  formatProof,
  formatTilePath,
  hashLeaf,
  hasQuorum,
  inclusionPath,
  Malformed,
  parseCheckpoint,
  parseProof,
  parseJson,
  isObject,
  TILE_WIDTH,
  verifyCheckpoint,
  verifyHead,
  verifyInclusion,
  widthOf,
  type Checkpoint,
  type CryptoPort,
} from '@aiegis/protocol'
import { parseBundle } from '../bundle.ts'
import { newestIn } from '../last-checkpoint.ts'
import { createTileReader } from '../tile-reader.ts'
import { BrokenLog } from '../verify-log.ts'
import { NotThere } from './failures.ts'
import type { LogKeys } from './keys.ts'
import type { LogSource } from './sources/source.ts'

/** The head that a log shows, not verified. */
export async function shownHead(source: LogSource): Promise<Checkpoint> {
  return parseCheckpoint(decodeUtf8(await source.get('/checkpoint')))
}

/** Throws `BrokenLog` for a head that these keys did not sign, or too few witnesses. */
export async function checkSigned(crypto: CryptoPort, checkpoint: Checkpoint, keys: LogKeys): Promise<void> {
  const { vkey, quorum, witnesses } = keys
  const origin = vkey.name
  const { size } = checkpoint
  if (checkpoint.origin !== origin)
    throw new BrokenLog(`the head over ${size} entries is of log ${checkpoint.origin}, not of ${origin}`)
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new BrokenLog(`no log has ${size} entries`)
  const signatures = await verifyHead(crypto, checkpoint, { origin, vkey, witnesses })
  if (signatures.log !== 'ok') throw new BrokenLog(`the head over ${size} entries is not signed by ${vkey.text}`)
  if (
    signatures.witnesses.some(({ verdict }) => verdict === 'bad') ||
    !hasQuorum(signatures.witnesses, quorum, Number.MAX_SAFE_INTEGER)
  )
    throw new BrokenLog(`too few witnesses signed the head over ${size} entries: ${quorum} are asked for`)
}

/**
 * A head that somebody remembers, from a file: a checkpoint, a tlog-proof or a receipt. Throws `Malformed` for anything else, and
 * `BrokenLog` where neither the key of the log nor one before it signed it.
 */
export async function rememberedHead(crypto: CryptoPort, file: Uint8Array, keys: LogKeys): Promise<Checkpoint> {
  const checkpoint = readHead(crypto, file)
  const { origin, size } = checkpoint
  if (origin !== keys.vkey.name) throw new BrokenLog(`the remembered checkpoint is of log ${origin}, not of ${keys.vkey.name}`)
  for (const vkey of [keys.vkey, ...keys.former])
    if ((await verifyCheckpoint(crypto, checkpoint, origin, vkey)) === 'ok') return checkpoint
  throw new BrokenLog(`the remembered checkpoint over ${size} entries is not signed by ${keys.vkey.text}`)
}

const MAX_RECEIPT = 65_536

function readHead(crypto: CryptoPort, file: Uint8Array): Checkpoint {
  const text = newestIn(crypto, file)
  if (text.startsWith('c2sp.org/tlog-proof@v1\n')) return parseProof(text).checkpoint
  if (!text.startsWith('{')) return parseCheckpoint(text)
  const receipt = parseJson(file, { maxBytes: MAX_RECEIPT })
  const proof = isObject(receipt) && Object.hasOwn(receipt, 'proof') ? receipt['proof'] : undefined
  if (typeof proof !== 'string')
    throw new Malformed('the remembered checkpoint is neither a checkpoint, nor a proof, nor a receipt')
  return parseProof(proof).checkpoint
}

/** An entry with its proof. */
export interface ProvenEntry {
  readonly leaf: Uint8Array
  readonly proof: string
}

/** Proves entries under one head from tiles. */
export function createProver(crypto: CryptoPort, source: LogSource, head: Checkpoint): (index: number) => Promise<ProvenEntry> {
  const size = Number(head.size)
  const tiles = createTileReader(crypto, (level, n, width) => source.get(formatTilePath({ level, n: BigInt(n), width })))
  return async (index) => {
    if (index >= size) throw new NotThere(`there is no entry ${index}: the log has ${size}, and the first is 0`)
    const leaf = await leafAt(source, size, index)
    const path = await tiles.over(size, (node) => inclusionPath(crypto, node, index, size))
    const claim = { index: BigInt(index), size: head.size, leafHash: hashLeaf(crypto, leaf), path, root: head.root }
    if (!verifyInclusion(crypto, claim))
      throw new BrokenLog(
        `entry ${index} is not one that the head over ${size} entries has; run verify to see where the log is wrong`,
      )
    return { leaf, proof: formatProof(BigInt(index), path, head.raw) }
  }
}

/** The leaf of an entry, not proven. Rejects with `BrokenLog` where there is none. */
export async function leafAt(source: LogSource, size: number, index: number): Promise<Uint8Array> {
  const n = Math.floor(index / TILE_WIDTH)
  const path = formatTilePath({ level: 'entries', n: BigInt(n), width: widthOf(size, 0, n) })
  const leaf = parseBundle(await source.get(path))[index % TILE_WIDTH]
  if (leaf === undefined) throw new BrokenLog(`${path} does not have entry ${index}`)
  return leaf
}
