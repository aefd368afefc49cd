/** Step 6: the decision may be acted on here, and every mission of the chain covers it (spec chapters 3 and 8). @module */
import { covers, Refusal, type Entry, type MissionPair } from '@aiegis/protocol'
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
  // On the request, at every hop: whoever gets a hand-off inherits the task, not the authority.
  for (const { passport } of chain.links) checkMission(passport.mission, entry)
  for (const { mission } of chain.delegations) checkMission(mission, entry)
}

function checkMission(mission: readonly MissionPair[], { action, target }: Entry): void {
  if (!covers(mission, action, target)) throw new Refusal('mission_exceeded', `${action} on ${target}`)
}
