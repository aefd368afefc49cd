/** Step 3: the harness signed this token, and it is of now (spec chapters 3, 4 and 12). @module */
import {
  importEd25519,
  fromHex,
  parseMilliseconds,
  parseTokenClaims,
  Refusal,
  verifyEd25519,
  verifyJws,
  type CryptoPort,
  type Ed25519PublicKey,
  type ReasonCode,
  type TokenClaims,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { TrustConfig, TrustedKey } from '../trust.ts'

/** A token whose signature and times were checked. */
export interface VerifiedToken {
  readonly claims: TokenClaims
  /** The compact JWS as sent. */
  readonly text: string
  /** ASCII of `text`. */
  readonly bytes: Uint8Array
  readonly kid: string
  /** The third JWS segment: `ledger_sig` of the leaf. */
  readonly signatureText: string
}

/** The base point: a valid key whose only use is to make refusing an unknown key cost what refusing a bad signature costs. */
const DECOY = importEd25519(fromHex(`58${'66'.repeat(31)}`))
/** R is the base point and S is 1: a signature with the form of one, by nobody. */
const DECOY_SIGNATURE = fromHex(`58${'66'.repeat(31)}01${'00'.repeat(31)}`)

/** Costs what a verification costs and proves nothing. */
export function verifyDecoy(crypto: CryptoPort): boolean | Promise<boolean> {
  return verifyEd25519(crypto, DECOY, DECOY_SIGNATURE, DECOY_SIGNATURE)
}

/**
 * Throws `token_issuer_unknown`, `token_key_unknown`, `token_signature_invalid`, `token_claims_invalid`, `token_version_unsupported`,
 * `token_not_yet_valid`, `token_expired`, `token_lifetime_too_long`, `entry_time_mismatch`. `now` is in epoch seconds.
 * Does not compare the token with request or passport.
 */
export function checkToken(
  jws: UnverifiedJws,
  trust: TrustConfig,
  crypto: CryptoPort,
  now: number,
): VerifiedToken | Promise<VerifiedToken> {
  const trusted = trust.harnessKey(jws.signer, jws.kid)
  return after(verifyJws(crypto, jws, keyOrDecoy(trusted, now)), (payload) => {
    if (trusted === undefined) {
      throw unknownKey(trust.harness(jws.signer) === undefined, 'token_issuer_unknown', 'token_key_unknown')
    }
    if (!isUsable(trusted, now)) throw new Refusal('token_key_unknown', 'the key is outside its validity')
    if (payload === undefined) throw new Refusal('token_signature_invalid', 'the token signature does not verify')
    const claims = parseTokenClaims(payload)
    if (claims.iss !== jws.signer) throw new Refusal('token_claims_invalid', '"iss" is not the DID of "kid"')
    checkTimes(claims, trust, now)
    return { claims, text: jws.text, bytes: jws.bytes, kid: jws.kid, signatureText: jws.signatureText }
  })
}

/** The key to verify with: the trusted one, or a decoy when there is none, so that both refusals take as long. */
export function keyOrDecoy(trusted: TrustedKey | undefined, now: number): Ed25519PublicKey {
  return trusted !== undefined && isUsable(trusted, now) ? trusted.key : DECOY
}

/** Whether a pinned key may be used at `now` (epoch seconds): `validFrom` ≤ now < `validUntil`. */
export function isUsable(trusted: TrustedKey, now: number): boolean {
  return (trusted.validFrom ?? 0) <= now && now < (trusted.validUntil ?? Number.POSITIVE_INFINITY)
}

/** The refusal for a signer that is not in the bundle, or not with that key. */
export function unknownKey(issuerUnknown: boolean, issuer: ReasonCode, key: ReasonCode): Refusal {
  return issuerUnknown
    ? new Refusal(issuer, 'the signer is not in the trust bundle')
    : new Refusal(key, 'the signer has no such key')
}

function checkTimes(claims: TokenClaims, trust: TrustConfig, now: number): void {
  const { skewSeconds, maxLifetimeSeconds } = trust.time
  if (claims.iat > now + skewSeconds) throw new Refusal('token_not_yet_valid', `iat ${claims.iat}, now ${now}`)
  if (claims.exp <= now) throw new Refusal('token_expired', `exp ${claims.exp}, now ${now}`) // RFC 7519 §4.1.4: equality is expired
  if (claims.exp - claims.iat > maxLifetimeSeconds) {
    throw new Refusal('token_lifetime_too_long', `${claims.exp - claims.iat} s, at most ${maxLifetimeSeconds}`)
  }
  // Decision and token are one act: an old decision cannot be sold in a new token.
  if (Math.floor(parseMilliseconds(claims.entry.ts) / 1000) !== claims.iat) {
    throw new Refusal('entry_time_mismatch', `ts ${claims.entry.ts}, iat ${claims.iat}`)
  }
}
