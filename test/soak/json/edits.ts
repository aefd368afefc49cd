/** Changes one value of a JSON object, in any of its places. @module */
import { isObject, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { Random } from '../random.ts'

/** Names and numbers from the object to one of its values. */
export type Path = readonly string[]

/** A place and a value that is put there. */
export type Choice = readonly [path: Path, value: JsonValue]

type Edit = (value: JsonValue, random: Random) => JsonValue | undefined

/** What becomes of one value; `undefined` removes it. */
const EDITS: Readonly<Record<string, Edit>> = {
  removed: () => undefined,
  retyped: (value, random) =>
    random.pick([null, true, false, 0, -1, 0.5, 1, 2, 3, '', 'x', [], {}, [value], { value }, JSON.stringify(value)]),
  doubled: (value) => (Array.isArray(value) ? [...value, ...value] : [value, value]),
  added: (value, random) =>
    isObject(value)
      ? { ...value, [random.pick(ADDED)]: random.pick<JsonValue>(['x', 1, null, [], {}, true]) }
      : Array.isArray(value)
        ? [...value, random.pick<JsonValue>(['x', 1, null, {}])]
        : value,
  renamed: (value) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, own]) => [name.toUpperCase(), own])) : value,
  text: (value, random) =>
    typeof value !== 'string'
      ? value
      : random.pick([
          `${value} `,
          ` ${value}`,
          `${value}\n`,
          `${value}\0`,
          `0${value}`,
          `${value}#x`,
          `${value}/`,
          `${value}*`,
          value.toUpperCase(),
          value.slice(0, -1),
          value.slice(1),
          flipped(value, random),
          'é'.repeat(1 + random.below(140)),
          'x'.repeat(1 + random.below(300)),
          'constructor',
          '2026-11-20T22:00:00Z',
        ]),
  number: (value, random) =>
    typeof value === 'number'
      ? random.pick([
          value + 1,
          value - 1,
          value + 5,
          value + 6,
          value - 59,
          value - 60,
          -value,
          value * 1000,
          value + 0.5,
          2 ** 53 - 1,
          0,
        ])
      : value,
  time: (value, random) =>
    typeof value === 'string' && value.endsWith('Z')
      ? moved(value, random.pick(SECONDS))
      : typeof value === 'number'
        ? value + random.pick(SECONDS)
        : value,
}
const NAMES = Object.keys(EDITS)
const ADDED = [
  'nbf',
  'more',
  'iss',
  'sub',
  'exp',
  'jti',
  'vc',
  'crit',
  'jwk',
  'b64',
  'cty',
  'delegatedOnly',
  'maxDepth',
  'constructor',
  'toString',
  'act',
]
const SECONDS = [-86_400, -3601, -60, -59, -7, -1, 1, 5, 6, 59, 60, 3600, 86_400, 366 * 86_400]

/** One value of the object changed, at times to one of `choices`; a change that fits no value there changes nothing. */
export function edited(
  object: JsonObject,
  random: Random,
  choices: readonly Choice[],
): { readonly name: string; readonly object: JsonObject } {
  if (random.oneIn(2)) {
    // First the place, then the value: places with many values are no more important.
    const place = random.pick([...new Set(choices.map(([names]) => names.join('.')))])
    const [path, value] = random.pick(choices.filter(([names]) => names.join('.') === place))
    return { name: `${path.join('.')} set`, object: objectOf(withValue(object, path, () => value)) }
  }
  const path = random.pick(pathsOf(object))
  const name = random.pick(NAMES)
  const changed = withValue(object, path, (value) => EDITS[name]?.(value, random))
  return { name: `${path.join('.')} ${name}`, object: objectOf(changed) }
}

/** What is no object is an empty one: texts that are no objects are made elsewhere. */
function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The value there, or nothing. */
function valueAt(value: JsonValue | undefined, path: Path): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, name) => childrenOf(inner).find(([own]) => own === name)?.[1], value)
}

function withValue(
  value: JsonValue | undefined,
  [name, ...rest]: Path,
  change: (value: JsonValue) => JsonValue | undefined,
): JsonValue | undefined {
  if (name === undefined) return change(value ?? null)
  const inner = withValue(valueAt(value, [name]), rest, change)
  if (Array.isArray(value))
    return value.flatMap((element: JsonValue, at) => (String(at) !== name ? [element] : inner === undefined ? [] : [inner]))
  const others = Object.entries(isObject(value) ? value : {}).filter(([own]) => own !== name)
  return Object.fromEntries(inner === undefined ? others : [...others, [name, inner]])
}

function pathsOf(value: JsonValue): readonly Path[] {
  return [[], ...childrenOf(value).flatMap(([name, child]) => pathsOf(child).map((path) => [name, ...path]))]
}

function childrenOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue])[] {
  return Array.isArray(value) || isObject(value) ? Object.entries(value) : []
}

function flipped(text: string, random: Random): string {
  const at = random.below(text.length)
  return `${text.slice(0, at)}${random.pick(['A', 'z', '9', '-', '_', '.', '/', '%'])}${text.slice(at + 1)}`
}

/** A time in text moved by so many seconds, in the same form. */
function moved(text: string, seconds: number): string {
  const at = Date.parse(text)
  if (Number.isNaN(at)) return text
  const iso = new Date(at + seconds * 1000).toISOString()
  return text.includes('.') ? iso : iso.replace(/\.\d{3}Z$/, 'Z')
}
