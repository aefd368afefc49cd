/** Step 1: finds the evidence in the request and refuses framing that two parties could read differently (spec chapter 7). @module */
import { LIMITS, Malformed, parseRequestTarget, Refusal, type ReasonCode } from '@aiegis/protocol'
import type { ReceivedRequest } from '../request.ts'

/** The evidence as text, and the parts of the request that it will be compared with. Nothing is decoded yet. */
export interface Credential {
  readonly method: string
  readonly path: string
  readonly query: string
  /** The value of `Host`, lower case. */
  readonly authority: string
  /** The value of `Content-Type` as sent, `""` when absent. */
  readonly contentType: string
  readonly token: string
  readonly passport: string
  readonly proof: string
  readonly signatureInput: string
  readonly signature: string
  readonly contentDigest: string | undefined
}

const METHOD = /^[A-Z]{1,20}$/
const AUTHORITY = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/
/** Nginx and Apache read at most this much of one field line, name included. */
const LINE_BYTES = 8000

/** More field lines than this are no request of an agent; frameworks drop what is beyond a number of their own. */
const MAX_LINES = 128

/** Headers with which some framework or proxy replaces method or target after this check, and the one that only a receiver may write. */
export const OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-aiegis-original-method',
  'x-aiegis-original-uri',
  'x-aegis-context',
])

/**
 * Throws `token_missing` and its siblings, `evidence_repeated`, `evidence_too_large`, `request_malformed`, `method_invalid`,
 * `target_invalid`, `override_header`, `trailer_refused`, `content_type_repeated`, `content_encoding_refused`, `early_data_refused`.
 * Does not decode the evidence and does not read the content.
 */
export function extract(request: ReceivedRequest): Credential {
  const found = collect(request.headers)
  if (found.token === undefined) throw new Refusal('token_missing', 'no X-AEGIS-Token')
  if (!METHOD.test(request.method) || request.method === 'CONNECT' || request.method === 'TRACE') {
    throw new Refusal('method_invalid', 'not a method of this profile')
  }
  const target = readTarget(request.target)
  if (found.authority === undefined) throw new Refusal('request_malformed', 'no Host')
  return {
    method: request.method,
    path: target.path,
    query: target.query,
    authority: found.authority,
    contentType: found.contentType ?? '',
    token: found.token,
    passport: found.passport ?? missing('passport_missing', 'no X-AEGIS-Passport'),
    proof: found.proof ?? missing('proof_missing', 'no X-AEGIS-Proof'),
    signatureInput: found.signatureInput ?? missing('possession_missing', 'no Signature-Input'),
    signature: found.signature ?? missing('possession_missing', 'no Signature'),
    contentDigest: found.contentDigest,
  }
}

interface Found {
  token?: string
  passport?: string
  proof?: string
  signatureInput?: string
  signature?: string
  contentDigest?: string
  contentType?: string
  authority?: string
}

function collect(lines: readonly string[]): Found {
  if (lines.length > 2 * MAX_LINES) throw new Refusal('request_malformed', `more than ${MAX_LINES} field lines`)
  const found: Found = {}
  let evidence = 0
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase()
    const value = lines[at + 1] ?? ''
    switch (name) {
      case 'x-aegis-token':
        found.token = once(found.token, value)
        evidence += sizeOf(name, value)
        break
      case 'x-aegis-passport':
        found.passport = once(found.passport, value)
        evidence += sizeOf(name, value)
        break
      case 'x-aegis-proof':
        found.proof = once(found.proof, value)
        evidence += sizeOf(name, value)
        break
      case 'signature-input':
        // RFC 9421 §4.1: a dictionary field may be split over lines; RFC 9110 §5.3 joins them.
        found.signatureInput = joined(found.signatureInput, value)
        evidence += sizeOf(name, value)
        break
      case 'signature':
        found.signature = joined(found.signature, value)
        evidence += sizeOf(name, value)
        break
      case 'content-digest':
        found.contentDigest = joined(found.contentDigest, value)
        break
      case 'content-type':
        // Node hands the first of two lines to the application and drops the other.
        if (found.contentType !== undefined) throw new Refusal('content_type_repeated', 'two Content-Type lines')
        found.contentType = value
        break
      case 'host':
        if (found.authority !== undefined) throw new Refusal('request_malformed', 'two Host lines')
        found.authority = value.toLowerCase()
        if (!AUTHORITY.test(found.authority)) throw new Refusal('request_malformed', 'Host is not an authority')
        break
      case 'content-encoding':
        throw new Refusal('content_encoding_refused', 'Content-Encoding is present')
      case 'trailer':
        throw new Refusal('trailer_refused', 'Trailer is present')
      case 'early-data':
        throw new Refusal('early_data_refused', 'Early-Data is present')
      default:
        if (OVERRIDES.has(name)) throw new Refusal('override_header', name)
    }
  }
  if (evidence > LIMITS.evidence) throw new Refusal('evidence_too_large', `${evidence} bytes of evidence`)
  return found
}

/** Token, passport and proof are one line with one value: a list could be read from either end. */
function once(before: string | undefined, value: string): string {
  if (before !== undefined || value.includes(','))
    throw new Refusal('evidence_repeated', 'an evidence header has more than one value')
  return value
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`
}

function sizeOf(name: string, value: string): number {
  const size = name.length + 2 + value.length
  if (size > LINE_BYTES) throw new Refusal('evidence_too_large', `${name} has ${size} bytes`)
  return size
}

function readTarget(raw: string): { readonly path: string; readonly query: string } {
  try {
    return parseRequestTarget(raw)
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal('target_invalid', error.message, { cause: error })
    throw error
  }
}

function missing(code: ReasonCode, what: string): never {
  throw new Refusal(code, what)
}
