/** Checks one expression and makes a term of it; iterations inside it become steps before it (spec chapter 16). @module */
import { Fuel } from '../fault.ts'
import { compilePattern } from '../pattern.ts'
import type { Expression } from './ast.ts'
import { accepts, BUILTINS } from './builtins.ts'
import type { Term } from './program.ts'
import { RegoRefused } from './refused.ts'
import type { Scope } from './scope.ts'
import { RegoSet, type Value } from './values.ts'

/** Enough for every literal that a module of legal size can hold. */
const LITERAL_FUEL = 10_000_000

/** The term for `expression`. Throws `RegoRefused` for unknown names and functions, and for variables that have no value yet. */
export function checkTerm(expression: Expression, scope: Scope): Term {
  switch (expression.kind) {
    case 'scalar':
      return { kind: 'const', value: expression.value }
    case 'name':
      return checkName(expression.name, expression.line, scope)
    case 'ref':
      return checkReference(expression, scope)
    case 'call':
      return checkCall(expression, scope)
    case 'infix':
      return {
        kind: 'infix',
        op: expression.op,
        left: checkTerm(expression.left, scope),
        right: checkTerm(expression.right, scope),
      }
    case 'array':
    case 'set':
      return foldItems(expression.kind, checkAll(expression.items, scope))
    case 'object':
      break
  }
  return foldMembers(expression.members.map(([key, value]) => [key, checkTerm(value, scope)]))
}

function checkAll(expressions: readonly Expression[], scope: Scope): readonly Term[] {
  return expressions.map((expression) => checkTerm(expression, scope))
}

function checkName(name: string, line: number, scope: Scope): Term {
  const slot = scope.slotOf(name)
  if (slot !== undefined) return { kind: 'local', slot }
  if (name === '_') throw new RegoRefused(line, '"_" stands only in brackets, where it means any key')
  if (scope.isFree(name)) throw new RegoRefused(line, `"${name}" has no value here; assign it first or give a rule that name`)
  if (name === 'input') return { kind: 'input' }
  const rule = scope.module.find(name)
  if (rule === undefined) throw new RegoRefused(line, '"data" is not part of this Rego subset; a module sees input only')
  if (rule.kind === 'function') throw new RegoRefused(line, `"${name}" is a function; call it with ${rule.arity} arguments`)
  scope.module.depend(rule)
  return { kind: 'rule', rule: rule.index }
}

/** `xs[i].name`: a free variable or `_` in brackets iterates, everything else looks up. */
function checkReference(expression: Expression & { readonly kind: 'ref' }, scope: Scope): Term {
  let base = checkTerm(expression.base, scope)
  let path: Term[] = []
  for (const part of expression.path) {
    if (part.kind !== 'name' || !(part.name === '_' || scope.isFree(part.name))) {
      path.push(checkTerm(part, scope))
      continue
    }
    if (scope.negated)
      throw new RegoRefused(part.line, `"not" cannot iterate over "${part.name}"; move the iteration into a helper rule`)
    const source: Term = path.length === 0 ? base : { kind: 'ref', base, path }
    const key = part.name === '_' ? undefined : scope.bindFree(part.name, part.line)
    const value = scope.fresh(part.line)
    scope.steps.push({ kind: 'iterate', key, value, source, line: part.line })
    base = { kind: 'local', slot: value }
    path = []
  }
  return path.length === 0 ? base : { kind: 'ref', base, path }
}

function checkCall(expression: Expression & { readonly kind: 'call' }, scope: Scope): Term {
  const { name, line } = expression
  if (name === 'regex.match' || name === 're_match') return checkMatch(expression, scope)
  const builtin = BUILTINS.get(name)
  if (builtin === undefined) return checkApply(expression, scope)
  if (expression.args.length !== builtin.args.length)
    throw new RegoRefused(line, `"${name}" takes ${builtin.args.length} arguments`)
  const args = checkAll(expression.args, scope)
  for (const [index, type] of builtin.args.entries()) {
    const arg = args[index]
    if (arg?.kind === 'const' && !accepts(type, arg.value))
      throw new RegoRefused(line, `argument ${index + 1} of "${name}" is no ${type}`)
  }
  return { kind: 'builtin', name: builtin.name, args }
}

function checkMatch(expression: Expression & { readonly kind: 'call' }, scope: Scope): Term {
  const { name, line, args } = expression
  if (name === 're_match' && scope.module.version === 'v1')
    throw new RegoRefused(line, '"re_match" is v0 only; write "regex.match"')
  const [source, subject, ...more] = args
  if (source === undefined || subject === undefined || more.length > 0) throw new RegoRefused(line, `"${name}" takes 2 arguments`)
  if (source.kind !== 'scalar' || typeof source.value !== 'string') {
    throw new RegoRefused(line, `the pattern of "${name}" is a string literal here, so that it is compiled at load`)
  }
  const pattern = compilePattern(source.value)
  if (typeof pattern === 'string') throw new RegoRefused(line, `the pattern of "${name}" ${pattern}`)
  const text = checkTerm(subject, scope)
  if (text.kind === 'const' && typeof text.value !== 'string') throw new RegoRefused(line, `argument 2 of "${name}" is no string`)
  return { kind: 'match', pattern, text }
}

function checkApply(expression: Expression & { readonly kind: 'call' }, scope: Scope): Term {
  const { name, line } = expression
  const rule = scope.module.find(name)
  if (rule === undefined)
    throw new RegoRefused(line, `"${name}" is no function of this Rego subset and no function of the module`)
  if (rule.kind !== 'function' || scope.slotOf(name) !== undefined) throw new RegoRefused(line, `"${name}" is no function`)
  if (expression.args.length !== rule.arity) throw new RegoRefused(line, `"${name}" takes ${rule.arity} arguments`)
  scope.module.depend(rule)
  return { kind: 'apply', rule: rule.index, args: checkAll(expression.args, scope) }
}

/** A collection of literals is one value, made once at load. */
function foldItems(kind: 'array' | 'set', items: readonly Term[]): Term {
  const values: Value[] = []
  for (const item of items) {
    if (item.kind !== 'const') return { kind, items }
    values.push(item.value)
  }
  if (kind === 'array') return { kind: 'const', value: values }
  const set = new RegoSet()
  const fuel = new Fuel(LITERAL_FUEL)
  for (const value of values) set.add(value, fuel)
  return { kind: 'const', value: set }
}

function foldMembers(members: readonly (readonly [string, Term])[]): Term {
  const values: [string, Value][] = []
  for (const [key, term] of members) {
    if (term.kind !== 'const') return { kind: 'object', members }
    values.push([key, term.value])
  }
  return { kind: 'const', value: Object.fromEntries(values) }
}
