/** Parses JSON that every parser reads alike, RFC 8259 under the rules of I-JSON (RFC 7493), or refuses it (spec chapter 2). @module */
import { decodeUtf8, isWellFormed } from './bytes.ts'
import { Malformed } from './refusal.ts'

/** A value that came out of `parseJson`, or one that `canonicalize` can print. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** A JSON object. An absent member reads as `undefined` only after `Object.hasOwn`: it inherits from `Object.prototype`. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** Bounds that hold before anything is parsed. */
export interface JsonLimits {
  readonly maxBytes: number
  /** Objects and arrays inside each other; 16 unless said otherwise. */
  readonly maxDepth?: number
  /** Members of all objects and elements of all arrays together; 2,048 unless said otherwise. */
  readonly maxMembers?: number
}

/**
 * The value of one JSON text in UTF-8. Throws `Malformed` for a byte order mark, invalid UTF-8, a member name that occurs twice
 * (also when one is escaped), `__proto__`, a lone surrogate, an integer outside ±(2^53 − 1), a number that is not finite, `-0`
 * and anything over `limits`. A fraction keeps only the precision of a double.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  if (bytes.length > limits.maxBytes) throw new Malformed(`JSON longer than ${limits.maxBytes} bytes`)
  const text = decodeUtf8(bytes)
  const members = countMembers(text, limits.maxDepth ?? 16, limits.maxMembers ?? 2048)
  const value = parse(text)
  // Parsing keeps one of two equal names: fewer members than colons means that one was lost.
  if (checkValue(value, text.includes('\\')) !== members) throw new Malformed('JSON with a repeated member name')
  return value
}

/** True for an object that is neither null nor an array. Its members are not looked at. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Counts the colons outside strings. The count means something only if the text turns out to be JSON. */
function countMembers(text: string, maxDepth: number, maxMembers: number): number {
  let members = 0
  let values = 0
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22: // quotation mark
        index = endOfString(text, index)
        break
      case 0x3a: // colon
        members++
        break
      case 0x2c: // comma
        values++
        break
      case 0x7b: // braces and brackets: each may hold one value more than it has commas
      case 0x5b:
        values++
        if (++depth > maxDepth) throw new Malformed(`JSON deeper than ${maxDepth}`)
        break
      case 0x7d:
      case 0x5d:
        depth--
        break
    }
  }
  if (values > maxMembers) throw new Malformed(`JSON with more than ${maxMembers} members`)
  return members
}

/** Index of the quotation mark that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = start; ;) {
    end = text.indexOf('"', end + 1)
    if (end === -1) throw new Malformed('JSON with an open string')
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
}

function parse(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch (error) {
    // The engine's message quotes the text, which may be a credential.
    if (error instanceof SyntaxError) throw new Malformed('not JSON')
    throw error
  }
}

/** Checks what the grammar does not, and returns the number of members of all objects in `value`. */
function checkValue(value: JsonValue, escapes: boolean): number {
  if (typeof value === 'string') {
    if (escapes) checkText(value)
    return 0
  }
  if (typeof value === 'number') {
    checkNumber(value)
    return 0
  }
  let members = 0
  if (Array.isArray(value)) {
    for (const element of value) members += checkValue(element, escapes)
    return members
  }
  if (!isObject(value)) return 0
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw new Malformed('JSON with a member __proto__')
    if (escapes) checkText(name)
    members += 1 + checkValue(value[name] ?? null, escapes)
  }
  return members
}

/** Only an escape can bring a lone surrogate in: decoding the UTF-8 has refused all others. */
function checkText(text: string): void {
  if (!isWellFormed(text)) throw new Malformed('JSON with a lone surrogate')
}

function checkNumber(value: number): void {
  if (!Number.isFinite(value)) throw new Malformed('JSON with a number that is not finite')
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Malformed('JSON with an integer outside the safe range')
  if (Object.is(value, -0)) throw new Malformed('JSON with negative zero')
}
