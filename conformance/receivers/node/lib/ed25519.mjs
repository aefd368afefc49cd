/** Verifies Ed25519 by one rule on every machine: the edges of spec chapter 2.3 first, then the equation of OpenSSL. @module */
import { createPublicKey, verify } from 'node:crypto'
import { must } from './refusal.mjs'

const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n
const SMALL_ORDER = new Set([
  0n,
  1n,
  P - 1n,
  little(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
  little(Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex')),
])

/** AHP-BYTES-9 and AHP-BYTES-10. Throws `Malformed`. */
export function checkPublicKey(bytes) {
  must(bytes.length === 32 && isAllowedY(bytes), 'not a public key of Ed25519')
}

/** AHP-BYTES-11 and AHP-BYTES-12: OpenSSL computes S*B - k*A and compares bytes, without the cofactor. */
export function verifySignature(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64 || !isAllowedY(key) || !isAllowedY(signature.subarray(0, 32))) return false
  if (little(signature.subarray(32)) >= L) return false
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
    return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
  } catch {
    return false // a key that is no point of the curve: under it nothing verifies
  }
}

function isAllowedY(bytes) {
  const y = little(bytes.subarray(0, 32)) & (2n ** 255n - 1n)
  return y < P && !SMALL_ORDER.has(y)
}

function little(bytes) {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
}
