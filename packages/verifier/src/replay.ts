/** Remembers which tokens were used: one atomic claim, never a look-up followed by a write (spec chapter 12). @module */
import { beginning } from './beginning.ts'

/** What a claim found. `full` and every thrown error refuse the request with 503. */
export type ClaimResult = 'fresh' | 'seen' | 'full'

/** A store of used tokens. */
export interface ReplayStore {
  /** `process`: memory of this process, lost with it; `shared`: outlives the process and is seen by every receiver of the same base. */
  readonly scope: 'process' | 'shared'
  /** When it began to remember, epoch seconds, by the clock of now: it is read for each claim. For `process`; the start of the verifier when absent. */
  readonly startedAt?: number
  /**
   * Records `key` (43 characters) until `expiresAt` (epoch seconds) and says whether it was there. Must be one atomic step, must never
   * drop a record before `expiresAt`. `issuer` names the harness, for quotas.
   */
  claim(key: string, expiresAt: number, issuer: string): ClaimResult | Promise<ClaimResult>
}

/** A store that answers at once. */
export interface MemoryReplayStore extends ReplayStore {
  readonly scope: 'process'
  readonly startedAt: number
  claim(key: string, expiresAt: number, issuer: string): ClaimResult
}

/** Bounds of the store in memory. */
export interface MemoryReplayOptions {
  /** The caller states that exactly one process serves this base. */
  readonly singleProcess: true
  /** Live records in all; default 1,000,000. */
  readonly maxRecords?: number
  /** Live records of one harness; default all of them. */
  readonly maxPerIssuer?: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds since anything, by a clock that nobody sets. Without it `now` has to be right when the store is made. */
  readonly elapsed?: () => number
}

/** Seconds per bucket: records are dropped a bucket at a time, so a claim costs O(1). */
const BUCKET_SECONDS = 8

/**
 * A store in the memory of this process. Refuses when it is full and never evicts a live record.
 * Throws `TypeError` unless `singleProcess` is `true`.
 */
export function createMemoryReplayStore(options: MemoryReplayOptions): MemoryReplayStore {
  const { singleProcess }: { readonly singleProcess: unknown } = options
  if (singleProcess !== true || isOneOfMany()) {
    throw new TypeError(
      'replay.memory: write { singleProcess: true } when exactly one process serves this base, else use a shared store',
    )
  }
  const maxRecords = options.maxRecords ?? 1_000_000
  const maxPerIssuer = options.maxPerIssuer ?? maxRecords
  const live = new Set<string>()
  const perIssuer = new Map<string, number>()
  const buckets = new Map<number, { readonly key: string; readonly issuer: string }[]>()
  const startedAt = beginning(options.now, options.elapsed)
  let sweptTo = Math.floor(options.now() / 1000 / BUCKET_SECONDS)

  const sweep = (now: number): void => {
    const current = Math.floor(now / BUCKET_SECONDS)
    if (current <= sweptTo) return
    sweptTo = current
    for (const [bucket, records] of buckets) {
      if (bucket >= current) continue
      buckets.delete(bucket)
      for (const { key, issuer } of records) {
        live.delete(key)
        const left = (perIssuer.get(issuer) ?? 1) - 1
        if (left > 0) perIssuer.set(issuer, left)
        else perIssuer.delete(issuer)
      }
    }
  }

  return {
    scope: 'process',
    get startedAt() {
      return startedAt()
    },
    claim(key, expiresAt, issuer) {
      sweep(options.now() / 1000)
      // The clock was ahead and went back: records of this age are gone, so nobody knows whether this one was there.
      if (Math.floor(expiresAt / BUCKET_SECONDS) < sweptTo) return 'full'
      if (live.has(key)) return 'seen'
      const used = perIssuer.get(issuer) ?? 0
      if (live.size >= maxRecords || used >= maxPerIssuer) return 'full'
      live.add(key)
      perIssuer.set(issuer, used + 1)
      const bucket = Math.floor(expiresAt / BUCKET_SECONDS)
      const records = buckets.get(bucket)
      if (records) records.push({ key, issuer })
      else buckets.set(bucket, [{ key, issuer }])
      return 'fresh'
    },
  }
}

/** Workers of a cluster and isolates share requests and not their memory: each would accept every token once. */
function isOneOfMany(): boolean {
  const cluster: unknown = globalThis.process?.getBuiltinModule?.('node:cluster')
  const isClusterWorker = typeof cluster === 'object' && cluster !== null && Reflect.get(cluster, 'isWorker') === true
  return isClusterWorker || Reflect.get(Object(Reflect.get(globalThis, 'navigator')), 'userAgent') === 'Cloudflare-Workers'
}
