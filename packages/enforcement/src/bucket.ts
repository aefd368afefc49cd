/** A token bucket: so many at once, then so many a second (spec chapters 15.7 and 15.9). @module */

/** Takes what is there. */
export interface Bucket {
  /** False when nothing is left. */
  take(): boolean
  /** True when nothing of it is missing, so that a new one is no different. */
  isFull(): boolean
}

/** A full bucket. `now` is epoch milliseconds. */
export function createBucket(atOnce: number, perSecond: number, now: () => number): Bucket {
  let left = atOnce
  let at = now()

  function fill(): number {
    const current = now()
    // A clock that goes back gives nothing.
    left = Math.min(atOnce, left + (Math.max(0, current - at) * perSecond) / 1000)
    at = current
    return left
  }

  return {
    take() {
      if (fill() < 1) return false
      left -= 1
      return true
    },
    isFull: () => fill() === atOnce,
  }
}
