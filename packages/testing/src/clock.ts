/** A clock that moves only when told. @module */

/** Time under the test's control. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Whole seconds since the epoch. */
  readonly seconds: () => number
  /** Moves forward, or back with a negative number of seconds. */
  advance(seconds: number): void
}

/** A clock that stands at `start` milliseconds since the epoch. */
export function createClock(start: number = Date.UTC(2026, 10, 20, 22)): Clock {
  let now = start
  return {
    now: () => now,
    seconds: () => Math.floor(now / 1000),
    advance(seconds) {
      now += seconds * 1000
    },
  }
}
