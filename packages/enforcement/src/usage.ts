/** What stops the server at its start: one sentence that says what to do (exit code 2). @module */

/** A flag, file or directory that the operator has to mend. `message` is the whole sentence. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
