/** Reads and prints Ed25519 public keys as JWK (RFC 8037 §2) and names them by thumbprint (RFC 7638; spec chapter 2). @module */
import { decodeBase64url, encodeBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import { hashText, type CryptoPort } from './crypto.ts'
import { importEd25519, type Ed25519PublicKey } from './ed25519.ts'
import { isObject } from './json.ts'
import { Malformed } from './refusal.ts'

/** An Ed25519 public key as JWK, with exactly these members. */
export interface Ed25519Jwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  /** base64url of 32 bytes, 43 characters. */
  readonly x: string
}

/** The key of a JWK with exactly `kty`, `crv` and `x`. Throws `Malformed` for more members (a private `d` above all) and bad keys. */
export function parseEd25519Jwk(value: unknown): Ed25519PublicKey {
  if (!isObject(value) || Object.keys(value).toSorted().join() !== 'crv,kty,x')
    throw new Malformed('not a JWK with kty, crv and x only')
  const { kty, crv, x } = value
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') throw new Malformed('not a JWK of an Ed25519 key')
  if (x.length !== 43) throw new Malformed('a JWK with an "x" of another length than 32 bytes')
  return importEd25519(decodeBase64url(x))
}

/** The JWK of `key`. */
export function jwkOf(key: Ed25519PublicKey): Ed25519Jwk {
  return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(key.bytes) }
}

/** RFC 7638 thumbprint: base64url of the SHA-256 of the required members in lexicographic order, 43 characters. */
export function thumbprint(crypto: CryptoPort, key: Ed25519PublicKey): string {
  return hashText(crypto, utf8(`{"crv":"Ed25519","kty":"OKP","x":"${encodeBase64url(key.bytes)}"}`))
}
