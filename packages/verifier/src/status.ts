/** Keeps the issuers' status lists fresh in the background, so that a request only looks at a bit (spec chapter 9). @module */
import { bitAt, Malformed } from '@aiegis/protocol'
import { after } from './after.ts'
import type { Dependency, Watch } from './events.ts'
import { countOf, union } from './status-bits.ts'
import { createKeeper, type KeptList, type StatusMemory } from './status-memory.ts'
import {
  isCurrent,
  readStatusList,
  verifyStatusList,
  type ReadList,
  type StatusIssuer,
  type StatusList,
  type StatusReading,
} from './status-read.ts'
import { later, type Timer } from './timer.ts'
import { within } from './within.ts'

export type { KeptList, StatusMemory } from './status-memory.ts'
export type { HttpGet, Inflate, StatusIssuer, StatusKey } from './status-read.ts'

/** What the newest usable list says about one index; `unlisted` when the bundle has no such list or the list no such index. */
export type StatusVerdict = 'valid' | 'revoked' | 'unlisted' | 'unavailable'

/** The lists of all issuers. A request causes no fetch and never waits. */
export interface StatusLists {
  /** Reads every list once, or joins the reading that is under way. Resolves when all were tried; failures are not thrown. */
  warm(): Promise<void>
  /** Reads every list now and every `refreshSeconds`, every 5 while it cannot be used, until `close`. Keeps no process alive. */
  start(): void
  close(): void
  /**
   * A hint that the list at `url` changed, or that any did: between `start` and `close` it is read again within a second, once the
   * reading that is under way has ended. Readings for hints begin a second apart, however many there are; other URLs are ignored.
   */
  changed(url?: string): void
  /** True while a list cannot be used: then it is worth reading again after `RETRY_SECONDS`. */
  isLacking(): boolean
  /** `now` in epoch seconds. Does not check that the passport is of `issuer`. */
  check(issuer: string, list: string, index: number, now: number): StatusVerdict
  /** Resolves when what was known before, from `memory` or `earlier`, is in use. */
  ready(): Promise<void>
  /** What is known of one list now, for lists that take the place of these. */
  seed(issuer: string, list: string): Seed | undefined
  /** How often something newer was learnt: what was seeded before the last time is old. */
  learnt(): number
  /** Why the last attempt to read a list failed; `undefined` when it did not. For the receiver's own log. */
  failure(issuer: string, list: string): Error | undefined
}

/** The newest list of one URL, and when it was read last. */
export type Seed = Pick<Source, 'known' | 'revoked'> & { readonly newest: ReadList }

/** Where lists come from, and how long one may be used. */
export interface StatusListsOptions extends Omit<StatusReading, 'timeoutMs'> {
  readonly issuers: readonly StatusIssuer[]
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds since anything, by a clock that nobody sets: that of the runtime unless said otherwise. */
  readonly elapsed?: () => number
  /** Where lists outlive this object; without it the newest of each list is known as long as the object lives. */
  readonly memory?: StatusMemory | undefined
  /** Lists of the bundle before: what they know of a URL of the same issuer goes on where it verifies under the keys of now. */
  readonly earlier?: Pick<StatusLists, 'seed'> | undefined
  /** Told what the operator has to mend in `memory`. */
  readonly log: (line: string, cause?: unknown) => void
  /** Told when a list cannot be read any more, and when it can again. */
  readonly watch: Watch
  /** Time between two readings of one list: 60 unless said otherwise. */
  readonly refreshSeconds?: number
  /** How far in the future `validFrom` may be: 5 unless said otherwise. */
  readonly skewSeconds?: number
  /** Time for one reading, from the connection to the last byte: 3,000 unless said otherwise. */
  readonly timeoutMs?: number
}

/**
 * Creates the source with what `memory` has; nothing else is read before `warm` or `start`. Failures of one list concern that list
 * only. Throws what `memory` throws.
 */
