/** What a janitor does with clear text: takes out what was ordered or is old enough, and nothing that is on hold (spec chapter 17.7). @module */
import { DEFAULT_RETENTION, parseRetention } from './retention.ts'
import type { JanitorStore } from './store.ts'

/** How a janitor cleans. */
export interface JanitorOptions {
  /** How long clear text is kept that nobody ordered to erase, such as `P5Y`, which it is when absent. */
  readonly retention?: string
  /** Also publish entries no more that are older than that. Leaves, tree and proofs stay in the log. */
  readonly prune?: boolean
}

/** What was done. */
export interface Cleaned {
  /** Clear texts whose erasure was ordered. */
  readonly ordered: number
  /** Clear texts that were old enough. */
  readonly expired: number
  /** Clear texts that would have gone but for a hold. */
  readonly held: number
  /** First entry that is published. */
  readonly minimum: number
  /** Where bytes of what was taken out may still be; `undefined` where nowhere within the reach of the log. */
  readonly rest: string | undefined
}

/** Rows of one transaction: whoever places a hold waits for it. */
const BATCH = 500

/** Cleans once. Throws `Error` with a sentence for a retention that is too short, before anything is touched. Times are the database's. */
export async function clean(
  store: JanitorStore,
  { retention = DEFAULT_RETENTION, prune = false }: JanitorOptions,
): Promise<Cleaned> {
  const seconds = parseRetention(retention)
  // Before the clear text goes, which says how old an entry is.
  const minimum = await store.minimum(prune ? seconds : undefined)
  const ordered = await all((most) => store.eraseOrdered(most))
  const expired = await all((most) => store.eraseOlder(seconds, most))
  const held = await store.countHeld(seconds)
  return { ordered, expired, held, minimum, rest: await store.overwrite() }
}

async function all(step: (most: number) => number | Promise<number>): Promise<number> {
  let sum = 0
  for (;;) {
    const count = await step(BATCH)
    sum += count
    if (count < BATCH) return sum
  }
}
