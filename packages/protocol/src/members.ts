/** Reads members of a parsed JSON object, each with its exact type, and refuses everything else with one code. @module */
import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { ReasonCode } from './reasons.gen.ts'
import { Malformed, Refusal } from './refusal.ts'

/** base64url of 32 bytes, unpadded, in its one spelling. */
export const HASH: RegExp = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
/** base64url of 16 bytes, unpadded, in its one spelling. */
export const SALT: RegExp = /^[A-Za-z0-9_-]{21}[AQgw]$/
/** Identifiers that the harness makes: `jti`, `txn`. */
export const IDENTIFIER: RegExp = /^[A-Za-z0-9_-]{16,64}$/
/** An Ed25519 `did:key`. */
export const AGENT_DID: RegExp = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/
/** Name of a jurisdiction: a country or region, such as `EU`, `IE`, `US-CA`. */
export const JURISDICTION: RegExp = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/

/** Typed access to untrusted objects; every mismatch is a `Refusal` with the code given to `membersOf`. */
export interface Members {
  fail(what: string): never
  string(object: JsonObject, name: string, form: RegExp): string
  /** Well-formed text of at most `maxBytes` bytes in UTF-8. */
  text(object: JsonObject, name: string, maxBytes: number): string
  textOrNull(object: JsonObject, name: string, maxBytes: number): string | null
  integer(object: JsonObject, name: string, min: number, max: number): number
  oneOf<T extends string>(object: JsonObject, name: string, values: readonly T[]): T
  list(object: JsonObject, name: string, min: number, max: number): readonly JsonValue[]
  /** An object whose members are exactly `required` plus any of `optional`. */
  closed(value: JsonValue | undefined, what: string, required: readonly string[], optional?: readonly string[]): JsonObject
  /** Runs a parser of one member; `Malformed` becomes the refusal. */
  parse<T>(what: string, parser: () => T): T
}

/** Readers that refuse with `code`. */
export function membersOf(code: ReasonCode): Members {
  const fail = (what: string): never => {
    throw new Refusal(code, what)
  }
  const text = (object: JsonObject, name: string, maxBytes: number): string => {
    const value = object[name]
    // Each UTF-16 unit is at most three bytes; only long non-ASCII text needs the exact count.
    if (typeof value !== 'string' || value.length > maxBytes || (value.length * 3 > maxBytes && byteLength(value) > maxBytes)) {
      return fail(`"${name}" is not text of at most ${maxBytes} bytes`)
    }
    return value
  }
  return {
    fail,
    text,
    string(object, name, form) {
      const value = object[name]
      return typeof value === 'string' && form.test(value) ? value : fail(`"${name}" does not have its form`)
    },
    textOrNull: (object, name, maxBytes) => (object[name] === null ? null : text(object, name, maxBytes)),
    integer(object, name, min, max) {
      const value = object[name]
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
        ? value
        : fail(`"${name}" is not an integer from ${min} to ${max}`)
    },
    oneOf(object, name, values) {
      const found = values.find((value) => value === object[name])
      return found ?? fail(`"${name}" is none of ${values.join(', ')}`)
    },
    list(object, name, min, max) {
      const value = object[name]
      return Array.isArray(value) && value.length >= min && value.length <= max
        ? value
        : fail(`"${name}" is not a list of ${min} to ${max} values`)
    },
    closed(value, what, required, optional = []) {
      if (!isObject(value)) return fail(`${what} is not an object`)
      let found = 0
      for (const name of Object.keys(value)) {
        if (required.includes(name)) found++
        else if (!optional.includes(name)) fail(`${what} has an unknown member`)
      }
      // No name occurs twice among the keys of an object.
      if (found < required.length) fail(`${what} lacks "${required.find((name) => !Object.hasOwn(value, name))}"`)
      return value
    },
    parse(what, parser) {
      try {
        return parser()
      } catch (error) {
        if (error instanceof Malformed) throw new Refusal(code, `${what}: ${error.message}`, { cause: error })
        throw error
      }
    },
  }
}

const encoder = new TextEncoder()

function byteLength(text: string): number {
  return encoder.encode(text).length
}

/** An element of a list that must be text. Throws `Malformed`. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Malformed('not text')
  return value
}
