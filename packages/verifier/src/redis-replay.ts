/** Used tokens in Redis or Valkey, shared by all receivers of a base: one `SET NX PX` for each claim (spec chapter 12). @module */
import { quietLog, type Log } from './hooks.ts'
import type { ClaimResult, ReplayStore } from './replay.ts'

/**
 * What the store asks of a client, in the shape of node-redis (`createClient({ url, disableOfflineQueue: true })`). Any other client
 * fits through a wrapper; for ioredis (`new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })`):
 *
 * ```ts
 * const client: RedisClient = { set: (key, value, { PX }) => ioredis.set(key, value, 'PX', PX, 'NX'), info: (section) => ioredis.info(section) }
 * ```
 */
export interface RedisClient {
  /** `SET key value NX PX ms`: 'OK' when it was written, `null` when the key was there. */
  set(key: string, value: string, options: { readonly NX: true; readonly PX: number }): Promise<unknown>
  /** `INFO section`: how the server is set up. */
  info?(section: string): Promise<unknown>
  /** The options of a client of node-redis, which show whether it queues commands while it is not connected. */
  readonly options?: unknown
}

/** How receivers reach their shared memory. */
export interface RedisReplayOptions {
  readonly client: RedisClient
  /**
   * First part of every key: 1 to 64 of `A-Z a-z 0-9 . _ -`; `aiegis` by default. Everybody who can read the server sees it. Receivers
   * of one base with different namespaces each serve every token once.
   */
  readonly namespace?: string
  /** Milliseconds since the epoch, from the clock of the verifier, which is the default too; one that is ahead shortens records. */
  readonly now?: () => number
  /** Told in one sentence why claims are refused; writes to standard error by default. */
  readonly log?: Log
  /**
   * Only for servers that do not let INFO be read: the caller knows that the server is a primary with `maxmemory-policy noeviction`,
   * which nobody checks then. When it is not, or stops being it, used tokens are forgotten and served again.
   */
  readonly uncheckedServerMayServeReplays?: true
}

/** A store behind a client. */
export interface RedisReplayStore extends ReplayStore {
  readonly scope: 'shared'
  /**
   * Resolves when the server is one that forgets nothing; rejects with a sentence that says what to do. Each claim asks this first, and
   * the answer counts for a minute. Of a cluster it sees the node that the client asks.
   */
  ready(): Promise<void>
  claim(key: string, expiresAt: number, issuer: string): Promise<ClaimResult>
}

/** Claims that wait for an answer: more would only be memory that a server which hangs makes this process hold. */
const MAX_PENDING = 10_000
/** How long a server is taken for what it was: after a failover it may be another. */
const CHECKED_MS = 60_000
/** Longer than any record lives. A record outside of 1 ms to this comes from a clock that is not the verifier's. */
const MAX_LIFE_MS = 3_600_000

/**
 * A store for `requireAiegisToken({ replay })`. It makes no connection, owns no timer and needs no closing. A claim throws, which
 * refuses with `replay_unavailable`, for every answer of the server but 'OK' and `null`; a server without memory left is `full`. Does
 * not count the records of one harness, and cannot see what the server loses by itself: a restart without persistence, a failover to a
 * replica that lacks the newest records. Throws `TypeError` for options that cannot work.
 */
export function createRedisReplayStore(options: RedisReplayOptions): RedisReplayStore {
  const { client, namespace = 'aiegis', now = Date.now } = options
  const log = quietLog(options.log ?? console.error)
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(namespace))
    throw new TypeError('replay.namespace: not a name; write 1 to 64 of A-Z, a-z, 0-9, ".", "_" and "-"')
  if (queuesOffline(client))
    throw new TypeError(
      'replay.client: it queues commands while it is not connected, and claims would wait; create it with { disableOfflineQueue: true }',
    )
  let pending = 0
  let check: Promise<void> | undefined
  let checkedAt = 0
  let told = ''

  const ready = (): Promise<void> => {
    if (check !== undefined && Math.abs(now() - checkedAt) < CHECKED_MS) return check
    checkedAt = now()
    const begun = checkServer(options, namespace)
    check = begun
    void begun.then(
      () => {
        told = ''
      },
      (error: unknown) => {
        if (check === begun) check = undefined
        const line =
          error instanceof Unfit ? error.message : 'replay.client: the server does not answer as it must; claims are refused'
        if (line !== told) log(line, error)
        told = line
      },
    )
    return begun
  }

  return {
    scope: 'shared',
    ready,
    async claim(key, expiresAt) {
      const life = Math.ceil(expiresAt * 1000 - now())
      if (!(life >= 1 && life <= MAX_LIFE_MS)) throw new Error(`a record for ${life} ms: is "now" the clock of the verifier?`)
      if (pending >= MAX_PENDING) throw new Error(`${pending} claims wait for the server`)
      pending++
      try {
        await ready()
        return meaningOf(await client.set(`${namespace}:${key}`, '1', { NX: true, PX: life }))
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('OOM ')) return 'full'
        throw error
      } finally {
        pending--
      }
    },
  }
}

/** A server or client that would let replays through, in a sentence for the operator. */
class Unfit extends Error {
  override readonly name = 'Unfit'
}

function meaningOf(answer: unknown): ClaimResult {
  if (answer === 'OK') return 'fresh'
  if (answer === null) return 'seen'
  throw new Unfit(
    "replay.client: SET was answered with something else than 'OK' and null; use a client that shows both as they are",
  )
}

/** node-redis queues unless told not to. Other clients do not show it here. */
function queuesOffline({ options }: RedisClient): boolean {
  return typeof options === 'object' && options !== null && Reflect.get(options, 'disableOfflineQueue') !== true
}

/** Asks the server twice for one key and reads how it is set up. Throws `Unfit`, or what the client throws. */
async function checkServer(options: RedisReplayOptions, namespace: string): Promise<void> {
  const { client } = options
  const probe = `${namespace}:probe:${crypto.randomUUID()}`
  const claim = async (): Promise<ClaimResult> => meaningOf(await client.set(probe, '1', { NX: true, PX: 10_000 }))
  const answers = [await claim(), await claim()]
  if (answers.join() !== 'fresh,seen')
    throw new Unfit('replay.client: one key was new twice; pass NX and PX on to SET as this client wants them')
  const info = await readInfo(client)
  const [role, policy] = [info.line('role'), info.line('maxmemory_policy')]
  if (policy !== undefined && policy !== 'noeviction')
    throw new Unfit(`replay.client: maxmemory-policy is ${policy}, so the server may forget used tokens; set it to noeviction`)
  if (role !== undefined && role !== 'master')
    throw new Unfit(`replay.client: the server is a ${role}, and its primary may overwrite it; connect to the primary`)
  if ((role === undefined || policy === undefined) && options.uncheckedServerMayServeReplays !== true)
    throw new Unfit(
      'replay.client: INFO does not show role and maxmemory_policy; let the account read INFO, or state uncheckedServerMayServeReplays: true',
      { cause: info.cause },
    )
}

/** What `INFO` shows of a server; nothing, and why, when the client has no such call or the server forbids it. */
async function readInfo(client: RedisClient): Promise<{ line(name: string): string | undefined; readonly cause?: unknown }> {
  try {
    const lines = [await client.info?.('replication'), await client.info?.('memory')].join('\n').split(/\r?\n/)
    return { line: (name) => lines.find((text) => text.startsWith(`${name}:`))?.slice(name.length + 1) }
  } catch (cause) {
    return { line: () => undefined, cause }
  }
}
