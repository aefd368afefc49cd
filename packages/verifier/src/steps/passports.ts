/** Step 4: an issuer that this receiver trusts vouches for the agent (spec chapter 8). @module */
import {
  hashText,
  parsePassport,
  Refusal,
  thumbprint,
  utf8,
  type CryptoPort,
  type Passport,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { BoundedMap } from '../bounded-map.ts'
import type { TrustConfig } from '../trust.ts'
import type { Evidence } from './decode.ts'
import { gradesOf, type Grades } from './requirement.ts'
import { isUsable, verifySigned } from './signed.ts'

/** The passports of a request, verified. */
export interface VerifiedChain {
  /** base64url SHA-256 of the chain text; compared with `psp`. */
  readonly digest: string
  /** The first passport's holder: on whose authority the agent acts. */
  readonly principal: KnownPassport
  /** The last passport's holder: who sends the request. */
  readonly presenter: KnownPassport
  /** When the first of all passports ends, epoch seconds. */
  readonly validUntil: number
}

/** An agent is named by issuer and DID together, never by its DID alone. */
export interface Agent {
  readonly issuer: string
  readonly did: string
}

/** A passport whose signature was verified, with what follows from its bytes alone. */
export interface KnownPassport {
  /** The chain as sent. */
  readonly text: string
  readonly passport: Passport
  /** The issuer's key that signed it. */
  readonly kid: string
  /** base64url SHA-256 of the text as sent. */
  readonly digest: string
  /** RFC 7638 thumbprint of the holder's key. */
  readonly jkt: string
  readonly agent: Agent
  readonly grades: Grades
}

/** Passports that were verified before. Times, validity of keys and status are judged anew on each use. */
export type PassportCache = BoundedMap<KnownPassport>

/** The passport that was verified under these very bytes. The map is asked by the end of the text, which is a signature and short. */
export function findKnown(cache: PassportCache, text: string): KnownPassport | undefined {
  const found = cache.get(nameOf(text))
  return found?.text === text ? found : undefined
}

function nameOf(text: string): string {
  return text.slice(-SIGNATURE_LENGTH)
}

const CODES = {
  issuer: 'passport_issuer_unknown',
  key: 'passport_key_unknown',
  signature: 'passport_signature_invalid',
} as const

/** 64 bytes in base64url. */
const SIGNATURE_LENGTH = 86

/**
 * Throws `passport_issuer_unknown`, `passport_key_unknown`, `passport_signature_invalid`, `passport_claims_invalid`, `passport_lifetime_too_long`,
 * `passport_key_mismatch`, `passport_not_yet_valid`, `passport_expired`. `now` is in epoch seconds. Does not check status, mission or joins.
 */
export function checkPassports(
  evidence: Evidence,
  trust: TrustConfig,
  cache: PassportCache,
  crypto: CryptoPort,
  now: number,
): VerifiedChain | Promise<VerifiedChain> {
  const { chain } = evidence
  if (chain.kind === 'known') return judge(chain.known, trust, now)
  return after(verify(chain.text, chain.passport, trust, crypto, now), (verified) =>
    judge(cache.set(nameOf(chain.text), verified), trust, now),
  )
}

/** What may change while the bytes stay the same is judged on every use. */
function judge(verified: KnownPassport, trust: TrustConfig, now: number): VerifiedChain {
  const { passport, kid, digest } = verified
  // A key that was withdrawn takes the passports that it signed with it, cached or not.
  const key = trust.issuerKey(passport.issuer, kid)
  if (key === undefined || !isUsable(key, now)) throw new Refusal('passport_key_unknown', 'the key is outside its validity')
  if (passport.validFrom > now + trust.time.skewSeconds) {
    throw new Refusal('passport_not_yet_valid', `from ${passport.validFrom}, now ${now}`)
  }
  if (passport.validUntil <= now) throw new Refusal('passport_expired', `until ${passport.validUntil}, now ${now}`)
  return { digest, principal: verified, presenter: verified, validUntil: passport.validUntil }
}

function verify(
  text: string,
  jws: UnverifiedJws,
  trust: TrustConfig,
  crypto: CryptoPort,
  now: number,
): KnownPassport | Promise<KnownPassport> {
  const signer = { isKnown: trust.issuer(jws.signer) !== undefined, key: trust.issuerKey(jws.signer, jws.kid) }
  return after(verifySigned(jws, signer, CODES, crypto, now), (payload) => {
    const passport = parsePassport(payload)
    if (passport.issuer !== jws.signer) throw new Refusal('passport_claims_invalid', '"issuer" is not the DID of "kid"')
    return known(passport, jws.kid, text, crypto)
  })
}

/** What follows from a verified passport; frozen, for handlers see parts of it. */
export function known(passport: Passport, kid: string, text: string, crypto: CryptoPort): KnownPassport {
  return {
    text,
    passport,
    kid,
    digest: hashText(crypto, utf8(text)),
    jkt: thumbprint(crypto, passport.key),
    agent: Object.freeze({ issuer: passport.issuer, did: passport.subject }),
    grades: gradesOf(passport),
  }
}
