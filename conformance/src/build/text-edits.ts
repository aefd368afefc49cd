/** Edits of texts whose content only the builder knows: places counted from either end, spare bits, sizes (conformance/README.md). @module */
import { base64url, fromLatin1, latin1 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { isObject, parseJson, textOf, type Json, type JsonObject } from './json.ts'

type TextEdit = (text: string, value: JsonObject) => string

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Edits by name; `value` is an object of what each needs. */
const TEXT_EDITS: Readonly<Record<string, TextEdit>> = {
  // Takes `remove` characters away at `at`, of the segment between dots when one is named, and puts `insert` there.
  splice: (text, value) => inSegment(text, value, (part) => spliced(part, value)),
  // Another last character for the same bytes. JSON is made longer by spaces until its last character has bits to spare.
  'spare-bits': (text, value) => inSegment(text, value, withSpareBits),
  // Nothing in the place of a segment.
  empty: (text, value) => inSegment(text, value, () => ''),
  // Padding after a segment.
  padded: (text, value) => inSegment(text, value, (part) => part.padEnd(part.length + 1 + ((3 - (part.length % 4)) % 4), '=')),
  // JSON with spaces before its end, so that it has `to` characters.
  pad: (text, { to }) => `${text.slice(0, -1)}${' '.repeat(typeof to === 'number' ? to - text.length : 0)}${text.slice(-1)}`,
  // The last character of a text inside, counted from either end, as another one for the same bytes.
  'spare-bits-at': (text, { at }) => {
    const place = text.length + (typeof at === 'number' ? at : 0)
    return text.slice(0, place) + nextCharacter(text[place]) + text.slice(place + 1)
  },
  // The number of a member written otherwise: as `value`, or with `suffix` behind it.
  number: (text, value) => {
    const form = new RegExp(`"${textOf(value, 'name')}":(\\d+)`)
    if (!form.test(text)) throw new ChangeError(`${textOf(value, 'name')} is no number here`)
    return text.replace(form, (all, digits: string) =>
      all.replace(digits, textOf(value, 'value') || `${digits}${textOf(value, 'suffix')}`),
    )
  },
  // The time of the entry written otherwise.
  ts: (text, { form }) => {
    const write = TIMES[typeof form === 'string' ? form : '']
    if (write === undefined || !TS.test(text))
      throw new ChangeError('the time of the entry is not here, or there is no such form')
    return text.replace(TS, (_all, date: string, time: string) => `"ts":"${write(date, time)}"`)
  },
  // Parts of a chain, counted from 0: two exchanged, some left out.
  'swap-parts': (text, { first, second }) => {
    const parts = text.split('~')
    return parts
      .with(Number(first), parts[Number(second)] ?? '')
      .with(Number(second), parts[Number(first)] ?? '')
      .join('~')
  },
  'drop-parts': (text, { from, count }) => text.split('~').toSpliced(Number(from), Number(count)).join('~'),
  // Lines of a text, counted from 0: two exchanged, one left out, one twice.
  'swap-lines': (text, { first, second }) => {
    const lines = text.split('\n')
    const [one, other] = [lines[Number(first)], lines[Number(second)]]
    if (one === undefined || other === undefined) throw new ChangeError('there are no such lines')
    return lines.with(Number(first), other).with(Number(second), one).join('\n')
  },
  'drop-line': (text, { line }) => text.split('\n').toSpliced(Number(line), 1).join('\n'),
  'repeat-line': (text, { line }) => {
    const lines = text.split('\n')
    return lines.toSpliced(Number(line), 0, lines[Number(line)] ?? '').join('\n')
  },
  // The bytes behind a segment with one text replaced by another, and nothing signed anew.
  recode: (text, value) => inSegment(text, value, (part) => recoded(part, value)),
  // JSON over several lines and with its members the other way round: another text of the same value.
  pretty: (text) => JSON.stringify(reversed(parseJson(text)), null, 1),
}

const TS = /"ts":"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{3})Z"/

const TIMES: Readonly<Record<string, (date: string, time: string) => string>> = {
  'no-decimals': (date, time) => `${date}T${time.slice(0, 8)}Z`,
  'six-decimals': (date, time) => `${date}T${time}000Z`,
  offset: (date, time) => `${date}T${time}+00:00`,
  'lower-z': (date, time) => `${date}T${time}z`,
  'lower-t': (date, time) => `${date}t${time}Z`,
  space: (date, time) => `${date} ${time}Z`,
  comma: (date, time) => `${date}T${time.replace('.', ',')}Z`,
  'second-60': (date, time) => `${date}T${time.slice(0, 6)}60${time.slice(8)}Z`,
  'february-30': (date, time) => `${date.slice(0, 5)}02-30T${time}Z`,
  'hour-24': (date) => `${date}T24:00:00.000Z`,
}

/** The text with a named edit. Throws `ChangeError` when there is none of the name. */
export function editText(name: string | undefined, text: string, value: JsonObject): string {
  const edit = TEXT_EDITS[name ?? '']
  if (edit === undefined) throw new ChangeError(`there is no edit ${name ?? ''}`)
  return edit(text, value)
}

/** Payload and header as base64url, made longer by spaces until the whole JWS has `length` characters. */
export function paddedTo(length: number, header: Uint8Array, payload: Uint8Array): readonly [string, string] {
  for (const spaces of ['', ' ', '  ']) {
    const first = base64url(fromLatin1(latin1(header) + spaces))
    const rest = length - first.length - 2 - 86
    const bytes = Math.floor((rest * 3) / 4)
    if (rest % 4 !== 1 && bytes >= payload.length) return [first, base64url(fromLatin1(latin1(payload).padEnd(bytes)))]
  }
  throw new ChangeError(`no JWS of ${length} characters can be made of this`)
}

function inSegment(text: string, { segment }: JsonObject, edit: (part: string) => string): string {
  if (typeof segment !== 'number') return edit(text)
  const parts = text.split('.')
  const part = parts[segment]
  if (part === undefined) throw new ChangeError(`there is no segment ${segment}`)
  return parts.with(segment, edit(part)).join('.')
}

function spliced(text: string, { at, remove, insert }: JsonObject): string {
  const place = typeof at === 'number' ? at : 0
  const start = place < 0 ? text.length + place : place
  if (start < 0 || start > text.length) throw new ChangeError(`there is no place ${place}`)
  const end = start + (typeof remove === 'number' ? remove : 0)
  return text.slice(0, start) + (typeof insert === 'string' ? insert : '') + text.slice(end)
}

function recoded(part: string, value: JsonObject): string {
  const before = Buffer.from(part, 'base64url').toString('latin1')
  const find = textOf(value, 'find')
  if (find === '' || !before.includes(find)) throw new ChangeError(`${JSON.stringify(find)} is not in the text`)
  return base64url(fromLatin1(before.replace(find, () => textOf(value, 'value'))))
}

function withSpareBits(part: string): string {
  let longer = part
  while (longer.length % 4 === 0)
    longer = base64url(new Uint8Array(Buffer.from(`${Buffer.from(longer, 'base64url').toString('latin1')} `, 'latin1')))
  return longer.slice(0, -1) + nextCharacter(longer.at(-1))
}

/** The next character of the alphabet: only spare bits differ where there are some. */
function nextCharacter(character: string | undefined): string {
  return ALPHABET[ALPHABET.indexOf(character ?? '') + 1] ?? ''
}

function reversed(value: Json): Json {
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
