/** A position in the tokens of a module, with the questions that a parser asks (spec chapter 16). @module */
import type { Token } from './tokens.ts'
import { RegoRefused } from './refused.ts'

/** Words that name nothing, in every version; `contains every if in` join them where the version or an import says so. */
const RESERVED: ReadonlySet<string> = new Set([
  'package',
  'import',
  'default',
  'not',
  'with',
  'null',
  'true',
  'false',
  'some',
  'else',
  'as',
])

/** Walks forward only; every refusal names the line of the token in question. */
export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #end: Token
  #at = 0
  /** Which of `contains every if in` are keywords here. */
  readonly keywords: Set<string> = new Set()

  /** `tokens` ends with the token of kind `end` that `tokenize` puts there. */
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
    this.#end = tokens.at(-1) ?? { kind: 'end', text: 'the end of the module', line: 1, endLine: 1, glued: false }
  }

  get token(): Token {
    return this.#tokens[this.#at] ?? this.#end
  }

  get line(): number {
    return this.token.line
  }

  /** True when the next token starts a new line, or nothing follows. */
  get atLineStart(): boolean {
    const before = this.#tokens[this.#at - 1]
    return this.token.kind === 'end' || before === undefined || this.token.line > before.endLine
  }

  next(): Token {
    const { token } = this
    if (token.kind !== 'end') this.#at += 1
    return token
  }

  isMark(mark: string): boolean {
    return this.token.kind === 'mark' && this.token.text === mark
  }

  isGlued(mark: string): boolean {
    return this.isMark(mark) && this.token.glued
  }

  isWord(word: string): boolean {
    return this.token.kind === 'name' && this.token.text === word
  }

  isKeyword(word: string): boolean {
    return this.isWord(word) && (RESERVED.has(word) || this.keywords.has(word))
  }

  /** True when `word` stands here and is called: `contains(a, b)` is a function also where `contains` is a keyword. */
  isCallOf(word: string): boolean {
    const after = this.#tokens[this.#at + 1]
    return this.isWord(word) && after?.kind === 'mark' && after.text === '(' && after.glued
  }

  acceptMark(mark: string): boolean {
    const found = this.isMark(mark)
    if (found) this.next()
    return found
  }

  acceptKeyword(word: string): boolean {
    const found = this.isKeyword(word)
    if (found) this.next()
    return found
  }

  expectMark(mark: string, where: string): void {
    if (!this.acceptMark(mark)) this.refuse(`expected "${mark}" ${where}, found ${this.found()}`)
  }

  /** A name that is no keyword; `where` ends the sentence of the refusal. */
  expectName(where: string): string {
    const { token } = this
    if (token.kind !== 'name' || RESERVED.has(token.text) || this.keywords.has(token.text)) {
      this.refuse(`expected a name ${where}, found ${this.found()}`)
    }
    this.next()
    return token.text
  }

  /** What stands here, for a sentence; at most 40 characters of it. */
  found(): string {
    const { token } = this
    return token.kind === 'end' ? token.text : `"${token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text}"`
  }

  refuse(sentence: string): never {
    throw new RegoRefused(this.line, sentence)
  }
}
