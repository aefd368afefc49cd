/** Ed25519 on the arithmetic of points alone: signing (RFC 8032) and the one strict verification of spec 2.3. @module */
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equal } from './bytes.ts'

/** Order of the base point. */
export const L: bigint = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n

/** A private key with what follows from it. */
export interface KeyPair {
  readonly scalar: bigint
  readonly prefix: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** The key pair of a seed of 32 bytes (RFC 8032, section 5.1.5). */
export function keyPairOf(seed: Uint8Array): KeyPair {
  const head = sha512(seed)
  const low = head.slice(0, 32)
  low[0] = (low[0] ?? 0) & 248
  low[31] = ((low[31] ?? 0) & 127) | 64
  const scalar = integerOf(low)
  return { scalar, prefix: head.slice(32), publicKey: Point.BASE.multiply(scalar % L).toBytes() }
}

/** The signature of a message, 64 bytes (RFC 8032, section 5.1.6); `domain` is empty but for the variants of Ed25519. */
export function sign(key: KeyPair, message: Uint8Array, domain: Uint8Array = new Uint8Array(0)): Uint8Array {
  const r = integerOf(sha512(concat(domain, key.prefix, message))) % L
  return signatureOf(key, message, r, Point.BASE.multiply(r).toBytes(), domain)
}

/** A signature with the bytes of R as given, which need not be those of r·B. */
export function signatureOf(key: KeyPair, message: Uint8Array, r: bigint, R: Uint8Array, domain?: Uint8Array): Uint8Array {
  const k = challenge(R, key.publicKey, message, domain)
  return concat(R, bytesOf((r + k * key.scalar) % L))
}

/** The nonce of a signature, as `sign` makes it. */
export function nonceOf(key: KeyPair, message: Uint8Array): bigint {
  return integerOf(sha512(concat(key.prefix, message))) % L
}

/** Whether a key may be used at all (AHP-BYTES-9, AHP-BYTES-10): canonical, a point, not of small order. */
export function isKey(publicKey: Uint8Array): boolean {
  return pointOf(publicKey) !== null
}

/** Whether the signature verifies as spec 2.3 says: S below L, canonical A and R of no small order, the equation without cofactor. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const R = signature.slice(0, 32)
  const s = integerOf(signature.slice(32))
  const key = pointOf(publicKey)
  if (key === null || s >= L || pointOf(R) === null) return false
  const k = challenge(R, publicKey, message)
  const left = Point.BASE.multiply(s, false).subtract(key.multiply(k, false))
  return equal(left.toBytes(), R)
}

function challenge(R: Uint8Array, publicKey: Uint8Array, message: Uint8Array, domain: Uint8Array = new Uint8Array(0)): bigint {
  return integerOf(sha512(concat(domain, R, publicKey, message))) % L
}

function pointOf(encoded: Uint8Array): Point | null {
  if (encoded.length !== 32) return null
  const y = integerOf(encoded) & (2n ** 255n - 1n)
  if (y >= P) return null
  try {
    const point = Point.fromBytes(encoded, true)
    return point.double().double().double().is0() ? null : point
  } catch {
    return null // no point of the curve
  }
}

/** Little-endian, as RFC 8032 has it. */
export function integerOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

/** 32 bytes, little-endian. */
export function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}
