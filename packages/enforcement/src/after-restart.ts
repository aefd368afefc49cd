/** Refuses for a while after a restart what the process before may have answered from its memory (spec chapter 15.6). @module */
import { isObject, LIMITS, Malformed, parseJson, parseSeconds, Refusal } from '@aiegis/protocol'
import type { Log } from '@aiegis/ledger'
import type { Asker } from './asker.ts'

/** Throws `ask_stale`, `overloaded` or `idempotency_unavailable`. `now` is epoch seconds. */
export type AfterRestart = (asker: Pick<Asker, 'created'>, idempotencyKey: string | undefined, now: number) => void

/** When this process began, and the newest time that those before it wrote into the ledger, both epoch seconds. */
export interface Restart {
  readonly started: number
  readonly newest: number
}

/** The longest life of a token; a question may be 60 s ahead of it, and one second is for the rounding of both clocks. */
const FORGOTTEN_SECONDS = LIMITS.tokenSeconds + 61
/** How far ahead of the clock a question may be signed: what was answered again when its token ended is fresh for twice as long. */
const AHEAD_SECONDS = 60
/** Entries that are looked at for their time: a process with a clock that was set back may have written the newest ones. */
const LAST_ENTRIES = 256
const MAX_LEAF = 65_535

/**
 * A guard for a process that began again; `undefined` when no process was before it. The ledger knows the nonces of all questions that
 * made an entry. It does not know those that were answered again under their `Idempotency-Key`, nor the keys. The pause for these is
 * counted from the newest time that is known: the clock may have been set back, and be right again while their tokens live.
 */
export function createAfterRestart(restart: Restart | undefined): AfterRestart {
  if (restart === undefined) return () => undefined
  const { started, newest } = restart
  const ends = Math.max(started, newest + AHEAD_SECONDS) + FORGOTTEN_SECONDS
  return ({ created }, idempotencyKey, now) => {
    if (now >= ends) return
    if (created < started) throw new Refusal('ask_stale', `created ${created}, before the start at ${started}`)
    if (idempotencyKey !== undefined)
      throw new Refusal('overloaded', 'the key may have been used before the start', { retryAfter: ends - now })
  }
}

/** What the log says about the processes before this one; `undefined` for an empty log. `now` is epoch seconds. */
export async function restartOf(log: Pick<Log, 'size' | 'entry'>, now: number): Promise<Restart | undefined> {
  const size = log.size()
  if (size === 0n) return undefined
  const count = Number(size < LAST_ENTRIES ? size : LAST_ENTRIES)
  const last = await Promise.all(Array.from({ length: count }, (_, at) => log.entry(size - 1n - BigInt(at))))
  return { started: now, newest: Math.max(...last.map((entry) => (entry === undefined ? 0 : timeOf(entry.leaf)))) }
}

/** One sentence for the operator of a server whose clock is behind what it wrote before. */
export function sayBehind({ started, newest }: Restart): string | undefined {
  if (newest <= started) return undefined
  return `the clock is ${newest - started} s behind the ledger; until it is ${AHEAD_SECONDS + FORGOTTEN_SECONDS} s ahead of it, questions with Idempotency-Key are refused: set it if it is wrong`
}

/** `entry.ts` of a leaf (spec chapter 4.3) in epoch seconds; 0 for what is no leaf of a harness, which answered nobody. */
function timeOf(leaf: Uint8Array): number {
  try {
    const value = parseJson(leaf, { maxBytes: MAX_LEAF })
    const entry = isObject(value) ? value['entry'] : undefined
    const time = isObject(entry) ? entry['ts'] : undefined
    return typeof time === 'string' ? parseSeconds(time) : 0
  } catch (error) {
    if (error instanceof Malformed) return 0
    throw error
  }
}

/**
 * The guard of a process that shares its log: what another one answered under a key is not known here. Without keys no question is
 * answered again, so that the log knows the nonces of all, also of those before the start (spec chapter 15.10).
 */
export const refuseIdempotencyKeys: AfterRestart = (_asker, idempotencyKey) => {
  if (idempotencyKey !== undefined) throw new Refusal('idempotency_unavailable', 'the ledger is shared')
}
