/** Checks a Rego module as a whole: rules of one name agree, nothing is recursive, `decision` exists (spec chapter 16). @module */
import { Fuel } from '../fault.ts'
import type { Expression, Module, Rule } from './ast.ts'
import { BUILTIN_NAMES } from './builtins.ts'
import { checkArm } from './check-body.ts'
import { checkFacts } from './check-facts.ts'
import { checkTerm } from './check-term.ts'
import { isLiteral } from './parse.ts'
import type { Clause, Program, ProgramRule } from './program.ts'
import { RegoRefused } from './refused.ts'
import { Scope, type ModuleNames, type RuleName } from './scope.ts'
import { keyOf, type Value } from './values.ts'

const MAX_DEPTH = 32
const VERDICTS: ReadonlySet<Value> = new Set(['ALLOW', 'WARN', 'DENY', 'BLOCK'])

interface Group extends RuleName {
  readonly name: string
  readonly rules: Rule[]
  readonly reads: Set<number>
  fallback: { readonly value: Expression; readonly line: number } | undefined
}

/** The program for a parsed module. Throws `RegoRefused`; what it returns cannot recurse and reads no variable without a value. */
export function checkModule(module: Module): Program {
  const groups = groupRules(module)
  const byIndex = [...groups.values()]
  const rules = byIndex.map((group) => checkGroup(group, groups, module))
  checkDepth(byIndex)
  checkFacts(rules)
  const decision = groups.get('decision')
  if (decision === undefined) throw new RegoRefused(1, 'the module has no rule "decision"')
  checkDecision(rules[decision.index], decision)
  return { version: module.version, packageName: module.packageName, rules, decision: decision.index }
}

function groupRules(module: Module): Map<string, Group> {
  const groups = new Map<string, Group>()
  const add = (name: string, kind: Group['kind'], arity: number, line: number): Group => {
    if (BUILTIN_NAMES.has(name) || name === 'input' || name === 'data')
      throw new RegoRefused(line, `a rule cannot have the name "${name}"`)
    if (name === '_') throw new RegoRefused(line, 'a rule cannot have the name "_"')
    const group = groups.get(name) ?? { name, kind, arity, index: groups.size, rules: [], reads: new Set(), fallback: undefined }
    groups.set(name, group)
    if (group.kind !== kind) throw new RegoRefused(line, `"${name}" is a ${group.kind} rule and a ${kind} rule`)
    if (group.arity !== arity)
      throw new RegoRefused(line, `"${name}" is defined with ${group.arity} and with ${arity} parameters`)
    return group
  }
  for (const rule of module.rules) add(rule.name, rule.kind, rule.params.length, rule.line).rules.push(rule)
  for (const { name, value, line } of module.defaults) {
    const group = add(name, 'complete', 0, line)
    if (group.fallback !== undefined) throw new RegoRefused(line, `"${name}" has two defaults`)
    if (!isLiteral(value)) throw new RegoRefused(line, `the default of "${name}" is not a literal value`)
    group.fallback = { value, line }
  }
  return groups
}

function checkGroup(group: Group, groups: ReadonlyMap<string, Group>, module: Module): ProgramRule {
  const names: ModuleNames = {
    version: module.version,
    find: (name) => groups.get(name),
    depend: (rule) => group.reads.add(rule.index),
  }
  const clauses = group.rules.map((rule): Clause => {
    const arms = rule.arms.map((arm) => checkArm(arm, rule.params, names))
    return { arms: arms.map(({ arm }) => arm), slots: Math.max(...arms.map(({ slots }) => slots)) }
  })
  const fallback = group.fallback && constantOf(group.fallback.value, names)
  return { name: group.name, kind: group.kind, arity: group.arity, clauses, fallback }
}

function constantOf(expression: Expression, names: ModuleNames): Value | undefined {
  const term = checkTerm(expression, new Scope(names, []))
  return term.kind === 'const' ? term.value : undefined
}

/** Refuses recursion, direct or through others, and chains of rules deeper than the evaluator's stack. */
function checkDepth(groups: readonly Group[]): void {
  const depths = new Map<number, number>()
  const open = new Set<number>()
  const visit = (group: Group): number => {
    const known = depths.get(group.index)
    if (known !== undefined) return known
    const line = group.rules[0]?.line ?? 1
    if (open.has(group.index)) throw new RegoRefused(line, `"${group.name}" depends on itself`)
    if (open.size >= MAX_DEPTH)
      throw new RegoRefused(line, `rules that use rules go more than ${MAX_DEPTH} deep at "${group.name}"`)
    open.add(group.index)
    let depth = 0
    for (const index of group.reads) {
      const next = groups[index]
      if (next !== undefined) depth = Math.max(depth, visit(next) + 1)
    }
    open.delete(group.index)
    if (depth >= MAX_DEPTH) throw new RegoRefused(line, `rules that use rules go more than ${MAX_DEPTH} deep at "${group.name}"`)
    depths.set(group.index, depth)
    return depth
  }
  for (const group of groups) visit(group)
}

/** A verdict that is written down is checked at load; one that is computed is checked when it is there. */
function checkDecision(rule: ProgramRule | undefined, group: Group): void {
  const line = group.rules[0]?.line ?? group.fallback?.line ?? 1
  if (rule?.kind !== 'complete') throw new RegoRefused(line, '"decision" is one value, not a set or a function')
  const constants = rule.clauses.flatMap(({ arms }) => arms.flatMap(({ value }) => (value.kind === 'const' ? [value.value] : [])))
  for (const value of [...constants, ...(rule.fallback === undefined ? [] : [rule.fallback])]) {
    if (VERDICTS.has(value)) continue
    throw new RegoRefused(line, `"decision" is ${keyOf(value, new Fuel(100_000)).slice(0, 40)}; it is "ALLOW", "WARN" or "DENY"`)
  }
}
