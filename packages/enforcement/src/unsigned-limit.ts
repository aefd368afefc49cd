/** Bounds the questions that nobody signed: each makes an entry in the log for ever (spec chapter 15.5). @module */
import { Refusal } from '@aiegis/protocol'

/** Counts one unsigned question, or throws `overloaded`. */
export type UnsignedLimit = () => void

const PER_SECOND = 20
const BURST = 1_000

/** A token bucket for all who ask unsigned together: nothing about them is known by which they could be told apart. `now` is epoch milliseconds. */
export function createUnsignedLimit(now: () => number): UnsignedLimit {
  let left = BURST
  let at = now()

  return () => {
    const current = now()
    // A clock that goes back gives nothing.
    left = Math.min(BURST, left + (Math.max(0, current - at) * PER_SECOND) / 1000)
    at = current
    if (left < 1) throw new Refusal('overloaded', 'too many unsigned questions')
    left -= 1
  }
}
