/** Says whether a passport, or a chain, is good for this server at this moment; asked by anybody (spec chapter 19.3). @module */
import { REASONS, Refusal, type ReasonCode, type VerifyAnswer } from '@aiegis/protocol'
import type { VerifiedChain } from '@aiegis/verifier'
import type { Chains } from './chains.ts'

/**
 * The answer for `text`, the value of `X-AEGIS-Passport`. `now` is epoch seconds. Codes are the public ones: unknown signers and bad
 * signatures look alike. Says nothing about missions, audiences and tasks: there is no request to judge them by.
 */
export async function verifyPassport(text: string, chains: Chains, now: number): Promise<VerifyAnswer> {
  const nothing = { agent_did: null, issuer: null, expires_at: null, revoked: null, verified_at: now }
  let chain: VerifiedChain
  try {
    chain = await chains.read(text, now)
  } catch (error) {
    const checks = { evidence: false, place: null, status: null }
    return { valid: false, ...nothing, checks, code: publicCode(codeOf(error)) }
  }
  const place = attempt(() => checkPlace(chain, chains))
  const status = attempt(() => chains.checkStanding(chain, now))
  const { passport } = chain.presenter
  return {
    valid: place === undefined && status === undefined,
    agent_did: passport.subject,
    issuer: passport.issuer,
    expires_at: Math.min(...chain.links.map((link) => link.passport.validUntil), ...chain.delegations.map(({ exp }) => exp)),
    revoked: status === undefined ? false : status === 'passport_revoked' ? true : null,
    verified_at: now,
    checks: { evidence: true, place: place === undefined, status: status === undefined },
    code: publicCode(place ?? status),
  }
}

/** Each issuer may vouch for an agent in its place, and the first agent may act for itself. */
function checkPlace(chain: VerifiedChain, chains: Chains): void {
  chains.checkRoles(chain)
  if (chain.principal.passport.delegatedOnly) throw new Refusal('delegated_only', 'the first passport is for delegation only')
}

function attempt(check: () => void): ReasonCode | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

/** The code of a refusal; anything else is a defect and rises. */
function codeOf(error: unknown): ReasonCode {
  if (error instanceof Refusal) return error.code
  throw error
}

function publicCode(code: ReasonCode | undefined): string | null {
  return code === undefined ? null : REASONS[code].public
}
