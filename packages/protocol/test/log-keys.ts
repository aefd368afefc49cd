/** Keys of logs and witnesses for tests, made from a name, and what they sign. @module */
import { createPrivateKey, createPublicKey, hash, sign, type KeyObject } from 'node:crypto'
import { decodeBase64url } from '../src/base64.ts'
import { utf8 } from '../src/bytes.ts'
import { cosignatureMessage, formatCosignature } from '../src/checkpoint.ts'
import { defaultCrypto } from '../src/crypto.ts'
import { importEd25519 } from '../src/ed25519.ts'
import { formatVkey, LOG_KEY_TYPE, parseVkey, WITNESS_KEY_TYPE, type NoteSignature, type Vkey } from '../src/note.ts'

export interface TestKey {
  readonly vkey: Vkey
  sign(bytes: Uint8Array): Uint8Array
}

/** A key for notes, from a 32-byte seed or from the hash of its name. */
export function noteKey(name: string, type: number, seed: Uint8Array = hash('sha256', `${type} ${name}`, 'buffer')): TestKey {
  const secret = privateKey(seed)
  const { x } = createPublicKey(secret).export({ format: 'jwk' })
  const key = importEd25519(decodeBase64url(x ?? ''))
  const vkey = parseVkey(formatVkey(name, type, key, defaultCrypto()))
  return { vkey, sign: (bytes) => new Uint8Array(sign(null, bytes, secret)) }
}

export const logKey = (name: string, seed?: Uint8Array): TestKey => noteKey(name, LOG_KEY_TYPE, seed)
export const witnessKey = (name: string, seed?: Uint8Array): TestKey => noteKey(name, WITNESS_KEY_TYPE, seed)

/** The signature line of a log under `text`. */
export function signNote(key: TestKey, text: string): NoteSignature {
  return { name: key.vkey.name, id: key.vkey.id, signature: key.sign(utf8(text)) }
}

/** The line of a witness under `text`. */
export function cosign(key: TestKey, text: string, seconds: bigint): NoteSignature {
  const signature = formatCosignature(seconds, key.sign(cosignatureMessage(seconds, text)))
  return { name: key.vkey.name, id: key.vkey.id, signature }
}

function privateKey(seed: Uint8Array): KeyObject {
  // RFC 8410 §7: PrivateKeyInfo with the algorithm 1.3.101.112 and the seed in two nested octet strings.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}
