/** Reads the trust bundle member by member; whatever is wrong becomes one sentence with the path and the cure (spec chapter 14). @module */
import { Malformed } from '@aiegis/protocol'

/** A value of the bundle and its path, such as `bases[0].mount`; the path of the whole bundle is empty. */
export interface Spot {
  readonly path: string
  readonly value: unknown
}

/** Members that an object must have and may have, each with an example of how to write it. */
export interface Shape {
  readonly required: Readonly<Record<string, string>>
  readonly optional?: Readonly<Record<string, string>>
}

/** Throws the `TypeError` of a wrong bundle: `<path>: <problem>; <cure>`. Configuration is wrong, no request is: there is no refusal code. */
export function wrong(spot: Spot, problem: string, cure: string): never {
  throw new TypeError(`${spot.path === '' ? 'trust bundle' : spot.path}: ${problem}; ${cure}`)
}

/** The members of an object that has every required and no unknown member; absent optional ones are `undefined`. */
export function members(spot: Spot, shape: Shape): (name: string) => Spot {
  const { value } = spot
  const { required, optional = {} } = shape
  const examples = Object.values(required).join(', ')
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(spot, 'not an object', `write { ${examples === '' ? '…' : examples} }`)
  const own = new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== undefined))
  for (const [name, example] of Object.entries(required)) {
    if (!own.has(name)) wrong(spot, `lacks "${name}"`, `write ${example}`)
  }
  const known = [...Object.keys(required), ...Object.keys(optional)]
  for (const name of own.keys()) {
    if (!known.includes(name)) wrong(child(spot, name), 'no such member', `remove it, or write one of ${known.join(', ')}`)
  }
  return (name) => ({ path: child(spot, name).path, value: own.get(name) })
}

/** As `members`, for an object that may be absent and whose members all may be. */
export function optionalMembers(spot: Spot, names: readonly string[]): (name: string) => Spot {
  const optional = Object.fromEntries(names.map((name) => [name, '']))
  return members(spot.value === undefined ? { ...spot, value: {} } : spot, { required: {}, optional })
}

/** The elements of a list of `min` to `max` values. */
export function elements(spot: Spot, min: number, max: number, cure: string): readonly Spot[] {
  const { path, value } = spot
  if (!Array.isArray(value)) return wrong(spot, value === undefined ? 'missing' : 'not a list', cure)
  if (value.length < min || value.length > max)
    return wrong(spot, `a list of ${value.length}, not of ${min} to ${max} values`, cure)
  return Array.from(value, (element: unknown, index) => ({ path: `${path}[${index}]`, value: element }))
}

/** What `parse` makes of a text; `Malformed` becomes the sentence. */
export function parsed<T>(spot: Spot, parse: (text: string) => T, cure: string): T {
  if (typeof spot.value !== 'string') return wrong(spot, 'not a text', cure)
  const text = spot.value
  return attempt(spot, () => parse(text), cure)
}

/** What `parse` returns; `Malformed` becomes the sentence. */
export function attempt<T>(spot: Spot, parse: () => T, cure: string): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Malformed) return wrong(spot, error.message, cure)
    throw error
  }
}

/** A whole number from `min` to `max`, or `fallback` when the member is absent. */
export function integer(spot: Spot, min: number, max: number, fallback: number): number {
  const { value } = spot
  if (value === undefined) return fallback
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
    ? value
    : wrong(spot, `not a whole number from ${min} to ${max}`, `write ${fallback}, or leave it out`)
}

/** One of a few texts. */
export function choice<T extends string>(spot: Spot, values: readonly T[]): T {
  return (
    values.find((value) => value === spot.value) ??
    wrong(spot, 'none of the known values', `write ${values.map((value) => `"${value}"`).join(' or ')}`)
  )
}

/** Every element one of a few texts, none twice; when none is needed the list may be absent. */
export function choices<T extends string>(spot: Spot, min: number, values: readonly T[]): readonly T[] {
  if (min === 0 && spot.value === undefined) return []
  const spots = elements(spot, min, values.length, `write some of ${values.map((value) => `"${value}"`).join(', ')}`)
  unique(spots)
  return spots.map((element) => choice(element, values))
}

/** Throws when two elements are the same text. */
export function unique(spots: readonly Spot[]): void {
  for (const [index, spot] of spots.entries()) {
    const first = spots.findIndex(({ value }) => value === spot.value)
    if (first !== index) wrong(spot, `the same as ${spots[first]?.path}`, 'remove one of them')
  }
}

function child(spot: Spot, name: string): Spot {
  return { path: spot.path === '' ? name : `${spot.path}.${name}`, value: undefined }
}
