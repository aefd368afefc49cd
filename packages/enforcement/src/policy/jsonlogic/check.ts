/** Checks a JSONLogic rule: closed operators, one key for each operation, known variables (spec chapter 16, JSONLogic). @module */
import { isObject, type JsonValue } from '@aiegis/protocol'
import { unknownFact, type Key } from '../facts.ts'
import { LogicRefused } from './refused.ts'

/** A scalar, or an array of scalars. */
export type Constant = null | boolean | number | string | readonly Constant[]

/** Operators with the least and the greatest number of their arguments. */
const OPERATORS = {
  if: [2, 65],
  and: [1, 64],
  or: [1, 64],
  '!': [1, 1],
  '!!': [1, 1],
  '==': [2, 2],
  '!=': [2, 2],
  '===': [2, 2],
  '!==': [2, 2],
  '<': [2, 3],
  '<=': [2, 3],
  '>': [2, 2],
  '>=': [2, 2],
  in: [2, 2],
} as const

/** One operator of the closed list; `var` stands beside it. */
export type Operator = keyof typeof OPERATORS

/** A checked rule. `var` with a fallback is never absent. */
export type Logic =
  | { readonly kind: 'const'; readonly value: Constant }
  | { readonly kind: 'var'; readonly path: readonly string[]; readonly fallback: Constant | undefined }
  | { readonly kind: 'operation'; readonly operator: Operator; readonly args: readonly Logic[] }

const MAX_DEPTH = 24
const MAX_NODES = 4_000
const MAX_PATH = 16

/** The rule in `module`. Throws `LogicRefused` for everything that the closed list does not have. */
export function compileJsonLogic(module: JsonValue): Logic {
  return check(module, [], { left: MAX_NODES })
}

function check(value: JsonValue, path: readonly string[], nodes: { left: number }): Logic {
  nodes.left -= 1
  if (nodes.left < 0) throw new LogicRefused([], `has more than ${MAX_NODES} parts`)
  if (path.length > MAX_DEPTH * 2) throw new LogicRefused([], `is nested more than ${MAX_DEPTH} deep`)
  if (!isObject(value)) return { kind: 'const', value: constantOf(value, path, nodes) }
  const [operator, ...more] = Object.keys(value)
  if (operator === undefined || more.length > 0)
    throw new LogicRefused(path, 'is an object with several members or none; an operation has one')
  const operand = value[operator] ?? null
  const args = Array.isArray(operand) ? operand : [operand]
  if (operator === 'var') return checkVariable(args, [...path, 'var'])
  if (!isOperator(operator)) {
    throw new LogicRefused(
      path,
      `uses the operator "${operator.slice(0, 40)}"; known are var, ${Object.keys(OPERATORS).join(', ')}`,
    )
  }
  const [least, most] = OPERATORS[operator]
  if (args.length < least || args.length > most)
    throw new LogicRefused([...path, operator], `takes ${least === most ? least : `${least} to ${most}`} arguments`)
  return {
    kind: 'operation',
    operator,
    args: args.map((arg: JsonValue, index) => check(arg, [...path, operator, String(index)], nodes)),
  }
}

// `in` would find inherited names too.
function isOperator(name: string): name is Operator {
  return Object.hasOwn(OPERATORS, name)
}

function constantOf(value: JsonValue, path: readonly string[], nodes: { left: number }): Constant {
  if (!isList(value)) {
    if (isObject(value)) throw new LogicRefused(path, 'has an operation inside a list; lists hold plain values here')
    return value
  }
  nodes.left -= value.length
  if (nodes.left < 0) throw new LogicRefused([], `has more than ${MAX_NODES} parts`)
  return value.map((item) => {
    if (isList(item)) throw new LogicRefused(path, 'has a list inside a list')
    return constantOf(item, path, nodes)
  })
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** In a dotted name an element of a list is a decimal number. */
function keyOf(part: string): Key {
  return /^(?:0|[1-9][0-9]*)$/.test(part) ? Number(part) : part
}

function checkVariable(args: readonly JsonValue[], path: readonly string[]): Logic {
  const [name, fallback, ...more] = args
  if (typeof name !== 'string' || more.length > 0)
    throw new LogicRefused(path, 'takes a dotted name and perhaps a value to use when it is absent')
  const parts = name.split('.')
  if (parts.length > MAX_PATH || parts.includes('') || parts.includes('__proto__'))
    throw new LogicRefused(path, `is not a dotted name of at most ${MAX_PATH} parts`)
  const unknown = unknownFact(parts.map(keyOf))
  if (unknown !== undefined) throw new LogicRefused(path, `names no fact: ${unknown}`)
  return {
    kind: 'var',
    path: parts,
    fallback: fallback === undefined ? undefined : constantOf(fallback, path, { left: MAX_NODES }),
  }
}
