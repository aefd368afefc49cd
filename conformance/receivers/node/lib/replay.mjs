/** Each token once, in the memory of this process (spec chapter 12.2). @module */
import { Refusal } from './refusal.mjs'

const KEPT_AFTER_END = 60

/** `clock` gives seconds since 1970, `steady` seconds that nobody sets. */
export function createReplayMemory({ maxRecords = 1_000_000, maxPerIssuer = maxRecords }, skew, clock, steady) {
  const started = { clock: clock(), steady: steady() }
  const ends = new Map()
  const perIssuer = new Map()
  let forgottenUntil = 0
  let nextSweep = 0

  /** By the clock of now too: it may have been put right since (AHP-TIME-13). */
  const start = () => Math.floor(Math.max(started.clock, clock() - (steady() - started.steady)))
  const forget = (now) => {
    if (now < nextSweep && ends.size < maxRecords) return
    nextSweep = now + 5
    for (const [key, { end, issuer }] of ends) {
      if (end > now) continue
      ends.delete(key)
      perIssuer.set(issuer, perIssuer.get(issuer) - 1)
      forgottenUntil = Math.max(forgottenUntil, end)
    }
  }
  return {
    /** One step, because nothing waits in it. Refuses with `replay_warming`, `token_replayed` or `replay_full`. */
    claim({ iss: issuer, jti, iat, exp }, now) {
      if (iat <= start() + skew) throw new Refusal('replay_warming', '', skew + 1)
      forget(now)
      const key = `${issuer.length}:${issuer}${jti.length}:${jti}`
      if (ends.has(key)) throw new Refusal('token_replayed')
      const end = exp + KEPT_AFTER_END
      const count = perIssuer.get(issuer) ?? 0
      // What a clock that was ahead let end may have been used (AHP-TIME-10).
      if (end <= forgottenUntil || ends.size >= maxRecords || count >= maxPerIssuer) throw new Refusal('replay_full')
      ends.set(key, { end, issuer })
      perIssuer.set(issuer, count + 1)
    },
  }
}
