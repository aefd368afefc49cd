/** Parses a whole Rego module of the subset, in v0 or v1 syntax (spec chapter 16). @module */
import type { Arm, DefaultRule, Expression, Module, RegoVersion, Rule, Statement } from './ast.ts'
import { Cursor } from './cursor.ts'
import { parseBlock, parseStatement } from './parse-body.ts'
import { parseExpression } from './parse-expression.ts'
import { tokenize } from './tokens.ts'

const MAX_RULES = 1_000
const MAX_ARMS = 64
const MAX_PARAMS = 8
const FUTURE = ['contains', 'every', 'if', 'in']

/**
 * The module in the syntax of `version`; `import rego.v1` makes either version v1. Throws `RegoRefused` with a line and a
 * sentence for whatever the subset does not have. Does not check names, calls, recursion or safety.
 */
export function parseModule(source: string, version: RegoVersion): Module {
  const cursor = new Cursor(tokenize(source))
  const packageName = parsePackage(cursor)
  const effective = parseImports(cursor, version)
  const rules: Rule[] = []
  const defaults: DefaultRule[] = []
  while (cursor.token.kind !== 'end') {
    if (rules.length + defaults.length >= MAX_RULES) cursor.refuse(`the module has more than ${MAX_RULES} rules`)
    if (cursor.acceptKeyword('default')) defaults.push(parseDefault(cursor))
    else rules.push(parseRule(cursor, effective))
    if (!cursor.atLineStart) cursor.refuse(`expected a new line after a rule, found ${cursor.found()}`)
  }
  if (rules.length + defaults.length === 0) cursor.refuse('the module has no rules')
  return { version: effective, packageName, rules, defaults }
}

function parsePackage(cursor: Cursor): string {
  if (!cursor.acceptKeyword('package')) cursor.refuse(`a module starts with "package", found ${cursor.found()}`)
  const name = parseDotted(cursor)
  if (name === 'system' || name.startsWith('system.')) cursor.refuse('the package "system" is reserved')
  return name
}

function parseDotted(cursor: Cursor): string {
  let name = cursor.expectName('here')
  while (cursor.isGlued('.')) {
    cursor.next()
    if (cursor.token.kind !== 'name') cursor.refuse(`expected a name after ".", found ${cursor.found()}`)
    name = `${name}.${cursor.next().text}`
  }
  if (!cursor.atLineStart) cursor.refuse(`expected a new line after "${name}", found ${cursor.found()}`)
  return name
}

function parseImports(cursor: Cursor, version: RegoVersion): RegoVersion {
  let effective = version
  while (cursor.isKeyword('import')) {
    const { line } = cursor.next()
    const name = parseDotted(cursor)
    const word = name.startsWith('future.keywords.') ? name.slice('future.keywords.'.length) : undefined
    if (name === 'rego.v1') effective = 'v1'
    else if (name === 'future.keywords') for (const each of FUTURE) cursor.keywords.add(each)
    else if (word !== undefined && FUTURE.includes(word)) cursor.keywords.add(word)
    else cursor.refuse(`"import ${name}" on line ${line} is not part of this Rego subset; a module sees input only`)
  }
  if (effective === 'v1') for (const each of FUTURE) cursor.keywords.add(each)
  if (cursor.isKeyword('package')) cursor.refuse('a module has one package')
  return effective
}

function parseDefault(cursor: Cursor): DefaultRule {
  const { line } = cursor
  const name = cursor.expectName('after "default"')
  if (cursor.isGlued('(')) cursor.refuse('default functions are not part of this Rego subset')
  if (!cursor.acceptMark(':=')) cursor.expectMark('=', 'or ":=" after the name of a default rule')
  return { name, value: parseExpression(cursor), line }
}

