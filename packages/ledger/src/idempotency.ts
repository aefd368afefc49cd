/** Decides which appends of a batch are new entries and which were stored before (spec chapter 17). @module */
import { equal, Refusal, TILE_WIDTH, tileNode, toHex, type Tile } from '@aiegis/protocol'
import type { Found } from './store.ts'

/** What a caller wants stored. */
export interface Append {
  readonly leaf: Uint8Array
  readonly leafHash: Uint8Array
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

/** Sorts a batch that would start at index `size`, after what was stored. A key with another leaf is `idempotency_conflict`. */
export function sortOut(appends: readonly Append[], size: number, stored: ReadonlyMap<string, Found>): Sorted {
  const fresh: Append[] = []
  const inBatch = new Map<string, Found>()
  const indices = appends.map((append) => {
    const name = toHex(append.key)
    const known = inBatch.get(name) ?? stored.get(name)
    if (known === undefined) {
      const index = size + fresh.push(append) - 1
      inBatch.set(name, { index, leafHash: append.leafHash })
      return index
    }
    if (equal(known.leafHash, append.leafHash)) return known.index
    return new Refusal('idempotency_conflict', `the key of entry ${known.index} was used for another leaf`)
  })
  return { indices, fresh }
}

/**
 * Holds what was found by its key, at an index before `start`, against the tree. The rows of keys are not under it: whoever changed them
 * must not get a token released whose leaf is not there. Rejects with `Error`.
 */
export async function checkFound(
  start: number,
  indices: Sorted['indices'],
  appends: readonly Append[],
  tileOf: (level: number, n: number) => Promise<Tile>,
): Promise<void> {
  const tiles = new Map<number, Tile>()
  for (const [at, { leafHash }] of appends.entries()) {
    const index = indices[at]
    if (typeof index !== 'number' || index >= start) continue
    const n = Math.floor(index / TILE_WIDTH)
    const tile = tiles.get(n) ?? (await tileOf(0, n))
    tiles.set(n, tile)
    if (!equal(tileNode(tile, 0, index % TILE_WIDTH), leafHash))
      throw new Error(`ledger: the database has a key for entry ${index} that is of another leaf`)
  }
}
