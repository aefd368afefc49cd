/** One-time codes with which agents get a passport, and the challenges under them; in memory only (spec chapter 19.2). @module */
import { encodeBase64url, Refusal, toHex } from '@aiegis/protocol'
import { createHash } from 'node:crypto'

/** What an agent signs to get its passport. */
export interface Challenge {
  readonly id: string
  /** 32 bytes. */
  readonly nonceHex: string
  /** Epoch milliseconds. */
  readonly ends: number
}

/** Codes by hash; `T` is what was promised to whoever has the code. A restart forgets them all. */
export interface Enrolments<T> {
  /** Throws `overloaded` when too many are open. `ends` is epoch milliseconds. */
  open(wanted: T, ends: number): string
  /** Throws `enrolment_unknown` for a code that never was, has ended or was used. */
  check(code: string): void
  /** A new challenge; the one before ends. Throws `enrolment_unknown`. */
  challenge(code: string): Challenge
  /** Takes the challenge away: it was used, for good or not. Throws `enrolment_unknown`, `challenge_unknown`. */
  takeChallenge(code: string, id: string): Challenge
  /** Counts a wrong signature; the fifth ends the enrolment. */
  countWrong(code: string): void
  /**
   * Runs `make` with what was promised; one of several that come at once. The code is used up when `make` succeeds and as before when
   * it does not. Rejects with `enrolment_unknown`.
   */
  use<R>(code: string, make: (wanted: T) => Promise<R>): Promise<R>
}

interface Enrolment<T> {
  readonly wanted: T
  readonly ends: number
  wrong: number
  challenge: Challenge | undefined
}

/** How long a challenge lives, in seconds. */
export const CHALLENGE_SECONDS = 60
const MAX_OPEN = 1_000
const MAX_WRONG = 5

/** Enrolments of one process. `now` is epoch milliseconds. */
export function createEnrolments<T>(now: () => number, random: (length: number) => Uint8Array): Enrolments<T> {
  // By hash: how long a look-up takes must not tell how much of a code was right.
  const open = new Map<string, Enrolment<T>>()

  function find(code: string): Enrolment<T> {
    const found = open.get(nameOf(code))
    if (found === undefined || found.ends <= now()) throw new Refusal('enrolment_unknown', 'no such enrolment is open')
    return found
  }

  function sweep(): void {
    for (const [name, { ends }] of open) if (ends <= now()) open.delete(name)
  }

  return {
    open(wanted, ends) {
      if (open.size >= MAX_OPEN) sweep()
      if (open.size >= MAX_OPEN) throw new Refusal('overloaded', `${open.size} enrolments are open`)
      const code = encodeBase64url(random(32))
      open.set(nameOf(code), { wanted, ends, wrong: 0, challenge: undefined })
      return code
    },
    check: (code) => void find(code),
    challenge(code) {
      const challenge = { id: encodeBase64url(random(16)), nonceHex: toHex(random(32)), ends: now() + CHALLENGE_SECONDS * 1_000 }
      find(code).challenge = challenge
      return challenge
    },
    takeChallenge(code, id) {
      const enrolment = find(code)
      const { challenge } = enrolment
      if (challenge?.id !== id) throw new Refusal('challenge_unknown', 'no such challenge is open')
      enrolment.challenge = undefined
      if (challenge.ends <= now()) throw new Refusal('challenge_unknown', 'the challenge has ended')
      return challenge
    },
    countWrong(code) {
      const enrolment = open.get(nameOf(code))
      if (enrolment === undefined) return
      enrolment.wrong += 1
      if (enrolment.wrong >= MAX_WRONG) open.delete(nameOf(code))
    },
    async use(code, make) {
      const enrolment = find(code)
      open.delete(nameOf(code))
      try {
        return await make(enrolment.wanted)
      } catch (error) {
        open.set(nameOf(code), enrolment)
        throw error
      }
    },
  }
}

function nameOf(code: string): string {
  return createHash('sha256').update(code).digest('base64url')
}
