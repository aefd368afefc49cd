/** C2SP notes: verifier keys, checkpoints, signature lines and cosignatures (spec chapter 5). @module */
import { base64, concat, fromHex, sha256, utf8 } from './bytes.ts'
import { sign, type KeyPair } from './ed25519.ts'

/** Note types of C2SP: a log's key, and a witness's. */
export const LOG_TYPE = 0x01
/** A witness's key. */
export const WITNESS_TYPE = 0x04

/** The first 4 bytes of SHA-256 of name, line feed, type and key. */
export function keyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(name), Uint8Array.of(0x0a, type), publicKey)).slice(0, 4)
}

/** `<name>+<key id>+<base64 of type and key>`. */
export function verifierKey(name: string, type: number, publicKey: Uint8Array): string {
  const id = Buffer.from(keyId(name, type, publicKey)).toString('hex')
  return `${name}+${id}+${base64(concat(Uint8Array.of(type), publicKey))}`
}

/** The three lines of a checkpoint, with their line feeds. */
export function checkpointText(origin: string, size: string, root: Uint8Array): string {
  return `${origin}\n${size}\n${base64(root)}\n`
}

/** One signature line, with its line feed: `blob` is key id and signature. */
export function signatureLine(name: string, blob: Uint8Array): string {
  return `— ${name} ${base64(blob)}\n`
}

/** The blob of a log's signature line. */
export function logBlob(name: string, key: KeyPair, text: string): Uint8Array {
  return concat(keyId(name, LOG_TYPE, key.publicKey), sign(key, utf8(text)))
}

/** The blob of a witness's line: key id, 8 bytes of seconds, signature over the time and the checkpoint (C2SP tlog-cosignature). */
export function cosignatureBlob(name: string, key: KeyPair, text: string, seconds: bigint): Uint8Array {
  const signed = sign(key, utf8(`cosignature/v1\ntime ${seconds}\n${text}`))
  return concat(keyId(name, WITNESS_TYPE, key.publicKey), fromHex(seconds.toString(16).padStart(16, '0')), signed)
}
