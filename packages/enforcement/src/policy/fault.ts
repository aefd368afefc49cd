/** Why an evaluation gives no verdict; every fault is BLOCK with `policy_error` (spec chapter 16). @module */

/** `eval`: a value of the wrong type or a conflict. `verdict`: a rule said something that is no verdict. The rest are limits. */
export type FaultCode = 'eval' | 'verdict' | 'fuel' | 'field' | 'timeout' | 'worker'

/** Ends an evaluation. `message` is for the operator's log and never leaves the server. */
export class PolicyFault extends Error {
  override readonly name: string = 'PolicyFault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Counts what an evaluation does. One unit is one expression, one step of an iteration, or 1,024 characters read by a built-in;
 * the same rule on the same input always burns the same amount, on every machine.
 */
export class Fuel {
  readonly limit: number
  #used = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** Throws `PolicyFault` `fuel` when the limit is passed. */
  burn(units: number): void {
    this.#used += units
    if (this.#used > this.limit) throw new PolicyFault('fuel', `more than ${this.limit} units of fuel`)
  }

  /** Fuel for reading a text of `length` UTF-16 units once, `weight` times over. */
  burnText(length: number, weight = 1): void {
    this.burn(1 + Math.ceil((length * weight) / 1024))
  }
}
