/** Bounds the questions that nobody signed: each makes an entry in the log for ever (spec chapter 15.7). @module */
import { Refusal } from '@aiegis/protocol'
import { createBucket } from './bucket.ts'

/** Counts one unsigned question, or throws `overloaded`. */
export type UnsignedLimit = () => void

const PER_SECOND = 20
const AT_ONCE = 1_000

/** One bucket for all who ask unsigned: nothing about them is known by which they could be told apart. `now` is epoch milliseconds. */
export function createUnsignedLimit(now: () => number): UnsignedLimit {
  const bucket = createBucket(AT_ONCE, PER_SECOND, now)
  return () => {
    if (!bucket.take()) throw new Refusal('overloaded', 'too many unsigned questions')
  }
}
