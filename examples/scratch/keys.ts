/** Keys, their names and their hashes, with node:crypto alone (spec chapters 2.3 to 2.6 and 5.2). @module */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

/** An Ed25519 key pair. */
export interface Pair {
  readonly secret: KeyObject
  /** The public key, 32 bytes. */
  readonly raw: Buffer
  readonly jwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
}

/** A fresh pair. */
export function createPair(): Pair {
  const { privateKey: secret, publicKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  return { secret, raw, jwk: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } }
}

/** `did:key` of an agent (AHP-BYTES-22): base58btc of `ed 01` and the key. */
export function didKeyOf({ raw }: Pair): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let digits = ''
  for (let rest = BigInt(`0xed01${raw.toString('hex')}`); rest > 0n; rest /= 58n) digits = alphabet[Number(rest % 58n)] + digits
  return `did:key:z${digits}`
}

/** Thumbprint of RFC 7638 (AHP-BYTES-20). */
export function thumbprintOf({ jwk }: Pair): string {
  return sha256(`{"crv":"Ed25519","kty":"OKP","x":"${jwk.x}"}`).toString('base64url')
}

/** The key id of a log key (chapter 5.2): type 0x01 is a log. */
export function logKeyId(name: string, { raw }: Pair): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n\u0001`), raw])).subarray(0, 4)
}

/** The verifier key that a trust bundle pins for a log (chapter 5.2). */
export function vkeyOf(name: string, pair: Pair): string {
  const key = Buffer.concat([Buffer.from([1]), pair.raw]).toString('base64')
  return `${name}+${logKeyId(name, pair).toString('hex')}+${key}`
}

/** Ed25519. */
export function signBytes({ secret }: Pair, message: string | Buffer): Buffer {
  return sign(null, typeof message === 'string' ? Buffer.from(message) : message, secret)
}

/** SHA-256; text is hashed as UTF-8. */
export function sha256(bytes: string | Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
