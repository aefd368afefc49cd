/** Tiles of a log are held against the tree, not against what stands beside them (spec chapter 17). @module */
import { hashLeaf, tileBytes, tileNode, TILE_HEIGHT, TILE_WIDTH, type Tile } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { readStoredTile } from '../src/stored-tile.ts'
import type { Store } from '../src/store.ts'
import { EMPTY_TREE, growTree, type FullTile } from '../src/tree.ts'
import { crypto, leafOf } from './logs.ts'

/** The rows of these tiles. */
const rowsOf = (tiles: readonly FullTile[]): Pick<Store, 'tile'> => ({
  tile(level, n) {
    const found = tiles.find((one) => one.level === level && one.n === n)
    return found && { hashes: tileBytes(found.tile, TILE_WIDTH), root: tileNode(found.tile, TILE_HEIGHT, 0) }
  },
})

describe('AHP-LEDGER-18 a tile that was changed together with its root', () => {
  const hashes = Array.from({ length: 66_000 }, (_, index) => hashLeaf(crypto, leafOf(index)))
  const forged = hashes.with(5 * TILE_WIDTH + 7, hashLeaf(crypto, leafOf('forged')))

  test.each([2_000, 66_000])('is not read in a log of %i entries, and the others are', async (size) => {
    const { tree, full } = growTree(crypto, EMPTY_TREE, hashes.slice(0, size))
    const other = growTree(crypto, EMPTY_TREE, forged.slice(0, size)).full
    const changed = full.map((one, at) => (one.level === 0 && one.n === 5 ? (other[at] ?? one) : one))
    const read = (n: number): Promise<Tile> => readStoredTile(crypto, rowsOf(changed), tree, { level: 0, n })
    for (const n of [0, 4, 6]) expect(await read(n)).toEqual(full.find((one) => one.level === 0 && one.n === n)?.tile)
    await expect(read(5)).rejects.toThrow('ledger: tile 0/5 was changed')
  })

  test('nor when the full tile above it was changed as well', async () => {
    const { tree } = growTree(crypto, EMPTY_TREE, hashes)
    const { full } = growTree(crypto, EMPTY_TREE, forged)
    const reading = readStoredTile(crypto, rowsOf(full), tree, { level: 0, n: 5 })
    await expect(reading).rejects.toThrow('ledger: tile 1/0 was changed')
  })
})
