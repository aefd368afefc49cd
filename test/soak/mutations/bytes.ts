/** Changes characters of the evidence headers (spec chapters 2, 5, 6 and 7). @module */
import { lineOf } from '@aiegis/testing'
import { setLine, type Mutant, type Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'

const HEADERS = ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature-Input', 'Signature'] as const
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CHARACTERS = BASE64URL.split('')
const PIECES = ['=', '==', '.', '~', ',', ';', ':', ' ', '\t', '\n', '\r\n', '\0', '%41', '%00', '%2E', '+', '/', '"', '\\']
const FOREIGN = ['é', '\u00a0', '\u00ad', '\u0100', '\u2028', 'Ａ', '\ud800', '\ufeff', '\u007f', 'ſ', 'K']

type Edit = (text: string, random: Random) => string

const EDITS: Readonly<Record<string, Edit>> = {
  flip: (text, random) => replaced(text, random.below(text.length), 1, random.pick(CHARACTERS)),
  insert: (text, random) => replaced(text, random.below(text.length + 1), 0, random.pick([...CHARACTERS, ...PIECES])),
  delete: (text, random) => replaced(text, random.below(text.length), 1 + random.below(4), ''),
  swap: (text, random) => {
    const at = random.below(text.length - 1)
    return replaced(text, at, 2, `${text.charAt(at + 1)}${text.charAt(at)}`)
  },
  duplicate: (text, random) => {
    const at = random.below(text.length)
    return replaced(text, at, 0, text.slice(at, at + 1 + random.below(200)))
  },
  truncate: (text, random) =>
    random.oneIn(2) ? text.slice(0, random.below(text.length)) : text.slice(random.below(text.length)),
  case: (text, random) => {
    const at = random.below(text.length)
    const character = text.charAt(at)
    const other = character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
    return random.oneIn(20) ? text.toUpperCase() : replaced(text, at, 1, other)
  },
  padding: (text, random) => {
    const ends = [...text.matchAll(/[.~]|$/g)].map(({ index }) => index)
    return replaced(text, random.pick(ends), 0, random.pick(['=', '==', '\0', ' ']))
  },
  'spare bits': (text, random) => {
    const ends = [...text.matchAll(/[.~:=]|$/g)].map(({ index }) => index)
    const at = Math.max(0, random.pick(ends) - 1)
    const value = BASE64URL.indexOf(text.charAt(at))
    return replaced(text, at, 1, BASE64URL.charAt((value & 0x30) | random.below(16)))
  },
  percent: (text, random) => {
    const at = random.below(text.length)
    return replaced(text, at, 1, `%${text.charCodeAt(at).toString(16).padStart(2, '0').toUpperCase()}`)
  },
  alphabet: (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
  foreign: (text, random) => replaced(text, random.below(text.length + 1), random.below(2), random.pick(FOREIGN)),
  empty: () => '',
  long: (text, random) => text + random.pick(['A', '.', '~', ',', '=', ' ']).repeat(1 + random.below(9000)),
}
const NAMES = Object.keys(EDITS)

/** One to three changes to one header. */
export const changeBytes: Mutate = (world, random) => {
  const base = world.base(random)
  const header = random.pick(HEADERS)
  const original = lineOf(base.request, header) ?? ''
  const done: string[] = []
  let text = original
  do {
    const name = random.pick(NAMES)
    // Earlier changes may have left less than a change needs.
    if (text.length > 4) text = EDITS[name]?.(text, random) ?? text
    done.push(name)
  } while (done.length < 3 && random.oneIn(4))
  return {
    name: `${header}: ${done.join(', ')}`,
    request: setLine(base.request, header, text),
    expected: header.startsWith('Signature') ? judgeField(original, text) : 'refused',
    base,
  }
}

/** RFC 8941 §4.2: a dictionary may have spaces around it, and more members beside ours, which do not change what ours says. */
function judgeField(original: string, text: string): Mutant['expected'] {
  const at = text.indexOf(original)
  if (at === -1) return 'refused'
  const [before, after] = [text.slice(0, at), text.slice(at + original.length)]
  if (/^ *$/.test(before) && /^[ \t]*$/.test(after)) return 'served'
  return `${before}${after}`.includes(',') ? 'open' : 'refused'
}

function replaced(text: string, at: number, length: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + length)
}
