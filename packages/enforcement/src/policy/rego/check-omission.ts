/** Refuses a module that falls silent, at a negation or an inequality, when the agent leaves a fact out (spec chapter 16). @module */
import { childrenOf } from './fact-path.ts'
import { merge, union, type Facts, type Omitted } from './fact-sets.ts'
import { Body, holds, Omissions } from './omitted.ts'
import type { Program, ProgramArm, ProgramRule, Term } from './program.ts'
import { RegoRefused } from './refused.ts'

/** What weakens a decision: a rule that falls silent in what `denies`, a rule that speaks in what `allows`. */
interface Role {
  readonly allows: boolean
  readonly denies: boolean
}

const BOTH: Role = { allows: true, denies: true }

/** What is known of the rules that other rules use, when their turn comes. */
interface Uses {
  readonly program: Program
  readonly roles: Map<number, Role>
  readonly params: Map<number, Omitted[]>
  readonly warnings: string[]
}

/**
 * Warnings about orders that are silent without a fact. Throws `RegoRefused` for a negation, `!=` or a comparison with `false` that
 * weakens the decision when the agent leaves out a fact that the body did not state before. Silence weakens nothing in an arm of
 * `decision` that says ALLOW, nor in what only such arms use. Does not judge positive statements: a rule that denies what it finds
 * cannot deny what is not there.
 */
export function checkOmissions(program: Program): readonly string[] {
  const omissions = new Omissions(program.rules)
  const uses: Uses = { program, roles: new Map(), params: new Map(), warnings: [] }
  for (const index of callersFirst(program)) {
    for (const [at, { arms }] of (program.rules[index]?.clauses ?? []).entries()) {
      for (const [nth, arm] of arms.entries()) {
        const allows = arm.value.kind === 'const' && arm.value.value === 'ALLOW'
        const role = index === program.decision ? { allows, denies: !allows } : uses.roles.get(index)
        const body = new Body(omissions, `${index}.${at}.${nth}`, uses.params.get(index))
        // A rule that nothing uses has no role, and is never asked.
        if (role !== undefined) checkArm(arm, body, role, uses)
      }
    }
  }
  return uses.warnings
}

function checkArm(arm: ProgramArm, body: Body, role: Role, uses: Uses): void {
  const look = (term: Term, line: number, part: Role): void => {
    if (role.denies) checkTerm(term, line, body, uses.warnings)
    lookInside(term, line, part)
  }
  const lookInside = (term: Term, line: number, part: Role): void => {
    if (term.kind === 'rule' || term.kind === 'apply') noteRole(term.rule, part, uses)
    if (term.kind === 'apply') noteCall(term, body, uses.params)
    for (const child of childrenOf(term)) look(child, line, keepsRole(term, child) ? part : BOTH)
  }
  for (const step of arm.steps) {
    if (step.kind === 'not') {
      checkNot(step.term, step.line, body, role)
      lookInside(step.term, step.line, { allows: role.denies, denies: role.allows })
    } else {
      look(step.kind === 'iterate' ? step.source : step.term, step.line, step.kind === 'assign' ? BOTH : role)
    }
    body.note(step)
  }
  look(arm.value, arm.line, BOTH)
}

/** True where more of `child` can only mean more of `term`: `x in xs`, `xs[…]`, `count(xs) > n`, `count(xs) != 0`. */
function keepsRole(term: Term, child: Term): boolean {
  if (term.kind === 'ref') return child === term.base
  if (term.kind === 'builtin') return term.name === 'count'
  if (term.kind !== 'infix') return false
  if (term.op === 'in') return child === term.right
  if (child !== term.left || term.right.kind !== 'const') return false
  return term.op === '>' || term.op === '>=' || (term.op === '!=' && term.right.value === 0)
}

function noteRole(index: number, part: Role, { program, roles }: Uses): void {
  const known = roles.get(index)
  const role = isFlag(program.rules[index]) ? part : BOTH
  roles.set(index, { allows: role.allows || known?.allows === true, denies: role.denies || known?.denies === true })
}

