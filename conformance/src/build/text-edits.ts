/** Edits of texts whose content only the builder knows: places counted from either end, spare bits, sizes (conformance/README.md). @module */
import { base64url, fromLatin1, latin1 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { isObject, parseJson, type Json, type JsonObject } from './json.ts'

type TextEdit = (text: string, value: JsonObject) => string

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Edits by name; `value` is an object of what each needs. */
const TEXT_EDITS: Readonly<Record<string, TextEdit>> = {
  // Takes `remove` characters away at `at`, of the segment between dots when one is named, and puts `insert` there.
  splice: (text, value) => inSegment(text, value, (part) => spliced(part, value)),
  // Another last character for the same bytes. JSON is made longer by spaces until its last character has bits to spare.
  'spare-bits': (text, value) => inSegment(text, value, withSpareBits),
  // JSON over several lines and with its members the other way round: another text of the same value.
  pretty: (text) => JSON.stringify(reversed(parseJson(text)), null, 1),
}

/** The text with a named edit. Throws `ChangeError` when there is none of the name. */
export function editText(name: string | undefined, text: string, value: Json): string {
  const edit = TEXT_EDITS[name ?? '']
  if (edit === undefined) throw new ChangeError(`there is no edit ${name ?? ''}`)
  return edit(text, isObject(value) ? value : {})
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

function withSpareBits(part: string): string {
  let longer = part
  while (longer.length % 4 === 0)
    longer = base64url(new Uint8Array(Buffer.from(`${Buffer.from(longer, 'base64url').toString('latin1')} `, 'latin1')))
  const last = ALPHABET.indexOf(longer.at(-1) ?? '')
  return longer.slice(0, -1) + (ALPHABET[last + 1] ?? '')
}

function reversed(value: Json): Json {
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
