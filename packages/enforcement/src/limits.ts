/** What an agent may not do with its chain, however policy decides: every receiver would refuse a token for it (spec chapters 8 and 15.3). @module */
import { covers, Refusal } from '@aiegis/protocol'
import type { Question } from './ask.ts'
import type { Asker } from './asker.ts'
import { blocked, type Verdict } from './policy/evaluate.ts'
import type { Shown } from './shown-request.ts'

/**
 * The task of a question: that of the hand-offs, else the one that the question names. Throws `ask_untrusted` when they name more than
 * one: a token has one task, and every receiver compares it with each hand-off.
 */
export function taskOf(asker: Asker | null, { txn }: Pick<Question, 'txn'>): string | undefined {
  const [task = txn, ...others] = asker?.chain.delegations.map((delegation) => delegation.txn) ?? []
  if ([task, ...others].some((other) => other !== task) || (txn !== undefined && txn !== task))
    throw new Refusal('ask_untrusted', 'hand-offs and "context.txn" name different tasks')
  return task
}

/** BLOCK with its reason, or `undefined` when the chain allows what is asked and policy has to decide. */
export function limitsOf(asker: Asker | null, question: Question, shown: Shown | undefined): Verdict | undefined {
  const reason = asker === null ? undefined : excessOf(asker, question, shown)
  return reason === undefined ? undefined : blocked(reason, null, null, null)
}

function excessOf({ chain }: Asker, { action, target }: Question, shown: Shown | undefined): string | undefined {
  const { links, delegations, principal } = chain
  if (principal.passport.delegatedOnly) return 'delegated_only'
  const missions = [...links.map(({ passport }) => passport.mission), ...delegations.map(({ mission }) => mission)]
  // On the request, at every hop: whoever gets a hand-off inherits the task, not the authority.
  if (!missions.every((mission) => covers(mission, action, target))) return 'mission_exceeded'
  if (shown !== undefined && !delegations.every(({ aud }) => aud.includes(shown.aud))) return 'delegation_audience_mismatch'
  return undefined
}
