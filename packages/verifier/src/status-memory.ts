/** What a receiver keeps of status lists beyond its own end, and the order in which it is written (spec chapter 9.5). @module */

/** The newest list that was used of one URL. */
export interface KeptList {
  /** Compact JWS, as it was read. */
  readonly text: string
  /** Epoch seconds, as the list says. */
  readonly validFrom: number
  /** How many bits are set in it: of lists of one second, the one with all bits of the others has most. */
  readonly revoked: number
  /** When its last good reading began; milliseconds since the epoch. */
  readonly readAt: number
}

/** A place for lists that outlives the process. Whoever can write there can take revocations back: what it gives is verified again. */
export interface StatusMemory {
  /** What was kept of a list; asked once for each, when the verifier is made. What it throws stops the start. */
  load(issuer: string, url: string): KeptList | undefined
  /**
   * Replaces what was kept, whole or not at all, and never a list by one with an earlier `validFrom`, or with the same and fewer bits
   * in `revoked`. Several processes may save at once.
   */
  save(issuer: string, url: string, kept: KeptList): void | Promise<void>
}

/**
 * Gives values to `save` one at a time; of those that come while it works only the last is saved. What `save` throws is told to
 * `failed`, once until it has succeeded again; the value is lost.
 */
export function createKeeper<T>(save: (value: T) => void | Promise<void>, failed: (error: unknown) => void): (value: T) => void {
  let waiting: { readonly value: T } | undefined
  let isWorking = false
  let hasFailed = false

  const work = async (): Promise<void> => {
    isWorking = true
    while (waiting !== undefined) {
      const { value } = waiting
      waiting = undefined
      try {
        await save(value)
        hasFailed = false
      } catch (error) {
        if (!hasFailed) failed(error)
        hasFailed = true
      }
    }
    isWorking = false
  }

  return (value) => {
    waiting = { value }
    if (!isWorking) void work()
  }
}
