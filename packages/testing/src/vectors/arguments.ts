/** Reads the arguments of an operation, strictly: each name once, nothing unknown, bytes as lower-case hexadecimal. @module */
import { fromHex, isObject, Malformed, parseDecimal, type JsonObject, type JsonValue } from '@aiegis/protocol'

/** A line that is no request of this program. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}

/** The arguments of one operation. Each reader throws `BadRequest` for a value of another form. */
export interface Arguments {
  text(name: string): string
  bytes(name: string): Uint8Array
  bytesList(name: string): readonly Uint8Array[]
  textList(name: string): readonly string[]
  /** A whole number from 0 to 2^53 − 1, or decimal text up to 2^63 − 1. */
  size(name: string): bigint
  value(name: string): JsonValue
  /** As `size`, and `undefined` where it is not there. */
  optionalSize(name: string): bigint | undefined
}

/** Reads `value`, which must be an object with no other names than `allowed`. Throws `BadRequest`. */
export function argumentsOf(value: JsonValue | undefined, allowed: readonly string[]): Arguments {
  if (!isObject(value) || !Object.keys(value).every((name) => allowed.includes(name)))
    throw new BadRequest(`the arguments are no object with ${allowed.join(', ')}`)
  return readersOf(value)
}

function readersOf(all: JsonObject): Arguments {
  const value = (name: string): JsonValue => {
    const found = Object.hasOwn(all, name) ? all[name] : undefined
    if (found === undefined) throw new BadRequest(`${name} is missing`)
    return found
  }
  const list = <T>(name: string, read: (element: JsonValue) => T): readonly T[] => {
    const found = value(name)
    if (!isList(found)) throw new BadRequest(`${name} is no list`)
    return found.map(read)
  }
  const size = (name: string): bigint => sizeOf(value(name))
  return {
    value,
    size,
    text: (name) => textOf(value(name)),
    bytes: (name) => bytesOf(value(name)),
    bytesList: (name) => list(name, bytesOf),
    textList: (name) => list(name, textOf),
    optionalSize: (name) => (Object.hasOwn(all, name) ? size(name) : undefined),
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function textOf(value: JsonValue): string {
  if (typeof value !== 'string') throw new BadRequest('a value that is no text')
  return value
}

function bytesOf(value: JsonValue): Uint8Array {
  return inForm(() => fromHex(textOf(value)))
}

function sizeOf(value: JsonValue): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  return inForm(() => parseDecimal(textOf(value)))
}

function inForm<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new BadRequest(error.message, { cause: error })
    throw error
  }
}
