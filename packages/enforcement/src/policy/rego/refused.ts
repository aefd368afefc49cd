/** Why a Rego module does not load: one line number and one sentence (spec chapter 16). @module */

/** A construct that the subset does not have. `line` counts from 1; `sentence` says what was found and what to write instead. */
export class RegoRefused extends Error {
  override readonly name: string = 'RegoRefused'
  readonly line: number
  readonly sentence: string

  constructor(line: number, sentence: string) {
    super(`line ${line}: ${sentence}`)
    this.line = line
    this.sentence = sentence
  }
}
