/** Decides which appends of a batch are new entries and which were stored before (spec chapter 17). @module */
import { equal, Refusal, toHex } from '@aiegis/protocol'
import type { Store } from './store.ts'

/** What a caller wants stored. */
export interface Append {
  readonly leaf: Uint8Array
  /** Whoever appends again with the same key asks for the same entry. */
  readonly key: Uint8Array
  readonly clear: Uint8Array | undefined
}

/** One batch, sorted out. */
export interface Sorted {
  /** For each append the index that it has or will have, or why it has none. */
  readonly indices: readonly (number | Refusal)[]
  /** The appends that are new, in the order of their indices. */
  readonly fresh: readonly Append[]
}

/** Sorts a batch that would start at index `size`. A key that comes again with another leaf is `idempotency_conflict`. */
export function sortOut(appends: readonly Append[], size: number, store: Pick<Store, 'indexOf' | 'leaf'>): Sorted {
  const fresh: Append[] = []
  const inBatch = new Map<string, number>()
  const indices = appends.map((append) => {
    const name = toHex(append.key)
    const known = inBatch.get(name) ?? store.indexOf(append.key)
    if (known === undefined) {
      inBatch.set(name, size + fresh.length)
      return size + fresh.push(append) - 1
    }
    const leaf = known < size ? store.leaf(known) : fresh[known - size]?.leaf
    if (leaf !== undefined && equal(leaf, append.leaf)) return known
    return new Refusal('idempotency_conflict', `the key of entry ${known} was used for another leaf`)
  })
  return { indices, fresh }
}
