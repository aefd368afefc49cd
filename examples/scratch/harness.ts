/** The harness: what it decided about one request, as a token (spec chapters 3 and 4.1). @module */
import { randomBytes } from 'node:crypto'
import { CompactSign } from 'jose'
import { didKeyOf, sha256, thumbprintOf, type Pair } from './keys.ts'

/** DID of the harness, and the key that signs. */
export const HARNESS = 'did:web:harness.example'
export const HARNESS_KID = `${HARNESS}#1`

/** A request as the agent wants to send it. */
export interface Shown {
  readonly method: string
  /** In the normal form of chapter 7.4. */
  readonly url: string
  readonly action: string
  readonly contentType: string
  readonly content: string
}

/** The claims of a token (chapter 3.1) under which this request may be served, for a minute. No policy is asked here: everything is allowed. */
export function claimsFor(agent: Pair, passport: string, { method, url, action, contentType, content }: Shown): Claims {
  const now = new Date()
  const iat = Math.floor(now.getTime() / 1000)
  return {
    ahp: 'ahp-receiver/0.1',
    iss: HARNESS,
    sub: didKeyOf(agent),
    aud: new URL(url).origin,
    iat,
    exp: iat + 60,
    jti: randomBytes(16).toString('base64url'),
    txn: randomBytes(16).toString('base64url'),
    cnf: { jkt: thumbprintOf(agent) },
    htm: method,
    htu: url,
    htc: contentType,
    htd: sha256(content).toString('base64url'),
    psp: sha256(passport).toString('base64url'),
    salt: randomBytes(16).toString('base64url'),
    obl: [],
    entry: {
      ts: now.toISOString(),
      action,
      target: url.split('?', 1)[0] ?? '',
      deciding_pack: null,
      deciding_rule: null,
      deciding_layer: null,
      deny_reason: null,
      decision_ms: 0,
      decision: 'ALLOW',
    },
  }
}

/** Signs them. */
export async function signToken({ secret }: Pair, claims: Claims): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'Ed25519', typ: 'aegis-token+jwt', kid: HARNESS_KID })
    .sign(secret)
}

/** What a token says. */
export interface Claims {
  readonly sub: string
  readonly salt: string
  readonly entry: Entry
  readonly [name: string]: unknown
}

/** The nine fields of an entry that stand in the token. */
export interface Entry {
  readonly ts: string
  readonly action: string
  readonly target: string
  readonly deciding_pack: string | null
  readonly deciding_rule: string | null
  readonly deciding_layer: string | null
  readonly deny_reason: string | null
  readonly decision_ms: number
  readonly decision: 'ALLOW' | 'WARN'
}
