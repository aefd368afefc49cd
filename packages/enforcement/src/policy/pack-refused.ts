/** Why a policy pack does not load: one sentence that names the file, the rule and what to do (spec chapter 16). @module */

/** Thrown while packs load, never while they are evaluated. `message` is meant for the operator who wrote or chose the pack. */
export class PackRefused extends Error {
  override readonly name: string = 'PackRefused'

  /** `where` is the name of the file, and the rule inside it where there is one. */
  constructor(where: { readonly file: string; readonly rule?: string }, sentence: string) {
    super(`pack ${where.file}${where.rule === undefined ? '' : `, rule ${where.rule}`}: ${sentence}`)
  }
}
