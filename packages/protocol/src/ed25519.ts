/** The one place that verifies Ed25519 signatures, by one rule on every runtime: RFC 8032 without its tolerances (spec chapter 2). @module */
import type { CryptoPort } from './crypto.ts'
import { fromHex } from './bytes.ts'
import { Malformed } from './refusal.ts'

/** A public key whose bytes have passed `importEd25519`; nothing else makes one. `bytes` must not be written to. */
export interface Ed25519PublicKey {
  /** 32 bytes: y in little-endian order, the sign of x in the top bit. */
  readonly bytes: Uint8Array
  readonly [checked]: true
}

/**
 * Copies and checks 32 bytes of public key. Throws `Malformed` for another length, y ≥ p, and points of small order, for which
 * anybody can sign. Does not check that the bytes are a point of the curve: under others no signature verifies.
 */
export function importEd25519(bytes: Uint8Array): Ed25519PublicKey {
  if (bytes.length !== 32) throw new Malformed('an Ed25519 key of another length than 32 bytes')
  if (!isCanonicalY(bytes)) throw new Malformed('an Ed25519 key that is not canonical')
  if (isSmallOrder(bytes)) throw new Malformed('an Ed25519 key of small order')
  return new Imported(new Uint8Array(bytes))
}

/**
 * Whether `signature` (64 bytes) is that of `key` over `message`: S < L, y(R) < p, R not of small order, then S·B = R + k·A without
 * the cofactor. Everything else is false. Rules: RFC 8032 §5.1.7, and the strict column of libsodium and of Node 24.
 */
export function verifyEd25519(
  crypto: CryptoPort,
  key: Ed25519PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean | Promise<boolean> {
  if (!(key instanceof Imported)) throw new TypeError('verifyEd25519 needs a key made by importEd25519')
  if (signature.length !== 64 || !isReducedS(signature)) return false
  if (!isCanonicalY(signature) || isSmallOrder(signature)) return false
  return crypto.verifyEd25519(key.bytes, message, signature)
}

declare const checked: unique symbol

class Imported implements Ed25519PublicKey {
  readonly bytes: Uint8Array
  declare readonly [checked]: true

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** y < p = 2^255 − 19 for the point that `bytes` starts with; the sign bit is not part of y. */
function isCanonicalY(bytes: Uint8Array): boolean {
  if ((byteAt(bytes, 31) & 0x7f) !== 0x7f) return true
  for (let index = 30; index > 0; index--) if (byteAt(bytes, index) !== 0xff) return true
  return byteAt(bytes, 0) < 0xed
}

/** The eight points of small order have five y among them; with x = 0 both signs are one point, so the sign is not looked at. */
function isSmallOrder(bytes: Uint8Array): boolean {
  return SMALL_ORDER_Y.some((y) => {
    for (let index = 0; index < 31; index++) if (byteAt(bytes, index) !== byteAt(y, index)) return false
    return (byteAt(bytes, 31) & 0x7f) === byteAt(y, 31)
  })
}

/** S < L for the second half of a signature: otherwise S + L would be a second signature (RFC 8032 §8.4). */
function isReducedS(signature: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = byteAt(signature, 32 + index) - byteAt(ORDER, index)
    if (difference !== 0) return difference < 0
  }
  return false
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

/** L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 §5.1). */
const ORDER = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
/** 1 (order 1), −1 (order 2), 0 (order 4) and the two of order 8, little-endian. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
].map(fromHex)
