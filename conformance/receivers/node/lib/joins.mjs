/** Do token, chain, harness and log belong together (spec chapters 8.4, 8.5 and 8.8)? @module */
import { hashOf } from './encoding.mjs'
import { refuseIf } from './refusal.mjs'
import { parseUrl } from './url.mjs'

/** Refuses with a code of the step joins. */
export function checkJoins({ claims, harness, signerJkt }, chain, origin, trust) {
  const { passports, delegations, holder } = chain
  refuseIf(
    passports.slice(0, -1).some(({ agent }) => agent === claims.sub),
    'token_passed_on',
  )
  refuseIf(claims.psp !== hashOf(chain.text), 'passport_digest_mismatch')
  refuseIf(claims.sub !== holder.agent, 'subject_mismatch')
  refuseIf(claims.cnf.jkt !== holder.jkt, 'holder_key_mismatch')
  refuseIf(claims.aud !== trust.audience || claims.aud !== parseUrl(claims.htu).origin, 'audience_mismatch')
  refuseIf(!passports.every(({ issuer }, k) => issuer.places.includes(k === 0 ? 'root' : 'hop')), 'issuer_role_missing')
  refuseIf(passports[0].subject.delegatedOnly === true, 'delegated_only')
  refuseIf(!delegations.every(({ aud }) => aud.includes(trust.audience)), 'delegation_audience_mismatch')
  refuseIf(!delegations.every(({ txn }) => txn === claims.txn), 'delegation_task_mismatch')
  refuseIf(hasTwoRoles(passports, signerJkt, trust), 'key_role_conflict')
  refuseIf(!holder.subject.harness.includes(claims.iss), 'harness_not_named')
  refuseIf(!harness.ledgers.includes(origin), 'log_not_allowed')
}

/** AHP-PASS-35. */
function hasTwoRoles(passports, tokenJkt, { pinned }) {
  const issuers = passports.map(({ signerJkt }) => signerJkt)
  return issuers.includes(tokenJkt) || passports.some(({ jkt }) => pinned.has(jkt) || jkt === tokenJkt || issuers.includes(jkt))
}
