/** The built-in functions of the Rego subset, a closed list (spec chapter 16, built-ins). @module */
import { PolicyFault, type Fuel } from '../fault.ts'
import type { BuiltinName } from './program.ts'
import { isList, isRecord, RegoSet, sizeOf, type Value } from './values.ts'

/** What an argument must be; `collection` is a string, array, object or set. */
export type ArgumentType = 'string' | 'collection'

/** Argument types by name. `regex.match` and `re_match` (v0 only) stand beside them: their first argument is a literal. */
export const BUILTINS: ReadonlyMap<string, { readonly name: BuiltinName; readonly args: readonly ArgumentType[] }> = new Map([
  ['startswith', { name: 'startswith', args: ['string', 'string'] }],
  ['endswith', { name: 'endswith', args: ['string', 'string'] }],
  ['contains', { name: 'contains', args: ['string', 'string'] }],
  ['lower', { name: 'lower', args: ['string'] }],
  ['upper', { name: 'upper', args: ['string'] }],
  ['count', { name: 'count', args: ['collection'] }],
])

/** Changing case goes character by character, which is slower than any other built-in. */
const CASE_WEIGHT = 16

/** Names that a rule cannot have, for a reader would take them for the function. */
export const BUILTIN_NAMES: ReadonlySet<string> = new Set([...BUILTINS.keys(), 're_match', 'regex', 'set'])

/**
 * The value of a call. Null as an argument makes the call undefined, as an absent field does; any other wrong type is a
 * `PolicyFault`: whoever sends a list where text is looked for must not pass for having sent nothing.
 */
export function callBuiltin(name: BuiltinName, args: readonly Value[], fuel: Fuel): Value | undefined {
  const [first = null, second = null] = args
  if (first === null || (args.length === 2 && second === null)) return undefined
  if (name === 'count') return countOf(first, fuel)
  const text = textOf(name, first)
  fuel.burnText(text.length)
  if (name === 'lower' || name === 'upper') fuel.burnText(text.length, CASE_WEIGHT)
  if (name === 'lower') return mapCharacters(text, (char) => char.toLowerCase())
  if (name === 'upper') return mapCharacters(text, (char) => char.toUpperCase())
  const part = textOf(name, second)
  fuel.burnText(part.length)
  if (name === 'startswith') return text.startsWith(part)
  return name === 'endswith' ? text.endsWith(part) : text.includes(part)
}

/** The text on which a regular expression is tried; `undefined` for null. Throws `PolicyFault` for anything but text. */
export function matchable(value: Value): string | undefined {
  return value === null ? undefined : textOf('regex.match', value)
}

/** True when a literal can be this argument at all, so that a call that can only fail is refused at load. */
export function accepts(type: ArgumentType, value: Value): boolean {
  return typeof value === 'string' || (type === 'collection' && (isList(value) || isRecord(value) || value instanceof RegoSet))
}

function textOf(name: string, value: Value): string {
  if (typeof value === 'string') return value
  throw new PolicyFault('eval', `${name} of a value that is no text`)
}

function countOf(value: Value, fuel: Fuel): number {
  const size = sizeOf(value)
  fuel.burnText(size)
  return size
}

/**
 * Case by code point, without context and without changes of length, as Go's `unicode` does: no final sigma, no `ß` to `SS`.
 * Text is built in one pass and is never longer than three times its source.
 */
function mapCharacters(text: string, change: (char: string) => string): string {
  let mapped = ''
  for (const char of text) {
    const changed = change(char)
    const point = changed.codePointAt(0) ?? 0
    // One code point to several is a full mapping; the simple one leaves the character, but for the dotted capital I.
    mapped += changed.length === (point > 0xffff ? 2 : 1) ? changed : char === 'İ' ? 'i' : char
  }
  return mapped
}
