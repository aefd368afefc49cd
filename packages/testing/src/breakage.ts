/** For every code of the registry that a receiver can answer: one change to valid evidence that provokes exactly that code. @module */
import {
  formatContentDigest,
  formatDidKey,
  formatMilliseconds,
  formatSeconds,
  hashText,
  jwkOf,
  Refusal,
  thumbprint,
  utf8,
  type JsonObject,
  type ReasonCode,
  type REASONS,
} from '@aiegis/protocol'
import type { RouteRequirement } from '@aiegis/verifier'
import { CHAIN_BREAKAGE } from './breakage-chains.ts'
import type { MockHarness } from './harness.ts'
import {
  changeFirst,
  changeLine,
  cosigned,
  entry,
  failing,
  issuedAt,
  minted,
  ORDER,
  otherLog,
  readByDidWeb,
  repeated,
  sharedKey,
  sent,
  status,
  subject,
  twiceTagged,
  twoViews,
  unproven,
} from './breakage-edits.ts'
import { NAMES } from './keys.ts'
import { withLine, type RawRequest } from './raw-request.ts'
import { cosign } from './witness.ts'

/** Codes of the server that decides and of services behind receivers; no receiver answers them. */
type ServerCode = {
  [Code in ReasonCode]: (typeof REASONS)[Code]['stage'] extends 'protect' | 'service' ? Code : never
}[ReasonCode]
/** Every code that a receiver can answer. */
export type Breakable = Exclude<ReasonCode, ServerCode>

/** A request that must be refused, and what its receiver must look like. */
export interface Broken {
  readonly request: RawRequest
  /** A request that is served first, and how many seconds pass then. */
  readonly before?: { readonly request: RawRequest; readonly seconds: number }
  /** How often it is sent; only the last answer counts. */
  readonly times?: number
  /** Members of the trust bundle that differ from the default. */
  readonly trust?: JsonObject
  /** What the route declares. */
  readonly route?: RouteRequirement
  /** The receiver must read its status lists anew before the request. */
  readonly refresh?: true
  /** How the receiver is put together: a parser in front that keeps no bytes; a route behind the mount that names an action. */
  readonly receiver?: 'parser-first' | 'narrowing-route'
}

