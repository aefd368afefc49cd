/** Everything that follows from one trust bundle: its readers, its caches, and what it asks of a request (spec chapters 10 and 14). @module */
import { defaultCrypto, LIMITS, type Checkpoint } from '@aiegis/protocol'
import { createActionMap, mergeRequirements } from './action-map.ts'
import { createAudit, type Audit } from './audit.ts'
import { BoundedMap } from './bounded-map.ts'
import { createDidKeys, type DidKeys } from './did-keys.ts'
import type { DidResolver } from './did-read.ts'
import type { Events } from './events.ts'
import type { Log } from './hooks.ts'
import { keysOf } from './keys.ts'
import type { ReplayStore } from './replay.ts'
import type { Requirement, AnyRoute } from './requirement.ts'
import type { Asked, Receiver } from './road.ts'
import { createStatusLists, type StatusLists } from './status.ts'
import type { ChainCache } from './steps/passports.ts'
import type { TrustConfig } from './trust.ts'
import type { VerifierOptions } from './verifier.ts'

/** What outlives a bundle. */
export interface EngineParts {
  readonly options: VerifierOptions
  readonly events: Events
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly replay: ReplayStore
  /** Epoch seconds. */
  readonly startedAt: () => number
}

/** A bundle at work. */
export interface Engine {
  readonly trust: TrustConfig
  readonly receiver: Receiver
  readonly lists: StatusLists
  readonly audit: Audit
  readonly documents: DidKeys | undefined
  /** What `route` and the map of actions ask of a request with this method and path. */
  asked(this: void, route: AnyRoute, method: string, path: string): Asked
  /** The entry of the map of actions that a request would match, as far as its method and target can be read. */
  keyOf(this: void, method: string, target: string): string | undefined
  /** What `route` asks by itself. */
  completed(route: AnyRoute): Requirement
  /** Grows with everything that is learnt about lists and documents. */
  learnt(): number
  start(): void
  close(): void
}

/** Chains and checkpoints kept as verified, at most so many of each. */
const CACHE_SIZE = 1024
/** Tree heads kept as read; a few are enough for what is decided at one time. */
const HEADS = 64

/** Makes the readers; nothing is read before `start`. What `earlier` knows of the same parties goes on. Throws `TypeError` for options that do not fit the bundle. */
export function createEngine(trust: TrustConfig, parts: EngineParts, earlier?: Engine): Engine {
  const { options, events, log, now, replay, startedAt } = parts
  const crypto = options.crypto ?? defaultCrypto()
  const { get, inflate } = options
  const { watch } = events
  const { skewSeconds, maxUnprovenSeconds, statusRefreshSeconds: refreshSeconds } = trust.time
  const shared = { get, crypto, now, log, watch, skewSeconds }
  const lists = createStatusLists({
    ...shared,
    issuers: trust.statusIssuers,
    inflate,
    memory: options.statusMemory,
    refreshSeconds,
    earlier: earlier?.lists,
  })
  const audit = createAudit({
    ...shared,
    ledgers: trust.ledgers,
    memory: options.auditMemory,
    maxUnprovenSeconds,
    earlier: earlier?.audit.logs,
  })
  const documents = documentsOf(trust, options.resolver, now, events, earlier?.documents)
  const mapped = createActionMap(options.actions ?? {})
  const merged = new WeakMap<AnyRoute, WeakMap<AnyRoute, Requirement>>()
  const completed = (route: AnyRoute, entry: AnyRoute = NOTHING): Requirement => {
    const known = merged.get(route) ?? new WeakMap<AnyRoute, Requirement>()
    merged.set(route, known)
    const requirement = known.get(entry) ?? mergeRequirements(route, entry, trust)
    known.set(entry, requirement)
    return requirement
  }
  const receiver: Receiver = {
    trust,
    crypto,
    chains: {
      isIssuer: (did) => trust.issuer(did) !== undefined,
      skewSeconds,
      keys: keysOf(trust, documents),
      // Each chain is found by its end and by its digest. On each use the keys of its issuers are looked up in the bundle of now.
      known: chainsOf(trust, earlier),
      crypto,
      checkEvidence: options.checkEvidence,
    },
    checkpoints: new BoundedMap(CACHE_SIZE),
    heads: new BoundedMap<Checkpoint>(HEADS),
    audit,
    lists,
    replay,
    startedAt,
    now: () => Math.floor(now() / 1000),
  }
  return {
    trust,
    receiver,
    lists,
    audit,
    documents,
    completed,
    asked(route, method, path) {
      const found = mapped(method, path)
      return { mapped: found, requirement: completed(route, found.kind === 'action' ? found.route : NOTHING) }
    },
    keyOf(method, target) {
      const [path = ''] = target.split('?', 1)
      const found = path.length > LIMITS.targetUri ? undefined : mapped(method, path)
      return found?.kind === 'action' ? found.key : undefined
    },
    learnt: () => lists.learnt() + (documents?.learnt() ?? 0),
    start() {
      lists.start()
      audit.start()
      documents?.start()
    },
    close() {
      lists.close()
      audit.close()
      documents?.close()
    },
  }
}

/** Sizes and hand-offs are judged when a chain is decoded, so what was remembered under other limits is forgotten. */
function chainsOf({ limits }: TrustConfig, earlier: Engine | undefined): ChainCache {
  const isSame = earlier !== undefined && JSON.stringify(earlier.trust.limits) === JSON.stringify(limits)
  return isSame ? earlier.receiver.chains.known : new BoundedMap(2 * CACHE_SIZE)
}

const NOTHING: AnyRoute = Object.freeze({})

/** `undefined` when all keys are pinned. */
function documentsOf(
  { didWebParties: parties, roleOf }: TrustConfig,
  resolver: DidResolver | undefined,
  now: () => number,
  { watch }: Events,
  earlier: DidKeys | undefined,
): DidKeys | undefined {
  const [first] = parties
  if (first === undefined) return undefined
  if (resolver === undefined) {
    throw new TypeError(
      `resolver: the keys of ${first.did} are in its DID document and nothing here reads one; pass { resolver }, on Node createDidWebResolver(…) of @aiegis/verifier/did-web, or pin keys`,
    )
  }
  return createDidKeys({ parties, resolver, roleOf, now, watch, earlier })
}