export function createStatusLists(options: StatusListsOptions): StatusLists {
  const { refreshSeconds = 60, skewSeconds = 5, timeoutMs = 3000, now, memory, log } = options
  const { elapsed = () => performance.now() } = options
  const reading: StatusReading = { get: options.get, inflate: options.inflate, crypto: options.crypto, timeoutMs }
  const tables = new Map(options.issuers.map((issuer) => [issuer.did, tableOf(issuer, options)]))
  const sources = [...tables.values()].flatMap((table) => [...table.values()])
  let running = false
  let learnt = 0

  const refresh = (source: Source): Promise<void> => {
    // A reading has ended by then, unless the runtime stopped it in the middle, as Workers do with what a request leaves behind.
    const isLost = elapsed() - source.begunElapsed > 3 * timeoutMs
    if (source.underWay !== undefined && !isLost) return source.underWay
    source.begunElapsed = elapsed()
    const begun = attempt(source).finally(() => {
      if (source.underWay === begun) source.underWay = undefined
      if (running) plan(source)
    })
    source.underWay = begun
    return begun
  }

  const attempt = async (source: Source): Promise<void> => {
    await source.recovered
    // What is hinted from here on may be newer than what is read now.
    source.hinted = false
    const startedAt = now()
    const startedElapsed = elapsed()
    source.startedAt = startedAt
    try {
      // The port promises to end in time; a port that does not must not stop this list for good.
      const read = await within(2 * timeoutMs, readStatusList(source.issuer, source.url, reading))
      const { list } = read
      if (!isCurrent(list, now() / 1000, skewSeconds))
        throw new Malformed('a status list that is not valid now, or its key; compare this clock with that of the issuer')
      // AHP-STATUS-11: whoever serves lists could serve one from before a revocation.
      if (isOld(source, list, now() / 1000)) throw new Malformed('a status list older than the newest one used')
      const used = newestOf(read, source.newest)
      source.known = { list: used.list, readAt: startedAt, readElapsed: startedElapsed }
      source.failure = undefined
      source.health.up()
      if (list.validFrom < validFromOf(source)) return
      if (used !== source.newest) source.revoked = countOf(used.list.bits)
      source.newest = used
      learnt++
      source.keep?.({ text: used.text, validFrom: list.validFrom, revoked: source.revoked, readAt: startedAt })
    } catch (error) {
      source.failure = error instanceof Error ? error : new Error('the list could not be read', { cause: error })
      source.health.down('status_unavailable', error)
    }
  }

  const plan = (source: Source): void => {
    clearTimeout(source.timer)
    // A list that cannot be used is what keeps its issuer's agents out: try again sooner.
    const usual = usable(source, now() / 1000) ? refreshSeconds : Math.min(refreshSeconds, RETRY_SECONDS)
    const pause = Math.min(Math.max(source.startedAt + HINT_MS - now(), 0), HINT_MS)
    source.timer = later(() => void refresh(source), source.hinted ? pause : usual * 1000)
  }

  /** AHP-STATUS-11. A newest list from the future is one of a clock that was ahead: it must not lock out all lists of today. */
  const isOld = (source: Source, list: StatusList, at: number): boolean =>
    list.validFrom < validFromOf(source) && validFromOf(source) <= at + skewSeconds

  const usable = (source: Source, at: number): StatusList | undefined => {
    const { known, issuer } = source
    if (known === undefined) return undefined
    // A clock that was set back must not make an old list young, and one that nobody sets stands still while the machine sleeps.
    const age = Math.max(Math.abs(at * 1000 - known.readAt), elapsed() - known.readElapsed)
    if (age > issuer.maxStalenessSeconds * 1000) return undefined
    return isCurrent(known.list, at, skewSeconds) && !isOld(source, known.list, at) ? known.list : undefined
  }

  /** Begins with the list that was kept. */
  const recover = (source: Source, kept: KeptList): void | Promise<void> =>
    verified(source, kept.text, (list) => {
      source.newest = { text: kept.text, list }
      source.revoked = countOf(list.bits)
      // A reading in the future says nothing about how old the list is.
      const age = now() - kept.readAt
      if (age >= 0) source.known = { list, readAt: kept.readAt, readElapsed: elapsed() - age }
    })

  /** A list that does not verify any more, because its key is gone, was never there. */
  const verified = (source: Source, text: string, take: (list: StatusList) => void): void | Promise<void> => {
    const drop = (error: unknown): void => log(`status list ${source.url}: what was kept of it is not used`, error)
    try {
      const taken = after(verifyStatusList(source.issuer, source.url, text, reading), take)
      return taken instanceof Promise ? taken.catch(drop) : taken
    } catch (error) {
      return drop(error)
    }
  }

  /** The same with what another bundle knew: its bits may be those of several lists of one second. */
  const inherit = (source: Source, { newest, known, revoked }: Seed): void | Promise<void> =>
    verified(source, newest.text, (list) => {
      source.newest = { text: newest.text, list: { ...list, bits: newest.list.bits } }
      source.revoked = revoked
      if (known !== undefined) source.known = { ...known, list: source.newest.list }
    })

  for (const source of sources) {
    const seed = options.earlier?.seed(source.issuer.did, source.url)
    const kept = seed === undefined ? memory?.load(source.issuer.did, source.url) : undefined
    if (seed !== undefined) source.recovered = inherit(source, seed)
    else if (kept !== undefined) source.recovered = recover(source, kept)
  }

  return {
    async warm() {
      await Promise.all(sources.map(refresh))
    },
    start() {
      if (running) return
      running = true
      for (const source of sources) void refresh(source)
    },
    close() {
      running = false
      for (const { timer } of sources) clearTimeout(timer)
    },
    changed(url) {
      for (const source of running ? sources : []) {
        if (source.hinted || (url !== undefined && url !== source.url)) continue
        source.hinted = true
        plan(source)
      }
    },
    check(issuer, url, index, at) {
      const source = tables.get(issuer)?.get(url)
      if (source === undefined) return 'unlisted'
      const list = usable(source, at)
      if (list === undefined) return 'unavailable'
      const bit = bitAt(list.bits, index)
      return bit === undefined ? 'unlisted' : bit ? 'revoked' : 'valid'
    },
    isLacking: () => sources.some((source) => usable(source, now() / 1000) === undefined),
    async ready() {
      await Promise.all(sources.map(async ({ recovered }) => recovered))
    },
    seed(issuer, url) {
      const source = tables.get(issuer)?.get(url)
      return source?.newest === undefined ? undefined : { newest: source.newest, known: source.known, revoked: source.revoked }
    },
    learnt: () => learnt,
    failure: (issuer, url) => tables.get(issuer)?.get(url)?.failure,
  }
}

