/** What a failed check throws: `Malformed` for bytes without the form, `Refusal` for evidence with a stable code (spec chapter 13). @module */
import type { ReasonCode } from './reasons.gen.ts'

/** Bytes or text that do not have their one canonical form. Has no code: the caller knows which evidence it was reading. */
export class Malformed extends Error {
  override readonly name: string = 'Malformed'
}

/** What a refusal may add for the receiver's own use. */
export interface RefusalOptions extends ErrorOptions {
  /** Least number of seconds after which trying again makes sense; only for 503. */
  readonly retryAfter?: number
}

/**
 * A request that is refused. `code` is a row of `spec/registry/reasons.json` and stable; `detail` is for the receiver's own log
 * and never leaves it, nor does `cause`.
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  declare readonly code: ReasonCode
  declare readonly detail: string
  declare readonly retryAfter: number | undefined

  constructor(code: ReasonCode, detail: string, options: RefusalOptions = {}) {
    super(`${code}: ${detail}`, options)
    // Fixed: whoever is told of a refusal, such as a log, must not make another one of it (AHP-REFUSE-10).
    const enumerable = true
    Object.defineProperties(this, {
      code: { value: code, enumerable },
      detail: { value: detail, enumerable },
      retryAfter: { value: options.retryAfter, enumerable },
    })
  }
}

/** Runs a parser and turns `Malformed` into a refusal with `code`; everything else rises unchanged. */
export function refuseAs<T>(code: ReasonCode, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal(code, error.message, { cause: error })
    throw error
  }
}
