/** The one interface through which every private key of the harness is used, and the one that holds a key in memory (spec chapter 1). @module */
import { builtin, hasFunctions } from './builtin.ts'
import { concat, fromHex } from './bytes.ts'
import { importEd25519, type Ed25519PublicKey } from './ed25519.ts'

/** Holds an Ed25519 private key and signs bytes with it (RFC 8032). */
export interface Signer {
  /** DID URL of the key, or the note key name for log keys. */
  readonly kid: string
  readonly publicKey: Ed25519PublicKey
  /** 64-byte Ed25519 signature over `bytes`. Rejects when the key cannot be used. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** A signer that answers at once. */
export interface SyncSigner extends Signer {
  sign(bytes: Uint8Array): Uint8Array
}

/**
 * A signer for a 32-byte RFC 8032 seed held in memory, on runtimes with `node:crypto`. `kid` may depend on the public key.
 * Throws `TypeError` for another seed length and on runtimes without it.
 */
export function createSigner(seed: Uint8Array, kid: string | ((key: Ed25519PublicKey) => string)): SyncSigner {
  if (seed.length !== 32) throw new TypeError('createSigner: the seed of an Ed25519 key has 32 bytes')
  const crypto = builtin('node:crypto')
  if (!isNodeSigning(crypto)) throw new TypeError('createSigner: this runtime has no node:crypto; bring a Signer of your own')
  // Export as SPKI, not as JWK: repeated JWK export can deadlock on Node 20.
  const key = crypto.createPrivateKey({ key: concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const spki = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = importEd25519(spki.subarray(spki.length - 32))
  return {
    kid: typeof kid === 'string' ? kid : kid(publicKey),
    publicKey,
    sign: (bytes) => new Uint8Array(crypto.sign(null, bytes, key)),
  }
}

/** RFC 8410 §7: PrivateKeyInfo of Ed25519 up to the seed. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420')

interface NodeSigning {
  createPrivateKey(key: { key: Uint8Array; format: 'der'; type: 'pkcs8' }): object
  createPublicKey(key: object): { export(form: { format: 'der'; type: 'spki' }): Uint8Array }
  sign(algorithm: null, data: Uint8Array, key: object): Uint8Array
}

function isNodeSigning(module: unknown): module is NodeSigning {
  return hasFunctions(module, ['createPrivateKey', 'createPublicKey', 'sign'])
}
