/** Builds a verifier once, from options that are checked at the start, and verifies requests with it (spec chapter 10). @module */
import type { CryptoPort } from '@aiegis/protocol'
import type { Actions } from './action-map.ts'
import type { AuditMemory } from './audit.ts'
import { beginning } from './beginning.ts'
import type { AiegisContext } from './context.ts'
import type { DidResolver } from './did-read.ts'
import { createEngine, type EngineParts } from './engine.ts'
import {
  codeOf,
  createEvents,
  eventOf,
  factsIn,
  factsOf,
  type Dependency,
  type EventHooks,
  type Events,
  type Facts,
  type Told,
} from './events.ts'
import type { EvidenceCheck } from './grades.ts'
import { quietLog, type Log } from './hooks.ts'
import { narrow } from './narrow.ts'
import { createReportOnly, type ReportOnly, type ReportOnlyOptions } from './report-only.ts'
import { createMemoryReplayStore, type ReplayStore } from './replay.ts'
import type { ReceivedRequest } from './request.ts'
import { createReloading, type ReloadEvent } from './reload.ts'
import type { AnyRoute } from './requirement.ts'
import { STEPS, walk, type Asked, type Progress, type Steps } from './road.ts'
import type { HttpGet, Inflate, StatusMemory } from './status.ts'
import { parseTrustBundle, type TrustConfig } from './trust.ts'

/** What a verifier is made of. */
export interface VerifierOptions extends EventHooks {
  /** The trust bundle, parsed JSON (spec chapter 14). */
  readonly trust: unknown
  /** Reads status lists and logs in the background. */
  readonly get: HttpGet
  /** Inflates at most so many bytes of gzip. */
  readonly inflate: Inflate
  /** Keeps the newest status lists for after a restart; without it they are known as long as the process lives. */
  readonly statusMemory?: StatusMemory | undefined
  /** Keeps what was found out about logs for after a restart; without it a log that contradicted itself is open again then. */
  readonly auditMemory?: AuditMemory | undefined
  /** Told what the operator should know and no request shows; writes to standard error by default. */
  readonly log?: Log
  /**
   * Resolves the DIDs of parties that are read by did:web; needed when the bundle has one. On Node `createNodeVerifier` brings it. Any other
   * is for development: the stock web-did-resolver follows redirects, without TLS too, and reads without a bound.
   */
  readonly resolver?: DidResolver | undefined
  /** A store of used tokens; without it the bundle's `replay` decides. */
  readonly replay?: ReplayStore
  /** Actions by method and path pattern: `{ 'POST /orders': 'orders.create' }`, or with all that the route asks: `{ action, body, … }`. */
  readonly actions?: Actions
  /** Told of each `reload`: that the bundle was replaced, or why the old one is kept. */
  readonly onReload?: ((event: ReloadEvent) => void) | undefined
  /** Milliseconds since the epoch; the system clock by default. */
  readonly now?: () => number
  readonly crypto?: CryptoPort
  /** Serves what would be refused, and reports it, until a date: for a receiver that is new in front of an application. */
  readonly reportOnly?: ReportOnlyOptions | undefined
  /** Checks raw evidence behind passports again; without it nothing counts as checked. */
  readonly checkEvidence?: EvidenceCheck
}

/** Verifies requests against one trust bundle. */
export interface Verifier {
  /** Of now: `reload` replaces it. */
  readonly trust: TrustConfig
  /** The actions that were named, by method and path pattern. */
  readonly actions: Readonly<Record<string, string>>
  /** Milliseconds since the epoch, as this verifier reads the clock. */
  readonly now: () => number
  /** Whether adapters let refused requests pass; `undefined` when they never do. `verify` itself always rejects. */
  readonly reportOnly: Pick<ReportOnly, 'until' | 'isOn' | 'tell'> | undefined
  /** Resolves to the context of a request that passed every step; rejects with a `Refusal` otherwise. Claims the token: call it once per request. */
  verify(request: ReceivedRequest, route?: AnyRoute): Promise<AiegisContext>
  /**
   * Judges a request that `verify` has served by what a later route asks for: grades, depth, or its action once more. Throws
   * `grade_insufficient`, `depth_exceeded`, and `misconfigured` for everything that would have had to be known before the claim.
   */
  narrow(context: AiegisContext, route: AnyRoute): void
  /**
   * Resolves when every status list, DID document and log was tried once, or with `lists` the status lists alone; one that cannot be read
   * refuses its party later, not here.
   */
  warm(what?: 'lists'): Promise<void>
  /** True while a status list cannot be used, so that passports of its issuer are refused. */
  isListLacking(): boolean
  /**
   * A hint that the status list at `url` changed, or that any did: it is read again soon, at most once a second. Takes hints from
   * anybody, since nothing is believed but the list; other URLs are ignored.
   */
  statusChanged(url?: string): void
  /**
   * Takes another bundle, parsed JSON, or what a function gives, in the place of this one: whole or not at all. Requests that have begun end
   * under the old one. Rejects with `TypeError`, and keeps the old bundle, when it is wrong or changes what only a start can change:
   * audience, bases, replay, time, didWeb. Used tokens, and what is known of lists, documents and logs that stay, are kept.
   */
  reload(bundle: unknown): Promise<void>
  /** Stops the background refresh. */
  close(): void
}

/** Checks the options and starts the background refresh. Throws `TypeError` with one sentence that says what to write instead. */
export function createVerifier(options: VerifierOptions): Verifier {
  return createVerifierOf(STEPS, options)
}

