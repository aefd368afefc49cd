/** Evaluates a checked JSONLogic rule, strictly: what cannot be compared is a fault and never `false` (spec chapter 16). @module */
import { isObject, type JsonValue } from '@aiegis/protocol'
import type { RuleInput } from '../facts.ts'
import { PolicyFault, type Fuel } from '../fault.ts'
import { elementOf } from '../question.ts'
import type { Logic, Operator } from './check.ts'

type Operation = Logic & { readonly kind: 'operation' }

/** The value of the rule; `undefined` when it is absent or null. Throws `PolicyFault`. */
export function evaluateJsonLogic(rule: Logic, input: RuleInput, fuel: Fuel): JsonValue | undefined {
  return evaluate(rule, input, fuel) ?? undefined
}

function evaluate(logic: Logic, input: RuleInput, fuel: Fuel): JsonValue | undefined {
  fuel.burn(1)
  if (logic.kind === 'const') return logic.value
  if (logic.kind === 'var') {
    const found = lookUp(logic.path, input)
    return (found === undefined || found === null) && logic.fallback !== undefined ? logic.fallback : found
  }
  switch (logic.operator) {
    case 'if':
      return choose(logic, input, fuel)
    case 'and':
    case 'or':
      return shortCut(logic, input, fuel)
    case '!':
      return !isTrue(first(logic, input, fuel))
    case '!!':
      return isTrue(first(logic, input, fuel))
    case 'in':
    case '==':
    case '!=':
    case '===':
    case '!==':
    case '<':
    case '<=':
    case '>':
    case '>=':
      break
  }
  return relate(logic.operator, present(logic, input, fuel), fuel)
}

function first(operation: Operation, input: RuleInput, fuel: Fuel): JsonValue | undefined {
  const [arg] = operation.args
  return arg === undefined ? undefined : evaluate(arg, input, fuel)
}

/** Condition, value, condition, value, …, and perhaps a last value without condition. */
function choose({ args }: Operation, input: RuleInput, fuel: Fuel): JsonValue | undefined {
  for (let index = 0; index < args.length; index += 2) {
    const condition = args[index]
    const value = args[index + 1]
    if (condition === undefined) return undefined
    if (value === undefined) return evaluate(condition, input, fuel)
    if (isTrue(evaluate(condition, input, fuel))) return evaluate(value, input, fuel)
  }
  return undefined
}

function shortCut({ operator, args }: Operation, input: RuleInput, fuel: Fuel): JsonValue | undefined {
  let value: JsonValue | undefined
  for (const arg of args) {
    value = evaluate(arg, input, fuel)
    if (isTrue(value) === (operator === 'or')) return value
  }
  return value
}

/** All arguments. A variable that does not exist cannot be compared: were it `false`, a missing counter would allow. */
function present(operation: Operation, input: RuleInput, fuel: Fuel): readonly JsonValue[] {
  return operation.args.map((arg) => {
    const value = evaluate(arg, input, fuel)
    if (value === undefined) throw new PolicyFault('eval', `"${operation.operator}" with a variable that does not exist`)
    return value
  })
}

function relate(operator: Operator, [left = null, middle = null, right]: readonly JsonValue[], fuel: Fuel): boolean {
  if (operator === 'in') return contains(left, middle, fuel)
  if (operator === '===') return same(left, middle, fuel)
  if (operator === '!==') return !same(left, middle, fuel)
  if (operator === '==' || operator === '!=') {
    // JSONLogic would convert types here; a rule that relies on it is told, with `policy_error`.
    if (left !== null && middle !== null && typeof left !== typeof middle)
      throw new PolicyFault('eval', `"${operator}" between types`)
    return same(left, middle, fuel) === (operator === '==')
  }
  return ordered(operator, left, middle, fuel) && (right === undefined || ordered(operator, middle, right, fuel))
}

function ordered(operator: Operator, left: JsonValue, right: JsonValue, fuel: Fuel): boolean {
  const order = compare(left, right, fuel)
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

function compare(left: JsonValue, right: JsonValue, fuel: Fuel): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  if (typeof left === 'string' && typeof right === 'string') {
    fuel.burnText(left.length + right.length)
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  }
  throw new PolicyFault('eval', `an order between a ${typeof left} and a ${typeof right}`)
}

function same(left: JsonValue, right: JsonValue, fuel: Fuel): boolean {
  if (isCompound(left) || isCompound(right)) throw new PolicyFault('eval', 'equality of lists or objects')
  if (typeof left === 'string') fuel.burnText(left.length)
  return left === right
}

/** Text in text, or a plain value in a list of plain values. Null holds nothing. */
function contains(value: JsonValue, collection: JsonValue, fuel: Fuel): boolean {
  if (isCompound(value)) throw new PolicyFault('eval', '"in" looks for a plain value')
  if (collection === null) return false
  if (isList(collection)) {
    return collection.some((item) => {
      fuel.burn(1)
      return item === value
    })
  }
  if (typeof collection !== 'string' || typeof value !== 'string')
    throw new PolicyFault('eval', '"in" looks in a list, or for text in text')
  fuel.burnText(collection.length)
  return collection.includes(value)
}

function isCompound(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Truth as JSONLogic defines it: empty text, zero, an empty list and null are false. An absent variable is false here too. */
function isTrue(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return false
  return isList(value) ? value.length > 0 : Boolean(value)
}

/** Absent where a member, an element or an index is; another shape than the name expects is a fault and never absence. */
function lookUp(path: readonly string[], input: RuleInput): JsonValue | undefined {
  let value: JsonValue | undefined = input
  for (const name of path) {
    if (value === undefined || value === null) return undefined
    if (isList(value)) value = elementOf(value, name)
    else if (isObject(value)) value = Object.hasOwn(value, name) ? value[name] : undefined
    else throw new PolicyFault('eval', `a variable through a ${typeof value}`)
  }
  return value
}
