/** Keeps the issuers' status lists fresh in the background, so that a request only looks at a bit (spec chapter 9). @module */
import { bitAt, Malformed } from '@aiegis/protocol'
import { isCurrent, readStatusList, type StatusIssuer, type StatusList, type StatusReading } from './status-read.ts'

export type { HttpGet, Inflate, StatusIssuer, StatusKey } from './status-read.ts'

/** What the newest usable list says about one index; `unlisted` when the bundle has no such list or the list no such index. */
export type StatusVerdict = 'valid' | 'revoked' | 'unlisted' | 'unavailable'

/** The lists of all issuers. A request causes no fetch and never waits. */
export interface StatusLists {
  /** Reads every list once, or joins the reading that is under way. Resolves when all were tried; failures are not thrown. */
  warm(): Promise<void>
  /** Reads every list now and every `refreshSeconds`, one never read every 5, until `close`. Keeps no process alive. */
  start(): void
  close(): void
  /** `now` in epoch seconds. Does not check that the passport is of `issuer`. */
  check(issuer: string, list: string, index: number, now: number): StatusVerdict
  /** Why the last attempt to read a list failed; `undefined` when it did not. For the receiver's own log. */
  failure(issuer: string, list: string): Error | undefined
}

/** Where lists come from, and how long one may be used. */
export interface StatusListsOptions extends Omit<StatusReading, 'timeoutMs'> {
  readonly issuers: readonly StatusIssuer[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Time between two readings of one list: 60 unless said otherwise. */
  readonly refreshSeconds?: number
  /** Time after the start of the last good reading for which a list is used: 600 unless said otherwise. */
  readonly maxStalenessSeconds?: number
  /** How far in the future `validFrom` may be: 5 unless said otherwise. */
  readonly skewSeconds?: number
  /** Time for one reading, from the connection to the last byte: 3,000 unless said otherwise. */
  readonly timeoutMs?: number
}

/**
 * Creates the source; nothing is read before `warm` or `start`. Failures of one list concern that list only. Which list is the
 * newest is remembered as long as this object lives: after a restart, a list that is still valid counts.
 */
export function createStatusLists(options: StatusListsOptions): StatusLists {
  const { refreshSeconds = 60, maxStalenessSeconds = 600, skewSeconds = 5, timeoutMs = 3000, now } = options
  const reading: StatusReading = { get: options.get, inflate: options.inflate, crypto: options.crypto, timeoutMs }
  const tables = new Map(options.issuers.map((issuer) => [issuer.did, tableOf(issuer)]))
  const sources = [...tables.values()].flatMap((table) => [...table.values()])
  let running = false

  const refresh = (source: Source): Promise<void> => {
    source.underWay ??= attempt(source).finally(() => (source.underWay = undefined))
    return source.underWay
  }

  const attempt = async (source: Source): Promise<void> => {
    const startedAt = now()
    try {
      // The port promises to end in time; a port that does not must not stop this list for good.
      const list = await within(2 * timeoutMs, readStatusList(source.issuer, source.url, reading))
      if (!isCurrent(list, now() / 1000, skewSeconds)) throw new Malformed('a status list that is not valid now, or its key')
      // AHP-STATUS-11: whoever serves lists could serve one from before a revocation.
      if (list.validFrom < source.newest) throw new Malformed('a status list older than the newest one used')
      source.newest = list.validFrom
      source.known = { list, readAt: startedAt }
      source.failure = undefined
    } catch (error) {
      source.failure = error instanceof Error ? error : new Error('the list could not be read', { cause: error })
    }
  }

  const keepFresh = async (source: Source): Promise<void> => {
    await refresh(source)
    if (!running) return
    // A list that was never read is what keeps its issuer's agents out: try again sooner.
    const seconds = source.known === undefined ? Math.min(refreshSeconds, FIRST_RETRY_SECONDS) : refreshSeconds
    clearTimeout(source.timer)
    source.timer = setTimeout(() => void keepFresh(source), seconds * 1000)
    source.timer.unref()
  }

  return {
    async warm() {
      await Promise.all(sources.map(refresh))
    },
    start() {
      if (running) return
      running = true
      for (const source of sources) void keepFresh(source)
    },
    close() {
      running = false
      for (const { timer } of sources) clearTimeout(timer)
    },
    check(issuer, url, index, at) {
      const source = tables.get(issuer)?.get(url)
      if (source === undefined) return 'unlisted'
      const { known } = source
      // Either way: a clock that was set back must not make an old list young.
      if (known === undefined || Math.abs(at * 1000 - known.readAt) > maxStalenessSeconds * 1000) return 'unavailable'
      if (!isCurrent(known.list, at, skewSeconds)) return 'unavailable'
      const bit = bitAt(known.list.bits, index)
      return bit === undefined ? 'unlisted' : bit ? 'revoked' : 'valid'
    },
    failure: (issuer, url) => tables.get(issuer)?.get(url)?.failure,
  }
}

/** One list and what is known of it. */
interface Source {
  readonly issuer: StatusIssuer
  readonly url: string
  /** `readAt` in milliseconds since the epoch, from before the request was sent. */
  known: { readonly list: StatusList; readonly readAt: number } | undefined
  /** `validFrom` of the newest list used, in epoch seconds. */
  newest: number
  failure: Error | undefined
  underWay: Promise<void> | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

function tableOf(issuer: StatusIssuer): ReadonlyMap<string, Source> {
  const source = (url: string): Source => ({
    issuer,
    url,
    known: undefined,
    newest: Number.NEGATIVE_INFINITY,
    failure: undefined,
    underWay: undefined,
    timer: undefined,
  })
  return new Map(issuer.lists.map((url) => [url, source(url)]))
}

/** Rejects when `work` has not settled after so many milliseconds; `work` is not stopped. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
    timer.unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const FIRST_RETRY_SECONDS = 5
