/** Step 11: the decided action and target are the ones that the route declared, and the attestations are strong enough (spec chapter 11). @module */
import { FACTS, GRADES, Refusal, withoutQuery, type Fact, type Grade, type Passport } from '@aiegis/protocol'
import type { GradeRequirement, Mapped, Requirement } from '../requirement.ts'
import type { VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/** What is known about one fact: the issuer's word, and what this receiver checked itself. */
export type Grades = Readonly<Record<Fact, { readonly asserted: Grade; readonly checked: Grade }>>

/** Throws `action_unmapped`, `action_mismatch`, `target_mismatch`, `depth_exceeded`, `grade_insufficient`. Runs before the claim, so nothing is used up. */
export function checkRequirement(token: VerifiedToken, chain: VerifiedChain, requirement: Requirement, mapped: Mapped): void {
  const { entry, htm, htu } = token.claims
  checkAction(entry.action, htm, requirement.action, mapped)
  const target = requirement.target ?? withoutQuery(htu)
  if (entry.target !== target) throw new Refusal('target_mismatch', `decided on ${entry.target}, required ${target}`)
  checkReach(chain.presenter.grades, depthOf(chain), requirement)
}

/** Throws `depth_exceeded`, `grade_insufficient`; used again when a route narrows what the mount required. */
export function checkReach(grades: Grades, depth: number, requirement: Pick<Requirement, 'grades' | 'maxDepth'>): void {
  if (depth > requirement.maxDepth) throw new Refusal('depth_exceeded', `depth ${depth}, at most ${requirement.maxDepth}`)
  for (const required of requirement.grades) checkGrades(grades, required)
}

/** The grades of a passport; this version checks no raw evidence itself, and says so. */
export function gradesOf(passport: Passport): Grades {
  const of = (fact: Fact): Grades[Fact] => Object.freeze({ asserted: passport.attestations[fact].grade, checked: 'none' })
  return Object.freeze({ hardware: of('hardware'), human: of('human'), runtime: of('runtime') })
}

/** How many hand-offs lie between principal and presenter. */
export function depthOf(chain: VerifiedChain): number {
  return chain.principal === chain.presenter ? 0 : 1
}

function checkAction(decided: string, method: string, declared: string | undefined, mapped: Mapped): void {
  if (mapped.kind === 'unmapped') throw new Refusal('action_unmapped', 'the path is declared with other methods only')
  const required = declared ?? (mapped.kind === 'action' ? mapped.action : `http.${method.toLowerCase()}`)
  if (decided === required) return
  if (declared === undefined && mapped.kind === 'undeclared' && !decided.startsWith('http.')) {
    throw new Refusal('action_unmapped', `decided ${decided}, but this route declares no action`)
  }
  throw new Refusal('action_mismatch', `decided ${decided}, required ${required}`)
}

function checkGrades(grades: Grades, required: GradeRequirement): void {
  for (const fact of FACTS) {
    for (const who of ['asserted', 'checked'] as const) {
      const least = required[fact]?.[who] ?? 'none'
      if (GRADES.indexOf(grades[fact][who]) < GRADES.indexOf(least)) {
        throw new Refusal('grade_insufficient', `${fact} ${who} is ${grades[fact][who]}, required ${least}`)
      }
    }
  }
}
