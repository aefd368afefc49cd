/** Small changes to valid evidence, named so that a table of requirements reads as a list of sentences. @module */
import { isObject, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { lineOf, withLine, type MockHarness, type RawRequest, type Wanted } from '@aiegis/testing'
import type { Make } from './verdict.ts'

/** A request with content. */
export const ORDER: Wanted = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

/** A title with its requirements, the verdict, and what is sent. */
export type Case = readonly [title: string, expected: string, make: Make]

/** Evidence whose claims were changed before signing. */
export const claims =
  (change: (claims: JsonObject, harness: MockHarness) => JsonObject, wanted?: Wanted): Make =>
  (h) =>
    h.mint(wanted, { claims: (before) => change(before, h) })

/** Evidence with other members of the entry. */
export const entry = (members: JsonObject, wanted?: Wanted): Make => claims((before) => inside(before, 'entry', members), wanted)

/** Evidence with another passport. */
export const passport =
  (change: (credential: JsonObject, harness: MockHarness) => JsonObject, wanted?: Wanted): Make =>
  (h) =>
    h.mint(wanted, { passport: (before) => change(before, h) })

/** Evidence with other members of the passport's subject. */
export const subject = (members: JsonObject, wanted?: Wanted): Make =>
  passport((before) => inside(before, 'credentialSubject', members), wanted)

/** A valid request with one header line more, or with another value of one. */
export const line =
  (name: string, ...values: readonly string[]): Make =>
  (h) =>
    withLine(h.mint(ORDER), name, ...values)

/** A valid request with one header line whose value was changed. */
export const changed =
  (name: string, change: (value: string) => string): Make =>
  (h) => {
    const request = h.mint()
    return withLine(request, name, change(lineOf(request, name) ?? ''))
  }

/** A valid request without one header line. */
export const without =
  (...names: readonly string[]): Make =>
  (h) =>
    names.reduce<RawRequest>((request, name) => withLine(request, name), h.mint())

/** An object with other members in one of its objects. */
export function inside(object: JsonObject, name: string, members: JsonObject): JsonObject {
  const inner = object[name]
  return { ...object, [name]: { ...(isObject(inner) ? inner : {}), ...members } }
}

/** An object without one member. */
export function lacking(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name))
}

/** The first element of a list in an object, with other members. */
export function changeFirst(list: JsonValue | undefined, members: JsonObject): JsonValue {
  const [first, ...rest] = Array.isArray(list) ? list : []
  return [{ ...(isObject(first) ? first : {}), ...members }, ...rest]
}
