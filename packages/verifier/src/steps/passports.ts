/** Step 4: an issuer that this receiver trusts vouches for the agent (spec chapter 8). @module */
import { encodeBase64url, parsePassport, Refusal, utf8, verifyJws, type CryptoPort, type Passport } from '@aiegis/protocol'
import { BoundedMap } from '../bounded-map.ts'
import type { TrustConfig } from '../trust.ts'
import type { Evidence } from './decode.ts'
import { isUsable, keyOrDecoy, unknownKey } from './token.ts'

/** The passports of a request, verified, with the hash of the bytes that said so. */
export interface VerifiedChain {
  /** base64url SHA-256 of the chain text; compared with `psp`. */
  readonly digest: string
  /** The first passport's holder: on whose authority the agent acts. */
  readonly principal: Passport
  /** The last passport's holder: who sends the request. */
  readonly presenter: Passport
  /** When the first of all passports ends, epoch seconds. */
  readonly validUntil: number
}

interface Entry {
  readonly passport: Passport
  readonly kid: string
}

/** Passports that were verified before, by the hash of all their bytes. Times, key validity and status are judged anew on each use. */
export type PassportCache = BoundedMap<Entry>

/** Holds `size` verified passports. */
export function createPassportCache(size: number): PassportCache {
  return new BoundedMap(size)
}

/**
 * Throws `passport_issuer_unknown`, `passport_key_unknown`, `passport_signature_invalid`, `passport_claims_invalid`, `passport_lifetime_too_long`,
 * `passport_key_mismatch`, `passport_not_yet_valid`, `passport_expired`. `now` is in epoch seconds. Does not check status, mission or joins.
 */
export async function checkPassports(
  evidence: Evidence,
  trust: TrustConfig,
  cache: PassportCache,
  crypto: CryptoPort,
  now: number,
): Promise<VerifiedChain> {
  const digest = encodeBase64url(crypto.sha256(utf8(evidence.chain)))
  const { passport, kid } = cache.get(digest) ?? cache.set(digest, await verify(evidence, trust, crypto, now))
  // A key that was withdrawn takes the passports that it signed with it, cached or not.
  const key = trust.issuerKey(passport.issuer, kid)
  if (key === undefined || !isUsable(key, now)) throw new Refusal('passport_key_unknown', 'the key is outside its validity')
  if (passport.validFrom > now + trust.time.skewSeconds)
    throw new Refusal('passport_not_yet_valid', `from ${passport.validFrom}, now ${now}`)
  if (passport.validUntil <= now) throw new Refusal('passport_expired', `until ${passport.validUntil}, now ${now}`)
  return { digest, principal: passport, presenter: passport, validUntil: passport.validUntil }
}

async function verify(evidence: Evidence, trust: TrustConfig, crypto: CryptoPort, now: number): Promise<Entry> {
  const jws = evidence.passport
  const trusted = trust.issuerKey(jws.signer, jws.kid)
  const payload = await verifyJws(crypto, jws, keyOrDecoy(trusted, now))
  if (trusted === undefined)
    throw unknownKey(trust.issuer(jws.signer) === undefined, 'passport_issuer_unknown', 'passport_key_unknown')
  if (!isUsable(trusted, now)) throw new Refusal('passport_key_unknown', 'the key is outside its validity')
  if (payload === undefined) throw new Refusal('passport_signature_invalid', 'the passport signature does not verify')
  const passport = parsePassport(payload)
  if (passport.issuer !== jws.signer) throw new Refusal('passport_claims_invalid', '"issuer" is not the DID of "kid"')
  return { passport, kid: jws.kid }
}
