/** Reads and writes signed notes and the keys that verify them, in one byte form (c2sp.org/signed-note; spec chapter 5). @module */
import { concat, utf8 } from './bytes.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { defaultCrypto, type CryptoPort } from './crypto.ts'
import { importEd25519, type Ed25519PublicKey } from './ed25519.ts'
import { Malformed } from './refusal.ts'

/** Note key type of a log: plain Ed25519 over the text. */
export const LOG_KEY_TYPE = 0x01
/** Note key type of a witness: Ed25519 with a time, `cosignature/v1` (c2sp.org/tlog-cosignature). */
export const WITNESS_KEY_TYPE = 0x04

/** A verifier key, as configured: `<name>+<8 hex digits of id>+<base64 of type and key>`. */
export interface Vkey {
  readonly text: string
  readonly name: string
  /** `LOG_KEY_TYPE` or `WITNESS_KEY_TYPE`. */
  readonly type: number
  /** First 32 bits of SHA-256 over name, newline, type and key: tells keys apart, proves nothing. */
  readonly id: number
  readonly key: Ed25519PublicKey
}

/** One signature line. Who made it is a claim until the signature verifies. */
export interface NoteSignature {
  readonly name: string
  readonly id: number
  /** 64 bytes for type 0x01, 72 for type 0x04; the length is not checked here. */
  readonly signature: Uint8Array
}

/** A note that was split, not verified. */
export interface SignedNote {
  /** What is signed, with its final newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Bounds that hold before a note is parsed. */
export interface NoteLimits {
  /** Characters of the whole note; 65,536 unless said otherwise. */
  readonly maxLength?: number
  /** Signature lines; 16 unless said otherwise, the least that C2SP asks for. */
  readonly maxSignatures?: number
}

/** Reads a verifier key of type 0x01 or 0x04. Throws `Malformed` for another type, an id that is not the key's and every other spelling. */
export function parseVkey(text: string, crypto: CryptoPort = defaultCrypto()): Vkey {
  const [, name, id, encoded] = VKEY.exec(text) ?? []
  if (name === undefined || id === undefined || encoded === undefined) throw new Malformed('not a verifier key')
  const bytes = decodeBase64(encoded)
  const type = bytes[0]
  if (type !== LOG_KEY_TYPE && type !== WITNESS_KEY_TYPE) throw new Malformed('a verifier key of another type than 1 or 4')
  const key = importEd25519(bytes.subarray(1))
  if (formatVkey(name, type, key, crypto) !== text) throw new Malformed('a verifier key whose id is not that of its name and key')
  return { text, name, type, id: Number.parseInt(id, 16), key }
}

/** The text of a verifier key. Throws `Malformed` for a name that no signature line could carry. */
export function formatVkey(name: string, type: number, key: Ed25519PublicKey, crypto: CryptoPort): string {
  const id = noteKeyId(crypto, name, type, key).toString(16).padStart(8, '0')
  return `${name}+${id}+${encodeBase64(concat([new Uint8Array([type]), key.bytes]))}`
}

/** The id of a key: first four bytes of SHA-256(name, 0x0A, type, key) as an unsigned integer. Throws `Malformed` for a bad name. */
export function noteKeyId(crypto: CryptoPort, name: string, type: number, key: Ed25519PublicKey): number {
  if (!isKeyName(name)) throw new Malformed('not a name of a note key')
  return readId(crypto.sha256(concat([utf8(`${name}\n`), new Uint8Array([type]), key.bytes])))
}

/** True for what may name a key: not empty, no Unicode white space, no control character, no plus sign, at most 256 characters. */
export function isKeyName(name: string): boolean {
  return name.length <= 256 && KEY_NAME.test(name)
}

/**
 * Splits a note at its last blank line. Throws `Malformed` for control characters, lone surrogates, a line that is no signature,
 * base64 that is not canonical, two lines of one key, and anything over `limits`. Verifies nothing.
 */
export function parseNote(note: string, limits: NoteLimits = {}): SignedNote {
  if (note.length > (limits.maxLength ?? 65_536)) throw new Malformed('a note that is too long')
  if (!NOTE_TEXT.test(note)) throw new Malformed('a note with a control character or a lone surrogate')
  // The text may itself hold blank lines and lines that look like signatures: only the last blank line ends it.
  const end = note.lastIndexOf('\n\n')
  if (end === -1) throw new Malformed('a note without a blank line')
  const lines = note.slice(end + 2).split('\n')
  if (lines.pop() !== '') throw new Malformed('a note that does not end in a newline')
  if (lines.length === 0) throw new Malformed('a note without signatures')
  if (lines.length > (limits.maxSignatures ?? 16)) throw new Malformed('a note with too many signatures')
  const signatures = lines.map(parseLine)
  if (signatures.some(isRepeated)) throw new Malformed('a note with two signatures of one key')
  return { text: note.slice(0, end + 1), signatures }
}

/** The note with these signature lines, in this order. `text` ends in a newline; throws `TypeError` when it does not. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  if (!text.endsWith('\n')) throw new TypeError('the text of a note ends in a newline')
  const lines = signatures.map(({ name, id, signature }) => `${DASH}${name} ${encodeBase64(concat([writeId(id), signature]))}\n`)
  return `${text}\n${lines.join('')}`
}

/** The signature line of a key, if the note has one. Name and id must both be equal. */
export function findNoteSignature(note: SignedNote, vkey: Vkey): NoteSignature | undefined {
  return note.signatures.find(({ name, id }) => id === vkey.id && name === vkey.name)
}

function parseLine(line: string): NoteSignature {
  const space = line.indexOf(' ', DASH.length)
  const name = line.slice(DASH.length, space)
  if (!line.startsWith(DASH) || space === -1 || !isKeyName(name)) throw new Malformed('a note with a line that is no signature')
  const bytes = decodeBase64(line.slice(space + 1))
  if (bytes.length < 5) throw new Malformed('a note with an empty signature')
  return { name, id: readId(bytes), signature: bytes.subarray(4) }
}

function isRepeated(one: NoteSignature, index: number, all: readonly NoteSignature[]): boolean {
  return all.some((other, position) => position < index && other.id === one.id && other.name === one.name)
}

function readId(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
}

function writeId(id: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, id)
  return bytes
}

/** An em dash and a space start every signature line. */
const DASH = '— '
/** Unicode's own white space: `\s` misses U+0085 and adds U+FEFF. */
const KEY_NAME = /^[^\p{White_Space}\p{Cc}\p{Surrogate}+]+$/u
const VKEY = /^([^+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u
/** No control characters but the newline. C2SP refuses those below U+0020; the rest of them is refused here too. */
const NOTE_TEXT = /^[\n\x20-\x7e\u00a0-\ud7ff\ue000-\u{10ffff}]*$/u
