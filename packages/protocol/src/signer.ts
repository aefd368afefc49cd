/** The one interface through which every private key of the harness is used (spec chapter 1, keys). @module */
import type { Ed25519PublicKey } from './ed25519.ts'

/** Holds an Ed25519 private key and signs bytes with it (RFC 8032). */
export interface Signer {
  /** DID URL of the key, or the note key name for log keys. */
  readonly kid: string
  readonly publicKey: Ed25519PublicKey
  /** 64-byte Ed25519 signature over `bytes`. Rejects when the key cannot be used. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}
