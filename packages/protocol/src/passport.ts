/** Reads passports: a verifiable credential as `vc+jwt`, closed in every member (spec chapter 8; VC-JOSE-COSE §3.1.1). @module */
import { checkDid, parseDidKey } from './did.ts'
import type { Ed25519PublicKey } from './ed25519.ts'
import { equal } from './bytes.ts'
import { isObject, parseJson, type JsonObject } from './json.ts'
import { parseEd25519Jwk } from './jwk.ts'
import type { UnverifiedJws } from './jws.ts'
import { LIMITS } from './limits.ts'
import { AGENT_DID, HASH, JURISDICTION, membersOf, textOf } from './members.ts'
import { parseMission } from './mission.ts'
import { Refusal, refuseAs } from './refusal.ts'
import { decodeAs } from './token.ts'
import { parseSeconds } from './time.ts'
import { parseNormalUrl } from './url.ts'
import type { MissionPair } from './wire.gen.ts'

/** `typ` of a passport. */
export const PASSPORT_TYPE = 'vc+jwt'
/** How strongly a fact is attested, weakest first. */
export const GRADES = ['none', 'asserted', 'evidence_checked', 'live'] as const
/** One grade. */
export type Grade = (typeof GRADES)[number]
/** The three facts that a passport attests. */
export const FACTS = ['hardware', 'human', 'runtime'] as const
/** How risky the issuer says an agent is, least first. */
export const RISKS = ['minimal', 'limited', 'high', 'critical'] as const
/** One of the three facts. */
export type Fact = (typeof FACTS)[number]

/** What the issuer says about one fact; `grade` is the issuer's word, never what a receiver checked. */
export interface Attestation {
  readonly grade: Grade
  readonly type?: string
  readonly time?: string
  readonly digest?: string
  readonly jkt?: string
  readonly id?: string
}

/** A passport whose signature was verified. Times are epoch seconds; validity, status and joins are not checked here. */
export interface Passport {
  readonly issuer: string
  /** The agent, an Ed25519 `did:key`. Named by (issuer, subject), never by subject alone. */
  readonly subject: string
  readonly key: Ed25519PublicKey
  readonly validFrom: number
  readonly validUntil: number
  readonly attestations: Readonly<Record<Fact, Attestation>>
  readonly mission: readonly MissionPair[]
  readonly harness: readonly string[]
  readonly jurisdiction: string | null
  readonly risk: string | null
  readonly maxDepth: number
  readonly delegatedOnly: boolean
  readonly status: { readonly list: string; readonly index: number } | null
}

const VC_CONTEXT = 'https://www.w3.org/ns/credentials/v2'
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/
const claim = membersOf('passport_claims_invalid')

/** Splits a passport. Throws `passport_malformed`, `passport_header_invalid`. Does not verify anything. */
export function decodePassport(text: string, maxBytes: number = LIMITS.passport): UnverifiedJws {
  return decodeAs(text, { typ: PASSPORT_TYPE, cty: 'vc', maxBytes }, 'passport_malformed', 'passport_header_invalid')
}

/** The value of `X-AEGIS-Passport`: the chain itself, or the digest of one that the receiver may already hold. */
export type PassportHeader =
  { readonly kind: 'chain'; readonly parts: readonly string[] } | { readonly kind: 'reference'; readonly psp: string }

/** Splits `P0~D1~P1…` (an odd number of parts, at most five) or reads `sha-256=<psp>`. Throws `passport_malformed`. */
export function splitPassportHeader(value: string): PassportHeader {
  if (value.startsWith('sha-256=')) {
    const psp = value.slice('sha-256='.length)
    if (!HASH.test(psp)) throw new Refusal('passport_malformed', 'the digest is not base64url of 32 bytes')
    return { kind: 'reference', psp }
  }
  const parts = value.split('~', 6)
  if (parts.length > 5 || parts.length % 2 === 0) throw new Refusal('passport_malformed', 'a chain has one, three or five parts')
  return { kind: 'chain', parts }
}

/**
 * Reads the credential out of a payload whose signature was verified.
 * Throws `passport_claims_invalid`, `passport_lifetime_too_long`, `passport_key_mismatch`. Does not look at the clock.
 */
export function parsePassport(payload: Uint8Array): Passport {
  const json = refuseAs('passport_claims_invalid', () => parseJson(payload, { maxBytes: LIMITS.passport }))
  const vc = claim.closed(
    json,
    'the credential',
    ['@context', 'type', 'issuer', 'validFrom', 'validUntil', 'credentialSubject', 'cnf'],
    ['credentialStatus'],
  )
  exactList(vc, '@context', [VC_CONTEXT])
  exactList(vc, 'type', ['VerifiableCredential', 'AiegisPassport'])
  const subject = claim.closed(
    vc['credentialSubject'],
    '"credentialSubject"',
    ['id', 'attestations', 'mission', 'harness'],
    ['jurisdiction', 'risk', 'maxDepth', 'delegatedOnly'],
  )
  const validFrom = seconds(vc, 'validFrom')
  const validUntil = seconds(vc, 'validUntil')
  if (validUntil <= validFrom) claim.fail('"validUntil" is not after "validFrom"')
  if (validUntil - validFrom > LIMITS.passportSeconds) throw new Refusal('passport_lifetime_too_long', 'more than 366 days')
  const id = claim.string(subject, 'id', AGENT_DID)
  return {
    issuer: did(vc, 'issuer'),
    subject: id,
    key: holderKey(vc, id),
    validFrom,
    validUntil,
    attestations: parseAttestations(subject),
    mission: claim.parse('"mission"', () => parseMission(subject['mission'])),
    harness: uniqueDids(subject, 'harness', 4),
    jurisdiction: Object.hasOwn(subject, 'jurisdiction') ? claim.string(subject, 'jurisdiction', JURISDICTION) : null,
    risk: Object.hasOwn(subject, 'risk') ? claim.oneOf(subject, 'risk', RISKS) : null,
    maxDepth: Object.hasOwn(subject, 'maxDepth') ? claim.integer(subject, 'maxDepth', 0, 2) : 0,
    delegatedOnly: Object.hasOwn(subject, 'delegatedOnly') ? boolean(subject, 'delegatedOnly') : false,
    status: Object.hasOwn(vc, 'credentialStatus') ? parseStatus(vc) : null,
  }
}

