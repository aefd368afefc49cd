/** Serves the paths of a log from the rows of its database, holding each row against what is stored beside it (spec chapter 17.12). @module */
import {
  concat,
  equal,
  parseTilePath,
  readTile,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileNode,
  utf8,
  type CryptoPort,
  type TileName,
} from '@aiegis/protocol'
import type { Store, StoredLeaf } from '../../store.ts'
import { BrokenLog } from '../../verify-log.ts'
import { bundleOf, type LogSource } from './source.ts'

/** The part of a store that is read. */
export type ReadStore = Pick<Store, 'state' | 'leaf' | 'leaves' | 'leafHashes' | 'tile' | 'tileRoots'>

/** Reads rows as paths. Rejects with `BrokenLog` for rows that do not fit together. */
export function rowsGet(crypto: CryptoPort, store: ReadStore): LogSource['get'] {
  return async (path) => {
    if (path === '/checkpoint') return head(store)
    const name = parseTilePath(path)
    if (name === undefined) throw new BrokenLog(`${path} is not there`)
    if (name.level === 'entries') return entries(crypto, store, Number(name.n) * TILE_WIDTH, name.width)
    return tile(crypto, store, { ...name, level: name.level })
  }
}

async function head(store: ReadStore): Promise<Uint8Array> {
  const { entries: count, head: stored } = await store.state()
  if (stored.note === undefined) throw new BrokenLog('the database has no head; nothing was signed yet, or it was taken away')
  if (count !== stored.size)
    throw new BrokenLog(`the database ends after ${count} entries, but its newest head is over ${stored.size}`, {
      index: Math.min(count, stored.size),
    })
  return utf8(stored.note)
}

async function entries(crypto: CryptoPort, store: ReadStore, start: number, width: number): Promise<Uint8Array> {
  const leaves: readonly (StoredLeaf | undefined)[] = await store.leaves(start, width)
  // One that is missing moves the others: rows are given in their order.
  const missing = leaves.length < width ? await firstMissing(store, start) : width
  return bundleOf(crypto, start, missing === width ? leaves : [...leaves.slice(0, missing), undefined])
}

async function firstMissing(store: ReadStore, start: number): Promise<number> {
  for (let offset = 0; ; offset++) if ((await store.leaf(start + offset)) === undefined) return offset
}

async function tile(
  crypto: CryptoPort,
  store: ReadStore,
  { level, n: number, width }: TileName & { readonly level: number },
): Promise<Uint8Array> {
  const n = Number(number)
  const start = n * TILE_WIDTH
  const full = await store.tile(level, n)
  if (full === undefined) {
    if (width === TILE_WIDTH) throw new BrokenLog(`tile ${level}/${n} is missing`)
    return concat(await (level === 0 ? store.leafHashes(start, start + width) : store.tileRoots(level - 1, start, width)))
  }
  if (!equal(tileNode(readTile(crypto, full.hashes), TILE_HEIGHT, 0), full.root))
    throw new BrokenLog(`tile ${level}/${n} was changed: its hashes do not lead to the root that is stored beside it`)
  return full.hashes.subarray(0, width * 32)
}
