/** Step 6: the decision may be acted on here, and the agent's mission covers it (spec chapters 3 and 8). @module */
import { covers, Refusal } from '@aiegis/protocol'
import type { Requirement } from '../requirement.ts'
import type { VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `decision_not_allowed`, `obligation_not_accepted`, `warn_not_accepted`, `mission_exceeded`.
 * Does not judge whether the policy was right, nor whether the decided action is the one that the route wants.
 */
export function checkDecision(token: VerifiedToken, chain: VerifiedChain, requirement: Requirement): void {
  const { entry, obl } = token.claims
  if (entry.decision !== 'ALLOW' && entry.decision !== 'WARN') throw new Refusal('decision_not_allowed', entry.decision)
  const refused = obl.find((obligation) => !requirement.acceptObligations.has(obligation))
  if (refused !== undefined) throw new Refusal('obligation_not_accepted', refused)
  if (entry.decision === 'WARN' && !requirement.acceptWarn) throw new Refusal('warn_not_accepted', 'the decision is WARN')
  if (!covers(chain.presenter.passport.mission, entry.action, entry.target))
    throw new Refusal('mission_exceeded', `${entry.action} on ${entry.target}`)
}