/** `cnf.jwk` must be the very key that the agent's DID encodes, or one passport would name two keys. */
function holderKey(vc: JsonObject, id: string): Ed25519PublicKey {
  const cnf = claim.closed(vc['cnf'], '"cnf"', ['jwk'])
  const key = claim.parse('"cnf.jwk"', () => parseEd25519Jwk(cnf['jwk']))
  const named =
    agents.get(id) ??
    remember(
      id,
      claim.parse('"credentialSubject.id"', () => parseDidKey(id)),
    )
  if (!equal(key.bytes, named.bytes))
    throw new Refusal('passport_key_mismatch', '"cnf.jwk" is not the key of "credentialSubject.id"')
  return named
}

function remember(id: string, key: Ed25519PublicKey): Ed25519PublicKey {
  if (agents.size >= MAX_AGENTS) agents.clear()
  agents.set(id, key)
  return key
}

/** Keys by DID: an agent comes again with each new hand-off, and an engine keeps what it has made of the same key. */
const agents = new Map<string, Ed25519PublicKey>()
const MAX_AGENTS = 1024

function parseAttestations(subject: JsonObject): Readonly<Record<Fact, Attestation>> {
  const all = claim.closed(subject['attestations'], '"attestations"', FACTS)
  return { hardware: attestation(all, 'hardware'), human: attestation(all, 'human'), runtime: attestation(all, 'runtime') }
}

function attestation(all: JsonObject, fact: Fact): Attestation {
  const open = all[fact]
  const isNone = isObject(open) && open['grade'] === 'none'
  const given = claim.closed(open, FACT_NAMES[fact], isNone ? ['grade'] : FACT_MEMBERS[fact])
  if (isNone) return { grade: 'none' }
  seconds(given, 'time')
  const common = {
    type: claim.string(given, 'type', NAME),
    grade: claim.oneOf(given, 'grade', GRADES),
    time: claim.text(given, 'time', 20),
    digest: claim.string(given, 'digest', HASH),
  }
  if (fact === 'hardware') return { ...common, jkt: claim.string(given, 'jkt', HASH) }
  return fact === 'human' ? { ...common, id: did(given, 'id') } : common
}

const FACT_NAMES = {
  hardware: '"attestations.hardware"',
  human: '"attestations.human"',
  runtime: '"attestations.runtime"',
} as const
const FACT_MEMBERS = {
  hardware: ['type', 'grade', 'time', 'digest', 'jkt'],
  human: ['type', 'grade', 'time', 'digest', 'id'],
  runtime: ['type', 'grade', 'time', 'digest'],
} as const

/** W3C Bitstring Status List §2.1, exactly the members of this profile. */
function parseStatus(vc: JsonObject): { readonly list: string; readonly index: number } {
  const status = claim.closed(vc['credentialStatus'], '"credentialStatus"', [
    'type',
    'statusPurpose',
    'statusListIndex',
    'statusListCredential',
  ])
  claim.oneOf(status, 'type', ['BitstringStatusListEntry'])
  claim.oneOf(status, 'statusPurpose', ['revocation'])
  const list = claim.text(status, 'statusListCredential', LIMITS.targetUri)
  claim.parse('"statusListCredential"', () => parseNormalUrl(list))
  return { list, index: Number(claim.string(status, 'statusListIndex', INDEX)) }
}

function uniqueDids(object: JsonObject, name: string, max: number): readonly string[] {
  const found = claim.list(object, name, 1, max).map((value) => claim.parse(`"${name}"`, () => checkDid(textOf(value))))
  return new Set(found).size === found.length ? found : claim.fail(`"${name}" names a DID twice`)
}

function did(object: JsonObject, name: string): string {
  return claim.parse(`"${name}"`, () => checkDid(claim.text(object, name, 512)))
}

function seconds(object: JsonObject, name: string): number {
  return claim.parse(`"${name}"`, () => parseSeconds(claim.text(object, name, 20)))
}

function boolean(object: JsonObject, name: string): boolean {
  const value = object[name]
  return typeof value === 'boolean' ? value : claim.fail(`"${name}" is not true or false`)
}

function exactList(object: JsonObject, name: string, values: readonly string[]): void {
  const list = claim.list(object, name, values.length, values.length)
  if (!values.every((value, index) => list[index] === value)) claim.fail(`"${name}" is not ${JSON.stringify(values)}`)
}
