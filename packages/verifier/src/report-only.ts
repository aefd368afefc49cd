/** Lets requests pass that would be refused, tells the operator of each, and ends by itself (spec chapter 13.5). @module */
import { formatSeconds, Malformed, parseSeconds } from '@aiegis/protocol'
import type { VerdictEvent } from './events.ts'
import { createHook, type Log } from './hooks.ts'

/** A request that would have been refused: its verdict, and what helps to find it. */
export interface WouldRefuse extends Omit<VerdictEvent, 'verdict'> {
  /** The entry of `actions` that its path matches, as the operator wrote it. */
  readonly route: string | undefined
  /** Made for this event; nobody else knows it. */
  readonly requestId: string
}

/** A receiver that does not refuse yet. */
export interface ReportOnlyOptions {
  /** RFC 3339 in UTC, such as `2026-12-24T00:00:00Z`, at most 90 days from now: from then on everything is enforced. */
  readonly serveUnverifiedUntil: string
  /** Told of each request that would have been refused; `request` is what the framework holds, with all that the sender wrote. */
  readonly onWouldRefuse: (event: WouldRefuse, request: object) => void
}

/** Whether refusals are only reported, and to whom. */
export interface ReportOnly {
  /** Epoch seconds. */
  readonly until: number
  /** True until the end, and never again after it was false. */
  isOn(): boolean
  /** Notes what `error` would have been; it is told when an adapter lets the request pass. */
  note(error: object, event: Omit<WouldRefuse, 'requestId'>): void
  /** Tells of the refusal that was noted for `error`. False when none was, and from the end on: then the request is refused. */
  tell(error: unknown, request: object): boolean
}

const MAX_DAYS = 90

/**
 * `now` is in milliseconds since the epoch. Throws `TypeError` unless there is an end within 90 days and somebody to tell. An end that
 * has passed is no error: everything is enforced then, and a restart in the night must not stop the service. `elapsed` is in milliseconds,
 * of a clock that nobody sets.
 */
export function createReportOnly(
  options: ReportOnlyOptions | undefined,
  now: () => number,
  elapsed: () => number,
  log: Log,
): ReportOnly | undefined {
  if (options === undefined) return undefined
  const until = endOf(options)
  const endsElapsed = elapsed() + until * 1000 - now()
  if (until * 1000 > now() + MAX_DAYS * 86_400_000)
    throw new TypeError(`reportOnly.serveUnverifiedUntil: more than ${MAX_DAYS} days from now; write an earlier end`)
  const { onWouldRefuse }: { readonly onWouldRefuse?: unknown } = options
  if (typeof onWouldRefuse !== 'function')
    throw new TypeError('reportOnly.onWouldRefuse: not a function; without one nobody learns what would be refused')
  const told = createHook<readonly [WouldRefuse, object]>(
    'onWouldRefuse',
    ([event, request]) => options.onWouldRefuse(event, request),
    log,
  )
  const noted = new WeakMap<object, Omit<WouldRefuse, 'requestId'>>()
  const end = formatSeconds(until)
  let isOver = false
  const isOn = (): boolean => {
    // For good: a clock that is set back opens nothing, and be it while no request comes.
    if (isOver || (now() < until * 1000 && elapsed() < endsElapsed)) return !isOver
    isOver = true
    log(`aiegis: REPORT ONLY has ended at ${end}: every refusal is enforced. Remove reportOnly`)
    return false
  }
  if (isOn()) log(`aiegis: REPORT ONLY until ${end}: REQUESTS WITHOUT GOOD EVIDENCE ARE SERVED, and only reported`)
  return {
    until,
    isOn,
    note: (error, event) => void noted.set(error, event),
    tell(error, request) {
      const event = typeof error === 'object' && error !== null ? noted.get(error) : undefined
      // An error that is thrown again and again was noted before the end, too.
      if (event === undefined || !isOn()) return false
      told([Object.freeze({ ...event, requestId: crypto.randomUUID() }), request])
      return true
    },
  }
}

function endOf({ serveUnverifiedUntil }: { readonly serveUnverifiedUntil?: unknown }): number {
  try {
    if (typeof serveUnverifiedUntil === 'string') return parseSeconds(serveUnverifiedUntil)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  throw new TypeError("reportOnly.serveUnverifiedUntil: write an end such as '2026-12-24T00:00:00Z'")
}
