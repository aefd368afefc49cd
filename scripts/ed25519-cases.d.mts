/** One case of `ed25519-cases.mjs`. */
export interface Ed25519Case {
  readonly name: string
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  /** The verdict of the strict rule. */
  readonly valid: boolean
  /** True when the equation holds once it is multiplied by the cofactor. */
  readonly cofactored?: true
}
export function ed25519Cases(): Ed25519Case[]
export function smallOrderEncodings(): Uint8Array[]
export function nonCanonicalEncodings(): Uint8Array[]
