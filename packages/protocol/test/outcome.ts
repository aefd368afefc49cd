/** Turns the one error that a parser may throw into a value, for properties. @module */

/** Stands for a refusal. */
export const REFUSED: unique symbol = Symbol('refused')

/** What `run` returns, or `REFUSED` when it throws `Malformed` or one of its kinds. Every other error rises: it is a bug. */
export function outcome<T>(run: () => T): T | typeof REFUSED {
  try {
    return run()
  } catch (error) {
    if (error instanceof Error && KINDS.has(error.name)) return REFUSED
    throw error
  }
}

const KINDS = new Set(['Malformed', 'JwsHeaderError'])
