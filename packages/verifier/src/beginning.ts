/** Since when something is remembered, also by a clock that was behind when it began (spec chapter 12.2). @module */

/**
 * Begins now, and gives the beginning in epoch seconds, as `now` (milliseconds since the epoch) would have shown it if it had been then what
 * it is at the call. `elapsed` is in milliseconds, of a clock that nobody sets; without it the beginning is what was read then. Never
 * earlier than that: a clock that was ahead makes it later, and who waits for it waits longer.
 */
export function beginning(now: () => number, elapsed: (() => number) | undefined): () => number {
  const began = now()
  const from = elapsed?.() ?? 0
  return () => {
    const set = elapsed === undefined ? 0 : now() - began - (elapsed() - from)
    return Math.floor((began + (set < NOT_SET_MS ? 0 : set)) / 1000)
  }
}

/** Less than this is time between two readings of a clock, and no clock that was set. */
const NOT_SET_MS = 100
