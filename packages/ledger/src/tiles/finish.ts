/** Finishes the batch that a crash interrupted between rows, files and checkpoint (Sunlight's order; spec chapter 17.9). @module */
import { equal, hashLeaf, Malformed, parseCheckpoint, type Checkpoint } from '@aiegis/protocol'
import { checkHead, recoverTree, type Identity } from '../recover.ts'
import { growTree } from '../tree.ts'
import { edgeOfTree } from './batch-files.ts'
import type { TileDirectory } from './directory.ts'
import type { IndexRows } from './index-rows.ts'
import { createTileStore, type TileStore } from './store.ts'

/**
 * The store, with all rows in files. Rejects with an `Error` with a sentence for the operator when files and rows are not of one log:
 * the published head is newer than the rows, is another one of the same size, or is too old to be the one before the last.
 */
export async function finishFiles(identity: Identity, rows: IndexRows, directory: TileDirectory): Promise<TileStore> {
  const head = rows.head()
  const note = await directory.readCheckpoint()
  const published = note === undefined ? undefined : readPublished(note)
  const size = Number(published?.size ?? 0n)
  if (size > head.size || (published !== undefined && head.note === undefined)) {
    throw new Error(
      `ledger: the index ends after ${head.size} entries, but the published checkpoint is over ${size}; going on with an old copy would fork the log`,
    )
  }
  const store = createTileStore(rows, directory, size)
  if (head.note === undefined) return store
  if (size === head.size) {
    // Where nothing was published nothing was stored either.
    if (published !== undefined && !equal(published.root, parseCheckpoint(head.note).root))
      throw new Error(
        `ledger: the published checkpoint over ${size} entries is not the one that was stored; they are of two logs`,
      )
    // Tiles at the edge can be made again from what is left of them; where one is there with other bytes, this rejects.
    await directory.write(edgeOfTree((await recoverTree(identity, store)).tree))
    return store
  }
  const staged = rows.staged(size)
  if (size + staged.length !== head.size) {
    throw new Error(
      `ledger: the published checkpoint is over ${size} entries, and what follows up to ${head.size} is not staged; put back the files and the checkpoint`,
    )
  }
  const files = { ...store, state: () => ({ entries: size, head: { size, note } }) }
  const before = await recoverTree(identity, files)
  const hashes = staged.map((leaf) => hashLeaf(identity.crypto, leaf))
  const { tree, full } = growTree(identity.crypto, before.tree, hashes)
  await checkHead({ ...before, tree }, head.note, 'the newest checkpoint in the index')
  await store.write({ start: size, leaves: staged, full, tree })
  return store
}

function readPublished(note: string): Checkpoint {
  try {
    return parseCheckpoint(note)
  } catch (cause) {
    if (cause instanceof Malformed) throw new Error('ledger: the published checkpoint is no checkpoint', { cause })
    throw cause
  }
}
