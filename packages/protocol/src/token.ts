/** Reads the AiEGIS token: its JWS form before, its claims only after the signature was verified (spec chapter 3). @module */
import { isObject, parseJson, type JsonObject } from './json.ts'
import { decodeJws, JwsHeaderError, type UnverifiedJws } from './jws.ts'
import { AHP_VERSION, LIMITS } from './limits.ts'
import { AGENT_DID, HASH, IDENTIFIER, membersOf, SALT } from './members.ts'
import { Malformed, Refusal, refuseAs } from './refusal.ts'
import { parseMilliseconds } from './time.ts'
import type { Entry, TokenClaims } from './wire.gen.ts'

/** `typ` of a token (RFC 8725 §3.11). */
export const TOKEN_TYPE = 'aegis-token+jwt'
/** `typ` of a decision that is no token. */
export const DECISION_TYPE = 'aegis-decision+jwt'

/** The closed vocabulary of obligations in claim `obl`. */
export const OBLIGATIONS = ['notify_owner', 'log_full', 'confirm_human', 'redact_response', 'content_unseen'] as const
/** One obligation. */
export type Obligation = (typeof OBLIGATIONS)[number]

const METHOD = /^[A-Z]{1,20}$/
/** A `Content-Type` value as sent, or nothing: visible ASCII and inner spaces (RFC 9110 §5.5). */
const CONTENT_TYPE = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/
const TARGET_URI = /^https?:\/\/[\x21-\x7e]+$/
const ORIGIN = /^https?:\/\/[\x21-\x7e]+$/
const ENTRY_MEMBERS = [
  'ts',
  'action',
  'target',
  'decision',
  'deciding_pack',
  'deciding_rule',
  'deciding_layer',
  'deny_reason',
  'decision_ms',
] as const

const claim = membersOf('token_claims_invalid')

/**
 * Splits the compact JWS and checks its header. Throws `token_malformed`, `token_header_invalid`.
 * Does not verify anything: the result has no claims.
 */
export function decodeToken(text: string, maxBytes: number = LIMITS.token): UnverifiedJws {
  return decodeAs(text, { typ: TOKEN_TYPE, maxBytes }, 'token_malformed', 'token_header_invalid')
}

/** Decodes a compact JWS with two codes: one for the text, one for the header. */
export function decodeAs(
  text: string,
  form: { readonly typ: string; readonly cty?: string; readonly maxBytes: number },
  malformed: 'token_malformed' | 'passport_malformed' | 'delegation_malformed',
  header: 'token_header_invalid' | 'passport_header_invalid' | 'delegation_header_invalid',
): UnverifiedJws {
  try {
    return decodeJws(text, form)
  } catch (error) {
    if (error instanceof JwsHeaderError) throw new Refusal(header, error.message, { cause: error })
    if (error instanceof Malformed) throw new Refusal(malformed, error.message, { cause: error })
    throw error
  }
}

/**
 * Reads the claims out of a payload whose signature was verified. Throws `token_claims_invalid`, `token_version_unsupported`.
 * Does not compare anything with the request, the passport or the clock. Unknown top-level claims are ignored.
 */
export function parseTokenClaims(payload: Uint8Array): TokenClaims {
  const claims = refuseAs('token_claims_invalid', () => parseJson(payload, { maxBytes: LIMITS.token }))
  if (!isObject(claims)) return claim.fail('the payload is not an object')
  if (claims['ahp'] !== AHP_VERSION) throw new Refusal('token_version_unsupported', `"ahp" is not ${AHP_VERSION}`)
  // RFC 7519 §4.1.5 exists, this profile has no use for it: a second start time would only be a second rule.
  if (Object.hasOwn(claims, 'nbf')) claim.fail('"nbf" is not allowed')
  const iat = claim.integer(claims, 'iat', 0, Number.MAX_SAFE_INTEGER)
  return {
    ahp: AHP_VERSION,
    // The caller compares it with the DID of `kid`, which was read as a DID.
    iss: claim.text(claims, 'iss', 512),
    sub: claim.string(claims, 'sub', AGENT_DID),
    aud: asciiText(claims, 'aud', ORIGIN, 256),
    iat,
    exp: claim.integer(claims, 'exp', iat + 1, Number.MAX_SAFE_INTEGER),
    jti: claim.string(claims, 'jti', IDENTIFIER),
    txn: claim.string(claims, 'txn', IDENTIFIER),
    cnf: { jkt: claim.string(claim.closed(claims['cnf'], '"cnf"', ['jkt']), 'jkt', HASH) },
    htm: claim.string(claims, 'htm', METHOD),
    htu: asciiText(claims, 'htu', TARGET_URI, LIMITS.targetUri),
    htc: asciiText(claims, 'htc', CONTENT_TYPE, LIMITS.contentType),
    htd: claim.string(claims, 'htd', HASH),
    psp: claim.string(claims, 'psp', HASH),
    salt: claim.string(claims, 'salt', SALT),
    obl: parseObligations(claims),
    entry: parseEntry(claims),
  }
}

function asciiText(object: JsonObject, name: string, form: RegExp, maxBytes: number): string {
  const text = claim.string(object, name, form)
  return text.length <= maxBytes ? text : claim.fail(`"${name}" is longer than ${maxBytes} bytes`)
}

function parseObligations(claims: JsonObject): readonly Obligation[] {
  const list = claim.list(claims, 'obl', 0, OBLIGATIONS.length)
  const found = list.map(
    (value) => OBLIGATIONS.find((known) => known === value) ?? claim.fail('"obl" names an unknown obligation'),
  )
  return found.length < 2 || new Set(found).size === found.length ? found : claim.fail('"obl" names an obligation twice')
}

function parseEntry(claims: JsonObject): Entry {
  const entry = claim.closed(claims['entry'], '"entry"', ENTRY_MEMBERS)
  const ts = claim.text(entry, 'ts', 24)
  claim.parse('"entry.ts"', () => parseMilliseconds(ts))
  return {
    ts,
    action: claim.text(entry, 'action', LIMITS.action),
    target: claim.text(entry, 'target', LIMITS.targetUri),
    decision: claim.oneOf(entry, 'decision', ['ALLOW', 'WARN', 'BLOCK']),
    deciding_pack: claim.textOrNull(entry, 'deciding_pack', LIMITS.decidingName),
    deciding_rule: claim.textOrNull(entry, 'deciding_rule', LIMITS.decidingName),
    deciding_layer: claim.textOrNull(entry, 'deciding_layer', LIMITS.decidingName),
    deny_reason: claim.textOrNull(entry, 'deny_reason', LIMITS.denyReason),
    decision_ms: claim.integer(entry, 'decision_ms', 0, Number.MAX_SAFE_INTEGER),
  }
}
