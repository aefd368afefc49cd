/** What a log asks a witness: an old size, a consistency proof and a checkpoint (c2sp.org/tlog-witness; spec chapter 17.8). @module */
import { decodeUtf8, encodeBase64, Malformed, parseCheckpoint, parseDecimal, parseHash, type Checkpoint } from '@aiegis/protocol'

/** Most bytes of a request. */
export const MAX_REQUEST = 65_536
/** Most hashes of a proof. */
const MAX_HASHES = 63
/** Media type of the size that a witness knows. */
export const SIZE_TYPE = 'text/x.tlog.size'

/** A request that was parsed, not verified. */
export interface AddCheckpoint {
  readonly old: bigint
  /** 32 bytes each. */
  readonly path: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}

/** The body of a request. */
export function formatAddCheckpoint(old: bigint, path: readonly Uint8Array[], note: string): string {
  return `old ${old}\n${path.map((hash) => `${encodeBase64(hash)}\n`).join('')}\n${note}`
}

/** Reads the body of a request. Throws `Malformed`, also for more than 63 hashes and every second spelling. Verifies nothing. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_REQUEST) throw new Malformed(`a request over ${MAX_REQUEST} bytes`)
  const text = decodeUtf8(body)
  // No line of the head is empty; the checkpoint ends its own text at the last blank line.
  const end = text.indexOf('\n\n')
  if (end === -1) throw new Malformed('a request without a blank line')
  const [first = '', ...hashes] = text.slice(0, end).split('\n')
  if (!first.startsWith('old ')) throw new Malformed('a request that does not begin with an old size')
  if (hashes.length > MAX_HASHES) throw new Malformed(`a proof with more than ${MAX_HASHES} hashes`)
  return { old: parseDecimal(first.slice(4)), path: hashes.map(parseHash), checkpoint: parseCheckpoint(text.slice(end + 2)) }
}
