/** Refuses for a while after a restart what the process before may have answered from its memory (spec chapter 15.6). @module */
import { LIMITS, Refusal } from '@aiegis/protocol'
import type { Asker } from './asker.ts'

/** Throws `ask_stale`, `overloaded` or `idempotency_unavailable`. `now` is epoch seconds. */
export type AfterRestart = (asker: Pick<Asker, 'created'>, idempotencyKey: string | undefined, now: number) => void

/** The longest life of a token; a question may be 60 s ahead of it, and one second is for the rounding of both clocks. */
const FORGOTTEN_SECONDS = LIMITS.tokenSeconds + 61

/**
 * A guard for a process that began at `started`, epoch seconds; `undefined` when no process was before it. The ledger knows the nonces
 * of all questions that made an entry. It does not know those that were answered again under their `Idempotency-Key`, nor the keys.
 */
export function createAfterRestart(started: number | undefined): AfterRestart {
  return ({ created }, idempotencyKey, now) => {
    if (started === undefined || now >= started + FORGOTTEN_SECONDS) return
    if (created < started) throw new Refusal('ask_stale', `created ${created}, before the start at ${started}`)
    if (idempotencyKey !== undefined) {
      throw new Refusal('overloaded', 'the key may have been used before the start', {
        retryAfter: started + FORGOTTEN_SECONDS - now,
      })
    }
  }
}

/**
 * The guard of a process that shares its log: what another one answered under a key is not known here. Without keys no question is
 * answered again, so that the log knows the nonces of all, also of those before the start (spec chapter 15.10).
 */
export const refuseIdempotencyKeys: AfterRestart = (_asker, idempotencyKey) => {
  if (idempotencyKey !== undefined) throw new Refusal('idempotency_unavailable', 'the ledger is shared')
}
