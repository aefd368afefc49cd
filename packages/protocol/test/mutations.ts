/** Turns valid JSON objects into texts that are nearly valid, and runs parsers that may only refuse. @module */
import * as fc from 'fast-check'
import { isObject, type JsonObject, type JsonValue } from '../src/json.ts'
import { Malformed, Refusal } from '../src/refusal.ts'
import { REFUSED } from './outcome.ts'
import { read } from '../../../test/repository.ts'

/** The example that a chapter of the specification gives of an object. */
export function exampleOf(chapter: string, name: string): JsonObject {
  const text = new RegExp(`^\`\`\`json ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(read(`spec/${chapter}`))?.[1]
  const value: unknown = JSON.parse(text ?? 'null')
  if (!isObject(value)) throw new Error(`${chapter} has no example of ${name}`)
  return value
}

/** What `run` returns, or `REFUSED` when it refuses with one of `codes`. Every other error rises: it is a bug. */
export function judged<T>(codes: readonly string[], run: () => T): T | typeof REFUSED {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal && codes.includes(error.code)) return REFUSED
    if (error instanceof Malformed && codes.includes('malformed')) return REFUSED
    throw error
  }
}

/**
 * Gives the `examples` to `parse`, then `numRuns` more things, and each that it takes to `check`, which throws when something is wrong with it.
 * Returns the share of those that were taken: a property of nothing, or of valid things alone, would say little.
 */
export function shareTaken<In, Out>(
  make: fc.Arbitrary<In>,
  parse: (value: In) => Out | typeof REFUSED,
  check: (taken: Out, value: In) => void,
  numRuns: number,
  examples: readonly In[] = [],
): number {
  let taken = 0
  const judge = (value: In): void => {
    const out = parse(value)
    if (out === REFUSED) return
    taken++
    check(out, value)
  }
  for (const example of examples) judge(example)
  // Shrinking a thousand bytes takes longer than reading them.
  fc.assert(fc.property(make, judge), { numRuns, endOnFailure: true })
  return taken / (examples.length + numRuns)
}

/** True for a share that is neither almost none nor almost all. */
export function isMixed(share: number): boolean {
  return share > 0.005 && share < 0.95
}

/** The bytes of `valid` after each change of one value, in each of its places. */
export function eachEdit(valid: JsonObject): readonly Uint8Array[] {
  return Array.from({ length: countOf(valid) }, (_, at) =>
    EDITS.map((edit) => new TextEncoder().encode(JSON.stringify(edited(valid, at, edit)))),
  ).flat()
}

/** The bytes of `valid` after up to three changes of its values, up to two of its text and at times one of a byte. */
export function nearly(valid: JsonObject): fc.Arbitrary<Uint8Array> {
  const byte = fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { freq: 8 })
  return fc
    .tuple(fc.array(fc.tuple(fc.nat(), fc.constantFrom(...EDITS)), { maxLength: 3 }), fc.array(textEdit, { maxLength: 2 }), byte)
    .map(([edits, textEdits, changed]) => {
      const value = edits.reduce<JsonValue>((before, [at, edit]) => edited(before, at, edit), valid)
      const text = textEdits.reduce((before, [at, edit]) => edit(before, at % (before.length + 1)), JSON.stringify(value))
      const bytes = new TextEncoder().encode(text)
      if (changed !== null && bytes.length > 0) bytes[changed[0] % bytes.length] = changed[1]
      return bytes
    })
}

/** Text that is nearly `valid`: characters removed, doubled, exchanged and put in. */
export function nearlyText(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 2 }))
  return fc.tuple(valid, fc.array(fc.tuple(fc.nat(), fc.nat(2), piece), { maxLength: 3 })).map(([text, changes]) =>
    changes.reduce((before, [at, cut, put]) => {
      const start = at % (before.length + 1)
      return before.slice(0, start) + put + before.slice(start + cut)
    }, text),
  )
}

/** Texts of a megabyte, of which a parser that looks at each character more than a few times would not come back. */
export function longTexts(heads: readonly string[]): readonly string[] {
  const pieces = PIECES.filter((piece) => piece !== '')
  return heads.flatMap((head) => pieces.map((piece) => head + piece.repeat(Math.ceil(2 ** 20 / piece.length))))
}

type Edit = (value: JsonValue) => JsonValue | undefined

/** What becomes of one value; `undefined` removes it. */
const EDITS: readonly [Edit, ...Edit[]] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 0.5,
  () => 2 ** 53,
  () => 1e308,
  () => '',
  () => '__proto__',
  () => 'constructor',
  () => '\uD83D\uDE00\u0000\u2028é',
  () => 'x'.repeat(5000),
  () => [],
  () => ({}),
  () => Array.from({ length: 40 }, () => 'x'),
  () => Array.from({ length: 3000 }, () => 0),
  () => Array.from({ length: 17 }).reduce<JsonValue>((inner) => [inner], 0),
  (value) => [value],
  (value) => ({ value }),
  (value) => (Array.isArray(value) ? [...value, ...value] : [value, value]),
  (value) => (Array.isArray(value) ? value.toReversed() : value),
  (value) => (isObject(value) ? { ...value, more: 1 } : value),
  (value) => (isObject(value) ? { ...value, constructor: {}, toString: null } : value),
  (value) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, own]) => [name.toUpperCase(), own])) : value,
  (value) => (typeof value === 'string' ? `${value} ` : value),
  (value) => (typeof value === 'string' ? `0${value}` : value),
  (value) => (typeof value === 'string' ? `${value}\n` : value),
  (value) => (typeof value === 'string' ? value.toUpperCase() : value),
  (value) => (typeof value === 'string' ? value.slice(0, -1) : value),
  (value) => (typeof value === 'string' ? `${value}#x` : value),
  (value) => (typeof value === 'string' ? Number(value) || 7 : value),
  (value) => (typeof value === 'number' ? String(value) : value),
  (value) => (typeof value === 'number' ? value + 1 : value),
  (value) => (typeof value === 'number' ? -value : value),
]

type TextEdit = (text: string, at: number) => string

const put =
  (piece: string): TextEdit =>
  (text, at) =>
    text.slice(0, at) + piece + text.slice(at)
const swap =
  (from: RegExp, to: string): TextEdit =>
  (text) =>
    text.replace(from, to)

const textEdit: fc.Arbitrary<readonly [number, TextEdit]> = fc.tuple(
  fc.nat(),
  fc.constantFrom<TextEdit[]>(
    // Harmless: another spelling of the same JSON.
    swap(/:/, ' :\n'),
    swap(/^/, '\t'),
    swap(/"i/, '"\\u0069'),
    // A member twice, once also under an escaped name.
    swap(/("[a-z]+"):("[^"]*"|\d+)/i, '$1:$2,$1:$2'),
    swap(/"i([a-z]+)":("[^"]*"|\d+)/, '"i$1":$2,"\\u0069$1":$2'),
    swap(/\{("[a-z]+")/i, '{$1:0,$1'),
    swap(/\{/, '{"__proto__":{},'),
    swap(/\{/, '{"\\u005f_proto__":null,'),
    swap(/:\d+/, ':1e400'),
    swap(/:\d+/, ':-0'),
    swap(/:\d+/, ':9007199254740993'),
    swap(/:(\d+)/, ':$1.0'),
    swap(/:"/, ':"\\ud800'),
    swap(/^/, '\uFEFF'),
    swap(/$/, '\0'),
    put('"'),
    put(','),
    put('\\'),
    put('['),
    put('{'.repeat(20)),
    (text, at) => text.slice(0, at),
    (text, at) => text.slice(at),
    (text) => text + text,
  ),
)

const PIECES = [
  '',
  '.',
  '..',
  '/',
  '//',
  '%',
  '%2e',
  '%2F',
  '%%32F',
  '%3A',
  '%3a',
  '%3A443',
  ':',
  ':443',
  '#',
  '?',
  '~',
  '-',
  '_',
  '@',
  '=',
  ';',
  '\n',
  ' ',
  '\0',
  'A',
  'a',
  '0',
  'é',
  '😀',
  '*',
] as const

/** `value` with the value at the n-th of its places, itself included, changed. */
function edited(value: JsonValue, at: number, edit: Edit): JsonValue {
  const places = countOf(value)
  return place(value, at % places, edit) ?? null
}

function countOf(value: JsonValue): number {
  return 1 + childrenOf(value).reduce<number>((sum, [, child]) => sum + countOf(child), 0)
}

function place(value: JsonValue, at: number, edit: Edit): JsonValue | undefined {
  if (at === 0) return edit(value)
  let before = 1
  const children = childrenOf(value).flatMap(([name, child]): [string, JsonValue][] => {
    const own = at - before
    before += countOf(child)
    const next = own >= 0 && at < before ? place(child, own, edit) : child
    return next === undefined ? [] : [[name, next]]
  })
  return Array.isArray(value) ? children.map(([, child]) => child) : Object.fromEntries(children)
}

function childrenOf(value: JsonValue): readonly (readonly [string, JsonValue])[] {
  return Array.isArray(value) || isObject(value) ? Object.entries(value) : []
}
