/** Parses one expression of the Rego subset: a term, or two terms with one operator between them (spec chapter 16). @module */
import type { Expression, Infix } from './ast.ts'
import type { Cursor } from './cursor.ts'

const MAX_DEPTH = 32
const MAX_PATH = 32
const COMPARISONS: ReadonlyMap<string, Infix> = new Map([
  ['==', '=='],
  ['!=', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
])

/**
 * One expression. Operators do not chain: `a == b == c` is refused, parentheses say what is meant. Throws `RegoRefused`.
 * Resolves no name and knows no built-in: that is the checker's part.
 */
export function parseExpression(cursor: Cursor, depth = 0): Expression {
  const { line } = cursor
  const left = parseTerm(cursor, depth)
  const op = acceptOperator(cursor)
  if (op === undefined) return left
  const right = parseTerm(cursor, depth)
  if (acceptOperator(cursor) !== undefined) cursor.refuse('operators do not chain here; put parentheses around one of the two')
  return { kind: 'infix', op, left, right, line }
}

function acceptOperator(cursor: Cursor): Infix | undefined {
  const { token } = cursor
  const op = token.kind === 'mark' ? COMPARISONS.get(token.text) : cursor.isKeyword('in') ? 'in' : undefined
  if (op !== undefined) cursor.next()
  return op
}

/** A literal, a collection, a reference, a call, or an expression in parentheses. */
function parseTerm(cursor: Cursor, depth: number): Expression {
  if (depth > MAX_DEPTH) cursor.refuse(`expressions are nested more than ${MAX_DEPTH} deep`)
  const { token, line } = cursor
  if (token.kind === 'string' || token.kind === 'number') {
    cursor.next()
    return { kind: 'scalar', value: token.kind === 'string' ? token.text : Number(token.text), line }
  }
  if (cursor.acceptMark('(')) {
    const inner = parseExpression(cursor, depth + 1)
    cursor.expectMark(')', 'after an expression in parentheses')
    return inner
  }
  if (cursor.acceptMark('[')) return parseSuffix(cursor, { kind: 'array', items: parseItems(cursor, ']', depth), line }, depth)
  if (cursor.acceptMark('{')) return parseSuffix(cursor, parseBraces(cursor, depth, line), depth)
  if (cursor.acceptKeyword('null')) return { kind: 'scalar', value: null, line }
  if (cursor.acceptKeyword('true')) return { kind: 'scalar', value: true, line }
  if (cursor.acceptKeyword('false')) return { kind: 'scalar', value: false, line }
  return parseSuffix(cursor, parseName(cursor), depth)
}

function parseName(cursor: Cursor): Expression {
  const { line } = cursor
  const name = cursor.isCallOf('contains') ? cursor.next().text : cursor.expectName('or a value')
  return { kind: 'name', name, line }
}

function parseItems(cursor: Cursor, close: string, depth: number): readonly Expression[] {
  const items: Expression[] = []
  while (!cursor.acceptMark(close)) {
    items.push(parseExpression(cursor, depth + 1))
    if (cursor.acceptMark(',')) continue
    cursor.expectMark(close, 'or "," after an element')
    break
  }
  return items
}

function parseBraces(cursor: Cursor, depth: number, line: number): Expression {
  if (cursor.acceptMark('}')) return { kind: 'object', members: [], line }
  const first = parseExpression(cursor, depth + 1)
  if (!cursor.isMark(':')) {
    if (cursor.acceptMark(',')) return { kind: 'set', items: [first, ...parseItems(cursor, '}', depth)], line }
    cursor.expectMark('}', 'or "," after an element')
    return { kind: 'set', items: [first], line }
  }
  return { kind: 'object', members: parseMembers(cursor, first, depth), line }
}

function parseMembers(cursor: Cursor, firstKey: Expression, depth: number): readonly (readonly [string, Expression])[] {
  const members: (readonly [string, Expression])[] = []
  const seen = new Set<string>()
  let key = firstKey
  for (;;) {
    if (key.kind !== 'scalar' || typeof key.value !== 'string') cursor.refuse('the keys of an object are strings here')
    if (key.value === '__proto__') cursor.refuse('"__proto__" is not a key here')
    if (seen.has(key.value)) cursor.refuse(`the key "${key.value}" stands twice in one object`)
    seen.add(key.value)
    cursor.expectMark(':', 'after the key of an object')
    members.push([key.value, parseExpression(cursor, depth + 1)])
    if (cursor.acceptMark('}')) return members
    cursor.expectMark(',', 'or "}" after a member')
    if (cursor.acceptMark('}')) return members
    key = parseTerm(cursor, depth + 1)
  }
}

/** Dots, brackets and arguments. They must touch what they follow, so that a bracket on a new line starts a new statement. */
function parseSuffix(cursor: Cursor, start: Expression, depth: number): Expression {
  const { line } = start
  let base = start
  let path: Expression[] = []
  let dotted: string | undefined = start.kind === 'name' ? start.name : undefined
  for (;;) {
    if (cursor.isGlued('.')) {
      cursor.next()
      if (cursor.token.kind !== 'name' || !cursor.token.glued) cursor.refuse(`expected a name after ".", found ${cursor.found()}`)
      const { text } = cursor.next()
      path.push({ kind: 'scalar', value: text, line })
      if (dotted !== undefined) dotted = `${dotted}.${text}`
    } else if (cursor.isGlued('[')) {
      cursor.next()
      path.push(parseExpression(cursor, depth + 1))
      cursor.expectMark(']', 'after an index')
      dotted = undefined
    } else if (cursor.isGlued('(') && dotted !== undefined) {
      cursor.next()
      base = asCall(dotted, parseItems(cursor, ')', depth), line)
      path = []
      dotted = undefined
    } else {
      return path.length === 0 ? base : { kind: 'ref', base, path, line }
    }
    if (path.length > MAX_PATH) cursor.refuse(`a reference has more than ${MAX_PATH} parts`)
  }
}

function asCall(name: string, args: readonly Expression[], line: number): Expression {
  return name === 'set' && args.length === 0 ? { kind: 'set', items: [], line } : { kind: 'call', name, args, line }
}
