/** Step 4: issuers that this receiver trusts vouch for every agent of the chain, and each agent handed off to the next (spec chapter 8). @module */
import {
  equal,
  hashText,
  parsePassport,
  Refusal,
  RISKS,
  thumbprint,
  utf8,
  type CryptoPort,
  type DelegationClaims,
  type Ed25519PublicKey,
  type Passport,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { BoundedMap } from '../bounded-map.ts'
import { gradesOf, leastGrades, type EvidenceCheck, type Grades } from '../grades.ts'
import type { Keys } from '../keys.ts'
import type { Evidence } from './decode.ts'
import { checkLinks, verifyDelegations } from './delegations.ts'
import { isUsable, verifyDecoy, verifySigned } from './signed.ts'

/** An agent is named by issuer and DID together, never by its DID alone. */
export interface Agent {
  readonly issuer: string
  readonly did: string
  readonly grades: Grades
  readonly jurisdiction: string | null
  readonly risk: string | null
}

/** A passport whose signature was verified, with what follows from its bytes alone. */
export interface KnownPassport {
  readonly passport: Passport
  /** The issuer's key that signed it. */
  readonly kid: string
  readonly key: Ed25519PublicKey
  /** RFC 7638 thumbprint of the holder's key. */
  readonly jkt: string
  readonly agent: Agent
}

/** The chain of a request, verified: what follows from its bytes alone. */
export interface VerifiedChain {
  /** As sent, or as it was sent before. */
  readonly text: string
  /** base64url SHA-256 of `text`; compared with `psp`. */
  readonly digest: string
  /** From principal to presenter, one to three. */
  readonly links: readonly KnownPassport[]
  /** Between them, one less. */
  readonly delegations: readonly DelegationClaims[]
  /** The first passport's holder: on whose authority the agent acts. */
  readonly principal: KnownPassport
  /** The last passport's holder: who sends the request. */
  readonly presenter: KnownPassport
  /** The agents of `links`. */
  readonly path: readonly Agent[]
  /** Per fact the weakest of all passports. */
  readonly grades: Grades
  /** The highest of all passports; null when none says one. */
  readonly risk: string | null
}

/** Chains that were verified before, by their end and by their digest. Times, keys and status are judged anew on each use. */
export type ChainCache = BoundedMap<VerifiedChain>

/** What chains are verified with. */
export interface ChainChecking {
  readonly isIssuer: (did: string) => boolean
  readonly skewSeconds: number
  readonly keys: Keys
  readonly known: ChainCache
  readonly crypto: CryptoPort
  readonly checkEvidence: EvidenceCheck | undefined
}

/**
 * The chain that was verified under these very bytes, or under the digest that a reference names. Text is looked up by its end, which is
 * a signature and short, and compared whole.
 */
export function findKnown(cache: ChainCache, value: string): VerifiedChain | undefined {
  if (value.startsWith(REFERENCE)) return cache.get(value)
  const found = cache.get(value.slice(-SIGNATURE_LENGTH))
  return found?.text === value ? found : undefined
}

function remember(cache: ChainCache, chain: VerifiedChain): void {
  cache.set(REFERENCE + chain.digest, chain)
  cache.set(chain.text.slice(-SIGNATURE_LENGTH), chain)
}

const REFERENCE = 'sha-256='
/** 64 bytes in base64url. */
const SIGNATURE_LENGTH = 86

const CODES = {
  issuer: 'passport_issuer_unknown',
  key: 'passport_key_unknown',
  signature: 'passport_signature_invalid',
} as const

/**
 * Throws `passport_issuer_unknown`, `passport_key_unknown`, `passport_signature_invalid`, `passport_claims_invalid`,
 * `passport_lifetime_too_long`, `passport_key_mismatch`, `passport_not_yet_valid`, `passport_expired`, `keys_unavailable`,
 * `agent_repeated`, `passport_required`, `passport_digest_mismatch` and the codes of `delegations.ts`. `psp` is that of the token, which
 * was verified; `now` is in epoch seconds. Does not check status, mission, roles, nor anything that the token says.
 */
export function checkPassports(
  { chain }: Pick<Evidence, 'chain'>,
  psp: string | undefined,
  checking: ChainChecking,
  now: number,
): VerifiedChain | Promise<VerifiedChain> {
  if (chain.kind === 'known') return judge(chain.known, checking, now)
  if (chain.kind === 'reference') throw notHeld(chain.psp, psp)
  const { text, passports, delegations } = chain
  const bytes = utf8(text)
  return after(verifyPassports(passports, [], checking, now), (links) =>
    after(verifyDelegations(delegations, bytes, links, checking.crypto), (claims) => {
      checkLinks(links, claims)
      const verified = assemble(text, bytes, links, claims, checking.crypto)
      // One token would otherwise push out all that is remembered, with chains that its holder makes up.
      if (psp === undefined || psp === verified.digest) remember(checking.known, verified)
      // Its keys were looked up a moment ago, at this very time.
      checkTimes(verified, checking, now)
      return verified
    }),
  )
}

/** A token for another chain gets what it gets when that digest is held: joins would say so. */
function notHeld(reference: string, psp: string | undefined): Refusal {
  return psp === undefined || psp === reference
    ? new Refusal('passport_required', 'this receiver holds no chain with that digest')
    : new Refusal('passport_digest_mismatch', '"psp" is not the digest that was sent')
}

/** What may change while the bytes stay the same is judged on every use. */
function judge(chain: VerifiedChain, checking: ChainChecking, now: number): VerifiedChain | Promise<VerifiedChain> {
  checkTimes(chain, checking, now)
  return after(checkKeys(chain.links, 0, checking, now), () => chain)
}

function checkTimes(chain: VerifiedChain, checking: ChainChecking, now: number): void {
  const latest = now + checking.skewSeconds
  for (const { passport } of chain.links) {
    if (passport.validFrom > latest) throw new Refusal('passport_not_yet_valid', `from ${passport.validFrom}, now ${now}`)
  }
  for (const { iat } of chain.delegations) {
    if (iat > latest) throw new Refusal('delegation_not_yet_valid', `iat ${iat}, now ${now}`)
  }
  checkEnds(chain, now)
}

/** Throws `passport_expired`, `delegation_expired` when any part of the chain has ended; equality is expired. `now` is in epoch seconds. */
export function checkEnds(chain: Pick<VerifiedChain, 'links' | 'delegations'>, now: number): void {
  for (const { passport } of chain.links) {
    if (passport.validUntil <= now) throw new Refusal('passport_expired', `until ${passport.validUntil}, now ${now}`)
  }
  for (const { exp } of chain.delegations) {
    if (exp <= now) throw new Refusal('delegation_expired', `exp ${exp}, now ${now}`)
  }
}

/** A key that was withdrawn, or that now has other bytes, takes the passports that it signed with it, remembered or not. */
function checkKeys(links: readonly KnownPassport[], at: number, checking: ChainChecking, now: number): void | Promise<void> {
  const link = links[at]
  if (link === undefined) return undefined
  return after(checking.keys.find('issuer', link.passport.issuer, link.kid), (found) => {
    if (found !== undefined && isUsable(found, now) && equal(found.key.bytes, link.key.bytes))
      return checkKeys(links, at + 1, checking, now)
    // An unknown key costs what a bad signature costs, in a chain that is remembered too (AHP-ROAD-9).
    return after(verifyDecoy(checking.crypto), () => {
      throw new Refusal('passport_key_unknown', 'the key is outside its validity, or is another one now')
    })
  })
}

function verifyPassports(
  passports: readonly UnverifiedJws[],
  links: readonly KnownPassport[],
  checking: ChainChecking,
  now: number,
): readonly KnownPassport[] | Promise<readonly KnownPassport[]> {
  const next = passports[links.length]
  if (next === undefined) return links
  return after(verifyPassport(next, checking, now), (link) => verifyPassports(passports, [...links, link], checking, now))
}

function verifyPassport(jws: UnverifiedJws, checking: ChainChecking, now: number): KnownPassport | Promise<KnownPassport> {
  const { keys, crypto, checkEvidence } = checking
  return after(keys.find('issuer', jws.signer, jws.kid), (key) =>
    after(verifySigned(jws, { isKnown: checking.isIssuer(jws.signer), key }, CODES, crypto, now), (signed) => {
      const passport = parsePassport(signed.payload)
      if (passport.issuer !== jws.signer) throw new Refusal('passport_claims_invalid', '"issuer" is not the DID of "kid"')
      return knownPassport(passport, jws.kid, signed.key, crypto, checkEvidence)
    }),
  )
}

/** What follows from a verified passport; the agent is frozen, for handlers see it. */
export function knownPassport(
  passport: Passport,
  kid: string,
  key: Ed25519PublicKey,
  crypto: CryptoPort,
  checkEvidence: EvidenceCheck | undefined,
): KnownPassport {
  const { issuer, subject: did, jurisdiction, risk } = passport
  const agent = Object.freeze({ issuer, did, grades: gradesOf(passport, checkEvidence), jurisdiction, risk })
  return { passport, kid, key, jkt: jktOf(passport.key, crypto), agent }
}

/** Thumbprints of keys that are in use: an agent comes again with each new hand-off. */
const jkts = new WeakMap<Ed25519PublicKey, string>()

function jktOf(key: Ed25519PublicKey, crypto: CryptoPort): string {
  const known = jkts.get(key)
  if (known !== undefined) return known
  const jkt = thumbprint(crypto, key)
  jkts.set(key, jkt)
  return jkt
}

/** The chain of links that were verified; `bytes` is ASCII of `text`. Throws `RangeError` for no link. */
export function assemble(
  text: string,
  bytes: Uint8Array,
  links: readonly KnownPassport[],
  delegations: readonly DelegationClaims[],
  crypto: CryptoPort,
): VerifiedChain {
  const [principal] = links
  const presenter = links.at(-1)
  if (principal === undefined || presenter === undefined) throw new RangeError('a chain has a passport')
  const path = Object.freeze(links.map(({ agent }) => agent))
  const grades = leastGrades(path.map((agent) => agent.grades))
  return {
    text,
    digest: hashText(crypto, bytes),
    links,
    delegations,
    principal,
    presenter,
    path,
    grades,
    risk: highestRisk(path),
  }
}

/** A hand-off to an agent of little risk must not hide the risk of the one that handed off. */
function highestRisk(path: readonly Agent[]): string | null {
  return RISKS.findLast((risk) => path.some((agent) => agent.risk === risk)) ?? null
}
