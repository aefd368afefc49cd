/** Step 5: token, passport, harness and log belong together; each seam has its own code (spec chapter 8, joins). @module */
import { equal, Refusal } from '@aiegis/protocol'
import type { TrustConfig } from '../trust.ts'
import type { Evidence } from './decode.ts'
import type { VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `token_passed_on`, `passport_digest_mismatch`, `subject_mismatch`, `holder_key_mismatch`, `audience_mismatch`, `issuer_role_missing`,
 * `delegated_only`, `delegation_audience_mismatch`, `delegation_task_mismatch`, `key_role_conflict`,
 * `harness_not_named`, `log_not_allowed`. Does not look at the request.
 */
export function checkJoins(token: VerifiedToken, chain: VerifiedChain, evidence: Evidence, trust: TrustConfig): void {
  const { claims } = token
  const presenter = chain.presenter.passport
  // Whoever got a hand-off asks for a decision of its own: the sender's token would carry the sender's authority.
  if (claims.sub !== presenter.subject && chain.path.some(({ did }) => did === claims.sub))
    throw new Refusal('token_passed_on', '"sub" is an earlier agent of the chain')
  if (claims.psp !== chain.digest)
    throw new Refusal('passport_digest_mismatch', '"psp" is not the hash of the chain that was sent')
  if (claims.sub !== presenter.subject) throw new Refusal('subject_mismatch', '"sub" is not the subject of the last passport')
  if (claims.cnf.jkt !== chain.presenter.jkt) {
    throw new Refusal('holder_key_mismatch', '"cnf.jkt" is not the thumbprint of the last passport\'s key')
  }
  // `aud` is the origin of `htu` in every token, so a token for one base is no token for another.
  if (claims.aud !== trust.audience || !claims.htu.startsWith(`${claims.aud}/`)) {
    throw new Refusal('audience_mismatch', `the token is for ${claims.aud}`)
  }
  checkHandOffs(token, chain, trust)
  checkKeys(token, chain, trust)
  if (!presenter.harness.includes(claims.iss)) throw new Refusal('harness_not_named', 'the passport names other harnesses')
  if (trust.harness(claims.iss)?.ledgers.has(evidence.proof.checkpoint.origin) !== true) {
    throw new Refusal('log_not_allowed', 'the harness is not bound to the log of the proof')
  }
}

/** Who may vouch for whom in which place, and whether each hand-off was made for this receiver and this task. */
function checkHandOffs({ claims }: VerifiedToken, { links, delegations, principal }: VerifiedChain, trust: TrustConfig): void {
  for (const [at, { passport }] of links.entries()) {
    const role = at === 0 ? 'root' : 'hop'
    if (trust.issuer(passport.issuer)?.roles.has(role) !== true)
      throw new Refusal('issuer_role_missing', `the issuer lacks the role ${role}`)
  }
  if (principal.passport.delegatedOnly)
    throw new Refusal('delegated_only', 'the first passport of the chain is for delegation only')
  for (const { aud, txn } of delegations) {
    if (!aud.includes(trust.audience)) throw new Refusal('delegation_audience_mismatch', `the delegation is for ${aud.join(' ')}`)
    if (txn !== claims.txn) throw new Refusal('delegation_task_mismatch', '"txn" of the token is not that of the delegation')
  }
}

/** Whoever holds a key of two roles could sign the one kind of evidence as the other. Keys of documents are known here at last. */
function checkKeys({ key }: VerifiedToken, { links }: VerifiedChain, trust: TrustConfig): void {
  for (const link of links) {
    const agent = link.passport.key
    const isShared = links.some((other) => equal(other.key.bytes, agent.bytes)) || equal(key.bytes, agent.bytes)
    if (isShared || trust.roleOf(link.jkt) !== undefined)
      throw new Refusal('key_role_conflict', 'the key of an agent has another role')
    if (equal(key.bytes, link.key.bytes)) throw new Refusal('key_role_conflict', 'one key signed the token and a passport')
  }
}
