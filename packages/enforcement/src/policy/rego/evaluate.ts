/** Evaluates a checked Rego program on one input: deterministic, metered, without recursion over data (spec chapter 16). @module */
import { PolicyFault, type Fuel } from '../fault.ts'
import { callBuiltin, matchable } from './builtins.ts'
import type { Clause, Program, ProgramArm, Step, Term } from './program.ts'
import { entriesOf, equalValues, isList, isRecord, lookUp, RegoSet, type RegoObject, type Value } from './values.ts'

type Frame = (Value | undefined)[]
type Found = (value: Value) => 'more' | 'enough'

interface Iteration {
  readonly step: Step & { readonly kind: 'iterate' }
  /** Index of the step after the iteration. */
  readonly next: number
  readonly entries: ReturnType<typeof entriesOf>
  at: number
}

/** The value of rule `decision`, or `undefined`. Throws `PolicyFault` for conflicts, wrong types and when the fuel is out. */
export function evaluateProgram(program: Program, input: RegoObject, fuel: Fuel): Value | undefined {
  return new Evaluation(program, input, fuel).rule(program.decision)
}

class Evaluation {
  readonly #program: Program
  readonly #input: RegoObject
  readonly #fuel: Fuel
  /** Values of rules without arguments; an absent value is remembered as `undefined`. */
  readonly #known: Map<number, Value | undefined> = new Map()

  constructor(program: Program, input: RegoObject, fuel: Fuel) {
    this.#program = program
    this.#input = input
    this.#fuel = fuel
  }

  rule(index: number, args: readonly Value[] = []): Value | undefined {
    const rule = this.#program.rules[index]
    if (rule === undefined) throw new TypeError(`no rule ${index}`)
    if (rule.kind === 'function') return this.#complete(rule.name, rule.clauses, args)
    if (this.#known.has(index)) return this.#known.get(index)
    const own = rule.kind === 'set' ? this.#set(rule.clauses) : this.#complete(rule.name, rule.clauses, args)
    // Not `??`: null is a value of its own, and only the absence of one makes the default speak.
    const value = own === undefined ? rule.fallback : own
    this.#known.set(index, value)
    return value
  }

  /** All definitions that hold must agree (OPA `eval_conflict_error`). */
  #complete(name: string, clauses: readonly Clause[], args: readonly Value[]): Value | undefined {
    let result: Value | undefined
    for (const clause of clauses) {
      this.#clause(clause, args, (value) => {
        if (result !== undefined && !equalValues(result, value, this.#fuel))
          throw new PolicyFault('eval', `rule "${name}" has two values`)
        result = value
        return 'more'
      })
    }
    return result
  }

