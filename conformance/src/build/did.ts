/** Names of keys: did:key, thumbprints and JWKs (spec chapter 2.5, 2.6). @module */
import { base64url, concat, hashOf } from './bytes.ts'
import type { JsonObject } from './json.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Base58btc, without the `z` of multibase. */
export function base58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; value > 0n; value /= 58n) text = `${ALPHABET[Number(value % 58n)] ?? ''}${text}`
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}

/** The multibase text of an Ed25519 key: `z`, multicodec `ed 01`, the key. */
export function multikey(publicKey: Uint8Array): string {
  return `z${base58(concat(Uint8Array.of(0xed, 0x01), publicKey))}`
}

/** The did:key of an Ed25519 key. */
export function didKey(publicKey: Uint8Array): string {
  return `did:key:${multikey(publicKey)}`
}

/** The `kid` under which the agent of a did:key signs delegations. */
export function agentKid(did: string): string {
  return `${did}#${did.slice('did:key:'.length)}`
}

/** An Ed25519 key as JWK, closed. */
export function jwk(publicKey: Uint8Array): JsonObject {
  return { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey) }
}

/** RFC 7638, SHA-256, base64url. */
export function thumbprint(publicKey: Uint8Array): string {
  return hashOf(`{"crv":"Ed25519","kty":"OKP","x":"${base64url(publicKey)}"}`)
}
