/** Step 3: the harness signed this token, and it is of now (spec chapters 3, 4 and 12). @module */
import {
  parseMilliseconds,
  parseTokenClaims,
  Refusal,
  type CryptoPort,
  type Ed25519PublicKey,
  type TokenClaims,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { Keys } from '../keys.ts'
import type { TrustConfig } from '../trust.ts'
import { verifySigned } from './signed.ts'

/** A token whose signature and times were checked. */
export interface VerifiedToken {
  readonly claims: TokenClaims
  /** The compact JWS as sent. */
  readonly text: string
  /** ASCII of `text`. */
  readonly bytes: Uint8Array
  readonly kid: string
  /** The key under which it verified. */
  readonly key: Ed25519PublicKey
  /** The third JWS segment: `ledger_sig` of the leaf. */
  readonly signatureText: string
}

const CODES = { issuer: 'token_issuer_unknown', key: 'token_key_unknown', signature: 'token_signature_invalid' } as const

/**
 * Throws `token_issuer_unknown`, `token_key_unknown`, `token_signature_invalid`, `token_claims_invalid`, `token_version_unsupported`,
 * `token_not_yet_valid`, `token_expired`, `token_lifetime_too_long`, `entry_time_mismatch`, `keys_unavailable`. `now` is in epoch seconds.
 * Does not compare the token with request or passport.
 */
export function checkToken(
  jws: UnverifiedJws,
  trust: TrustConfig,
  keys: Keys,
  crypto: CryptoPort,
  now: number,
): VerifiedToken | Promise<VerifiedToken> {
  const isKnown = trust.harness(jws.signer) !== undefined
  return after(keys.find('harness', jws.signer, jws.kid), (key) =>
    after(verifySigned(jws, { isKnown, key }, CODES, crypto, now), ({ payload, key: signedBy }) => {
      const claims = parseTokenClaims(payload)
      if (claims.iss !== jws.signer) throw new Refusal('token_claims_invalid', '"iss" is not the DID of "kid"')
      checkTimes(claims, trust, now)
      return { claims, text: jws.text, bytes: jws.bytes, kid: jws.kid, key: signedBy, signatureText: jws.signatureText }
    }),
  )
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