  #set(clauses: readonly Clause[]): RegoSet {
    const set = new RegoSet()
    for (const clause of clauses) {
      this.#clause(clause, [], (value) => {
        set.add(value, this.#fuel)
        return 'more'
      })
    }
    return set
  }

  /** The first arm that has a value decides; the others are its `else`. */
  #clause(clause: Clause, args: readonly Value[], found: Found): void {
    for (const arm of clause.arms) {
      const frame: Frame = [...args]
      frame.length = clause.slots
      let any = false
      this.#arm(arm, frame, (value) => {
        any = true
        // A literal cannot differ from itself: its first solution is as good as all.
        return arm.value.kind === 'const' ? 'enough' : found(value)
      })
      if (any && arm.value.kind === 'const') found(arm.value.value)
      if (any) return
    }
  }

  /** Walks the steps forward and goes back to the last iteration that has entries left, until there is none. */
  #arm(arm: ProgramArm, frame: Frame, found: Found): void {
    const open: Iteration[] = []
    let at = 0
    for (;;) {
      const step = arm.steps[at]
      let failed = false
      if (step === undefined) {
        const value = this.#term(arm.value, frame)
        if (value !== undefined && found(value) === 'enough') return
        failed = true
      } else if (step.kind === 'iterate') {
        const source = this.#term(step.source, frame)
        if (source !== undefined) open.push({ step, next: at + 1, entries: entriesOf(source, this.#fuel), at: 0 })
        failed = true
      } else {
        failed = !this.#step(step, frame)
      }
      const next = failed ? this.#advance(open, frame) : at + 1
      if (next === undefined) return
      at = next
    }
  }

  #step(step: Exclude<Step, { kind: 'iterate' }>, frame: Frame): boolean {
    const value = this.#term(step.term, frame)
    if (step.kind === 'assign') {
      frame[step.slot] = value
      return value !== undefined
    }
    const holds = value !== undefined && value !== false
    return step.kind === 'test' ? holds : !holds
  }

  #advance(open: Iteration[], frame: Frame): number | undefined {
    for (;;) {
      const iteration = open.at(-1)
      if (iteration === undefined) return undefined
      const entry = iteration.entries[iteration.at]
      if (entry === undefined) {
        open.pop()
        continue
      }
      this.#fuel.burn(1)
      iteration.at += 1
      if (iteration.step.key !== undefined) frame[iteration.step.key] = entry[0]
      if (iteration.step.value !== undefined) frame[iteration.step.value] = entry[1]
      return iteration.next
    }
  }

  #term(term: Term, frame: Frame): Value | undefined {
    this.#fuel.burn(1)
    switch (term.kind) {
      case 'const':
        return term.value
      case 'local':
        return frame[term.slot]
      case 'input':
        return this.#input
      case 'rule':
        return this.rule(term.rule)
      case 'ref':
        return this.#reference(term, frame)
      case 'infix':
        return this.#infix(term, frame)
      case 'builtin': {
        const args = this.#all(term.args, frame)
        return args && callBuiltin(term.name, args, this.#fuel)
      }
      case 'match': {
        const value = this.#term(term.text, frame)
        const text = value === undefined ? undefined : matchable(value)
        return text === undefined ? undefined : term.pattern.matches(text, this.#fuel)
      }
      case 'apply': {
        const args = this.#all(term.args, frame)
        return args && this.rule(term.rule, args)
      }
      case 'array':
        return this.#all(term.items, frame)
      case 'set': {
        const items = this.#all(term.items, frame)
        const set = new RegoSet()
        for (const item of items ?? []) set.add(item, this.#fuel)
        return items && set
      }
      case 'object':
        break
    }
    const values = this.#all(
      term.members.map(([, value]) => value),
      frame,
    )
    return values && Object.fromEntries(term.members.map(([key], index) => [key, values[index] ?? null]))
  }

  /** The values of all terms, or `undefined` when one has none. */
  #all(terms: readonly Term[], frame: Frame): readonly Value[] | undefined {
    const values: Value[] = []
    for (const term of terms) {
      const value = this.#term(term, frame)
      if (value === undefined) return undefined
      values.push(value)
    }
    return values
  }

  #reference(term: Term & { readonly kind: 'ref' }, frame: Frame): Value | undefined {
    let value = this.#term(term.base, frame)
    for (const part of term.path) {
      if (value === undefined) return undefined
      const key = this.#term(part, frame)
      value = key === undefined ? undefined : lookUp(value, key, this.#fuel)
    }
    return value
  }

  #infix(term: Term & { readonly kind: 'infix' }, frame: Frame): boolean | undefined {
    const left = this.#term(term.left, frame)
    const right = left === undefined ? undefined : this.#term(term.right, frame)
    if (left === undefined || right === undefined) return undefined
    if (term.op === '==') return equalValues(left, right, this.#fuel)
    if (term.op === '!=') return !equalValues(left, right, this.#fuel)
    if (term.op === 'in') return this.#isMember(left, right)
    const order = compare(left, right, this.#fuel)
    if (term.op === '<') return order < 0
    if (term.op === '<=') return order <= 0
    return term.op === '>' ? order > 0 : order >= 0
  }

  #isMember(value: Value, collection: Value): boolean {
    if (collection === null) return false
    if (collection instanceof RegoSet) return collection.has(value, this.#fuel)
    if (!isList(collection) && !isRecord(collection)) throw new PolicyFault('eval', `"in" a ${typeof collection}`)
    return entriesOf(collection, this.#fuel).some(([, item]) => equalValues(item, value, this.#fuel))
  }
}

/** Order exists between two numbers and between two texts. Rego orders all types; here a counter against text is a fault. */
function compare(left: Value, right: Value, fuel: Fuel): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left === 'string' && typeof right === 'string') {
    fuel.burnText(left.length + right.length)
    // By code point, which is the order of UTF-8 bytes and not that of UTF-16 units.
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  }
  throw new PolicyFault('eval', `an order between a ${typeof left} and a ${typeof right}`)
}
