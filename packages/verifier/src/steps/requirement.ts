/** Step 11: the decided action and target are the ones that the route declared, and the attestations are strong enough (spec chapter 11). @module */
import { Refusal, withoutQuery } from '@aiegis/protocol'
import { checkBody } from '../body-requirement.ts'
import { missingGrade, type Grades } from '../grades.ts'
import type { Mapped } from '../action-map.ts'
import type { Requirement } from '../requirement.ts'
import type { VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `action_unmapped`, `action_mismatch`, `target_mismatch`, `depth_exceeded`, `grade_insufficient`, `content_required`,
 * `content_forbidden`, `media_type_not_accepted`. Runs before the claim, so nothing is used up.
 */
export function checkRequirement(token: VerifiedToken, chain: VerifiedChain, requirement: Requirement, mapped: Mapped): void {
  const { entry, htm, htu } = token.claims
  checkAction(entry.action, htm, requirement.action, mapped)
  const target = requirement.target ?? withoutQuery(htu)
  if (entry.target !== target) throw new Refusal('target_mismatch', `decided on ${entry.target}, required ${target}`)
  checkReach(chain.grades, chain.delegations.length, requirement)
  checkBody(token.claims, requirement.body)
}

/** Throws `depth_exceeded`, `grade_insufficient`; used again when a route narrows what the mount required. */
export function checkReach(grades: Grades, depth: number, requirement: Pick<Requirement, 'grades' | 'maxDepth'>): void {
  if (depth > requirement.maxDepth) throw new Refusal('depth_exceeded', `depth ${depth}, at most ${requirement.maxDepth}`)
  for (const required of requirement.grades) {
    const missing = missingGrade(grades, required)
    if (missing !== undefined) throw new Refusal('grade_insufficient', missing)
  }
}

function checkAction(decided: string, method: string, declared: string | undefined, mapped: Mapped): void {
  if (mapped.kind === 'unmapped')
    throw new Refusal('action_unmapped', 'the path is declared with other methods only, or is two entries')
  const required = declared ?? (mapped.kind === 'action' ? mapped.action : `http.${method.toLowerCase()}`)
  if (decided === required) return
  if (declared === undefined && mapped.kind === 'undeclared' && !decided.startsWith('http.')) {
    throw new Refusal('action_unmapped', `decided ${decided}, but this route declares no action`)
  }
  throw new Refusal('action_mismatch', `decided ${decided}, required ${required}`)
}
