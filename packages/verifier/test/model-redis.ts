/** What a Redis server does with the two commands of the replay store, with a clock and faults of its own: for tests of a store, not of Redis. @module */
import type { RedisClient } from '../src/redis-replay.ts'

/** A server in memory, behind the calls of a client. */
export interface ModelRedis extends RedisClient {
  readonly set: (...call: Parameters<RedisClient['set']>) => Promise<unknown>
  readonly info: (section: string) => Promise<unknown>
  /** Every SET that came, as `key PX`. */
  readonly sets: string[]
  /** Keys that are still there. */
  keys(): readonly string[]
  /** What `INFO` shows; members may be changed. */
  readonly shown: Record<string, string>
  /** Answers every SET instead of the server, when set. */
  instead: (() => Promise<unknown>) | undefined
}

/** An empty server on a clock in milliseconds. */
export function createModelRedis(now: () => number): ModelRedis {
  const ends = new Map<string, number>()
  const live = (key: string): boolean => (ends.get(key) ?? -Infinity) > now()
  const model: ModelRedis = {
    sets: [],
    shown: { role: 'master', maxmemory_policy: 'noeviction' },
    instead: undefined,
    keys: () => [...ends.keys()].filter(live),
    async set(key, _value, { PX }) {
      model.sets.push(`${key} ${PX}`)
      if (model.instead) return model.instead()
      if (live(key)) return null
      ends.set(key, now() + PX)
      return 'OK'
    },
    async info() {
      return Object.entries(model.shown)
        .map(([name, value]) => `${name}:${value}\r\n`)
        .join('')
    },
  }
  return model
}
