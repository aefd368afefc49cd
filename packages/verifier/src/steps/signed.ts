/** Verifies a signature under a pinned key, and makes not knowing the signer cost what a bad signature costs (spec chapter 10, AHP-ROAD-9). @module */
import {
  fromHex,
  importEd25519,
  Refusal,
  verifyEd25519,
  verifyJws,
  type CryptoPort,
  type Ed25519PublicKey,
  type ReasonCode,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { TrustedKey } from '../trust.ts'

/** The base point: a valid key whose only use is to make refusing an unknown key cost what refusing a bad signature costs. */
const DECOY = importEd25519(fromHex(`58${'66'.repeat(31)}`))
/** R is the base point and S is 1: a signature with the form of one, by nobody. */
const DECOY_SIGNATURE = fromHex(`58${'66'.repeat(31)}01${'00'.repeat(31)}`)

/** Costs what a verification costs and proves nothing. */
export function verifyDecoy(crypto: CryptoPort): boolean | Promise<boolean> {
  return verifyEd25519(crypto, DECOY, DECOY_SIGNATURE, DECOY_SIGNATURE)
}

/** What the trust bundle has for the signer that a JWS names. */
export interface NamedSigner {
  /** The DID is in the bundle, in this role. */
  readonly isKnown: boolean
  readonly key: TrustedKey | undefined
}

/** Exact codes of one kind of evidence; all of them show the same public code. */
export interface SignerCodes {
  readonly issuer: ReasonCode
  readonly key: ReasonCode
  readonly signature: ReasonCode
}

/** A payload whose signature verified, and the key under which it did. */
export interface Signed {
  readonly payload: Uint8Array
  readonly key: Ed25519PublicKey
}

/** What a signer signed with a key that may be used at `now` (epoch seconds). Throws one of `codes`. */
export function verifySigned(
  jws: UnverifiedJws,
  { isKnown, key }: NamedSigner,
  codes: SignerCodes,
  crypto: CryptoPort,
  now: number,
): Signed | Promise<Signed> {
  const usable = key !== undefined && isUsable(key, now) ? key.key : undefined
  return after(verifyJws(crypto, jws, usable ?? DECOY), (payload) => {
    if (!isKnown) throw new Refusal(codes.issuer, 'the signer is not in the trust bundle')
    if (usable === undefined) throw new Refusal(codes.key, 'the signer has no such key, or it is outside its validity')
    if (payload === undefined) throw new Refusal(codes.signature, 'the signature does not verify')
    return { payload, key: usable }
  })
}

/** Whether a pinned key may be used at `now` (epoch seconds): `validFrom` ≤ now < `validUntil`. */
export function isUsable(trusted: TrustedKey, now: number): boolean {
  return (trusted.validFrom ?? 0) <= now && now < (trusted.validUntil ?? Number.POSITIVE_INFINITY)
}
