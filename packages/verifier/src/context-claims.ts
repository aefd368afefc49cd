/** The claims of a signed context: what a receiver says of a request to a service behind it (spec chapter 20). @module */
import {
  AGENT_DID,
  AHP_VERSION,
  checkDid,
  IDENTIFIER,
  isObject,
  LIMITS,
  membersOf,
  OBLIGATIONS,
  parseJson,
  parseRequestTarget,
  textOf,
  type ContextClaims,
  type JsonObject,
  type Obligation,
} from '@aiegis/protocol'

/** The field in which a context travels; nobody outside may send one. */
export const CONTEXT_HEADER = 'x-aegis-context'
/** `typ` of a context (RFC 8725 §3.11): no token, passport or decision can be taken for one. */
export const CONTEXT_TYPE = 'aegis-context+jwt'
/** Longest text of a context, in characters: one field line of 8,000 bytes. */
export const CONTEXT_BYTES = 7980
/** Longest lifetime, in seconds. */
export const CONTEXT_SECONDS = 30

/** A name that a service has among those behind one receiver. */
const SERVICE = /^[A-Za-z0-9._:/-]{1,256}$/
const METHOD = /^[A-Z]{1,20}$/
const MEMBERS = [
  'ahp',
  'iss',
  'aud',
  'iat',
  'exp',
  'jti',
  'htm',
  'htt',
  'path',
  'action',
  'target',
  'decision',
  'obl',
  'harness',
  'receipt',
  'txn',
]

const claim = membersOf('context_invalid')

/** Throws `TypeError` for a name that no service can have; returns it. */
export function checkService(audience: string): string {
  if (typeof audience === 'string' && SERVICE.test(audience)) return audience
  throw new TypeError(
    'audience: write the name of one service, 1 to 256 of A-Z a-z 0-9 . _ : / -, for example "billing.internal"',
  )
}

/**
 * Reads the claims out of a payload whose signature was verified. Throws `context_invalid`. Does not compare anything with the request or
 * the clock.
 */
export function parseContextClaims(payload: Uint8Array): ContextClaims {
  const value = claim.parse('the payload', () => parseJson(payload, { maxBytes: CONTEXT_BYTES }))
  const claims = claim.closed(value, 'the payload', MEMBERS)
  const iat = claim.integer(claims, 'iat', 0, Number.MAX_SAFE_INTEGER)
  return {
    ahp: claim.oneOf(claims, 'ahp', [AHP_VERSION]),
    // The caller compares it with the DID of `kid`, which was read as a DID.
    iss: claim.text(claims, 'iss', 512),
    aud: claim.string(claims, 'aud', SERVICE),
    iat,
    exp: claim.integer(claims, 'exp', iat + 1, iat + CONTEXT_SECONDS),
    jti: claim.string(claims, 'jti', IDENTIFIER),
    htm: claim.string(claims, 'htm', METHOD),
    htt: targetIn(claims),
    path: claim.list(claims, 'path', 1, 3).map((agent) => {
      const named = claim.closed(isObject(agent) ? agent : undefined, 'an agent of "path"', ['did', 'issuer'])
      return {
        did: claim.string(named, 'did', AGENT_DID),
        issuer: claim.parse('"issuer"', () => checkDid(textOf(named['issuer']))),
      }
    }),
    action: claim.text(claims, 'action', LIMITS.action),
    target: claim.text(claims, 'target', LIMITS.targetUri),
    decision: claim.oneOf(claims, 'decision', ['ALLOW', 'WARN']),
    obl: obligationsIn(claims),
    harness: claim.parse('"harness"', () => checkDid(textOf(claims['harness']))),
    receipt: claim.string(claims, 'receipt', IDENTIFIER),
    txn: claim.string(claims, 'txn', IDENTIFIER),
  }
}

function targetIn(claims: JsonObject): string {
  const target = claim.text(claims, 'htt', LIMITS.targetUri)
  claim.parse('"htt"', () => parseRequestTarget(target))
  return target
}

function obligationsIn(claims: JsonObject): readonly Obligation[] {
  const found = claim
    .list(claims, 'obl', 0, OBLIGATIONS.length)
    .map((value) => OBLIGATIONS.find((known) => known === value) ?? claim.fail('"obl" names an unknown obligation'))
  return new Set(found).size === found.length ? found : claim.fail('"obl" names an obligation twice')
}
