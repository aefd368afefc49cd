/** Why a JSONLogic rule does not load (spec chapter 16, JSONLogic). @module */

/** `message` is one sentence with the path of the operation, such as `if.0.>`. */
export class LogicRefused extends Error {
  override readonly name: string = 'LogicRefused'

  constructor(path: readonly string[], sentence: string) {
    super(`${path.length === 0 ? 'the rule' : `"${path.join('.')}"`} ${sentence}`)
  }
}
