/** Verifies in a service behind a receiver what that receiver says of a request; as strict as with tokens (spec chapter 20). @module */
import {
  checkDid,
  decodeJws,
  defaultCrypto,
  Malformed,
  Refusal,
  type ContextClaims,
  type CryptoPort,
  type Obligation,
} from '@aiegis/protocol'
import { CONTEXT_BYTES, CONTEXT_HEADER, CONTEXT_TYPE, checkService, parseContextClaims } from './context-claims.ts'
import type { ReceivedRequest } from './request.ts'
import { verifySigned } from './steps/signed.ts'
import { createKeyRing } from './trust-keys.ts'
import { elements, members, parsed, unique } from './trust-reader.ts'

/** A receiver whose contexts are believed, and the public keys under which it signs them. */
export interface ContextReceiver {
  readonly did: string
  readonly keys: readonly {
    readonly kid: string
    readonly jwk: object
    /** `2027-01-01T00:00:00Z`: may be used from here on … */
    readonly validFrom?: string
    /** … and before this. */
    readonly validUntil?: string
  }[]
}

/** What a verifier of contexts is made of. */
export interface ContextVerifierOptions {
  /** The name of this service, exactly as receivers write it. */
  readonly audience: string
  /** Nobody else is believed; keys are never fetched. */
  readonly receivers: readonly ContextReceiver[]
  /** How far the clock of a receiver may be ahead, 0 to 30 seconds; 5 by default. */
  readonly skewSeconds?: number
  /** Milliseconds since the epoch; the system clock by default. */
  readonly now?: () => number
  readonly crypto?: CryptoPort
}

/** What a receiver said of a request. It verified the evidence; this service did not. */
export interface VerifiedContext {
  /** DID of the receiver that says so. */
  readonly receiver: string
  /** On whose authority the agent acts, who sent the request, and everybody between them. */
  readonly principal: NamedAgent
  readonly presenter: NamedAgent
  readonly path: readonly NamedAgent[]
  readonly action: string
  readonly target: string
  readonly decision: 'ALLOW' | 'WARN'
  readonly obligations: readonly Obligation[]
  /** DID of the harness that decided. */
  readonly harness: string
  /** Identifier of the decision, for the ledger of that harness. */
  readonly receiptId: string
  readonly task: string
  /** Identifier of this context: whoever must act once keeps it until `expires`. */
  readonly id: string
  /** Epoch seconds. */
  readonly expires: number
}

/** An agent is named by both, never by `did` alone. */
export interface NamedAgent {
  readonly issuer: string
  readonly did: string
}

/** Verifies contexts for one service. */
export interface ContextVerifier {
  /**
   * What the receiver in front says of `request`; `headers` are its raw lines, name and value in turn, as in `rawHeaders` of Node. Rejects
   * with a `Refusal`: `context_missing`, `context_invalid`, `context_untrusted`, `context_not_yet_valid`, `context_expired`,
   * `context_mismatch`. Does not keep what was seen: a copy inside its lifetime is a good one for the same method and target. Does not
   * look at the content.
   */
  verify(request: Pick<ReceivedRequest, 'method' | 'target' | 'headers'>): Promise<VerifiedContext>
}

/** Throws `TypeError` with one sentence for options that cannot work. */
export function createContextVerifier(options: ContextVerifierOptions): ContextVerifier {
  const audience = checkService(options.audience)
  const { skewSeconds = 5, now = Date.now, crypto = defaultCrypto() } = options
  if (!Number.isInteger(skewSeconds) || skewSeconds < 0 || skewSeconds > 30)
    throw new TypeError('skewSeconds: write a whole number from 0 to 30')
  const { dids, key } = keysOf(options.receivers)
  return {
    async verify(request) {
      const at = Math.floor(now() / 1000)
      const jws = decode(lineIn(request.headers))
      const named = { isKnown: dids.has(jws.signer), key: key(jws.signer, jws.kid) }
      const codes = { issuer: 'context_untrusted', key: 'context_untrusted', signature: 'context_untrusted' } as const
      const { payload } = await verifySigned(jws, named, codes, crypto, at)
      const claims = parseContextClaims(payload)
      if (claims.iss !== jws.signer) throw new Refusal('context_invalid', '"iss" is not the DID of "kid"')
      checkTimes(claims, at, skewSeconds)
      checkRequest(claims, request, audience)
      return verified(claims)
    },
  }
}

function keysOf(receivers: readonly ContextReceiver[]) {
  const ring = createKeyRing({ hosts: new Map(), caFile: null })
  const spots = elements(
    { path: 'receivers', value: receivers },
    1,
    64,
    'write [{ "did": "did:web:api.example.com", "keys": […] }]',
  )
  const dids = spots.map((spot) => {
    const member = members(spot, { required: { did: '"did": "did:web:api.example.com"', keys: '"keys": […]' } })
    const did = parsed(member('did'), checkDid, 'write a did:web or did:key in its one spelling')
    ring.readKeys(member('keys'), 'receiver', did)
    return member('did')
  })
  unique(dids)
  return { dids: new Set(dids.map(({ value }) => value)), key: ring.lookup('receiver') }
}

/** One line with one value, as with evidence: a list could be read from either end. */
function lineIn(lines: readonly string[]): string {
  let found: string | undefined
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (lines[at]?.toLowerCase() !== CONTEXT_HEADER) continue
    if (found !== undefined) throw new Refusal('context_invalid', 'two lines')
    found = lines[at + 1]
  }
  return found ?? refuse('context_missing', 'no X-AEGIS-Context')
}

function decode(text: string): ReturnType<typeof decodeJws> {
  try {
    return decodeJws(text, { typ: CONTEXT_TYPE, maxBytes: CONTEXT_BYTES })
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal('context_invalid', error.message, { cause: error })
    throw error
  }
}

function checkTimes({ iat, exp }: ContextClaims, now: number, skewSeconds: number): void {
  if (iat > now + skewSeconds) refuse('context_not_yet_valid', `iat ${iat}`)
  if (now >= exp) refuse('context_expired', `exp ${exp}`)
}

function checkRequest(
  { aud, htm, htt }: ContextClaims,
  { method, target }: Pick<ReceivedRequest, 'method' | 'target'>,
  audience: string,
): void {
  if (aud !== audience) refuse('context_mismatch', 'it is for another service')
  if (htm !== method || htt !== target) refuse('context_mismatch', 'it is for another request')
}

function verified(claims: ContextClaims): VerifiedContext {
  const path = Object.freeze(claims.path.map((agent) => Object.freeze({ ...agent })))
  const [principal] = path
  const presenter = path.at(-1)
  if (principal === undefined || presenter === undefined) return refuse('context_invalid', '"path" is empty')
  return Object.freeze({
    receiver: claims.iss,
    principal,
    presenter,
    path,
    action: claims.action,
    target: claims.target,
    decision: claims.decision,
    obligations: Object.freeze(claims.obl),
    harness: claims.harness,
    receiptId: claims.receipt,
    task: claims.txn,
    id: claims.jti,
    expires: claims.exp,
  })
}

function refuse(code: Refusal['code'], detail: string): never {
  throw new Refusal(code, detail)
}