/** True for a rule that only holds or does not, and for a set: it speaks where its bodies hold, and is silent where they do not. */
function isFlag(rule: ProgramRule | undefined): boolean {
  if (rule === undefined || (rule.fallback !== undefined && rule.fallback !== false)) return false
  if (rule.kind === 'set') return true
  return rule.clauses.every(
    ({ arms: [arm, ...more] }) => arm?.value.kind === 'const' && arm.value.value === true && more.length === 0,
  )
}

function checkNot(term: Term, line: number, body: Body, role: Role): void {
  const { before, absent } = body.of(term)
  if (role.allows && absent.size > 0) {
    const fact = nameOf(absent)
    throw new RegoRefused(
      line,
      `this "not" holds when the agent leaves out ${fact}, and may allow then; state before it that it is there, as in "${fact} != null", or say what is allowed without "not"`,
    )
  }
  if (role.denies && before.size > 0) throw new RegoRefused(line, silent('"not"', before))
}

function checkTerm(term: Term, line: number, body: Body, warnings: string[]): void {
  const what = negationIn(term, body)
  const order = term.kind === 'infix' && !(term.op === '==' || term.op === '!=' || term.op === 'in')
  if (what === undefined && !order) return
  const { before, absent } = union(childrenOf(term).map((child) => body.of(child)))
  const facts = merge([before, absent])
  if (facts.size === 0) return
  if (what !== undefined) throw new RegoRefused(line, silent(what, facts))
  warnings.push(
    `line ${line}: an order says nothing when the agent leaves out ${nameOf(facts)}; say in a rule of its own what shall happen then`,
  )
}

/** The words for an operation that holds for what is *not* something, `undefined` for any other. */
function negationIn(term: Term, body: Body): string | undefined {
  if (term.kind === 'ref') return term.path.some((part) => body.of(part).truth) ? 'a truth in brackets' : undefined
  if (term.kind !== 'infix') return undefined
  const sides = [term.left, term.right]
  const literals = sides.flatMap((side) => (side.kind === 'const' ? [side.value] : []))
  // `x != null` is how a body states that x is there.
  if (term.op === '!=') return literals.includes(null) ? undefined : '"!="'
  if (term.op !== '==' && term.op !== 'in') return undefined
  const denies = literals.some((value) => holds(value, false))
  const compares = sides.some((side) => body.of(side).truth) && !literals.includes(true)
  return denies || compares ? 'a comparison with false' : undefined
}

function silent(what: string, facts: Facts): string {
  const fact = nameOf(facts)
  return `${what} says nothing when the agent leaves out ${fact}; state before it that it is there, as in "${fact} != null", or give "decision" the default "DENY" and rules that allow`
}

function nameOf(facts: Facts): string {
  const [name = ''] = facts.values()
  return name
}

/** What any call puts into the parameters of a function. */
function noteCall(term: Term & { readonly kind: 'apply' }, body: Body, params: Map<number, Omitted[]>): void {
  const known = params.get(term.rule) ?? []
  params.set(
    term.rule,
    term.args.map((arg, index) => union([body.of(arg), ...known.slice(index, index + 1)])),
  )
}

/** Rules in such an order that each comes after all that use it. There is no recursion. */
function callersFirst({ rules }: Program): readonly number[] {
  const order: number[] = []
  const seen = new Set<number>()
  const visitTerm = (term: Term): void => {
    if (term.kind === 'rule' || term.kind === 'apply') visit(term.rule)
    for (const child of childrenOf(term)) visitTerm(child)
  }
  const visit = (index: number): void => {
    if (seen.has(index)) return
    seen.add(index)
    for (const { arms } of rules[index]?.clauses ?? []) {
      for (const { steps, value } of arms) {
        for (const step of steps) visitTerm(step.kind === 'iterate' ? step.source : step.term)
        visitTerm(value)
      }
    }
    order.push(index)
  }
  for (const index of rules.keys()) visit(index)
  return order.toReversed()
}
