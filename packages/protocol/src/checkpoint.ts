/** Reads checkpoints, the signed heads of a log, and their cosignatures (c2sp.org/tlog-checkpoint, /tlog-cosignature; spec chapter 5). @module */
import { concat, utf8 } from './bytes.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import type { CryptoPort } from './crypto.ts'
import { verifyEd25519 } from './ed25519.ts'
import { MAX_TREE_SIZE } from './merkle.ts'
import {
  findNoteSignature,
  LOG_KEY_TYPE,
  parseNote,
  WITNESS_KEY_TYPE,
  type NoteLimits,
  type SignedNote,
  type Vkey,
} from './note.ts'
import { Malformed } from './refusal.ts'

/** A head that was parsed, not verified. */
export interface Checkpoint {
  /** Name of the log, compared exactly. */
  readonly origin: string
  /** Number of leaves. */
  readonly size: bigint
  /** Root of the tree, 32 bytes. */
  readonly root: Uint8Array
  readonly note: SignedNote
  /** The whole note as it was read. */
  readonly raw: string
}

/** What a key says about a note. A known key with a bad signature is `bad`, however many other signatures are good. */
export type NoteVerdict = 'ok' | 'unsigned' | 'bad'

/** What a witness says about a checkpoint; `seconds` since 1970 is the time that it signed. */
export type CosignatureVerdict = { readonly verdict: 'ok'; readonly seconds: bigint } | { readonly verdict: 'unsigned' | 'bad' }

/**
 * Reads a checkpoint: origin, size and root, one line each, and nothing more. Throws `Malformed` for extension lines, any second
 * spelling of a number or hash, size over 2^63 − 1, and size 0 with a root that is not the empty tree's. Verifies nothing.
 */
export function parseCheckpoint(note: string, limits?: NoteLimits): Checkpoint {
  const parsed = parseNote(note, limits)
  const lines = parsed.text.split('\n')
  const [origin, decimal, encoded] = lines
  if (lines.length !== 4 || decimal === undefined || encoded === undefined) throw new Malformed('a checkpoint has three lines')
  if (origin === undefined || origin === '') throw new Malformed('a checkpoint without an origin')
  const size = parseDecimal(decimal)
  const root = parseHash(encoded)
  if (size === 0n && encoded !== EMPTY_ROOT) throw new Malformed('a checkpoint of size 0 with a root')
  return { origin, size, root, note: parsed, raw: note }
}

/** The signed text of a checkpoint. Throws `RangeError` for a size or root that no checkpoint has; the origin is not checked. */
export function formatCheckpointBody(origin: string, size: bigint, root: Uint8Array): string {
  if (size < 0n || size > MAX_TREE_SIZE || root.length !== 32)
    throw new RangeError('a checkpoint needs a size below 2^63 and a 32-byte root')
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/**
 * Whether the log signed this head. `unsigned` for another origin and where the key has no line. Throws `TypeError` for a witness
 * key. Does not check any inclusion, nor that the log showed the same head to others.
 */
export function verifyCheckpoint(
  crypto: CryptoPort,
  checkpoint: Checkpoint,
  origin: string,
  vkey: Vkey,
): NoteVerdict | Promise<NoteVerdict> {
  if (vkey.type !== LOG_KEY_TYPE) throw new TypeError(`${vkey.name} is not the key of a log: it has type ${vkey.type}`)
  const found = checkpoint.origin === origin ? findNoteSignature(checkpoint.note, vkey) : undefined
  if (found === undefined) return 'unsigned'
  const verified = verifyEd25519(crypto, vkey.key, utf8(checkpoint.note.text), found.signature)
  return typeof verified === 'boolean' ? verdictOf(verified) : verified.then(verdictOf)
}

/**
 * Whether a witness cosigned this head, and when. Throws `TypeError` for a log key. Compares neither the time with a clock nor the
 * origin with anything: verify the checkpoint first. One key is one witness, whatever names it has.
 */
export function verifyCosignature(
  crypto: CryptoPort,
  checkpoint: Checkpoint,
  witness: Vkey,
): CosignatureVerdict | Promise<CosignatureVerdict> {
  if (witness.type !== WITNESS_KEY_TYPE)
    throw new TypeError(`${witness.name} is not the key of a witness: it has type ${witness.type}`)
  const found = findNoteSignature(checkpoint.note, witness)
  if (found === undefined) return { verdict: 'unsigned' }
  const cosignature = splitCosignature(found.signature)
  if (cosignature === undefined) return { verdict: 'bad' }
  const { seconds, signature } = cosignature
  const verified = verifyEd25519(crypto, witness.key, cosignatureMessage(seconds, checkpoint.note.text), signature)
  const judge = (ok: boolean): CosignatureVerdict => (ok ? { verdict: 'ok', seconds } : { verdict: 'bad' })
  return typeof verified === 'boolean' ? judge(verified) : verified.then(judge)
}

/** What a witness signs: that `text` was the largest consistent head of its origin that it knew at `seconds` since 1970. */
export function cosignatureMessage(seconds: bigint, text: string): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${text}`)
}

/** The 72 bytes of a cosignature line: time, big-endian, then the Ed25519 signature. Throws `RangeError` outside 0 to 2^63 − 1. */
export function formatCosignature(seconds: bigint, signature: Uint8Array): Uint8Array {
  if (seconds < 0n || seconds > MAX_TREE_SIZE) throw new RangeError('a cosignature has a time from 0 to 2^63 − 1')
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, seconds)
  return concat([time, signature])
}

/** Time and signature of a cosignature line of type 0x04. Throws `Malformed` for another length and for a time over 2^63 − 1. */
export function parseCosignature(bytes: Uint8Array): { readonly seconds: bigint; readonly signature: Uint8Array } {
  const cosignature = splitCosignature(bytes)
  if (cosignature === undefined) throw new Malformed('not a cosignature')
  return cosignature
}

/** A non-negative integer in its one decimal spelling, at most 2^63 − 1. Throws `Malformed`. */
export function parseDecimal(text: string): bigint {
  // Before BigInt, which reads "", " 8", "0x8" and "1_0" in its own way.
  if (!DECIMAL.test(text)) throw new Malformed('not a decimal number')
  const value = BigInt(text)
  if (value > MAX_TREE_SIZE) throw new Malformed('a number over 2^63 − 1')
  return value
}

/** A 32-byte hash in base64. Throws `Malformed`. */
export function parseHash(text: string): Uint8Array {
  if (text.length !== 44) throw new Malformed('not a hash of 32 bytes')
  const hash = decodeBase64(text)
  if (hash.length !== 32) throw new Malformed('not a hash of 32 bytes')
  return hash
}

function splitCosignature(bytes: Uint8Array): { readonly seconds: bigint; readonly signature: Uint8Array } | undefined {
  if (bytes.length !== 72) return undefined
  const seconds = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  return seconds > MAX_TREE_SIZE ? undefined : { seconds, signature: bytes.subarray(8) }
}

function verdictOf(verified: boolean): NoteVerdict {
  return verified ? 'ok' : 'bad'
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/
/** SHA-256 of nothing. */
const EMPTY_ROOT = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
