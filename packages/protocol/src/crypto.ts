/** The crypto port and its three engines: Node's own, WebCrypto and portable JavaScript (spec chapter 2). @module */
import { Point } from '@noble/ed25519'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { builtin, hasFunctions } from './builtin.ts'
import { concat, equal, fromHex, toHex } from './bytes.ts'
import { encodeBase64url } from './base64.ts'

/**
 * The two operations that everything here needs. `verifyEd25519` is the bare equation of RFC 8032 §5.1.7 without cofactor: engines
 * differ on small-order and non-canonical points, so only `verifyEd25519` of `ed25519.ts`, which refuses those first, calls it.
 */
export interface CryptoPort {
  /** SHA-256, 32 bytes (FIPS 180-4). */
  sha256(bytes: Uint8Array): Uint8Array
  /** The same digest as base64url text of 43 characters, for engines that print it faster than they hand the bytes over. */
  sha256Text?(bytes: Uint8Array): string
  /** Writes the same digest to `target` at `offset`, which may be part of `bytes`, for engines that need no array of their own for it. */
  sha256Into?(bytes: Uint8Array, target: Uint8Array, offset: number): void
  /** `key` 32 bytes, `signature` 64 bytes. False, not an error, for a key that is no point of the curve. */
  verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>
}

/** SHA-256 as base64url text, 43 characters. */
export function hashText(crypto: CryptoPort, bytes: Uint8Array): string {
  return crypto.sha256Text?.(bytes) ?? encodeBase64url(crypto.sha256(bytes))
}

/** Writes the SHA-256 of `bytes` to `target` at `offset`. `target` may be the memory that is hashed: it is read before it is written. */
export function hashInto(crypto: CryptoPort, bytes: Uint8Array, target: Uint8Array, offset: number): void {
  if (crypto.sha256Into === undefined) target.set(crypto.sha256(bytes), offset)
  else crypto.sha256Into(bytes, target, offset)
}

/** The fastest engine of this runtime: `node:crypto`, else WebCrypto, else portable JavaScript. */
export function defaultCrypto(): CryptoPort {
  chosen ??= nodeCrypto() ?? webCrypto() ?? nobleCrypto()
  return chosen
}

/** Synchronous `node:crypto` (Node, Bun, Deno), or `undefined` where it is missing or fails a known answer. */
export function nodeCrypto(): CryptoPort | undefined {
  const module = builtin('node:crypto')
  if (!isNodeCrypto(module)) return undefined
  const engine = nodeEngine(module)
  return knowsAnswers(engine) ? engine : undefined
}

/** WebCrypto for signatures, portable JavaScript for hashes, because WebCrypto has no synchronous ones; `undefined` without it. */
export function webCrypto(): CryptoPort | undefined {
  const subtle = globalThis.crypto?.subtle
  if (subtle === undefined) return undefined
  const cache = keyCache<CryptoKey>()
  return {
    sha256,
    async verifyEd25519(key, message, signature) {
      // Copies: the caller may write into its arrays while the key is imported.
      const data = new Uint8Array(message)
      const proof = new Uint8Array(signature)
      const x = new Uint8Array(key)
      try {
        const handle = cache.get(key) ?? cache.keep(key, x, await subtle.importKey('raw', x, 'Ed25519', false, ['verify']))
        return await subtle.verify('Ed25519', handle, proof, data)
      } catch (error) {
        const name = error instanceof Error ? error.name : ''
        if (name === 'DataError') return false // no point of the curve
        if (name === 'NotSupportedError') return verifyPortably(x, data, proof)
        throw error
      }
    },
  }
}

/** Portable JavaScript: about ten times slower, the same verdicts. */
export function nobleCrypto(): CryptoPort {
  return { sha256, verifyEd25519: verifyPortably }
}

/** Compares the encoding of S·B − k·A with R. The library's own `verify` multiplies by the cofactor and accepts more. */
function verifyPortably(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const s = littleEndian(signature.subarray(32))
  const a = pointOf(key)
  if (signature.length !== 64 || s >= ORDER || a === undefined) return false
  const r = signature.subarray(0, 32)
  const k = littleEndian(sha512(concat([r, key, message]))) % ORDER
  return equal(Point.BASE.multiplyUnsafe(s).add(a.negate().multiplyUnsafe(k)).toBytes(), r)
}

