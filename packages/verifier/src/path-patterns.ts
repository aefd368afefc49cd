/** Patterns of paths, and whether a router would take a path for one of them (spec chapter 11.1). @module */
import { parse, type Parameter, type Text, type Token, type Wildcard } from 'path-to-regexp'
import { readEscapes } from './path-readings.ts'

type Piece = Parameter | Text | Wildcard

/** One way through the optional parts of a pattern. */
export interface Way {
  readonly pieces: readonly Piece[]
  /** The same without regard to case. */
  readonly folded: readonly Piece[]
  /** What every folded path begins with, and how many slashes it has; with a wildcard that may be any number. */
  readonly head: string
  readonly slashes: number | undefined
  /** Sorts the way in which a tree of routes is walked: text before parameters before wildcards. */
  readonly rank: string
  /** The same for all patterns that differ in names of parameters only. */
  readonly shape: string
  /** Without the wildcard at its end. */
  readonly isOpen: boolean
}

/** How a router compares. */
export interface Manner {
  readonly isFolded: boolean
  /** Characters that a parameter has at least, and a wildcard. */
  readonly param: 0 | 1
  readonly wildcard: 0 | 1
  /** Whether it takes a wildcard at the end for optional, with its slash. */
  readonly isOpen: boolean
}

/** A path, as a router looks at it. */
export interface PathText {
  readonly sent: string
  readonly folded: string
  readonly slashes: number
}

/** Each optional part doubles the ways. */
const MOST_OPTIONAL = 6

/** The ways of a pattern of `path-to-regexp`, as written and with its escapes read; a slash at its end says nothing. Throws `TypeError` for what is none. */
export function waysOf(pattern: string): readonly Way[] {
  const { tokens } = parse(pattern === '/' ? pattern : pattern.replace(/\/+$/, ''))
  if (optionalIn(tokens) > MOST_OPTIONAL) throw new TypeError(`it has more than ${MOST_OPTIONAL} optional parts`)
  const written = through(tokens)
  const read = written.map((pieces) => pieces.map((piece) => withText(piece, (text) => readEscapes(text, decodeURIComponent))))
  const ways = pattern.includes('%') ? [...written, ...read] : written
  return ways.flatMap((pieces) => [wayOf(pieces, false), ...openOf(pieces).map((open) => wayOf(open, true))])
}

function optionalIn(tokens: readonly Token[]): number {
  return tokens.reduce((sum, token) => sum + (token.type === 'group' ? 1 + optionalIn(token.tokens) : 0), 0)
}

function through(tokens: readonly Token[]): readonly (readonly Piece[])[] {
  return tokens.reduce<readonly (readonly Piece[])[]>(
    (ways, token) => {
      const more = token.type === 'group' ? [[], ...through(token.tokens)] : [[token]]
      return ways.flatMap((way) => more.map((pieces) => [...way, ...pieces]))
    },
    [[]],
  )
}

function openOf(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const [before, last] = pieces.slice(-2)
  if (last?.type !== 'wildcard' || before?.type !== 'text' || !before.value.endsWith('/')) return []
  return [[...pieces.slice(0, -2), { ...before, value: before.value.slice(0, -1) }]]
}

function wayOf(pieces: readonly Piece[], isOpen: boolean): Way {
  const folded = pieces.map((piece) => withText(piece, foldCase))
  const [first] = folded
  return {
    pieces,
    folded,
    head: first?.type === 'text' ? first.value : '',
    slashes: pieces.some(({ type }) => type === 'wildcard') ? undefined : slashesIn(textOf(pieces)),
    rank: `${pieces.map((piece) => (piece.type === 'text' ? '0'.repeat(piece.value.length) : RANKS[piece.type])).join('')}3`,
    shape: JSON.stringify(pieces.map((piece) => (piece.type === 'text' ? piece.value : RANKS[piece.type]))),
    isOpen,
  }
}

const RANKS = { param: 1, wildcard: 2 }

function withText(piece: Piece, change: (text: string) => string): Piece {
  return piece.type === 'text' ? { ...piece, value: change(piece.value) } : piece
}

/** A path, as it was sent or was read. */
export function pathText(sent: string): PathText {
  return { sent, folded: foldCase(sent), slashes: slashesIn(sent) }
}

function slashesIn(text: string): number {
  return text.split('/').length - 1
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.type === 'text' ? piece.value : '')).join('')
}

/** Text without regard to case, as widely as any router compares: character by character, beyond ASCII too. */
function foldCase(text: string): string {
  return /[^ -~]/.test(text) ? Array.from(text, (one) => one.toUpperCase().toLowerCase()).join('') : text.toLowerCase()
}

/** Whether the way is the whole path. Time and memory are linear in the path for each piece. */
export function takes(way: Way, path: PathText, manner: Manner): boolean {
  if (way.slashes !== undefined && way.slashes !== path.slashes) return false
  if (!path.folded.startsWith(way.head) || (way.isOpen && !manner.isOpen)) return false
  const text = manner.isFolded ? path.folded : path.sent
  let ends: readonly number[] = [0]
  for (const piece of manner.isFolded ? way.folded : way.pieces) {
    ends = piece.type === 'text' ? afterText(piece.value, text, ends) : afterAny(piece.type, text, ends, manner[piece.type])
    if (ends.length === 0) return false
  }
  return ends.at(-1) === text.length
}

function afterText(value: string, path: string, ends: readonly number[]): readonly number[] {
  return ends.filter((end) => path.startsWith(value, end)).map((end) => end + value.length)
}

/** Where a parameter may end, or a wildcard, in ascending order. */
function afterAny(type: 'param' | 'wildcard', path: string, ends: readonly number[], least: number): readonly number[] {
  const reached: number[] = []
  let stop = -1
  for (const end of ends) {
    // What begins in the same segment ends where the one before it may end.
    if (end <= stop) continue
    const slash = type === 'wildcard' ? -1 : path.indexOf('/', end)
    stop = slash === -1 ? path.length : slash
    for (let at = end + least; at <= stop; at += 1) reached.push(at)
  }
  return reached
}
