/** Parses dictionaries of RFC 8941, the grammar of `Signature-Input` and `Signature`, without interpreting them (spec chapter 6). @module */
import { Malformed } from './refusal.ts'

/** A bare item; byte sequences stay in base64, so that what nobody asks for is not decoded. */
export type BareItem =
  | { readonly type: 'string' | 'token' | 'bytes'; readonly value: string }
  | { readonly type: 'integer' | 'decimal'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }

/** Parameters in the order in which they were sent; a name may occur twice. */
export type Parameters = readonly (readonly [name: string, value: BareItem])[]

/** A bare item with its parameters. */
export interface Item {
  readonly value: BareItem
  readonly params: Parameters
}

/** One member of a dictionary. `text` is its value as sent, with parameters; `value` is a list for an inner list. */
export interface DictionaryMember {
  readonly key: string
  readonly text: string
  readonly value: BareItem | readonly Item[]
  readonly params: Parameters
}

/**
 * Parses a dictionary by RFC 8941 §4.2.2, field lines already joined by commas. Throws `Malformed` for everything that this algorithm
 * fails on, for more than `maxMembers` members, and for a key that occurs twice: there the RFC keeps the last value, other parsers the first.
 */
export function parseDictionary(text: string, maxMembers: number): readonly DictionaryMember[] {
  const cursor = new Cursor(text)
  const members: DictionaryMember[] = []
  cursor.skip(SPACE)
  while (!cursor.atEnd()) {
    const member = parseMember(cursor)
    if (members.length === maxMembers) throw new Malformed('dictionary has too many members')
    if (members.some(({ key }) => key === member.key)) throw new Malformed('dictionary has a key twice')
    members.push(member)
    cursor.skip(OWS)
    if (cursor.atEnd()) break
    cursor.expect(COMMA)
    cursor.skip(OWS)
    if (cursor.atEnd()) throw new Malformed('dictionary ends in a comma')
  }
  return members
}

/** Prints a string (RFC 8941 §4.1.6). Throws `Malformed` for characters other than visible ASCII and space. */
export function serializeString(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Malformed('a string holds visible ASCII and spaces only')
  return quote(text)
}

/** Prints the value of a string that `parseDictionary` returned; does not check its characters again. */
export function quote(text: string): string {
  return text.includes('"') || text.includes('\\') ? `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`
}

/** True for the key of a dictionary member or parameter (RFC 8941 §3.1.2). */
export function isKey(text: string): boolean {
  return /^[a-z*][a-z0-9_.*-]*$/.test(text)
}

function parseMember(cursor: Cursor): DictionaryMember {
  const key = parseKey(cursor)
  const hasValue = cursor.take(EQUALS)
  const start = cursor.at
  const value = hasValue ? (cursor.peek() === OPEN ? parseInnerList(cursor) : parseBareItem(cursor)) : TRUE
  const params = parseParameters(cursor)
  return { key, text: cursor.since(start), value, params }
}

function parseInnerList(cursor: Cursor): readonly Item[] {
  cursor.expect(OPEN)
  const items: Item[] = []
  for (;;) {
    const spaces = cursor.skip(SPACE)
    if (cursor.take(CLOSE)) return items
    if (items.length > 0 && spaces === 0) throw new Malformed('items of an inner list are not separated')
    items.push({ value: parseBareItem(cursor), params: parseParameters(cursor) })
  }
}

function parseParameters(cursor: Cursor): Parameters {
  if (cursor.peek() !== SEMICOLON) return NONE
  const params: (readonly [string, BareItem])[] = []
  while (cursor.take(SEMICOLON)) {
    cursor.skip(SPACE)
    const name = parseKey(cursor)
    params.push([name, cursor.take(EQUALS) ? parseBareItem(cursor) : TRUE])
  }
  return params
}

function parseKey(cursor: Cursor): string {
  const start = cursor.at
  if (!cursor.is(KEY_START)) throw new Malformed('a key does not start with a lower-case letter or a star')
  cursor.skip(KEY)
  return cursor.since(start)
}

function parseBareItem(cursor: Cursor): BareItem {
  const code = cursor.peek()
  if (code === QUOTE) return { type: 'string', value: parseString(cursor) }
  if (code === COLON) return { type: 'bytes', value: parseBytes(cursor) }
  if (code === QUESTION) return parseBoolean(cursor)
  if (code === MINUS || cursor.is(DIGIT)) return parseNumber(cursor)
  if (!cursor.is(TOKEN_START)) throw new Malformed('not an item')
  const start = cursor.at
  cursor.skip(TOKEN)
  return { type: 'token', value: cursor.since(start) }
}