/** As `createVerifier`, on a road with given steps: how tests show that each step bites. */
export function createVerifierOf(steps: Steps, options: VerifierOptions): Verifier {
  const trust = parseTrustBundle(options.trust)
  const now = options.now ?? Date.now
  const log = quietLog(options.log ?? console.error)
  const events = createEvents({ ...options, log, now })
  const replay = options.replay === undefined ? storeOf(trust, options.now) : checkStore(options.replay)
  const began = beginning(now, options.now === undefined ? elapsed : undefined)
  const startedAt = (): number => replay.startedAt ?? began()
  const parts: EngineParts = { options, events, log, now, replay, startedAt }
  let engine = createEngine(trust, parts)
  const reloading = createReloading({
    ...options,
    log,
    now,
    current: () => engine.trust,
    async take(next) {
      const before = engine.learnt()
      const made = createEngine(next, parts, engine)
      await made.lists.ready()
      return () => {
        if (engine.learnt() !== before) return false
        engine.close()
        engine = made
        engine.start()
        return true
      }
    },
  })
  const reportOnly = createReportOnly(options.reportOnly, now, options.now === undefined ? elapsed : () => 0, log)
  const store = storeHealth(events, trust.audience)
  /** Tells that something was refused, or would have been, once; gives what is thrown. */
  const refused = (error: unknown, told: Told, route: () => string | undefined): Error => {
    const thrown = error instanceof Error ? error : new Error(String(error))
    const isReported = reportOnly?.isOn() === true
    if (isReported) reportOnly.note(thrown, { ...eventOf(told, Math.floor(now() / 1000)), route: route() })
    events.verdict(isReported ? 'reported' : 'refused', told)
    return thrown
  }
  engine.start()
  return {
    get trust() {
      return engine.trust
    },
    actions: namesOf(options.actions),
    now,
    reportOnly,
    async verify(request, route = NOTHING) {
      const { asked: askedBy, receiver, keyOf } = engine
      const progress: Progress = { startedAt: performance.now(), stage: 'extract' }
      const asked = (method: string, path: string): Asked => askedBy(route, method, path)
      const facts = (): Facts => factsOf(progress)
      const durationMs = (): number => performance.now() - progress.startedAt
      try {
        const context = await walk(steps, receiver, request, asked, progress)
        store.up()
        events.verdict('served', { code: undefined, stage: progress.stage, facts, durationMs })
        return context
      } catch (error) {
        const code = codeOf(error)
        if (code === 'replay_unavailable' || code === 'replay_full') store.down(code, error)
        else if (code === 'token_replayed') store.up()
        throw refused(error, { code, stage: progress.stage, facts, durationMs }, () => keyOf(request.method, request.target))
      }
    },
    narrow(context, route) {
      try {
        narrow(context, route, engine.completed(route))
      } catch (error) {
        const told: Told = { code: codeOf(error), stage: 'requirement', facts: () => factsIn(context), durationMs: () => 0 }
        throw refused(error, told, () => undefined)
      }
    },
    async warm(what) {
      const { lists, audit, documents } = engine
      await Promise.all([lists.warm(), ...(what === 'lists' ? [] : [audit.warm(), documents?.warm()])])
    },
    isListLacking: () => engine.lists.isLacking(),
    statusChanged: (url) => engine.lists.changed(url),
    reload: (bundle) => reloading.reload(bundle),
    close() {
      reloading.close()
      engine.close()
    },
  }
}

const NOTHING: AnyRoute = Object.freeze({})

function namesOf(actions: Actions = {}): Verifier['actions'] {
  const names = Object.entries(actions).map(([key, given]) => [key, typeof given === 'string' ? given : given.action] as const)
  return Object.freeze(Object.fromEntries(names))
}

/** The store of used tokens is watched by what it did to requests. */
function storeHealth({ watch }: Events, audience: string): Dependency {
  const line = `replay store of ${audience}: it cannot take tokens now`
  return watch({ dependency: 'replay', name: audience, line, steadySeconds: STEADY_SECONDS })
}

/** How long no claim may have failed before a store counts as up again. */
const STEADY_SECONDS = 10

/** Milliseconds of a clock that nobody sets. */
const elapsed = (): number => performance.now()

/**
 * One store for each audience: two verifiers of one process that each remember alone would serve every token twice. Found by name, since a
 * process can have this package twice.
 */
const stores = storesOfProcess()

function storesOfProcess(): Map<string, ReplayStore> {
  const name = Symbol.for('@aiegis/verifier: used tokens in memory, by audience')
  const known: unknown = Reflect.get(globalThis, name)
  if (known instanceof Map) return known
  const made = new Map<string, ReplayStore>()
  Object.defineProperty(globalThis, name, { value: made })
  return made
}

function storeOf(trust: TrustConfig, now: VerifierOptions['now']): ReplayStore {
  if (trust.replay === undefined) {
    throw new TypeError(
      'replay: write "replay": { "memory": { "singleProcess": true } } in the trust bundle when one process serves this base, or pass a shared store',
    )
  }
  const { memory } = trust.replay
  // A verifier with a clock of its own, as in tests, cannot share a memory that is swept by another.
  if (now !== undefined) return createMemoryReplayStore({ ...memory, now })
  const store = stores.get(trust.audience) ?? createMemoryReplayStore({ ...memory, now: Date.now, elapsed })
  stores.set(trust.audience, store)
  return store
}

function checkStore(store: ReplayStore): ReplayStore {
  const { scope }: { readonly scope: unknown } = store
  if (scope === 'shared' || scope === 'process') return store
  throw new TypeError("replay: a store says scope: 'shared' when it outlives the process, else scope: 'process'")
}
