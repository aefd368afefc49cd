/** Checks the bodies of rules: every variable has a value before it is used, and `not` means what OPA means (spec chapter 16). @module */
import type { Arm, Expression, Statement } from './ast.ts'
import { checkTerm } from './check-term.ts'
import type { ProgramArm, Term } from './program.ts'
import { RegoRefused } from './refused.ts'
import { Scope, type ModuleNames } from './scope.ts'

/** One arm and the size of its frame. Throws `RegoRefused`. */
export function checkArm(
  arm: Arm,
  params: readonly string[],
  module: ModuleNames,
): { readonly arm: ProgramArm; readonly slots: number } {
  const scope = new Scope(module, params)
  for (const statement of arm.body) checkStatement(statement, scope)
  const value = checkTerm(arm.value, scope)
  scope.finish()
  return { arm: { steps: scope.steps, value, line: arm.value.line }, slots: scope.size }
}

function checkStatement(statement: Statement, scope: Scope): void {
  const { line } = statement
  switch (statement.kind) {
    case 'test': {
      const term = checkTerm(statement.expression, scope)
      scope.steps.push({ kind: 'test', term, line })
      return
    }
    case 'not':
      checkNot(statement.expression, scope)
      return
    case 'assign': {
      // The right side first: it cannot see the name that it is about to define.
      const term = checkTerm(statement.expression, scope)
      scope.steps.push({ kind: 'assign', slot: scope.bindNew(statement.name, line), term, line })
      return
    }
    case 'unify':
      checkUnify(statement.left, statement.right, line, scope)
      return
    case 'declare':
      for (const name of statement.names) scope.declare(name, line)
      return
    case 'some': {
      const source = checkTerm(statement.source, scope)
      const key = statement.key === undefined || statement.key === '_' ? undefined : scope.bindNew(statement.key, line)
      const value = statement.value === '_' ? undefined : scope.bindNew(statement.value, line)
      scope.steps.push({ kind: 'iterate', key, value, source, line })
    }
  }
}

/** `=` gives a free variable on either side its value, and compares where there is none. */
function checkUnify(left: Expression, right: Expression, line: number, scope: Scope): void {
  const free = isFreeName(left, scope) ? left : isFreeName(right, scope) ? right : undefined
  if (free === undefined) {
    scope.steps.push({
      kind: 'test',
      term: { kind: 'infix', op: '==', left: checkTerm(left, scope), right: checkTerm(right, scope) },
      line,
    })
    return
  }
  const term = checkTerm(free === left ? right : left, scope)
  if (free.name === '_') throw new RegoRefused(line, '"_" cannot be assigned; give the value a name or leave it out')
  scope.steps.push({ kind: 'assign', slot: scope.bindFree(free.name, line), term, line })
}

function isFreeName(expression: Expression, scope: Scope): expression is Expression & { readonly kind: 'name' } {
  return expression.kind === 'name' && (expression.name === '_' || scope.isFree(expression.name))
}

/**
 * OPA evaluates calls and references that are arguments *before* it negates: `not startswith(input.x, "a")` without `input.x` is
 * undefined, not true. Only the outermost call, and a reference that stands alone or beside `==`, are inside the `not`.
 */
function checkNot(expression: Expression, scope: Scope): void {
  scope.negated = true
  const term = checkNegated(expression, scope)
  scope.negated = false
  scope.steps.push({ kind: 'not', term, line: expression.line })
}

function checkNegated(expression: Expression, scope: Scope): Term {
  if (expression.kind === 'infix') {
    const operand = expression.op === '==' ? insideNot : beforeNot
    return { kind: 'infix', op: expression.op, left: operand(expression.left, scope), right: operand(expression.right, scope) }
  }
  const term = checkTerm(expression, scope)
  if (term.kind === 'builtin' || term.kind === 'apply')
    return { ...term, args: term.args.map((arg) => hoist(arg, scope, expression.line)) }
  if (term.kind === 'match') return { ...term, text: hoist(term.text, scope, expression.line) }
  return keepReference(term, scope, expression.line)
}

function insideNot(expression: Expression, scope: Scope): Term {
  return keepReference(checkTerm(expression, scope), scope, expression.line)
}

function beforeNot(expression: Expression, scope: Scope): Term {
  return hoist(checkTerm(expression, scope), scope, expression.line)
}

/** A reference stays where it is; what stands in its brackets does not, and no other expression does. */
function keepReference(term: Term, scope: Scope, line: number): Term {
  if (term.kind === 'input' || term.kind === 'rule') return term
  if (term.kind !== 'ref') return hoist(term, scope, line)
  const base = term.base.kind === 'rule' || term.base.kind === 'input' ? term.base : hoist(term.base, scope, line)
  return { ...term, base, path: term.path.map((part) => hoist(part, scope, line)) }
}

function hoist(term: Term, scope: Scope, line: number): Term {
  if (term.kind === 'const' || term.kind === 'local') return term
  const slot = scope.fresh(line)
  scope.steps.push({ kind: 'assign', slot, term, line })
  return { kind: 'local', slot }
}
