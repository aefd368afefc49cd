/** Bounds the entries of agents that are stopped and go on asking: each stays in the log for ever (spec chapter 15.9). @module */
import { Refusal } from '@aiegis/protocol'
import { createBucket, type Bucket } from './bucket.ts'

/** Counts one entry that says that an agent, or its task, is suspended, by thumbprint of the key that asked. Throws `overloaded`. */
export type SuspendedLimit = (jkt: string) => void

const PER_SECOND = 0.1
const AT_ONCE = 60
const MAX_AGENTS = 10_000

/** A bucket for each agent: one that asks without end does not keep the log from saying that another asked. `now` is epoch milliseconds. */
export function createSuspendedLimit(now: () => number): SuspendedLimit {
  const buckets = new Map<string, Bucket>()

  function bucketOf(jkt: string): Bucket {
    const known = buckets.get(jkt)
    if (known !== undefined) return known
    if (buckets.size >= MAX_AGENTS) sweep()
    if (buckets.size >= MAX_AGENTS) throw new Refusal('overloaded', `${buckets.size} suspended agents ask`)
    const bucket = createBucket(AT_ONCE, PER_SECOND, now)
    buckets.set(jkt, bucket)
    return bucket
  }

  function sweep(): void {
    for (const [jkt, bucket] of buckets) if (bucket.isFull()) buckets.delete(jkt)
  }

  return (jkt) => {
    if (!bucketOf(jkt).take()) throw new Refusal('overloaded', 'a suspended agent asks too often')
  }
}
