/** Prints JSON in its one canonical form: JSON Canonicalization Scheme, RFC 8785 (spec chapter 2). @module */
import { isWellFormed } from './bytes.ts'
import type { JsonValue } from './json.ts'
import { Malformed } from './refusal.ts'

/**
 * The canonical text of `value`: members sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them. Throws
 * `Malformed` for what JSON cannot say (`undefined`, functions, holes, NaN, class instances), lone surrogates and depth over 64.
 */
export function canonicalize(value: JsonValue): string {
  return print(value, 0)
}

function print(value: unknown, depth: number): string {
  if (typeof value === 'string') return printText(value)
  if (typeof value === 'number') return printNumber(value)
  if (typeof value === 'boolean' || value === null) return String(value)
  if (typeof value !== 'object') throw new Malformed(`a value of type ${typeof value}`)
  // Ends cycles too, before they end the stack.
  if (depth === MAX_DEPTH) throw new Malformed(`a value deeper than ${MAX_DEPTH}`)
  return Array.isArray(value) ? printArray(value, depth + 1) : printObject(value, depth + 1)
}

function printArray(values: readonly unknown[], depth: number): string {
  let text = '['
  // By index: `map` would step over holes.
  for (let index = 0; index < values.length; index++) text += (index === 0 ? '' : ',') + print(values[index], depth)
  return `${text}]`
}

function printObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) throw new Malformed('an object that is not plain')
  let text = '{'
  // RFC 8785 §3.2.3: by UTF-16 code units, which is what `toSorted` without a comparison does.
  for (const name of Object.keys(object).toSorted()) {
    text += `${text.length === 1 ? '' : ','}${printText(name)}:${print(Reflect.get(object, name), depth)}`
  }
  return `${text}}`
}

/** RFC 8785 §3.2.2.3: the shortest text that reads back as the same double, which is what ECMAScript prints. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) throw new Malformed('a number that is not finite')
  return String(value)
}

/** RFC 8785 §3.2.2.2: the escapes of ECMAScript `JSON.stringify`, which escapes lone surrogates where the RFC refuses them. */
function printText(text: string): string {
  if (!isWellFormed(text)) throw new Malformed('text with a lone surrogate')
  return JSON.stringify(text)
}

const MAX_DEPTH = 64