/** One list and what is known of it. */
interface Source {
  readonly issuer: StatusIssuer
  readonly url: string
  readonly health: Dependency
  readonly keep: ((kept: KeptList) => void) | undefined
  /** Settles when the list that was kept is in `known`. */
  recovered: void | Promise<void>
  /** `readAt` in milliseconds since the epoch, from before the request was sent; `readElapsed` the same by the other clock. */
  known: { readonly list: StatusList; readonly readAt: number; readonly readElapsed: number } | undefined
  /** The newest list used. */
  newest: ReadList | undefined
  /** How many bits are set in it. */
  revoked: number
  failure: Error | undefined
  underWay: Promise<void> | undefined
  /** When that began, by the clock that nobody sets. */
  begunElapsed: number
  /** When the last reading began; milliseconds since the epoch. */
  startedAt: number
  /** Something may have changed since then. */
  hinted: boolean
  timer: Timer | undefined
}

function tableOf(
  issuer: StatusIssuer,
  { memory, log, watch }: Pick<StatusListsOptions, 'memory' | 'log' | 'watch'>,
): ReadonlyMap<string, Source> {
  const source = (url: string): Source => ({
    issuer,
    url,
    health: watch({ dependency: 'status', name: url, line: `status list ${url}: it cannot be read` }),
    keep:
      memory &&
      createKeeper<KeptList>(
        (kept) => memory.save(issuer.did, url, kept),
        (error) => log(`status list ${url}: it cannot be kept for after a restart`, error),
      ),
    recovered: undefined,
    known: undefined,
    newest: undefined,
    revoked: 0,
    failure: undefined,
    underWay: undefined,
    begunElapsed: Number.NEGATIVE_INFINITY,
    startedAt: Number.NEGATIVE_INFINITY,
    hinted: false,
    timer: undefined,
  })
  return new Map(issuer.lists.map((url) => [url, source(url)]))
}

/** In epoch seconds. */
function validFromOf({ newest }: Source): number {
  return newest?.list.validFrom ?? Number.NEGATIVE_INFINITY
}

/** AHP-STATUS-22: of two lists of one second nobody can say which is later, and what is revoked stays revoked. */
function newestOf(read: ReadList, newest: ReadList | undefined): ReadList {
  if (newest === undefined || newest.list.validFrom !== read.list.validFrom) return read
  if (newest.text === read.text) return newest
  const bits = union(read.list.bits, newest.list.bits)
  return bits === read.list.bits ? read : { text: newest.text, list: { ...newest.list, bits } }
}

/** Between two readings of a list that cannot be used. */
export const RETRY_SECONDS = 5
/** Between the beginnings of two readings that hints cause. */
const HINT_MS = 1000
