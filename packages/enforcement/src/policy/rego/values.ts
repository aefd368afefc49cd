/** Values of the Rego subset: JSON and sets, compared by content as Rego does (spec chapter 16). @module */
import type { JsonObject } from '@aiegis/protocol'
import { PolicyFault, type Fuel } from '../fault.ts'

/** JSON from the input, or what literals and set rules build. `undefined` is never a value: it is the absence of one. */
export type Value = null | boolean | number | string | readonly Value[] | RegoObject | RegoSet

/** A JSON object; only own members are ever read. */
export interface RegoObject {
  readonly [name: string]: Value
}

/** A set; members are unique by content. `add` is called while the set is built, never afterwards. */
export class RegoSet {
  readonly #members = new Map<string, Value>()

  add(value: Value, fuel: Fuel): void {
    this.#members.set(keyOf(value, fuel), value)
    if (this.#members.size > MAX_SET) throw new PolicyFault('eval', `a set of more than ${MAX_SET} members`)
  }

  has(value: Value, fuel: Fuel): boolean {
    return this.#members.has(keyOf(value, fuel))
  }

  get size(): number {
    return this.#members.size
  }

  values(): readonly Value[] {
    return [...this.#members.values()]
  }
}

const MAX_SET = 10_000

/** True for an array; `Array.isArray` alone does not narrow a readonly one. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value)
}

/** True for an object that is neither an array nor a set. */
export function isRecord(value: Value | undefined): value is RegoObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegoSet)
}

/** A text that is equal exactly for equal values. Burns one unit for each value inside. */
export function keyOf(value: Value, fuel: Fuel): string {
  fuel.burn(1)
  if (typeof value === 'string') {
    fuel.burnText(value.length)
    return JSON.stringify(value)
  }
  if (typeof value === 'number') return String(value === 0 ? 0 : value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isList(value)) return `[${value.map((item) => keyOf(item, fuel)).join(',')}]`
  if (value instanceof RegoSet)
    return `<${value
      .values()
      .map((item) => keyOf(item, fuel))
      .toSorted()
      .join(',')}>`
  const names = Object.keys(value).toSorted()
  return `{${names.map((name) => `${keyOf(name, fuel)}:${keyOf(member(value, name) ?? null, fuel)}`).join(',')}}`
}

/** Equality by content: `1` and `1.0` are equal, `"1"` and `1` are not. Burns one unit for each pair of values compared. */
export function equalValues(left: Value, right: Value, fuel: Fuel): boolean {
  fuel.burn(1)
  if (typeof left === 'string' && typeof right === 'string') {
    if (left.length === right.length) fuel.burnText(left.length)
    return left === right
  }
  if (isList(left)) {
    if (!isList(right) || left.length !== right.length) return false
    return left.every((item, index) => equalAt(item, right[index], fuel))
  }
  if (left instanceof RegoSet || right instanceof RegoSet) {
    if (!(left instanceof RegoSet && right instanceof RegoSet) || left.size !== right.size) return false
    return left.values().every((item) => right.has(item, fuel))
  }
  if (!isRecord(left) || !isRecord(right)) return left === right
  const names = Object.keys(left)
  if (names.length !== Object.keys(right).length) return false
  return names.every((name) => equalAt(member(left, name) ?? null, member(right, name), fuel))
}

function equalAt(left: Value, right: Value | undefined, fuel: Fuel): boolean {
  return right !== undefined && equalValues(left, right, fuel)
}

/** An own member of an object; inherited names do not exist here. */
export function member(object: RegoObject | JsonObject, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/**
 * What `collection[key]` gives: an own member, an element, a member of a set; `undefined` where there is none, inside null and for
 * null. Throws `PolicyFault` inside any other scalar, for a name inside a list and for a number inside an object: another shape must
 * not hide a value from a rule.
 */
export function lookUp(collection: Value, key: Value, fuel: Fuel): Value | undefined {
  if (collection === null) return undefined
  if (collection instanceof RegoSet) return collection.has(key, fuel) ? key : undefined
  if (key === null) return undefined
  if (isList(collection)) {
    if (typeof key !== 'number') throw new PolicyFault('eval', `a ${typeof key} as the index of a list`)
    return Number.isInteger(key) && key >= 0 ? collection[key] : undefined
  }
  if (!isRecord(collection)) throw new PolicyFault('eval', `a reference through a ${typeof collection}`)
  if (typeof key !== 'string') throw new PolicyFault('eval', `a ${typeof key} as the name of a member`)
  return member(collection, key)
}

/** Elements, members or code points. Throws `PolicyFault` for a value that has none. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return Array.from(value).length
  if (value instanceof RegoSet) return value.size
  if (isList(value)) return value.length
  if (isRecord(value)) return Object.keys(value).length
  throw new PolicyFault('eval', `the size of a ${typeof value}`)
}

/** The keys and values over which an iteration goes. Null has none; a scalar is a fault, as its sender may have meant to hide a list. */
export function entriesOf(collection: Value, fuel: Fuel): readonly (readonly [key: Value, value: Value])[] {
  if (collection === null) return []
  if (typeof collection !== 'object') throw new PolicyFault('eval', `an iteration over a ${typeof collection}`)
  fuel.burn(Math.ceil(sizeOf(collection) / 32))
  if (collection instanceof RegoSet) return collection.values().map((value) => [value, value])
  if (isList(collection)) return collection.map((value, index) => [index, value])
  return isRecord(collection) ? Object.keys(collection).map((name) => [name, member(collection, name) ?? null]) : []
}
