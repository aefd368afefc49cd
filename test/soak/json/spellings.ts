/** Changes JSON as text: other spellings of the same value, and texts that no reader may take (spec chapter 2.2). @module */
import type { Random } from '../random.ts'

type Spell = (text: string, random: Random) => string

/** AHP-BYTES-3 to AHP-BYTES-7 allow these: the value is the same. */
const SAME: Readonly<Record<string, Spell>> = {
  'white space': (text, random) => {
    const at = random.pick(placesOutside(text))
    return `${text.slice(0, at)}${random.pick([' ', '\n', '\t', '\r', '  '])}${text.slice(at)}`
  },
  escape: (text, random) => {
    const places = placesInside(text)
    const at = random.pick(places)
    const code = text.charCodeAt(at).toString(16).padStart(4, '0')
    return `${text.slice(0, at)}\\u${random.oneIn(2) ? code : code.toUpperCase()}${text.slice(at + 1)}`
  },
  number: (text, random) =>
    replaceOne(text, random, /(?<=[:,[])\d+(?=[,}\]])/g, (digits) =>
      random.pick([
        `${digits}.0`,
        `${digits}e0`,
        `${digits}E+0`,
        `${digits}.000`,
        `${digits}.0e-0`,
        `${digits}000E-3`.replace(/^0+(?=\d)/, ''),
      ]),
    ),
  order: (text, random) => JSON.stringify(shuffled(JSON.parse(text), random)),
}

/** Not JSON, or JSON that two parsers read differently. */
const BROKEN: Readonly<Record<string, Spell>> = {
  'member twice': (text, random) => replaceOne(text, random, /"[^"]+":(?:"[^"]*"|\d+|null)/g, (member) => `${member},${member}`),
  'member twice, once escaped': (text, random) =>
    replaceOne(
      text,
      random,
      /"[a-z][^"]*":(?:"[^"]*"|\d+|null)/gi,
      (member) => `${member},"\\u${member.charCodeAt(1).toString(16).padStart(4, '0')}${member.slice(2)}`,
    ),
  'member twice, the first wrong': (text, random) =>
    replaceOne(text, random, /("[^"]+"):("[^"]*"|\d+|null)/g, (member) => `${member.slice(0, member.indexOf(':'))}:0,${member}`),
  __proto__: (text, random) =>
    replaceOne(text, random, /\{/g, () => random.pick(['{"__proto__":{},', '{"\\u005f_proto__":null,', '{"__proto__":[],'])),
  'lone surrogate': (text, random) => put(text, random, placesInside(text), ['\\ud800', '\\uDFFF', '\\udc00\\ud800']),
  'byte order mark': (text) => `\u00ef\u00bb\u00bf${text}`,
  'not UTF-8': (text, random) =>
    put(text, random, placesInside(text), ['\u00ff', '\u00c0\u0080', '\u00ed\u00a0\u0080', '\u00e2\u0082']),
  'control character': (text, random) => put(text, random, placesInside(text), ['\0', '\n', '\t', '\u001f']),
  'bad escape': (text, random) => put(text, random, placesInside(text), ['\\x', '\\u12G', '\\ ', '\\u{41}']),
  'leading zero': (text, random) => replaceOne(text, random, /(?<=[:,[])\d+(?=[,}\]])/g, (digits) => `0${digits}`),
  sign: (text, random) => replaceOne(text, random, /(?<=[:,[])\d+(?=[,}\]])/g, (digits) => `+${digits}`),
  'negative zero': (text) => `${text.slice(0, -1)},"soak":-0}`,
  'unsafe integer': (text, random) =>
    `${text.slice(0, -1)},"soak":${random.pick(['9007199254740992', '-9007199254740993', '1e400', '1e308', '123456789012345678901'])}}`,
  'not a number': (text, random) =>
    `${text.slice(0, -1)},"soak":${random.pick(['NaN', 'Infinity', 'undefined', "'x'", '.5', '1.', '0x1'])}}`,
  deep: (text) => `${text.slice(0, -1)},"soak":${'['.repeat(17)}${']'.repeat(17)}}`,
  'many members': (text) => `${text.slice(0, -1)},"soak":[${'0,'.repeat(2048)}0]}`,
  'trailing comma': (text) => `${text.slice(0, -1)},}`,
  comment: (text, random) => put(text, random, placesOutside(text), ['/**/', '//\n', '#']),
  garbage: (text, random) => text + random.pick(['\0', '}', ' {}', ',', 'x', text]),
  cut: (text, random) => text.slice(0, random.below(text.length)),
  'another value': (_text, random) => random.pick(['null', '[]', '"x"', '1', 'true', '{}', '']),
}

const SAME_NAMES = Object.keys(SAME)
const BROKEN_NAMES = Object.keys(BROKEN)

/** Another text of an object without escapes, and whether it may be read. Texts are one byte for each character. */
export function respelled(
  text: string,
  random: Random,
): { readonly name: string; readonly text: string; readonly isSame: boolean } {
  const isSame = random.oneIn(4)
  const name = random.pick(isSame ? SAME_NAMES : BROKEN_NAMES)
  return { name, isSame, text: (isSame ? SAME : BROKEN)[name]?.(text, random) ?? text }
}

function put(text: string, random: Random, places: readonly number[], pieces: readonly string[]): string {
  const at = random.pick(places)
  return `${text.slice(0, at)}${random.pick(pieces)}${text.slice(at)}`
}

function replaceOne(text: string, random: Random, form: RegExp, change: (found: string) => string): string {
  const matches = [...text.matchAll(form)]
  if (matches.length === 0) return text
  const { index, 0: found } = random.pick(matches)
  return text.slice(0, index) + change(found) + text.slice(index + found.length)
}

/** Before and after the structural characters, none of which stands in a string. */
function placesOutside(text: string): readonly number[] {
  const inside = new Set(placesInside(text))
  return [...text.matchAll(/[{}[\]:,]/g)].map(({ index }) => index).filter((index) => !inside.has(index))
}

/** Of every character in a name or a string. */
function placesInside(text: string): readonly number[] {
  return [...text.matchAll(/"([^"]*)"/g)].flatMap(({ index, 1: inner = '' }) =>
    Array.from({ length: inner.length }, (_, at) => index + 1 + at),
  )
}

function shuffled(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) return value.map((element) => shuffled(element, random))
  if (typeof value !== 'object' || value === null) return value
  const left = Object.entries(value)
  return Object.fromEntries(
    Object.keys(value).flatMap(() =>
      left.splice(random.below(left.length), 1).map(([name, own]) => [name, shuffled(own, random)]),
    ),
  )
}
