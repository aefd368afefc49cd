/** Chapter 8.5 of the specification, seen by a receiver: each join of a chain refuses with its own code, and its twin is served. @module */
import { encodeBase64url, formatDidKey, formatSeconds, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { agentAt, lineOf, TASK, withLine, type Changes, type MockHarness } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { inside, lacking } from './edits.ts'
import { verdictOf, type Make } from './verdict.ts'

const chain =
  (handOffs: number, changes: (harness: MockHarness) => Changes = () => ({})): Make =>
  (h) =>
    h.mint({ handOffs }, changes(h))

/** A chain of two hand-offs with other members in the delegation at `depth`. */
const delegated = (depth: number, members: (h: MockHarness) => JsonObject): Make =>
  chain(2, (h) => ({ delegation: (claims, at) => (at === depth ? { ...claims, ...members(h) } : claims) }))

/** A chain of two hand-offs with other members in the subject of the passport in one place. */
const subjectAt = (place: number, members: JsonObject): Make =>
  chain(2, () => ({ passport: (vc, at) => (at === place ? inside(vc, 'credentialSubject', members) : vc) }))

const validUntilAt = (place: number, seconds: number): Make =>
  chain(2, (h) => ({
    passport: (vc, at) => (at === place ? { ...vc, validUntil: formatSeconds(h.clock.seconds() + seconds) } : vc),
  }))

const rejoined = (change: (parts: readonly string[]) => readonly string[]): Make =>
  chain(2, () => ({ chain: (text) => change(text.split('~')).join('~') }))

const pair = (action: string, target = 'https://api.example.com/*'): JsonValue => [{ action, target }]
const did = (h: MockHarness, place: number): string => formatDidKey(agentAt(h, place).publicKey)

/** What is attacked, the code, the attack, and the same thing one point away, which is served. */
type Row = readonly [title: string, code: string, attack: Make, twin: Make]

const ROWS: readonly Row[] = [
  [
    'AHP-PASS-20 spare bits at the end',
    'delegation_malformed',
    rejoined(([a = '', d = '', ...more]) => [a, `${d}=`, ...more]),
    chain(2),
  ],
  [
    'AHP-PASS-20 another type',
    'delegation_header_invalid',
    chain(1, () => ({ delegationHeader: (header) => ({ ...header, typ: 'aegis-token+jwt' }) })),
    chain(1, () => ({ delegationHeader: (header) => ({ ...header, alg: 'EdDSA' }) })),
  ],
  [
    'AHP-PASS-20 1,101 characters',
    'evidence_too_large',
    rejoined(([a = '', , ...more]) => [a, 'A'.repeat(1101), ...more]),
    chain(2),
  ],
  [
    'AHP-PASS-21 a kid of another agent',
    'delegation_signer_mismatch',
    chain(1, (h) => ({ delegationHeader: (header) => ({ ...header, kid: h.keys.worker.kid }) })),
    chain(1, (h) => ({ delegationHeader: (header) => ({ ...header, kid: h.keys.agent.kid }) })),
  ],
  [
    'AHP-PASS-21 an issuer of another name',
    'delegation_signer_mismatch',
    delegated(2, (h) => ({ iss: did(h, 0) })),
    delegated(2, (h) => ({ iss: did(h, 1) })),
  ],
  [
    'AHP-PASS-21 the child signs for its parent',
    'delegation_signature_invalid',
    chain(1, (h) => ({ delegationSigner: () => h.keys.worker })),
    chain(1, (h) => ({ delegationSigner: () => h.keys.agent })),
  ],
  [
    'AHP-PASS-21 the principal signs the second hand-off',
    'delegation_signature_invalid',
    chain(2, (h) => ({ delegationSigner: (depth) => (depth === 2 ? h.keys.agent : undefined) })),
    chain(2, (h) => ({ delegationSigner: (depth) => (depth === 2 ? h.keys.worker : undefined) })),
  ],
  ['AHP-PASS-22 a member more', 'delegation_claims_invalid', delegated(1, () => ({ nbf: 1 })), chain(2)],
  [
    'AHP-PASS-22 an audience twice',
    'delegation_claims_invalid',
    delegated(1, (h) => ({ aud: [h.audience, h.audience] })),
    delegated(1, (h) => ({ aud: [h.audience, 'https://other.example'] })),
  ],
  [
    'AHP-PASS-22 nine audiences',
    'delegation_claims_invalid',
    delegated(1, (h) => ({ aud: audiences(h, 9) })),
    delegated(1, (h) => ({ aud: audiences(h, 8) })),
  ],
  ['AHP-PASS-22 an audience as text', 'delegation_claims_invalid', delegated(1, (h) => ({ aud: h.audience })), chain(2)],
  [
    'AHP-PASS-22 an audience with a slash',
    'delegation_claims_invalid',
    delegated(1, (h) => ({ aud: [`${h.audience}/`] })),
    delegated(1, (h) => ({ aud: [h.audience] })),
  ],
  ['AHP-PASS-22 another version', 'delegation_claims_invalid', delegated(1, () => ({ ahp: 'ahp-receiver/0.2' })), chain(2)],
  [
    'AHP-PASS-22 a star within a mission',
    'delegation_claims_invalid',
    delegated(1, () => ({ mission: pair('http.*t') })),
    delegated(1, () => ({ mission: pair('http.*') })),
  ],
  ...['ahp', 'iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'txn', 'par', 'depth', 'maxDepth', 'mission'].map((name): Row => [
    `AHP-PASS-22 no ${name}`,
    'delegation_claims_invalid',
    chain(2, () => ({ delegation: (claims, at) => (at === 2 ? lacking(claims, name) : claims) })),
    chain(2),
  ]),
  [
    'AHP-PASS-23 the hash of the passport before alone',
    'delegation_parent_mismatch',
    // What D2 names instead of P0~D1~P1 is the digest of another text.
    delegated(2, (h) => ({ par: encodeBase64url(h.crypto.sha256(new Uint8Array(1))) })),
    chain(2),
  ],
  [
    'AHP-PASS-24 a delegation for another agent',
    'delegation_subject_mismatch',
    delegated(1, (h) => ({ sub: did(h, 2) })),
    delegated(1, (h) => ({ sub: did(h, 1) })),
  ],
  [
    'AHP-PASS-25 the first says it is the second',
    'delegation_depth_mismatch',
    delegated(1, () => ({ depth: 2 })),
    delegated(1, () => ({ depth: 1 })),
  ],
  [
    'AHP-PASS-25 the second says it is the first',
    'delegation_depth_mismatch',
    delegated(2, () => ({ depth: 1 })),
    delegated(2, () => ({ depth: 2 })),
  ],
  [
    'AHP-PASS-26 as many hand-offs as its maker has',
    'delegation_depth_exceeded',
    delegated(1, () => ({ maxDepth: 2 })),
    delegated(1, () => ({ maxDepth: 1 })),
  ],
  [
    'AHP-PASS-26 the first delegation allows none after it',
    'delegation_depth_exceeded',
    delegated(1, () => ({ maxDepth: 0 })),
    delegated(1, () => ({ maxDepth: 1 })),
  ],
  [
    'AHP-PASS-26 the second passport allows none after it',
    'delegation_depth_exceeded',
    subjectAt(1, { maxDepth: 0 }),
    subjectAt(1, { maxDepth: 1 }),
  ],
  [
    'AHP-PASS-26 a principal that may hand off once, twice',
    'delegation_depth_exceeded',
    subjectAt(0, { maxDepth: 1 }),
    subjectAt(0, { maxDepth: 2 }),
  ],
  [
    'AHP-PASS-27 after the end of the delegation before',
    'delegation_outlives_parent',
    delegated(2, (h) => ({ exp: h.clock.seconds() + 3601 })),
    delegated(2, (h) => ({ exp: h.clock.seconds() + 3600 })),
  ],
  [
    'AHP-PASS-27 after the end of the passport before',
    'delegation_outlives_parent',
    validUntilAt(0, 3599),
    validUntilAt(0, 3600),
  ],
  [
    'AHP-PASS-27 after the end of the second passport',
    'delegation_outlives_parent',
    validUntilAt(1, 3599),
    validUntilAt(1, 3600),
  ],
  [
    'AHP-PASS-28 back to the agent that began',
    'agent_repeated',
    chain(2, (h) => ({
      passport: (vc, at) => (at === 2 ? h.passport(0) : vc),
      delegation: (claims, depth) => (depth === 2 ? { ...claims, sub: did(h, 0) } : claims),
    })),
    chain(2),
  ],
  [
    'AHP-PASS-28 to itself',
    'agent_repeated',
    chain(1, (h) => ({ passport: () => h.passport(0), delegation: (claims) => ({ ...claims, sub: did(h, 0) }) })),
    chain(1),
  ],
  [
    'AHP-PASS-28 one identifier for two hand-offs',
    'delegation_repeated',
    chain(2, () => ({ delegation: (claims) => ({ ...claims, jti: '01MOCKHANDOFF0000000000009' }) })),
    chain(2),
  ],
  [
    'AHP-PASS-29 a second delegation for another receiver',
    'delegation_audience_mismatch',
    delegated(2, () => ({ aud: ['https://api.example.com.evil.example'] })),
    delegated(2, (h) => ({ aud: ['https://other.example', h.audience] })),
  ],
  [
    'AHP-PASS-30 a token for another task',
    'delegation_task_mismatch',
    chain(1, () => ({ claims: (claims) => ({ ...claims, txn: '01MOCKOTHERTASK00000000000' }) })),
    chain(1, () => ({ claims: (claims) => ({ ...claims, txn: TASK }) })),
  ],
  [
    'AHP-PASS-30 hand-offs of two tasks in one chain',
    'delegation_task_mismatch',
    delegated(2, () => ({ txn: '01MOCKOTHERTASK00000000000' })),
    chain(2),
  ],
  [
    'AHP-PASS-31 the token of the agent that handed off, under the whole chain',
    'token_passed_on',
    passedOn((h) => h.mint({ handOffs: 1 })),
    chain(1),
  ],
  [
    'AHP-PASS-13 an action that the principal may not do',
    'mission_exceeded',
    subjectAt(0, { mission: pair('http.post') }),
    subjectAt(0, { mission: pair('http.get') }),
  ],
  [
    'AHP-PASS-13 an action that the agent between may not do',
    'mission_exceeded',
    subjectAt(1, { mission: pair('http.post') }),
    subjectAt(1, { mission: pair('http.get') }),
  ],
  [
    'AHP-PASS-13 an action that the first delegation does not hand off',
    'mission_exceeded',
    delegated(1, () => ({ mission: pair('http.post') })),
    delegated(1, () => ({ mission: pair('http.get') })),
  ],
  [
    'AHP-PASS-13 a target that the second delegation does not hand off',
    'mission_exceeded',
    delegated(2, () => ({ mission: pair('http.get', 'https://api.example.com/invoices/*') })),
    delegated(2, () => ({ mission: pair('http.get', 'https://api.example.com/orders/*') })),
  ],
  [
    'AHP-PASS-18 a principal that may only act for others',
    'delegated_only',
    subjectAt(0, { delegatedOnly: true }),
    subjectAt(2, { delegatedOnly: true }),
  ],
  [
    'AHP-PASS-19 a harness that only the principal names',
    'harness_not_named',
    subjectAt(2, { harness: ['did:web:elsewhere.example'] }),
    subjectAt(0, { harness: ['did:web:elsewhere.example'] }),
  ],
  [
    'AHP-TIME-15 a hand-off made six seconds from now',
    'delegation_not_yet_valid',
    delegated(1, (h) => ({ iat: h.clock.seconds() + 6 })),
    delegated(1, (h) => ({ iat: h.clock.seconds() + 5 })),
  ],
  [
    'AHP-TIME-15 a hand-off that ends now',
    'delegation_expired',
    delegated(2, (h) => ({ iat: h.clock.seconds() - 60, exp: h.clock.seconds() })),
    delegated(2, (h) => ({ iat: h.clock.seconds() - 60, exp: h.clock.seconds() + 1 })),
  ],
  [
    'AHP-TIME-15 a hand-off for a day and a second',
    'delegation_lifetime_too_long',
    delegated(1, (h) => ({ iat: h.clock.seconds() - 10, exp: h.clock.seconds() + 86_391 })),
    delegated(1, (h) => ({ iat: h.clock.seconds() - 10, exp: h.clock.seconds() + 86_390 - 10 })),
  ],
]

describe('each join of a chain has its own code', () => {
  test.each(ROWS)('%s', async (_title, code, attack, twin) => {
    expect([await verdictOf(attack), await verdictOf(twin)]).toEqual([code, 'served'])
  })
})

function audiences(h: MockHarness, count: number): readonly string[] {
  return [h.audience, ...Array.from({ length: count - 1 }, (_, at) => `https://a${at}.b`)]
}

/** The worker sends what the agent got for itself, with the chain that the worker has. */
function passedOn(own: Make): Make {
  return (h) => {
    const taken = h.mint()
    return ['X-AEGIS-Token', 'X-AEGIS-Proof'].reduce(
      (request, name) => withLine(request, name, lineOf(taken, name) ?? ''),
      own(h),
    )
  }
}
