/** Cuts a Rego module into tokens, or refuses it with a line (spec chapter 16, lexical grammar). @module */
import { RegoRefused } from './refused.ts'

/** `glued` is true when nothing stands between this token and the one before it: `a[0]` is a reference, `a [0]` is not. */
export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'mark' | 'end'
  /** The name, the mark, or the source of a number; the decoded text of a string. */
  readonly text: string
  readonly line: number
  readonly endLine: number
  readonly glued: boolean
}

/** Limits that hold before anything is parsed: module length in UTF-16 units, tokens in a module. */
const MAX_MODULE = 262_144
const MAX_TOKENS = 20_000

const MARKS = [':=', '==', '!=', '<=', '>=', '<', '>', '=', '{', '}', '[', ']', '(', ')', ',', ';', ':', '.'] as const
const OUTSIDE: ReadonlyMap<string, string> = new Map([
  ['+', 'arithmetic'],
  ['-', 'arithmetic'],
  ['*', 'arithmetic'],
  ['/', 'arithmetic'],
  ['%', 'arithmetic'],
  ['|', 'comprehensions and set union'],
  ['&', 'set intersection'],
  ['$', 'string interpolation'],
])

/**
 * The tokens of `source`, ending with one of kind `end`. Throws `RegoRefused` for characters, strings and numbers that the
 * grammar does not have. Checks no order: that is the parser's part.
 */
export function tokenize(source: string): readonly Token[] {
  if (source.length > MAX_MODULE)
    throw new RegoRefused(1, `the module is longer than ${MAX_MODULE} characters; split it into rules`)
  const tokens: Token[] = []
  let at = 0
  let line = 1
  let end = -1
  while (at < source.length) {
    const char = source.charAt(at)
    if (char === '\n') line += 1
    if (char === '\n' || char === ' ' || char === '\t' || char === '\r') {
      at += 1
      continue
    }
    if (char === '#') {
      while (at < source.length && source.charAt(at) !== '\n') at += 1
      continue
    }
    if (tokens.length >= MAX_TOKENS)
      throw new RegoRefused(line, `the module has more than ${MAX_TOKENS} tokens; split it into rules`)
    const cut = cutToken(source, at, line)
    const start = line
    for (let i = at; i < cut.end; i += 1) if (source.charAt(i) === '\n') line += 1
    tokens.push({ kind: cut.kind, text: cut.text, line: start, endLine: line, glued: end === at })
    at = cut.end
    end = at
  }
  tokens.push({ kind: 'end', text: 'the end of the module', line, endLine: line, glued: false })
  return tokens
}

interface Cut {
  readonly kind: Token['kind']
  readonly text: string
  readonly end: number
}

function cutToken(source: string, at: number, line: number): Cut {
  const char = source.charAt(at)
  if (isNameStart(char)) return cutName(source, at)
  if (char === '"') return cutString(source, at, line)
  if (char === '`') return cutRawString(source, at, line)
  if (isDigit(char) || (char === '-' && isDigit(source.charAt(at + 1)))) return cutNumber(source, at, line)
  for (const mark of MARKS) if (source.startsWith(mark, at)) return { kind: 'mark', text: mark, end: at + mark.length }
  const outside = OUTSIDE.get(char)
  if (outside !== undefined) throw new RegoRefused(line, `"${char}" (${outside}) is not part of this Rego subset`)
  throw new RegoRefused(line, `character ${codePoint(source, at)} is not allowed outside strings and comments`)
}

function cutName(source: string, at: number): Cut {
  let end = at + 1
  while (end < source.length && (isNameStart(source.charAt(end)) || isDigit(source.charAt(end)))) end += 1
  return { kind: 'name', text: source.slice(at, end), end }
}

function cutString(source: string, at: number, line: number): Cut {
  let end = at + 1
  while (end < source.length && source.charAt(end) !== '"') {
    if (source.charAt(end) === '\n') break
    end += source.charAt(end) === '\\' ? 2 : 1
  }
  if (source.charAt(end) !== '"') throw new RegoRefused(line, 'a string is not closed on its line')
  const text = decodeString(source.slice(at, end + 1))
  if (text === undefined) throw new RegoRefused(line, 'a string has an escape or a control character that JSON does not allow')
  if (!isWellFormed(text)) throw new RegoRefused(line, 'a string holds half of a surrogate pair')
  return { kind: 'string', text, end: end + 1 }
}

// JSON strings and Rego strings are one grammar; the decoder of the runtime is exact about it.
function decodeString(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function cutRawString(source: string, at: number, line: number): Cut {
  const end = source.indexOf('`', at + 1)
  if (end === -1) throw new RegoRefused(line, 'a raw string is not closed')
  const text = source.slice(at + 1, end)
  if (text.includes('\0') || !isWellFormed(text))
    throw new RegoRefused(line, 'a raw string holds a NUL or half of a surrogate pair')
  return { kind: 'string', text, end: end + 1 }
}

/** JSON numbers without exponent; what a double cannot hold exactly as an integer is refused, so that no literal changes its value. */
function cutNumber(source: string, at: number, line: number): Cut {
  let end = source.charAt(at) === '-' ? at + 1 : at
  const whole = end
  while (isDigit(source.charAt(end))) end += 1
  if (end - whole > 1 && source.charAt(whole) === '0') throw new RegoRefused(line, 'a number starts with a zero')
  if (source.charAt(end) === '.' && isDigit(source.charAt(end + 1))) {
    end += 1
    while (isDigit(source.charAt(end))) end += 1
  }
  if (isNameStart(source.charAt(end)))
    throw new RegoRefused(line, 'a number is followed by a letter; exponents are not part of this Rego subset')
  const text = source.slice(at, end)
  if (end - whole > 17 || !(Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER))
    throw new RegoRefused(line, 'a number has more digits than can be compared exactly')
  return { kind: 'number', text, end }
}

// String.prototype.isWellFormed is younger than the language level of this package.
function isWellFormed(text: string): boolean {
  for (const char of text) {
    const unit = char.charCodeAt(0)
    if (char.length === 1 && unit >= 0xd800 && unit <= 0xdfff) return false
  }
  return true
}

function isNameStart(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_'
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

function codePoint(source: string, at: number): string {
  return `U+${(source.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
