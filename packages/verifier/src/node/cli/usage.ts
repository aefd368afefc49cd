/** A call that cannot be meant: the command ends with exit code 2 and this sentence. @module */

/** What to write instead is in the message. */
export class Usage extends Error {
  override readonly name: string = 'Usage'
}

/** 0 ok, 1 refused or wrong, 2 wrong call, 3 something could not be reached, 4 a fault of the program. */
export type ExitCode = 0 | 1 | 2 | 3 | 4