function parseRule(cursor: Cursor, version: RegoVersion): Rule {
  if (cursor.isKeyword('import')) cursor.refuse('imports come before the first rule')
  const { line } = cursor
  const name = cursor.expectName('at the start of a rule')
  if (cursor.isGlued('.')) cursor.refuse(`the rule "${name}" has a path for a name, which is not part of this Rego subset`)
  if (cursor.isGlued('[')) return parseBracketSet(cursor, name, version, line)
  if (cursor.isKeyword('contains')) {
    cursor.next()
    const value = parseExpression(cursor)
    const body = parseCondition(cursor, version)
    return { kind: 'set', name, params: [], arms: [{ value, body: body ?? [], line }], line }
  }
  const params = cursor.isGlued('(') ? parseParams(cursor) : undefined
  const arms = parseArms(cursor, version, line)
  return { kind: params === undefined ? 'complete' : 'function', name, params: params ?? [], arms, line }
}

function parseBracketSet(cursor: Cursor, name: string, version: RegoVersion, line: number): Rule {
  if (version === 'v1')
    cursor.refuse(`write "${name} contains x if …" for a set; objects built by rules are not part of this Rego subset`)
  cursor.next()
  const value = parseExpression(cursor)
  cursor.expectMark(']', `after the element of the set "${name}"`)
  if (cursor.isMark(':=') || cursor.isMark('=')) cursor.refuse('objects built by rules are not part of this Rego subset')
  const body = parseCondition(cursor, version)
  return { kind: 'set', name, params: [], arms: [{ value, body: body ?? [], line }], line }
}

function parseParams(cursor: Cursor): readonly string[] {
  const params: string[] = []
  cursor.expectMark('(', 'before parameters')
  while (!cursor.acceptMark(')')) {
    if (cursor.token.kind !== 'name') cursor.refuse(`parameters are names here, found ${cursor.found()}`)
    const name = cursor.expectName('as a parameter')
    if (name === 'input' || name === 'data') cursor.refuse(`"${name}" cannot be the name of a parameter`)
    if (name !== '_' && params.includes(name)) cursor.refuse(`the parameter "${name}" stands twice`)
    params.push(name)
    if (params.length > MAX_PARAMS) cursor.refuse(`a function has more than ${MAX_PARAMS} parameters`)
    if (!cursor.acceptMark(',') && !cursor.isMark(')'))
      cursor.refuse(`expected "," or ")" after a parameter, found ${cursor.found()}`)
  }
  if (params.length === 0) cursor.refuse('a function has at least one parameter; leave the parentheses out')
  return params
}

function parseArms(cursor: Cursor, version: RegoVersion, line: number): readonly Arm[] {
  const arms: Arm[] = []
  let start = line
  do {
    if (arms.length >= MAX_ARMS) cursor.refuse(`a rule has more than ${MAX_ARMS} "else" branches`)
    const value = cursor.acceptMark(':=') || cursor.acceptMark('=') ? parseExpression(cursor) : undefined
    const body = parseCondition(cursor, version)
    if (value === undefined && body === undefined) cursor.refuse(`a rule has a value or a body, found ${cursor.found()}`)
    arms.push({ value: value ?? { kind: 'scalar', value: true, line: start }, body: body ?? [], line: start })
    if (body === undefined) break
    start = cursor.line
  } while (cursor.acceptKeyword('else'))
  if (cursor.isKeyword('else')) cursor.refuse('"else" follows a body; a branch without a condition is the last one')
  if (cursor.isMark('{')) cursor.refuse('a second body is not part of this Rego subset; write a second rule')
  return arms
}

/** `undefined` when there is no condition. v1 wants `if`; v0 has braces, with `if` before them where it was imported. */
function parseCondition(cursor: Cursor, version: RegoVersion): readonly Statement[] | undefined {
  if (cursor.acceptKeyword('if')) return cursor.isMark('{') ? parseBlock(cursor) : [parseStatement(cursor)]
  if (!cursor.isMark('{')) return undefined
  if (version === 'v1') cursor.refuse('v1 rules have "if" before their body')
  return parseBlock(cursor)
}

/** A literal value without names, for `default` rules; `undefined` when the expression is anything else. */
export function isLiteral(expression: Expression): boolean {
  if (expression.kind === 'scalar') return true
  if (expression.kind === 'array' || expression.kind === 'set') return expression.items.every(isLiteral)
  return expression.kind === 'object' && expression.members.every(([, value]) => isLiteral(value))
}
