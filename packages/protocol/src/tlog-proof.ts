/** Reads and writes the proof that one leaf is in a log, in one byte form (c2sp.org/tlog-proof; spec chapter 5). @module */
import { decodeUtf8, equal, utf8 } from './bytes.ts'
import { decodeBase64Part, decodeBase64url, encodeBase64 } from './base64.ts'
import { parseCheckpoint, parseDecimal, type Checkpoint } from './checkpoint.ts'
import type { CryptoPort } from './crypto.ts'
import { LIMITS } from './limits.ts'
import { Malformed } from './refusal.ts'
import { sharedPaths, type NodeSource } from './tree-paths.ts'

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
const MAX_PROOF_SIGNATURES = 9

/**
 * Reads a proof: magic line, `index`, hashes, blank line, checkpoint. Throws `Malformed` for an `extra` line, over 40 hashes, over
 * 9 signatures, over 4,096 characters, and every second spelling. Neither verifies the head nor that index and path fit its size.
 */
export function parseProof(text: string): LogProof {
  if (text.length > LIMITS.proof) throw new Malformed(`a proof over ${LIMITS.proof} characters`)
  return readProof(utf8(text))
}

/** Checkpoints that were read before, by their text. Nothing in them is verified. */
export interface ReadCheckpoints {
  get(text: string): Checkpoint | undefined
  set(text: string, checkpoint: Checkpoint): unknown
}

/**
 * Reads the header value: base64url without padding, at most 4,096 characters, of a proof. Throws `Malformed`. A checkpoint that is among
 * `read` is taken from there, and every other put there: many proofs come under one head.
 */
export function decodeProofHeader(value: string, read?: ReadCheckpoints): LogProof {
  if (value.length > LIMITS.proof) throw new Malformed(`a proof over ${LIMITS.proof} characters`)
  return readProof(decodeBase64url(value), read)
}

/** The text of a proof. `checkpointNote` is taken as it is; what comes out is not checked against `parseProof`. */
export function formatProof(index: bigint, path: readonly Uint8Array[], checkpointNote: string): string {
  return textOf(index, path.map(lineOf).join(''), checkpointNote)
}

/** The path of a leaf and the text of its proof. */
export interface Proven {
  readonly path: readonly Uint8Array[]
  readonly proof: string
}

/**
 * Proofs of leaves under one head, as `inclusionPath` and `formatProof` make them one by one: what many have in common is read and
 * written once. `checkpointNote` is taken as it is. What it gives throws `RangeError` for an index outside the tree of `size` leaves.
 */
export function proofsUnder(
  crypto: CryptoPort,
  node: NodeSource,
  size: number,
  checkpointNote: string,
): (index: number) => Proven {
  const top: { readonly path: readonly Uint8Array[]; readonly lines: string } = { path: [], lines: '' }
  const pathOf = sharedPaths({ crypto, node, size }, top, (hash, { path, lines }) => ({
    path: [hash, ...path],
    lines: lineOf(hash) + lines,
  }))
  return (index) => {
    const { path, lines } = pathOf(index)
    return { path, proof: textOf(BigInt(index), lines, checkpointNote) }
  }
}

function textOf(index: bigint, lines: string, note: string): string {
  return `${MAGIC}${INDEX}${index}\n${lines}\n${note}`
}

function lineOf(hash: Uint8Array): string {
  return `${encodeBase64(hash)}\n`
}

/** Reads the head from the bytes, because it is ASCII, and makes text of the checkpoint alone: who keeps that keeps no hashes with it. */
function readProof(bytes: Uint8Array, read?: ReadCheckpoints): LogProof {
  if (!equal(bytes.subarray(0, START.length), START)) throw new Malformed('not a tlog-proof with an index')
  const first = bytes.indexOf(NEWLINE, START.length)
  if (first === -1) throw new Malformed('a proof that ends in its index')
  const path: Uint8Array[] = []
  // No line of the head is empty: its end is the first blank line, while the checkpoint ends its own text at the last.
  let at = first + 1
  for (; bytes[at] !== NEWLINE; at += HASH_LINE) {
    if (path.length === MAX_PATH) throw new Malformed(`a proof with more than ${MAX_PATH} hashes`)
    if (bytes[at + HASH_LINE - 1] !== NEWLINE) throw new Malformed('a proof with a line that is no hash')
    const hash = decodeBase64Part(bytes, at, at + HASH_LINE - 1)
    if (hash.length !== 32) throw new Malformed('a proof with a hash of another length than 32 bytes')
    path.push(hash)
  }
  // Decoded with the newline in front: what looks like a byte order mark there is part of the origin.
  const checkpoint = readCheckpoint(decodeUtf8(bytes.subarray(at)).slice(1), read)
  return { index: parseDecimal(decodeUtf8(bytes.subarray(START.length, first))), path, checkpoint }
}

function readCheckpoint(text: string, read?: ReadCheckpoints): Checkpoint {
  const before = read?.get(text)
  if (before !== undefined) return before
  const checkpoint = parseCheckpoint(text, { maxSignatures: MAX_PROOF_SIGNATURES })
  read?.set(text, checkpoint)
  return checkpoint
}

const MAGIC = 'c2sp.org/tlog-proof@v1\n'
const INDEX = 'index '
const START = utf8(MAGIC + INDEX)
/** 32 bytes in base64 and a newline. */
const HASH_LINE = 45
const NEWLINE = 0x0a
