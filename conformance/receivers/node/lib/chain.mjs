/** The chain: passports, and the hand-offs between them (spec chapter 8.5). @module */
import { keyOfDid } from './did.mjs'
import { hashOf } from './encoding.mjs'
import { parseObject } from './json.mjs'
import { isSigned, readJws } from './jws.mjs'
import { checkMission } from './mission.mjs'
import { verifyPassport } from './passport.mjs'
import { must, Refusal, refuseAs, refuseIf } from './refusal.mjs'
import { checkSchema } from './schema.mjs'
import { checkOrigin } from './url.mjs'

const REFERENCE = /^sha-256=([\w-]{42}[AEIMQUYcgkosw048])$/
const MAX_SECONDS = 86_400
const MAX_HELD = 1000

/** The parts of a chain text, read and not verified; of a reference its hash alone. */
export function readChain(text, delegations) {
  const [, reference] = REFERENCE.exec(text) ?? []
  if (reference !== undefined) return { reference }
  const parts = text.split('~')
  if (![1, 3, 5].includes(parts.length)) throw new Refusal('passport_malformed')
  if ((parts.length - 1) / 2 > delegations) throw new Refusal('chain_too_long')
  const read = parts.map((part, index) =>
    index % 2 === 0 ? readJws(part, 'passport', 'vc+jwt', 'vc') : readJws(part, 'delegation', 'aegis-delegation+jwt'),
  )
  return { text, passports: read.filter((_, index) => index % 2 === 0), delegations: read.filter((_, index) => index % 2 === 1) }
}

/** Chains with a hand-off that were served, so that a reference is enough the next time (AHP-PASS-2). */
export function createHeldChains() {
  const held = new Map()
  return {
    get: (hash) => held.get(hash),
    keep(text) {
      if (!text.includes('~')) return
      const hash = hashOf(text)
      held.delete(hash)
      held.set(hash, text)
      if (held.size > MAX_HELD) held.delete(held.keys().next().value)
    },
  }
}

/** Verified passports and the claims of the delegations between them. */
export async function verifyChain(chain, scene) {
  const passports = []
  const delegations = []
  for (const [k, jws] of chain.passports.entries()) {
    passports.push(await verifyPassport(jws, scene))
    if (k > 0) delegations.push(verifyDelegation(chain, k, { passports, delegations }, scene))
  }
  return { text: chain.text, passports, delegations, holder: passports.at(-1) }
}

/** D_k, which stands between P_(k-1) and P_k. */
function verifyDelegation(chain, k, { passports, delegations }, { trust, now }) {
  const jws = chain.delegations[k - 1]
  const [parent, child] = [passports[k - 1], passports[k]]
  refuseIf(jws.kid !== `${parent.agent}#${parent.agent.slice('did:key:'.length)}`, 'delegation_signer_mismatch')
  refuseIf(!isSigned(jws, parent.key), 'delegation_signature_invalid')
  const claims = refuseAs('delegation_claims_invalid', () => claimsOf(jws))
  const before = delegations.at(-1)
  const above = chain.text
    .split('~')
    .slice(0, 2 * k - 1)
    .join('~')
  refuseIf(claims.iss !== parent.agent, 'delegation_signer_mismatch')
  refuseIf(claims.par !== hashOf(above), 'delegation_parent_mismatch')
  refuseIf(claims.sub !== child.agent, 'delegation_subject_mismatch')
  refuseIf(claims.depth !== k, 'delegation_depth_mismatch')
  refuseIf(claims.maxDepth >= (parent.subject.maxDepth ?? 0), 'delegation_depth_exceeded')
  refuseIf(before !== undefined && claims.maxDepth >= before.maxDepth, 'delegation_depth_exceeded')
  refuseIf(claims.exp - claims.iat > MAX_SECONDS, 'delegation_lifetime_too_long')
  refuseIf(claims.exp > parent.end || (before !== undefined && claims.exp > before.exp), 'delegation_outlives_parent')
  refuseIf(
    passports.slice(0, k).some(({ agent }) => agent === child.agent),
    'agent_repeated',
  )
  refuseIf(
    delegations.some(({ jti }) => jti === claims.jti),
    'delegation_repeated',
  )
  refuseIf(claims.iat > now + trust.skew, 'delegation_not_yet_valid')
  refuseIf(claims.exp <= now, 'delegation_expired')
  return claims
}

function claimsOf({ payload }) {
  const claims = parseObject(payload, 1100)
  checkSchema(claims, 'delegation')
  must(claims.exp > claims.iat, 'exp is not after iat')
  keyOfDid(claims.iss)
  keyOfDid(claims.sub)
  claims.aud.forEach(checkOrigin)
  checkMission(claims.mission)
  return claims
}
