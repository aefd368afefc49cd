/** Refuses a module that reads a fact which `input` cannot have, also behind a name for part of `input` (spec chapter 16). @module */
import { hasFixedMembers, unknownFact } from '../facts.ts'
import { childrenOf, factPathOf, noteFacts, onlyArm, printFact, type FactPath, type FactSlots } from './fact-path.ts'
import type { ProgramArm, ProgramRule, Term } from './program.ts'
import { RegoRefused } from './refused.ts'

/**
 * Throws `RegoRefused` for a misspelt fact, and where a part of `input` with members of fixed names goes to a place behind which
 * nobody can tell which fact it is: an argument, a collection, a rule with a body. Names given with `:=`, iterations and rules that
 * are nothing but a name are followed.
 */
export function checkFacts(rules: readonly ProgramRule[]): void {
  for (const [index, rule] of rules.entries()) {
    for (const [at, { arms }] of rule.clauses.entries()) {
      for (const [nth, arm] of arms.entries()) checkArm(arm, rules, `${index}.${at}.${nth}`, onlyArm(rule) === arm)
    }
  }
}

function checkArm(arm: ProgramArm, rules: readonly ProgramRule[], scope: string, isName: boolean): void {
  const slots: FactSlots = new Map()
  const factOf = (term: Term): FactPath | undefined => factPathOf(term, slots, rules, scope)
  const look = (term: Term, line: number): void => {
    const fact = factOf(term)
    const unknown = fact && unknownFact(fact.keys)
    if (unknown !== undefined) throw new RegoRefused(line, unknown)
    for (const child of childrenOf(term)) {
      if (takesAway(term)) refuseFixed(factOf(child), line)
      look(child, line)
    }
  }
  for (const step of arm.steps) {
    look(step.kind === 'iterate' ? step.source : step.term, step.line)
    noteFacts(step, slots, rules, scope)
  }
  look(arm.value, arm.line)
  if (!isName) refuseFixed(factOf(arm.value), arm.line)
}

/** True for a term in which a value goes on without the name of its fact. */
function takesAway({ kind }: Term): boolean {
  return kind === 'apply' || kind === 'array' || kind === 'set' || kind === 'object'
}

function refuseFixed(fact: FactPath | undefined, line: number): void {
  if (fact === undefined || !hasFixedMembers(fact.keys)) return
  const name = printFact(fact)
  throw new RegoRefused(line, `"${name}" cannot be passed on as a whole, for its members are checked at load; pass on the member`)
}