function pointOf(key: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(key)
  } catch {
    return undefined // the library throws for bytes that are no point, and for nothing else
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x0${toHex(bytes.toReversed())}`)
}

interface NodeCrypto {
  /** Since Node 20.12: one call instead of three objects. */
  hash?(algorithm: 'sha256', data: Uint8Array, encoding: 'binary' | 'base64url'): string
  createHash(algorithm: 'sha256'): { update(data: Uint8Array): { digest(encoding: 'binary'): string } }
  createPublicKey(key: { key: { kty: 'OKP'; crv: 'Ed25519'; x: string }; format: 'jwk' }): object
  verify(algorithm: null, data: Uint8Array, key: object, signature: Uint8Array): boolean
}

function isNodeCrypto(module: unknown): module is NodeCrypto {
  return hasFunctions(module, ['createHash', 'createPublicKey', 'verify'])
}

function nodeEngine(node: NodeCrypto): CryptoPort {
  const cache = keyCache<object>()
  const handleOf = (key: Uint8Array): object | undefined => {
    const found = cache.get(key)
    if (found !== undefined) return found
    const bytes = new Uint8Array(key)
    const handle = importByJwk(node, bytes)
    return handle === undefined ? undefined : cache.keep(key, bytes, handle)
  }
  const hash = node.hash?.bind(node)
  // A string of 32 characters crosses into JavaScript in half the time of a Buffer.
  const digest = (bytes: Uint8Array): string =>
    hash === undefined ? node.createHash('sha256').update(bytes).digest('binary') : hash('sha256', bytes, 'binary')
  return {
    sha256: (bytes) => writeBinary(digest(bytes), new Uint8Array(32), 0),
    sha256Into: (bytes, target, offset) => void writeBinary(digest(bytes), target, offset),
    ...(hash === undefined ? undefined : { sha256Text: (bytes: Uint8Array) => hash('sha256', bytes, 'base64url') }),
    verifyEd25519(key, message, signature) {
      const handle = handleOf(key)
      return handle !== undefined && node.verify(null, message, handle, signature)
    },
  }
}

/** `undefined` for a key that is no point of the curve: Deno looks when it imports, the others when they verify. */
function importByJwk(node: NodeCrypto, key: Uint8Array): object | undefined {
  try {
    // From JWK: importing SPKI costs fifteen times as much, most of a verification.
    return node.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(key) }, format: 'jwk' })
  } catch {
    return undefined // the known answers have shown that this engine takes keys, so it is this key
  }
}

function writeBinary(text: string, target: Uint8Array, offset: number): Uint8Array {
  for (let index = 0; index < text.length; index++) target[offset + index] = text.charCodeAt(index)
  return target
}

/** Remembers imported keys for as long as the caller keeps its array. An array that was written to since is not found. */
interface KeyCache<T> {
  get(key: Uint8Array): T | undefined
  /** Returns `handle`. `bytes` is a copy of `key` that nobody writes to. */
  keep(key: Uint8Array, bytes: Uint8Array, handle: T): T
}

function keyCache<T>(): KeyCache<T> {
  const handles = new WeakMap<Uint8Array, { readonly bytes: Uint8Array; readonly handle: T }>()
  return {
    get(key) {
      const found = handles.get(key)
      return found !== undefined && equal(found.bytes, key) ? found.handle : undefined
    },
    keep(key, bytes, handle) {
      handles.set(key, { bytes, handle })
      return handle
    },
  }
}

/** One digest and one signature, both made here: runtimes that only imitate `node:crypto` must not decide about signatures. */
function knowsAnswers(engine: CryptoPort): boolean {
  const nothing = new Uint8Array(0)
  try {
    const forged = new Uint8Array(KNOWN_SIGNATURE)
    forged[63] = 0
    const written = new Uint8Array(32)
    hashInto(engine, nothing, written, 0)
    return (
      equal(engine.sha256(nothing), KNOWN_DIGEST) &&
      hashText(engine, nothing) === encodeBase64url(KNOWN_DIGEST) &&
      equal(written, KNOWN_DIGEST) &&
      engine.verifyEd25519(KNOWN_KEY, nothing, KNOWN_SIGNATURE) === true &&
      engine.verifyEd25519(KNOWN_KEY, nothing, forged) === false
    )
  } catch {
    return false // an engine without Ed25519 throws; another one is chosen then
  }
}

let chosen: CryptoPort | undefined
const ORDER: bigint = Point.CURVE().n
const KNOWN_DIGEST = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
const KNOWN_KEY = fromHex('bb6a835e59632649d75c52ff2162477032cfe509bde6bc99a2c078f791e0807b')
const KNOWN_SIGNATURE = fromHex(
  '06ceeaab815c9ecd8d28a94a6925deee651c5d77f4a749fad5fe5a29548f14322e89c62538d96e4c0cde11effa9831038c0521e7eaa302e77a5ca9b44c40e108',
)
