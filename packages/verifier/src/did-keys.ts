/** Keeps the keys of DID documents: fresh in the background, bounded in age, asked for again when a key is unknown (spec chapter 2.8). @module */
import { Refusal } from '@aiegis/protocol'
import { readDidDocument, type DidResolver, type DocumentedKey, type ReadDocument } from './did-read.ts'
import type { Dependency, Watch } from './events.ts'
import type { FoundKey, Keys, PartyRole } from './keys.ts'
import { later, type Timer } from './timer.ts'
import type { DidWebParty } from './trust-did-web.ts'
import type { KeyRole, TrustedKey } from './trust-keys.ts'
import { within } from './within.ts'

/** What the documents of a bundle are read with. */
export interface DidKeysOptions {
  readonly parties: readonly DidWebParty[]
  readonly resolver: DidResolver
  /** The role of a key that the bundle pins, by its thumbprint. */
  readonly roleOf: (jkt: string) => KeyRole | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds since anything, by a clock that nobody sets: that of the runtime unless said otherwise. */
  readonly elapsed?: () => number
  /** Keys of the bundle before: documents of the same parties go on. */
  readonly earlier?: Pick<DidKeys, 'seed'> | undefined
  /** Told when a document cannot be read any more, and when it can again. */
  readonly watch: Watch
}

/** The keys of parties that have a document. */
export interface DidKeys extends Keys {
  /** What is known of the document of a party now, for keys that take the place of these. */
  seed(role: PartyRole, did: string): Seed | undefined
  /** How often a document was read: what was seeded before the last time is old. */
  learnt(): number
  /** Reads every document once, or joins the reading under way. Resolves when all were tried; failures are not thrown. */
  warm(): Promise<void>
  /** Reads every document now, and again before it is no longer fresh, until `close`. Keeps no process alive. */
  start(): void
  close(): void
}

/**
 * `find` gives a key at once while its document is fresh, or could not be read again lately and may still be used. Otherwise it waits for
 * one reading, at most 3 seconds; when none is allowed or it fails it throws `keys_unavailable`: what was not measured is not unknown.
 * Gives nothing for others than `parties`, and for keys that the bundle pins in another role.
 */
export function createDidKeys(options: DidKeysOptions): DidKeys {
  const { parties, resolver, roleOf, now, elapsed = () => performance.now(), watch } = options
  const sources = parties.map((party) => ({ ...sourceOf(party, watch), ...options.earlier?.seed(party.role, party.did) }))
  const byName = new Map(sources.map((source) => [nameOf(source.role, source.did), source]))
  /** How far the clock was ahead of the one that nobody sets. */
  let ahead = Number.NEGATIVE_INFINITY
  let isRunning = false
  let learnt = 0

  /**
   * Now, in milliseconds. A clock that was set back, and be it between two calls, says nothing about the age of anything: all that was
   * read is forgotten.
   */
  const clock = (): number => {
    const at = now()
    const lead = at - elapsed()
    const isBack = lead < ahead - SET_BACK_MS
    if (isBack) for (const source of sources) Object.assign(source, UNREAD)
    ahead = isBack ? lead : Math.max(ahead, lead)
    return at
  }

  const refresh = (source: Source): Promise<void> => {
    source.underWay ??= attempt(source).finally(() => {
      source.underWay = undefined
      if (isRunning) plan(source)
    })
    return source.underWay
  }

  const attempt = async (source: Source): Promise<void> => {
    const startedAt = clock()
    // While a host is down, requests do not wait for the readings that find out whether it still is.
    if (source.failure !== undefined) source.retryAt = startedAt + COOLDOWN_MS
    // Not later than now: the clock may have been set back meanwhile.
    const began = (): number => Math.min(startedAt, clock())
    try {
      const { keys, maxAge = FRESH_SECONDS } = await within(WAIT_MS, readDidDocument(resolver, source.did))
      const seconds = Math.min(Math.max(maxAge, LEAST_FRESH_SECONDS), FRESH_SECONDS)
      source.document = { keys, freshUntil: began() + seconds * 1000 }
      learnt++
      source.failure = undefined
      source.retryAt = 0
      source.health.up()
    } catch (error) {
      source.retryAt = began() + COOLDOWN_MS
      source.failure = error instanceof Error ? error : new Error('the document could not be read', { cause: error })
      source.health.down('keys_unavailable', error)
    }
  }

  const plan = (source: Source): void => {
    clearTimeout(source.timer)
    const { document, failure } = source
    const left = failure === undefined && document !== undefined ? (document.freshUntil - clock()) * BEFORE_END : COOLDOWN_MS
    source.timer = later(() => void refresh(source), left)
  }

  const search = (source: Source, kid: string): FoundKey => {
    const at = clock()
    const isFresh = source.document !== undefined && at < source.document.freshUntil
    const known = isFresh || at < source.retryAt ? usableKey(source, kid, at) : undefined
    if (known !== undefined) return withRole(source, known)
    const isOwn = source.underWay === undefined
    if (isOwn && at < pauseEnd(source)) throw unavailable(source, at)
    // Whatever a request names, its host is asked once per pause: names that nobody has do not prolong it.
    if (isOwn) source.askAt = at + COOLDOWN_MS
    return refresh(source).then(() => settle(source, kid, isOwn))
  }

  const settle = (source: Source, kid: string, isOwn: boolean): TrustedKey | undefined => {
    const at = clock()
    const known = usableKey(source, kid, at)
    if (known !== undefined) return withRole(source, known)
    // Only a reading that began after the request was there says that there is no such key.
    if (isOwn && source.failure === undefined && source.document !== undefined) return undefined
    throw unavailable(source, at)
  }

  /** What the bundle says beats what a document says. */
  const withRole = (source: Source, { trusted, jkt }: DocumentedKey): TrustedKey | undefined => {
    const pinned = roleOf(jkt)
    return pinned === undefined || pinned === source.role ? trusted : undefined
  }

  return {
    seed(role, did) {
      clock()
      const source = byName.get(nameOf(role, did))
      if (source === undefined) return undefined
      const { document, failure, retryAt, askAt } = source
      return { document, failure, retryAt, askAt }
    },
    learnt: () => learnt,
    find(role, did, kid) {
      const source = byName.get(nameOf(role, did))
      return source === undefined ? undefined : search(source, kid)
    },
    async warm() {
      await Promise.all(sources.map(refresh))
    },
    start() {
      if (isRunning) return
      isRunning = true
      for (const source of sources) void refresh(source)
    },
    close() {
      isRunning = false
      for (const { timer } of sources) clearTimeout(timer)
    },
  }
}

