/** What becomes of a term when the agent leaves out a fact: no value, null, or a body that never comes so far (spec chapter 16). @module */
import { omissionOf } from '../facts.ts'
import { childrenOf, COMPUTED, factPathOf, noteFacts, type FactPath, type FactSlots } from './fact-path.ts'
import {
  asLocal,
  isComputed,
  memberOf,
  merge,
  named,
  NO_FACTS,
  NOTHING,
  NULL,
  throughNull,
  union,
  without,
  type Omitted,
} from './fact-sets.ts'
import type { ProgramArm, ProgramRule, Step, Term } from './program.ts'
import type { Value } from './values.ts'
import { isList, isRecord, RegoSet } from './values.ts'

/** Built-ins whose value is no truth. */
const VALUES: ReadonlySet<string> = new Set(['lower', 'upper', 'count'])

/** The rules of one program, each looked into once. */
export class Omissions {
  readonly rules: readonly ProgramRule[]
  readonly #known = new Map<number, Omitted>()

  constructor(rules: readonly ProgramRule[]) {
    this.rules = rules
  }

  /** A rule without arguments, or what a function adds to its arguments. */
  ofRule(index: number): Omitted {
    const known = this.#known.get(index) ?? this.#look(index)
    this.#known.set(index, known)
    return known
  }

  #look(index: number): Omitted {
    const rule = this.rules[index]
    const all: Omitted[] = []
    let always = rule === undefined || rule.kind === 'set' || rule.fallback !== undefined
    for (const [at, { arms }] of (rule?.clauses ?? []).entries()) {
      always ||= arms.some(({ steps, value }) => steps.length === 0 && value.kind === 'const')
      for (const [nth, arm] of arms.entries()) all.push(this.#ofArm(arm, `${index}.${at}.${nth}`))
    }
    const { absent, nullable, open, truth } = union(all)
    return { before: NO_FACTS, absent: always ? NO_FACTS : absent, nullable, open, truth }
  }

  #ofArm(arm: ProgramArm, scope: string): Omitted {
    const body = new Body(this, scope)
    const needed: Omitted[] = []
    for (const step of arm.steps) {
      const found = body.of(step.kind === 'iterate' ? step.source : step.term)
      // A negation holds without the value of its own operand.
      needed.push(step.kind === 'not' ? { ...found, absent: NO_FACTS } : found)
      if (step.kind === 'iterate') needed.push({ ...NOTHING, absent: throughNull(found.nullable) })
      body.note(step)
    }
    const value = body.of(arm.value)
    const absent = merge([...needed, value].flatMap((found) => [found.before, found.absent]))
    return { ...value, absent, truth: value.truth || (arm.value.kind === 'const' && arm.value.value === false) }
  }
}

/** One body, read from top to bottom. Facts that it states are guarded from there on. */
export class Body {
  readonly #program: Omissions
  readonly #scope: string
  readonly #slots = new Map<number, Omitted>()
  readonly #facts: FactSlots = new Map()
  readonly #present = new Set<string>()
  readonly #notNull = new Set<string>()

  constructor(program: Omissions, scope: string, params: readonly Omitted[] = []) {
    this.#program = program
    this.#scope = scope
    for (const [slot, param] of params.entries()) this.#slots.set(slot, asLocal(param))
  }