/** One way to provoke each code. */
export const BREAKAGE: { readonly [Code in Breakable]: (harness: MockHarness) => Broken } = {
  token_missing: (h) => sent(withLine(h.mint(), 'X-AEGIS-Token')),
  passport_missing: (h) => sent(withLine(h.mint(), 'X-AEGIS-Passport')),
  proof_missing: (h) => sent(withLine(h.mint(), 'X-AEGIS-Proof')),
  possession_missing: (h) => sent(withLine(h.mint(), 'Signature-Input')),
  evidence_repeated: (h) => repeated(h.mint(), 'X-AEGIS-Token'),
  evidence_too_large: (h) => sent(withLine(h.mint(), 'X-AEGIS-Proof', 'A'.repeat(7990))),
  request_malformed: (h) => repeated(h.mint(), 'Host'),
  method_invalid: (h) => sent({ ...h.mint(), method: 'TRACE' }),
  target_invalid: (h) => sent({ ...h.mint(), target: '/orders/../orders/7' }),
  authority_unknown: (h) => sent(withLine(h.mint(), 'Host', 'other.example')),
  override_header: (h) => sent(withLine(h.mint(), 'X-HTTP-Method-Override', 'DELETE')),
  trailer_refused: (h) => sent(withLine(h.mint(), 'Trailer', 'X-Checksum')),
  content_type_repeated: (h) => repeated(h.mint(ORDER), 'Content-Type'),
  content_encoding_refused: (h) => sent(withLine(h.mint(ORDER), 'Content-Encoding', 'gzip')),
  early_data_refused: (h) => sent(withLine(h.mint(), 'Early-Data', '1')),

  token_malformed: (h) => minted(h, {}, { tokenText: (token) => `${token}=` }),
  token_header_invalid: (h) => minted(h, {}, { tokenHeader: (header) => ({ ...header, crit: ['exp'] }) }),
  passport_malformed: (h) => minted(h, {}, { chain: (chain) => `${chain}=` }),
  passport_header_invalid: (h) => minted(h, {}, { passportHeader: (header) => ({ ...header, typ: 'jwt' }) }),
  passport_required: (h) =>
    sent(changeLine(h.mint(), 'X-AEGIS-Passport', (chain) => `sha-256=${hashText(h.crypto, utf8(chain))}`)),
  chain_too_long: (h) => ({ request: h.mint({ handOffs: 2 }), trust: { limits: { delegations: 1 } } }),
  ...CHAIN_BREAKAGE,
  proof_malformed: (h) => minted(h, {}, { proofText: (text) => text.replace('index ', 'index 0') }),
  possession_malformed: (h) => sent(changeLine(h.mint(), 'Signature-Input', (value) => value.replace('"@method" ', ''))),
  possession_repeated: (h) => sent(twiceTagged(h.mint())),
  content_digest_malformed: (h) => sent(withLine(h.mint(), 'Content-Digest', 'sha-256=:AAAA:')),

  token_issuer_unknown: (h) => minted(h, {}, { tokenHeader: (header) => ({ ...header, kid: 'did:web:elsewhere.example#1' }) }),
  token_key_unknown: (h) => minted(h, {}, { tokenHeader: (header) => ({ ...header, kid: `${NAMES.harness}#2` }) }),
  token_signature_invalid: (h) => minted(h, {}, { tokenSigner: h.keys.stranger }),
  token_claims_invalid: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, nbf: h.clock.seconds() }) }),
  token_version_unsupported: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, ahp: 'ahp-receiver/9.9' }) }),
  token_not_yet_valid: (h) => minted(h, {}, { claims: (claims) => issuedAt(claims, h.clock.seconds() + 6) }),
  token_expired: (h) =>
    minted(h, {}, { claims: (claims) => ({ ...issuedAt(claims, h.clock.seconds() - 60), exp: h.clock.seconds() }) }),
  token_lifetime_too_long: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, exp: h.clock.seconds() + 61 }) }),
  entry_time_mismatch: (h) =>
    minted(h, {}, { claims: (claims) => entry(claims, { ts: formatMilliseconds((h.clock.seconds() - 1) * 1000) }) }),
  keys_unavailable: (h) => {
    h.documents.set('down')
    h.clock.advance(3901)
    return { request: h.mint(), trust: { issuers: readByDidWeb(h.trust()['issuers']) } }
  },

  passport_issuer_unknown: (h) =>
    minted(h, {}, { passportHeader: (header) => ({ ...header, kid: 'did:web:elsewhere.example#1' }) }),
  passport_key_unknown: (h) => minted(h, {}, { passportHeader: (header) => ({ ...header, kid: `${NAMES.issuer}#2` }) }),
  passport_signature_invalid: (h) => minted(h, {}, { passportSigner: h.keys.stranger }),
  passport_claims_invalid: (h) => minted(h, {}, { passport: (credential) => ({ ...credential, sub: 'somebody' }) }),
  passport_not_yet_valid: (h) =>
    minted(h, {}, { passport: (vc) => ({ ...vc, validFrom: formatSeconds(h.clock.seconds() + 6) }) }),
  passport_expired: (h) => minted(h, {}, { passport: (vc) => ({ ...vc, validUntil: formatSeconds(h.clock.seconds()) }) }),
  passport_lifetime_too_long: (h) =>
    minted(h, {}, { passport: (vc) => ({ ...vc, validUntil: formatSeconds(h.clock.seconds() + 366 * 86_400) }) }),
  passport_key_mismatch: (h) =>
    minted(h, {}, { passport: (vc) => ({ ...vc, cnf: { jwk: { ...jwkOf(h.keys.stranger.publicKey) } } }) }),

  passport_digest_mismatch: (h) =>
    minted(h, {}, { claims: (claims) => ({ ...claims, psp: hashText(h.crypto, utf8('another passport')) }) }),
  subject_mismatch: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, sub: formatDidKey(h.keys.stranger.publicKey) }) }),
  holder_key_mismatch: (h) =>
    minted(h, {}, { claims: (claims) => ({ ...claims, cnf: { jkt: thumbprint(h.crypto, h.keys.stranger.publicKey) } }) }),
  audience_mismatch: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, aud: 'https://other.example' }) }),
  issuer_role_missing: (h) => ({ request: h.mint(), trust: { issuers: changeFirst(h.trust()['issuers'], { roles: ['hop'] }) } }),
  delegated_only: (h) => minted(h, {}, { passport: (vc) => subject(vc, { delegatedOnly: true }) }),
  key_role_conflict: sharedKey,
  harness_not_named: (h) => minted(h, {}, { passport: (vc) => subject(vc, { harness: ['did:web:elsewhere.example'] }) }),
  log_not_allowed: otherLog,

  decision_not_allowed: (h) => minted(h, {}, { claims: (claims) => entry(claims, { decision: 'BLOCK' }) }),
  obligation_not_accepted: (h) => minted(h, {}, { claims: (claims) => ({ ...claims, obl: ['notify_owner'] }) }),
  warn_not_accepted: (h) => minted(h, {}, { claims: (claims) => entry(claims, { decision: 'WARN' }) }),
  mission_exceeded: (h) =>
    minted(h, {}, { passport: (vc) => subject(vc, { mission: [{ action: 'orders.*', target: `${h.audience}/*` }] }) }),

  method_mismatch: (h) => sent({ ...h.mint(), method: 'DELETE' }),
  uri_mismatch: (h) => sent({ ...h.mint(), target: '/orders/8' }),
  content_type_mismatch: (h) => sent(withLine(h.mint(ORDER), 'Content-Type', 'text/plain')),
  content_mismatch: (h) => sent({ ...h.mint(ORDER), body: utf8('{"item":8}') }),
  content_too_large: (h) => minted(h, { ...ORDER, content: 'x'.repeat(1_048_577) }),
  content_timeout: (h) => ({
    request: { ...h.mint(ORDER, { claims: (claims) => ({ ...claims, exp: h.clock.seconds() + 1 }) }), sending: 'stall' },
  }),
  content_incomplete: (h) => ({ request: { ...h.mint(ORDER), sending: 'cut' } }),
  content_consumed: (h) => ({ request: h.mint(ORDER), receiver: 'parser-first' }),

  possession_key_mismatch: (h) =>
    minted(h, {}, { possession: (params) => ({ ...params, keyid: thumbprint(h.crypto, h.keys.stranger.publicKey) }) }),
  possession_expired: (h) => minted(h, {}, { possession: (params) => ({ ...params, expires: h.clock.seconds() }) }),
  possession_invalid: (h) => minted(h, {}, { possessionSigner: h.keys.stranger }),
  content_digest_mismatch: (h) => sent(withLine(h.mint(), 'Content-Digest', formatContentDigest(h.crypto.sha256(utf8('other'))))),

  checkpoint_unsigned: (h) => minted(h, {}, { proofText: (text) => text.replace(`— ${NAMES.log} `, '— elsewhere.example ') }),
  checkpoint_signature_invalid: (h) => minted(h, {}, { logSigner: h.keys.stranger }),
  witness_signature_invalid: (h) =>
    cosigned(h, (note) => cosign(h.crypto, note, h.keys.witness, h.clock.seconds(), h.keys.stranger)),
  witness_quorum_missing: (h) => cosigned(h, (note) => note),
  inclusion_invalid: (h) => minted(h, {}, { proofText: () => h.log.prove(5) }),
  ledger_inconsistent: twoViews,
  ledger_unproven: unproven,

  status_not_listed: (h) => minted(h, {}, { passport: (vc) => status(vc, { statusListIndex: '131072' }) }),
  status_unavailable: (h) => {
    h.status.set('down')
    h.clock.advance(601)
    return { request: h.mint(), refresh: true }
  },
  passport_revoked: (h) => {
    h.status.revoke(94_567)
    h.clock.advance(60)
    return { request: h.mint(), refresh: true }
  },

  action_unmapped: (h) => minted(h, { action: 'orders.read' }),
  action_mismatch: (h) => minted(h, { action: 'http.delete' }),
  target_mismatch: (h) => minted(h, {}, { claims: (claims) => entry(claims, { target: `${h.audience}/orders/8` }) }),
  depth_exceeded: (h) => ({ request: h.mint({ handOffs: 2 }), route: { maxDepth: 1 } }),
  grade_insufficient: (h) => ({ request: h.mint(), route: { require: { human: { asserted: 'live' } } } }),
  content_required: (h) => ({ request: h.mint(), route: { body: { presence: 'required' } } }),
  content_forbidden: (h) => ({ request: h.mint(ORDER), route: { body: { presence: 'forbidden' } } }),
  media_type_not_accepted: (h) => ({ request: h.mint(ORDER), route: { body: { mediaTypes: ['text/plain'] } } }),

  claims_not_accepted: (h) => ({ request: h.mint(), route: { claims: NOTHING } }),
  check_refused: (h) => ({ request: h.mint(), route: { check: () => false } }),
  check_unavailable: (h) => ({ request: h.mint(), route: { check: unanswered } }),

  replay_warming: (h) => minted(h, {}, { claims: (claims) => issuedAt(claims, h.startedAt) }),
  replay_full: (h) => failing(h, 'full'),
  replay_unavailable: (h) => failing(h, 'down'),
  token_replayed: (h) => ({ request: h.mint(), times: 2 }),
  misconfigured: (h) => ({ request: h.mint(), receiver: 'narrowing-route' }),
}

/** A parser of claims that takes none. */
const NOTHING: NonNullable<RouteRequirement['claims']> = {
  '~standard': { version: 1, vendor: 'aiegis', validate: () => ({ issues: [{ message: 'nothing is taken' }] }) },
}

/** A check whose own dependency is down. */
function unanswered(): never {
  throw new Refusal('check_unavailable', 'its database is down', { retryAfter: 2 })
}
