/** Reads and joins delegations: an agent hands a part of its authority to another (spec chapter 8.5). @module */
import { parseJson } from './json.ts'
import type { UnverifiedJws } from './jws.ts'
import { AHP_VERSION, LIMITS } from './limits.ts'
import { AGENT_DID, HASH, IDENTIFIER, membersOf, textOf } from './members.ts'
import { parseMission } from './mission.ts'
import { Refusal, refuseAs } from './refusal.ts'
import { decodeAs } from './token.ts'
import { parseOrigin } from './url.ts'
import type { DelegationClaims } from './wire.gen.ts'

/** `typ` of a delegation. */
export const DELEGATION_TYPE = 'aegis-delegation+jwt'

/** 9999-12-31T23:59:59Z. */
const MAX_SECONDS = 253_402_300_799
const claim = membersOf('delegation_claims_invalid')

/** Splits a delegation. Throws `delegation_malformed`, `delegation_header_invalid`. Does not verify anything. */
export function decodeDelegation(text: string): UnverifiedJws {
  const form = { typ: DELEGATION_TYPE, maxBytes: LIMITS.delegation }
  return decodeAs(text, form, 'delegation_malformed', 'delegation_header_invalid')
}

/**
 * Reads the claims out of a payload whose signature was verified; closed in every member. Throws `delegation_claims_invalid`,
 * `delegation_lifetime_too_long`. Does not look at the clock and compares the delegation with no other object.
 */
export function parseDelegation(payload: Uint8Array): DelegationClaims {
  const json = refuseAs('delegation_claims_invalid', () => parseJson(payload, { maxBytes: LIMITS.delegation }))
  const claims = claim.closed(json, 'the delegation', MEMBERS)
  const iat = claim.integer(claims, 'iat', 0, MAX_SECONDS)
  const exp = claim.integer(claims, 'exp', iat + 1, MAX_SECONDS)
  if (exp - iat > LIMITS.delegationSeconds) throw new Refusal('delegation_lifetime_too_long', `${exp - iat} s`)
  const aud = claim.list(claims, 'aud', 1, 8).map((value) => claim.parse('"aud"', () => parseOrigin(textOf(value))))
  if (new Set(aud).size !== aud.length) claim.fail('"aud" names an origin twice')
  return {
    ahp: claim.oneOf(claims, 'ahp', [AHP_VERSION]),
    iss: claim.string(claims, 'iss', AGENT_DID),
    sub: claim.string(claims, 'sub', AGENT_DID),
    aud,
    iat,
    exp,
    jti: claim.string(claims, 'jti', IDENTIFIER),
    txn: claim.string(claims, 'txn', IDENTIFIER),
    par: claim.string(claims, 'par', HASH),
    depth: claim.integer(claims, 'depth', 1, 2),
    maxDepth: claim.integer(claims, 'maxDepth', 0, 2),
    mission: claim.parse('"mission"', () => parseMission(claims['mission'])),
  }
}

const MEMBERS = ['ahp', 'iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'txn', 'par', 'depth', 'maxDepth', 'mission'] as const
