/** Keys of logs and witnesses for tests, made from a name or a seed, what they sign, and the root of a list of hashes. @module */
import { utf8 } from '../src/bytes.ts'
import { cosignatureMessage, formatCosignature } from '../src/checkpoint.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { emptyRoot, hashNode } from '../src/merkle.ts'
import { formatVkey, LOG_KEY_TYPE, parseVkey, WITNESS_KEY_TYPE, type NoteSignature, type Vkey } from '../src/note.ts'
import { createSigner } from '../src/signer.ts'

export interface NoteKey {
  readonly vkey: Vkey
  sign(bytes: Uint8Array): Uint8Array
}

/** A key for notes, from a 32-byte seed or from the hash of its name. */
export function noteKey(name: string, type: number, seed: Uint8Array = crypto.sha256(utf8(`${type} ${name}`))): NoteKey {
  const signer = createSigner(seed, name)
  return { vkey: parseVkey(formatVkey(name, type, signer.publicKey, crypto)), sign: (bytes) => signer.sign(bytes) }
}

export const logKey = (name: string, seed?: Uint8Array): NoteKey => noteKey(name, LOG_KEY_TYPE, seed)
export const witnessKey = (name: string, seed?: Uint8Array): NoteKey => noteKey(name, WITNESS_KEY_TYPE, seed)

/** The signature line of a log under `text`. */
export function signNote(key: NoteKey, text: string): NoteSignature {
  return { name: key.vkey.name, id: key.vkey.id, signature: key.sign(utf8(text)) }
}

/** The line of a witness under `text`. */
export function cosign(key: NoteKey, text: string, seconds: bigint): NoteSignature {
  const signature = formatCosignature(seconds, key.sign(cosignatureMessage(seconds, text)))
  return { name: key.vkey.name, id: key.vkey.id, signature }
}

/** Root over hashes, by the definition of RFC 9162 §2.1.1. */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only === undefined) return emptyRoot(crypto)
  if (hashes.length === 1) return only
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return hashNode(crypto, rootOf(hashes.slice(0, k)), rootOf(hashes.slice(k)))
}

const crypto = defaultCrypto()
