/** Bytes and their texts, written for the suite alone: it shares no code with any receiver. @module */
import { gzipSync } from 'node:zlib'
import { sha256 as hash } from '@noble/hashes/sha2.js'

const encoder = new TextEncoder()

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes)
}

/** Base64url without padding (RFC 4648, section 5). */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

/** All parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

const made = new Map<number, Uint8Array>()

/** So many zeros as one member of gzip; made once, for it takes long. */
export function gzippedZeros(size: number): Uint8Array {
  const bytes = made.get(size) ?? gzipSync(new Uint8Array(size))
  made.set(size, bytes)
  return bytes
}