  /** What becomes of `term` here. */
  of(term: Term): Omitted {
    const { before, absent, nullable, open, truth } = this.#raw(term)
    return {
      before: without(before, this.#present),
      absent: without(absent, this.#present),
      nullable: without(nullable, this.#notNull),
      open,
      truth,
    }
  }

  /** After a step: what its slots hold, and which facts it states. */
  note(step: Step): void {
    if (step.kind === 'test' && step.term.kind === 'infix') this.#stateInfix(step.term)
    else if (step.kind === 'test') this.#state(step.term, false)
    if (step.kind === 'not') this.#stateNot(step.term)
    if (step.kind === 'assign') this.#slots.set(step.slot, asLocal(this.of(step.term)))
    if (step.kind === 'iterate') {
      const source = this.of(step.source)
      const element = asLocal({ ...source, absent: merge([source.absent, throughNull(source.nullable)]), nullable: source.open })
      if (step.value !== undefined) this.#slots.set(step.value, element)
      if (step.key !== undefined) this.#slots.set(step.key, { ...element, nullable: NO_FACTS, open: NO_FACTS })
    }
    noteFacts(step, this.#facts, this.#program.rules, this.#scope)
  }

  #raw(term: Term): Omitted {
    if (term.kind === 'const' || term.kind === 'input') return NOTHING
    if (term.kind === 'local') return this.#slots.get(term.slot) ?? NOTHING
    if (term.kind === 'rule') return this.#program.ofRule(term.rule)
    if (term.kind === 'ref') return this.#reference(term)
    const inside = union(childrenOf(term).map((child) => this.of(child)))
    if (term.kind === 'array' || term.kind === 'set' || term.kind === 'object') return inside
    if (term.kind === 'infix') return { ...inside, nullable: NO_FACTS, open: NO_FACTS, truth: true }
    const absent = merge([inside.absent, throughNull(inside.nullable)])
    if (term.kind === 'apply') {
      const own = this.#program.ofRule(term.rule)
      const member = memberOf(inside)
      return {
        ...union([inside, own]),
        absent: merge([absent, own.absent, member]),
        nullable: merge([inside.nullable, own.nullable, member]),
      }
    }
    const truth = term.kind === 'match' || (term.kind === 'builtin' && !VALUES.has(term.name))
    return { ...inside, absent, nullable: NO_FACTS, open: NO_FACTS, truth }
  }

  #reference(term: Term & { readonly kind: 'ref' }): Omitted {
    const base = this.of(term.base)
    const keys = term.path.map((part) => this.of(part))
    const needed = merge([...keys.flatMap(({ absent, nullable }) => [absent, throughNull(nullable)]), base.absent])
    const before = merge([base.before, ...keys.map((key) => key.before)])
    const path = this.#factOf(term)
    if (path === undefined) {
      const member = memberOf(base)
      return {
        ...base,
        before,
        absent: merge([needed, throughNull(base.nullable), member]),
        nullable: merge([base.nullable, member]),
      }
    }
    const { absent, nullable, open } = omissionOf(path.keys)
    return {
      before,
      absent: merge([needed, absent === undefined ? NO_FACTS : named(path, absent)]),
      nullable: nullable === true ? named(path) : NO_FACTS,
      open: open === true ? named(path) : NO_FACTS,
      truth: base.truth,
    }
  }

  #factOf(term: Term): FactPath | undefined {
    return factPathOf(term, this.#facts, this.#program.rules, this.#scope)
  }

  /** `notNull` when the statement fails for null too. */
  #state(term: Term, notNull: boolean): void {
    const known = term.kind === 'local' || term.kind === 'rule' ? this.#raw(term) : NOTHING
    if (term.kind === 'local')
      this.#slots.set(term.slot, { ...known, before: NO_FACTS, nullable: notNull ? NO_FACTS : known.nullable })
    const path = this.#factOf(term)
    if (path !== undefined) {
      for (const id of prefixes(path)) this.#stateNotNull(id)
      // What can be null without being absent is stated only by a statement that null fails.
      if (notNull || omissionOf(path.keys).absent === path.keys.length) this.#guard(path, notNull)
      return
    }
    if (term.kind === 'local' || term.kind === 'rule') {
      const { before, absent, nullable } = known
      for (const id of [...before.keys(), ...absent.keys()]) if (!isComputed(id)) this.#present.add(id)
      if (notNull) for (const id of nullable.keys()) if (!isComputed(id)) this.#stateNotNull(id)
      return
    }
    // An operation inside another may be false: then what it compares is there, and may be null.
    for (const child of childrenOf(term)) this.#state(child, term.kind === 'builtin' || term.kind === 'match')
  }

  #stateInfix({ op, left, right }: Term & { readonly kind: 'infix' }): void {
    if (op === 'in') {
      this.#state(left, right.kind === 'const' && !holds(right.value, null))
      this.#state(right, true)
      return
    }
    for (const [side, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const literal = other.kind === 'const' ? other.value : undefined
      const notNull = op === '==' ? literal !== undefined && literal !== null : op !== '!=' || literal === null
      this.#state(side, notNull)
    }
  }

  /** `not x == null` says that `x` is not null where it cannot be absent. */
  #stateNot(term: Term): void {
    if (term.kind !== 'infix' || term.op !== '==') return
    const side = isNull(term.left) ? term.right : isNull(term.right) ? term.left : undefined
    if (side !== undefined && this.of(side).absent.size === 0) this.#state(side, true)
  }

  #guard({ marks }: FactPath, notNull: boolean): void {
    if (marks.includes(COMPUTED)) return
    const id = marks.join(' ')
    this.#present.add(id)
    if (notNull) this.#stateNotNull(id)
  }

  #stateNotNull(id: string): void {
    this.#notNull.add(id)
    this.#present.add(id)
    this.#present.add(id + NULL)
  }
}

/** True when `part` is in a literal, at any depth. */
export function holds(value: Value, part: null | boolean): boolean {
  if (value === part) return true
  if (value instanceof RegoSet) return value.values().some((item) => holds(item, part))
  if (isList(value)) return value.some((item) => holds(item, part))
  return isRecord(value) && Object.values(value).some((item) => holds(item, part))
}

/** What is there, and no null, where the fact is. */
function prefixes({ marks }: FactPath): readonly string[] {
  const outer = marks.slice(0, -1)
  return outer.flatMap((_, index) => {
    const part = outer.slice(0, index + 1)
    return part.includes(COMPUTED) ? [] : [part.join(' ')]
  })
}

function isNull(term: Term): boolean {
  return term.kind === 'const' && term.value === null
}
