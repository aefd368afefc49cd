/** Which fact of `input` a term stands for, also behind names given with `:=` and behind rules that only name a fact (spec chapter 16). @module */
import type { Key } from '../facts.ts'
import type { ProgramArm, ProgramRule, Step, Term } from './program.ts'

/** A fact: the keys from `input`, and one text for each key that differs for each variable that stands in brackets. */
export interface FactPath {
  readonly keys: readonly Key[]
  readonly marks: readonly string[]
}

/** Stands for a key of which nobody knows whether it is that of another place. */
export const COMPUTED = '?'

/** Facts by the slot that holds them. */
export type FactSlots = Map<number, FactPath>

/** The fact that `term` stands for, or `undefined` when it is none or a computed value. `scope` makes variables of two bodies differ. */
export function factPathOf(term: Term, slots: FactSlots, rules: readonly ProgramRule[], scope: string): FactPath | undefined {
  if (term.kind === 'input') return { keys: [], marks: [] }
  if (term.kind === 'local') return slots.get(term.slot)
  if (term.kind === 'rule') return nameOfFact(rules[term.rule], rules, scope)
  if (term.kind !== 'ref') return undefined
  const base = factPathOf(term.base, slots, rules, scope)
  if (base === undefined) return undefined
  const keys = [...base.keys]
  const marks = [...base.marks]
  for (const part of term.path) {
    const key = part.kind === 'const' && (typeof part.value === 'string' || typeof part.value === 'number') ? part.value : null
    keys.push(key)
    const variable = part.kind === 'local' ? `$${scope}.${part.slot}` : COMPUTED
    marks.push(key === null ? variable : JSON.stringify(key))
  }
  return { keys, marks }
}

/** Notes what a step gives to its slots. */
export function noteFacts(step: Step, slots: FactSlots, rules: readonly ProgramRule[], scope: string): void {
  if (step.kind === 'assign') {
    const path = factPathOf(step.term, slots, rules, scope)
    if (path !== undefined) slots.set(step.slot, path)
  }
  if (step.kind !== 'iterate' || step.value === undefined) return
  const source = factPathOf(step.source, slots, rules, scope)
  if (source === undefined) return
  slots.set(step.value, { keys: [...source.keys, null], marks: [...source.marks, `$${scope}.${step.value}`] })
}

/** The one arm of a rule that is nothing but a name for its value. */
export function onlyArm(rule: ProgramRule | undefined): ProgramArm | undefined {
  if (rule?.kind !== 'complete' || rule.fallback !== undefined || rule.clauses.length !== 1) return undefined
  const arms = rule.clauses[0]?.arms ?? []
  return arms.length === 1 && arms[0]?.steps.length === 0 ? arms[0] : undefined
}

/** As an author would write it. */
export function printFact({ keys }: FactPath): string {
  return keys.reduce<string>((text, key) => {
    if (typeof key === 'string') return /^[A-Za-z_]\w*$/.test(key) ? `${text}.${key}` : `${text}[${JSON.stringify(key)}]`
    return `${text}[${key ?? '_'}]`
  }, 'input')
}

/** The terms inside a term. */
export function childrenOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'ref':
      return [term.base, ...term.path]
    case 'infix':
      return [term.left, term.right]
    case 'builtin':
    case 'apply':
      return term.args
    case 'match':
      return [term.text]
    case 'array':
    case 'set':
      return term.items
    case 'object':
      return term.members.map(([, value]) => value)
    case 'const':
    case 'local':
    case 'input':
    case 'rule':
      break
  }
  return []
}

function nameOfFact(rule: ProgramRule | undefined, rules: readonly ProgramRule[], scope: string): FactPath | undefined {
  const arm = onlyArm(rule)
  return arm && factPathOf(arm.value, new Map(), rules, scope)
}
