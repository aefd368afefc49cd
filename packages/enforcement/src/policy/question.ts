/** What policy is asked, and what a field of it is as text and as data (spec chapter 16, fields). @module */
import { canonicalize, Malformed, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { Counters, PassportFacts } from './facts.ts'
import { PolicyFault } from './fault.ts'

/** One question. `input` and `context` are the agent's; `passport` was verified or is null; `jurisdiction` is the last passport's or null. */
export interface PolicyQuestion {
  readonly action: string
  readonly target: string
  readonly input: JsonValue
  readonly context: JsonObject
  readonly passport: PassportFacts | null
  readonly jurisdiction: string | null
  /** Of the passports before it in a chain, each with or without one. */
  readonly earlierJurisdictions: readonly (string | null)[]
}

/** A question with what only the server knows. `now` is epoch milliseconds. */
export interface ServerQuestion extends PolicyQuestion {
  readonly now: number
  readonly serverJurisdictions: readonly string[]
  readonly counters: Counters
}

/** A matched field: its text, JCS where it is no text, and its data; both null when it is absent. */
export interface Field {
  readonly value: string | null
  readonly raw: JsonValue
}

const MAX_FIELD_BYTES = 65_536

/**
 * The field at `path`, own members of objects and elements of lists. Absent is null. Throws `PolicyFault` `field` for text over
 * 65,536 bytes, which is never cut, and for a path that goes through a scalar or by a name into a list: another shape must not hide a
 * value from a rule.
 */
export function readField(question: PolicyQuestion, path: string): Field {
  const { action, target, input, context } = question
  let value: JsonValue | undefined = { action, target, input, context }
  for (const name of path.split('.')) {
    if (value === null || value === undefined) break
    if (typeof value !== 'object') throw new PolicyFault('field', `field "${path}" goes through a ${typeof value}`)
    value = isList(value) ? elementOf(value, name) : Object.hasOwn(value, name) ? value[name] : undefined
  }
  if (value === undefined || value === null) return { value: null, raw: null }
  const text = typeof value === 'string' ? value : canonical(value, path)
  if (Buffer.byteLength(text) > MAX_FIELD_BYTES)
    throw new PolicyFault('field', `field "${path}" is longer than ${MAX_FIELD_BYTES} bytes`)
  return { value: text, raw: value }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** The element at a decimal index in its one spelling; `undefined` behind the last. Throws `PolicyFault` `field` for any other name. */
export function elementOf(list: readonly JsonValue[], index: string): JsonValue | undefined {
  if (!/^(?:0|[1-9][0-9]*)$/.test(index)) throw new PolicyFault('field', `"${index.slice(0, 40)}" is no index of a list`)
  return Object.hasOwn(list, index) ? list[Number(index)] : undefined
}

function canonical(value: JsonValue, path: string): string {
  try {
    return canonicalize(value)
  } catch (error) {
    if (error instanceof Malformed) throw new PolicyFault('field', `field "${path}" cannot be written as JSON`, { cause: error })
    throw error
  }
}
