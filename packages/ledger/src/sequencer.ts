/** Puts appends in one order and commits whatever has gathered together, so that one disk flush serves many (spec chapter 17). @module */
import { Refusal } from '@aiegis/protocol'

/** How many items wait, and what a batch is done with. */
export interface SequencerOptions<T, R> {
  /** Items that may be unanswered at once; one more is refused. */
  readonly maxWaiting: number
  readonly maxBatch: number
  /** Answers each item, in order; an error among the answers rejects that item, an error thrown rejects them all. */
  readonly commit: (items: readonly T[]) => Promise<readonly (R | Error)[]>
}

/** One queue with one worker. */
export interface Sequencer<T, R> {
  /** Resolves when the batch with this item is committed. Rejects with `overloaded` when too many wait. */
  push(item: T): Promise<R>
  /** Resolves when nothing waits any more, as long as nobody pushes. */
  drain(): Promise<void>
}

/** A queue whose batches grow by themselves: the next one holds what came while the last one was being committed. */
export function createSequencer<T, R>(options: SequencerOptions<T, R>): Sequencer<T, R> {
  const queue: Pending<T, R>[] = []
  let unanswered = 0
  let worker: Promise<void> | undefined

  async function work(): Promise<void> {
    while (queue.length > 0) {
      // Requests that are already at the socket get their turn first, so that they go into this batch.
      await nextTurn()
      const batch = queue.splice(0, options.maxBatch)
      await answer(batch, options)
      unanswered -= batch.length
    }
    worker = undefined
  }

  return {
    push(item) {
      if (unanswered >= options.maxWaiting) {
        return Promise.reject(new Refusal('overloaded', `${unanswered} appends are waiting`, { retryAfter: 1 }))
      }
      unanswered++
      return new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject })
        worker ??= work()
      })
    },
    drain: () => worker ?? Promise.resolve(),
  }
}

interface Pending<T, R> {
  readonly item: T
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

async function answer<T, R>(batch: readonly Pending<T, R>[], { commit }: SequencerOptions<T, R>): Promise<void> {
  try {
    const results = await commit(batch.map(({ item }) => item))
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index]
      if (result === undefined || result instanceof Error)
        reject(result ?? new Error('ledger: a batch left an append unanswered'))
      else resolve(result)
    }
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
