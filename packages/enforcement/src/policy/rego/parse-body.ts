/** Parses the body of a rule: statements that must all hold (spec chapter 16). @module */
import type { Expression, Statement } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './parse-expression.ts'

const MAX_STATEMENTS = 64
const MAX_NAMES = 16

/** `{ … }`, the cursor standing on the brace. An empty body is refused: it would always hold. Throws `RegoRefused`. */
export function parseBlock(cursor: Cursor): readonly Statement[] {
  cursor.expectMark('{', 'before a body')
  const statements: Statement[] = []
  while (!cursor.acceptMark('}')) {
    if (statements.length >= MAX_STATEMENTS)
      cursor.refuse(`a body has more than ${MAX_STATEMENTS} statements; move some into a helper rule`)
    statements.push(parseStatement(cursor))
    if (!cursor.acceptMark(';') && !cursor.isMark('}') && !cursor.atLineStart) {
      cursor.refuse(`expected a new line, ";" or "}" after a statement, found ${cursor.found()}`)
    }
  }
  if (statements.length === 0) cursor.refuse('a body is empty; write the condition or leave the braces out')
  return statements
}

/** One statement, up to but without its separator. Throws `RegoRefused` for `every`, `with`, patterns and comprehensions. */
export function parseStatement(cursor: Cursor): Statement {
  const statement = cursor.isKeyword('some') ? parseSome(cursor) : cursor.isKeyword('not') ? parseNot(cursor) : parseTest(cursor)
  if (cursor.isKeyword('with')) cursor.refuse('"with" is not part of this Rego subset: input cannot be replaced')
  return statement
}

function parseTest(cursor: Cursor): Statement {
  const { line } = cursor
  if (cursor.isWord('every'))
    cursor.refuse('"every" is not part of this Rego subset; say what must not be there in a helper rule and negate it')
  const expression = parseExpression(cursor)
  if (cursor.isMark(':=')) {
    if (expression.kind !== 'name') cursor.refuse('the left side of ":=" is one name here')
    cursor.next()
    return { kind: 'assign', name: expression.name, expression: parseExpression(cursor), line }
  }
  if (cursor.acceptMark('=')) return { kind: 'unify', left: expression, right: parseExpression(cursor), line }
  return { kind: 'test', expression, line }
}

function parseNot(cursor: Cursor): Statement {
  const { line } = cursor
  cursor.next()
  if (cursor.isKeyword('not') || cursor.isKeyword('some') || cursor.isWord('every')) {
    cursor.refuse(`${cursor.found()} cannot follow "not"; move it into a helper rule`)
  }
  const left = parseExpression(cursor)
  if (cursor.isMark(':=')) cursor.refuse('"not" cannot hold an assignment')
  // Inside `not` nothing can be given a value, so `=` only compares.
  const expression: Expression = cursor.acceptMark('=')
    ? { kind: 'infix', op: '==', left, right: parseExpression(cursor), line }
    : left
  return { kind: 'not', expression, line }
}

function parseSome(cursor: Cursor): Statement {
  const { line } = cursor
  cursor.next()
  const names = [parseVariable(cursor)]
  while (cursor.acceptMark(',')) {
    if (names.length >= MAX_NAMES) cursor.refuse(`"some" names more than ${MAX_NAMES} variables`)
    names.push(parseVariable(cursor))
  }
  if (!cursor.acceptKeyword('in')) {
    if (names.includes('_')) cursor.refuse('"_" needs no "some"')
    return { kind: 'declare', names, line }
  }
  const [first = '_', second, ...more] = names
  if (more.length > 0) cursor.refuse('"some … in" names one value, or a key and a value')
  const source = parseExpression(cursor)
  return second === undefined
    ? { kind: 'some', key: undefined, value: first, source, line }
    : { kind: 'some', key: first, value: second, source, line }
}

function parseVariable(cursor: Cursor): string {
  if (cursor.token.kind !== 'name') cursor.refuse(`"some" takes variable names here, found ${cursor.found()}`)
  return cursor.expectName('after "some"')
}
