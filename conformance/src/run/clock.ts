/** Finds out how far the receiver's clock is from ours, from the `Date` of its answers: time is then minted for its clock. @module */
import type { Life } from '../wire/fixture.ts'

const SAMPLES = 6
const PAUSE_MS = 170

/**
 * Milliseconds to add to our clock. A `Date` names a second, so each sample leaves a range of one second; several leave a smaller one.
 * Zero when our own clock fits all of them, or when the receiver sends no `Date`.
 */
export async function measureOffset(ask: () => Promise<Life>, pause: (ms: number) => Promise<void>): Promise<number> {
  let least = Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    if (sample > 0) await pause(PAUSE_MS)
    const { date, at } = await ask()
    if (date === undefined) return 0
    least = Math.max(least, date - at)
    most = Math.min(most, date + 1000 - at)
  }
  if (least <= 0 && most >= 0) return 0
  return Math.round((least + most) / 2)
}

/** Milliseconds until the clock is early enough in its second that the second does not end while a request is on its way. */
export function untilEarly(now: number): number {
  const within = ((now % 1000) + 1000) % 1000
  if (within < EARLY) return EARLY - within
  return within > LATE ? 1000 - within + EARLY : 0
}

/** Whether a clock that may be wrong by what the offset leaves open is surely still in the second that `at` is in. */
export function isStillIn(at: number, now: number): boolean {
  return Math.floor((now + OPEN_MS) / 1000) === Math.floor(at / 1000)
}

/** Samples leave a range of this many milliseconds open: the receiver's clock may be so far behind or ahead of what was measured. */
const OPEN_MS = PAUSE_MS
const EARLY = OPEN_MS + 30
const LATE = 450