function parseString(cursor: Cursor): string {
  cursor.expect(QUOTE)
  let start = cursor.at
  let text = ''
  for (;;) {
    cursor.skip(IN_STRING)
    text += cursor.since(start)
    if (cursor.take(QUOTE)) return text
    cursor.expect(BACKSLASH)
    const code = cursor.peek()
    if (code !== QUOTE && code !== BACKSLASH) throw new Malformed('an escape in a string is neither \\" nor \\\\')
    start = cursor.at
    cursor.at++
    text += cursor.since(start)
    start = cursor.at
  }
}

function parseBytes(cursor: Cursor): string {
  cursor.expect(COLON)
  const start = cursor.at
  cursor.skip(BASE64)
  if (cursor.take(EQUALS)) cursor.take(EQUALS)
  const text = cursor.since(start)
  cursor.expect(COLON)
  return text
}

function parseBoolean(cursor: Cursor): BareItem {
  cursor.expect(QUESTION)
  if (cursor.take(ONE)) return TRUE
  cursor.expect(ZERO)
  return { type: 'boolean', value: false }
}

function parseNumber(cursor: Cursor): BareItem {
  const start = cursor.at
  cursor.take(MINUS)
  const whole = cursor.skip(DIGIT)
  const point = cursor.take(DOT)
  const fraction = point ? cursor.skip(DIGIT) : 0
  const fits = point ? whole <= 12 && fraction >= 1 && fraction <= 3 : whole <= 15
  if (whole === 0 || !fits) throw new Malformed('a number has too few or too many digits')
  return { type: point ? 'decimal' : 'integer', value: Number(cursor.since(start)) }
}

/** A position in ASCII text; `peek` is -1 at the end. */
class Cursor {
  readonly #text: string
  at: number = 0

  constructor(text: string) {
    this.#text = text
  }

  atEnd(): boolean {
    return this.at >= this.#text.length
  }

  peek(): number {
    return this.at < this.#text.length ? this.#text.charCodeAt(this.at) : -1
  }

  /** True when the next character is in the class. */
  is(kind: number): boolean {
    return ((CLASSES[this.peek()] ?? 0) & kind) !== 0
  }

  /** Passes characters of the class; returns how many. */
  skip(kind: number): number {
    const start = this.at
    while (this.is(kind)) this.at++
    return this.at - start
  }

  take(code: number): boolean {
    if (this.peek() !== code) return false
    this.at++
    return true
  }

  expect(code: number): void {
    if (!this.take(code)) throw new Malformed('not a dictionary of RFC 8941')
  }

  since(start: number): string {
    return this.#text.slice(start, this.at)
  }
}

const TRUE: BareItem = { type: 'boolean', value: true }
const NONE: Parameters = []

const [QUOTE, OPEN, CLOSE, COMMA, MINUS, DOT] = [0x22, 0x28, 0x29, 0x2c, 0x2d, 0x2e] as const
const [ZERO, ONE, COLON, SEMICOLON, EQUALS, QUESTION, BACKSLASH] = [0x30, 0x31, 0x3a, 0x3b, 0x3d, 0x3f, 0x5c] as const

/** Bits of the character classes in `CLASSES`. */
const [SPACE, OWS, DIGIT, KEY_START, KEY, TOKEN_START, TOKEN, IN_STRING, BASE64] = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const
const CLASSES: Uint16Array = new Uint16Array(128)
for (const [kind, form] of [
  [SPACE, /^ $/],
  [OWS, /^[\t ]$/],
  [DIGIT, /^[0-9]$/],
  [KEY_START, /^[a-z*]$/],
  [KEY, /^[a-z0-9_.*-]$/],
  [TOKEN_START, /^[A-Za-z*]$/],
  [TOKEN, /^[A-Za-z0-9!#$%&'*+.^_`|~:/-]$/],
  [IN_STRING, /^[\x20-\x21\x23-\x5b\x5d-\x7e]$/],
  [BASE64, /^[A-Za-z0-9+/]$/],
] as const) {
  for (let code = 0; code < 128; code++) if (form.test(String.fromCharCode(code))) CLASSES[code] = (CLASSES[code] ?? 0) | kind
}
