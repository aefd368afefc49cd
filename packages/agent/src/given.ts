/** Turns what a caller gave and no reader takes into a `TypeError` that says what to write instead. @module */
import { Malformed, Refusal } from '@aiegis/protocol'

/** What `read` returns. When it finds no form, throws `TypeError` with the sentence that `sentence` makes of the problem. */
export function given<T>(read: () => T, sentence: (problem: string) => string): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refusal) throw new TypeError(sentence(error.detail), { cause: error })
    if (error instanceof Malformed) throw new TypeError(sentence(error.message), { cause: error })
    throw error
  }
}
