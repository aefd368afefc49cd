/** Calls what the operator gave; whatever that does, nobody waits for it and nothing follows from it (spec chapter 13.4). @module */

/** Told what the operator should know: a sentence, and why. */
export type Log = (line: string, cause?: unknown) => void

/** `log`, which from here on can throw and reject as it likes. */
export function quietLog(log: Log): Log {
  // Nobody is left who could be told that the log itself fails.
  return (...given) => callAside(log, given, () => {})
}

/** A hook of the options: `undefined` is one that does nothing. Its first error goes to `log`. Throws `TypeError` for what cannot be called. */
export function createHook<E>(name: string, hook: ((event: E) => void) | undefined, log: Log): (event: E) => void {
  const given: unknown = hook
  if (given !== undefined && typeof given !== 'function')
    throw new TypeError(`${name}: not a function; pass one that takes an event, or leave it out`)
  let hasFailed = false
  const failed = (error: unknown): void => {
    if (!hasFailed) log(`${name}: it failed; that changes no verdict and is told this once`, error)
    hasFailed = true
  }
  return hook === undefined ? () => {} : (event) => callAside(hook, [event], failed)
}

/** `failed` gets what `hook` throws, or rejects with at any time later, and must not throw. */
function callAside<A extends readonly unknown[]>(
  hook: (...given: A) => unknown,
  given: A,
  failed: (error: unknown) => void,
): void {
  try {
    const answer = hook(...given)
    // A rejection that nobody handles would end the process. Made anew: a promise of the hook could have methods of its own.
    if (typeof answer === 'object' && answer !== null) new Promise((resolve) => resolve(answer)).catch(failed)
  } catch (error) {
    failed(error)
  }
}
