/** Part of step 4: each delegation was made by the agent before it, for the agent after it, in this very chain (spec chapter 8.5). @module */
import {
  didKeyUrl,
  hashText,
  parseDelegation,
  Refusal,
  verifyJws,
  type CryptoPort,
  type DelegationClaims,
  type UnverifiedJws,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { KnownPassport } from './passports.ts'

/**
 * The claims of all delegations. Throws `delegation_signer_mismatch`, `delegation_signature_invalid`, `delegation_claims_invalid`,
 * `delegation_lifetime_too_long`, `delegation_parent_mismatch`. `chain` is the whole chain in ASCII. Does not look at the clock.
 */
export function verifyDelegations(
  delegations: readonly UnverifiedJws[],
  chain: Uint8Array,
  links: readonly KnownPassport[],
  crypto: CryptoPort,
  done: readonly DelegationClaims[] = [],
): readonly DelegationClaims[] | Promise<readonly DelegationClaims[]> {
  const next = delegations[done.length]
  const parent = links[done.length]
  if (next === undefined || parent === undefined) return done
  return after(verifyDelegation(next, parent, beforeTilde(chain, 2 * done.length + 1), crypto), (claims) =>
    verifyDelegations(delegations, chain, links, crypto, [...done, claims]),
  )
}

function verifyDelegation(
  jws: UnverifiedJws,
  { passport }: KnownPassport,
  before: Uint8Array,
  crypto: CryptoPort,
): DelegationClaims | Promise<DelegationClaims> {
  // The one key of a did:key has one name; the passport says which agent it is that hands off.
  if (jws.kid !== didKeyUrl(passport.subject))
    throw new Refusal('delegation_signer_mismatch', '"kid" is not the key of the passport before')
  return after(verifyJws(crypto, jws, passport.key), (payload) => {
    if (payload === undefined) throw new Refusal('delegation_signature_invalid', 'the signature of a delegation does not verify')
    const claims = parseDelegation(payload)
    if (claims.iss !== passport.subject)
      throw new Refusal('delegation_signer_mismatch', '"iss" is not the agent of the passport before')
    if (claims.par !== hashText(crypto, before))
      throw new Refusal('delegation_parent_mismatch', '"par" is not the hash of what precedes')
    return claims
  })
}

/**
 * Throws `delegation_subject_mismatch`, `delegation_depth_mismatch`, `delegation_depth_exceeded`, `delegation_outlives_parent`, `agent_repeated`,
 * `delegation_repeated`. Everything here follows from the bytes of the chain.
 */
export function checkLinks(links: readonly KnownPassport[], delegations: readonly DelegationClaims[]): void {
  for (const [at, delegation] of delegations.entries()) {
    const parent = links[at]?.passport
    const child = links[at + 1]?.passport
    if (parent === undefined || child === undefined) throw new RangeError('a chain has one passport more than delegations')
    if (delegation.sub !== child.subject)
      throw new Refusal('delegation_subject_mismatch', '"sub" is not the agent of the passport after')
    if (delegation.depth !== at + 1)
      throw new Refusal('delegation_depth_mismatch', `depth ${delegation.depth} in place ${at + 1}`)
    const before = delegations[at - 1]
    const allowed = Math.min(before?.maxDepth ?? Number.POSITIVE_INFINITY, parent.maxDepth) - 1
    if (delegation.maxDepth > allowed)
      throw new Refusal('delegation_depth_exceeded', `maxDepth ${delegation.maxDepth}, at most ${allowed}`)
    if (delegation.exp > Math.min(before?.exp ?? Number.POSITIVE_INFINITY, parent.validUntil))
      throw new Refusal('delegation_outlives_parent', `exp ${delegation.exp} is after the end of what it was made from`)
  }
  // A chain that comes back to an agent would let it act under an authority that it had given away.
  if (isRepeated(links.map(({ passport }) => passport.subject))) throw new Refusal('agent_repeated', 'one agent twice')
  if (isRepeated(delegations.map(({ jti }) => jti))) throw new Refusal('delegation_repeated', 'one "jti" twice')
}

function isRepeated(names: readonly string[]): boolean {
  return new Set(names).size !== names.length
}

/** What stands before the tilde with that number, from 1 on. */
function beforeTilde(chain: Uint8Array, tilde: number): Uint8Array {
  let end = -1
  for (let seen = 0; seen < tilde; seen++) end = chain.indexOf(TILDE, end + 1)
  return chain.subarray(0, end)
}

const TILDE = 0x7e
