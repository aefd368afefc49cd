/** Reads and writes the proof that one leaf is in a log, in one byte form (c2sp.org/tlog-proof; spec chapter 5). @module */
import { decodeUtf8 } from './bytes.ts'
import { decodeBase64url, encodeBase64 } from './base64.ts'
import { parseCheckpoint, parseDecimal, parseHash, type Checkpoint } from './checkpoint.ts'
import { LIMITS } from './limits.ts'
import { Malformed } from './refusal.ts'

/** A proof that was parsed, not verified. */
export interface LogProof {
  /** Number of the leaf, from 0. */
  readonly index: bigint
  /** Hashes from the sibling of the leaf upwards, 32 bytes each. */
  readonly path: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}

/** Most hashes in a path: a log of 2^40 leaves. */
export const MAX_PATH = 40
/** Most signature lines: the log's own and eight cosignatures. */
export const MAX_PROOF_SIGNATURES = 9

/**
 * Reads a proof: magic line, `index`, hashes, blank line, checkpoint. Throws `Malformed` for an `extra` line, over 40 hashes, over
 * 9 signatures, over 4,096 characters, and every second spelling. Neither verifies the head nor that index and path fit its size.
 */
export function parseProof(text: string): LogProof {
  if (text.length > LIMITS.proof) throw new Malformed(`a proof over ${LIMITS.proof} characters`)
  // No line of the head is empty: its end is the first blank line, while the checkpoint ends its own text at the last.
  const end = text.indexOf('\n\n')
  if (end === -1 || !text.startsWith(MAGIC)) throw new Malformed('not a tlog-proof')
  const [index, ...hashes] = text.slice(MAGIC.length, end).split('\n')
  if (index === undefined || !index.startsWith(INDEX)) throw new Malformed('a proof without an index')
  if (hashes.length > MAX_PATH) throw new Malformed(`a proof with more than ${MAX_PATH} hashes`)
  return {
    index: parseDecimal(index.slice(INDEX.length)),
    path: hashes.map(parseHash),
    checkpoint: parseCheckpoint(text.slice(end + 2), { maxSignatures: MAX_PROOF_SIGNATURES }),
  }
}

/** Reads the header value: base64url without padding, at most 4,096 characters, of a proof. Throws `Malformed`. */
export function decodeProofHeader(value: string): LogProof {
  if (value.length > LIMITS.proof) throw new Malformed(`a proof over ${LIMITS.proof} characters`)
  return parseProof(decodeUtf8(decodeBase64url(value)))
}

/** The text of a proof. `checkpointNote` is taken as it is; what comes out is not checked against `parseProof`. */
export function formatProof(index: bigint, path: readonly Uint8Array[], checkpointNote: string): string {
  const hashes = path.map((hash) => `${encodeBase64(hash)}\n`)
  return `${MAGIC}${INDEX}${index}\n${hashes.join('')}\n${checkpointNote}`
}

const MAGIC = 'c2sp.org/tlog-proof@v1\n'
const INDEX = 'index '