/** What goes on when another bundle is taken. */
type Seed = Pick<Source, 'document' | 'failure' | 'retryAt' | 'askAt'>

/** One document and what is known of it; times in milliseconds since the epoch. */
interface Source extends DidWebParty {
  readonly health: Dependency
  document: (Pick<ReadDocument, 'keys'> & { readonly freshUntil: number }) | undefined
  /** Why the last reading failed; `undefined` when it did not. */
  failure: Error | undefined
  /** After a failure: no reading before. */
  retryAt: number
  /** No reading for a key that a fresh document does not have before. */
  askAt: number
  underWay: Promise<void> | undefined
  timer: Timer | undefined
}

const UNREAD = { document: undefined, failure: undefined, retryAt: 0, askAt: 0 } as const

function sourceOf(party: DidWebParty, watch: Watch): Source {
  const { did } = party
  const health = watch({ dependency: 'did-web', name: did, line: `keys of ${did}: its DID document cannot be read` })
  return { ...party, ...UNREAD, health, underWay: undefined, timer: undefined }
}

function nameOf(role: DidWebParty['role'], did: string): string {
  return `${role} ${did}`
}

function usableKey({ document }: Source, kid: string, at: number): DocumentedKey | undefined {
  return document !== undefined && at < document.freshUntil + STALE_MS ? document.keys.get(kid) : undefined
}

function pauseEnd({ retryAt, askAt }: Source): number {
  return Math.max(retryAt, askAt)
}

function unavailable(source: Source, at: number): Refusal {
  const seconds = Math.ceil((pauseEnd(source) - at) / 1000)
  return new Refusal('keys_unavailable', `whether ${source.did} has the key is not known now`, {
    cause: source.failure,
    retryAfter: Math.max(seconds, 1),
  })
}

/** For one reading. */
const WAIT_MS = 3000
/** After a failure, and between readings for unknown keys. */
const COOLDOWN_MS = 30_000
const FRESH_SECONDS = 300
const LEAST_FRESH_SECONDS = 30
/** After the end of freshness, while the host cannot be read. */
const STALE_MS = 3_600_000
/** Where in what is left of freshness the next reading begins. */
const BEFORE_END = 0.9
/** What clocks are corrected by in ordinary operation. */
const SET_BACK_MS = 5000
