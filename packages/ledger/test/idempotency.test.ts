/** What is found by its key is held against the tree (spec chapter 17.14). @module */
import { EMPTY_TILE, growTile, hashLeaf, Refusal, type Tile } from '@aiegis/protocol'
import { expect, test } from 'vitest'
import { checkFound, type Append } from '../src/idempotency.ts'
import { crypto, keyOf, leafOf } from './logs.ts'

test('AHP-LEDGER-18 every entry before a batch is held against the tree, its newest too; what the batch refused or adds is not', async () => {
  const tile = growTile(
    crypto,
    EMPTY_TILE,
    [0, 1, 2].map((number) => hashLeaf(crypto, leafOf(number))),
  )
  const appendOf = (number: number): Append => ({
    leaf: leafOf(number),
    leafHash: hashLeaf(crypto, leafOf(number)),
    key: keyOf(number),
    clear: undefined,
  })
  const asked: string[] = []
  const tileOf = async (level: number, n: number): Promise<Tile> => (asked.push(`${level}/${n}`), tile)
  const refused = new Refusal('idempotency_conflict', 'for another leaf')
  const batch = [refused, 3, 0, 2, 1, 3]
  await checkFound(3, batch, [9, 8, 0, 2, 1, 8].map(appendOf), tileOf)
  expect(asked).toEqual(['0/0'])
  for (const [at, wrong] of [
    [2, 7],
    [3, 7],
    [4, 0],
  ] as const) {
    const appends = [9, 8, 0, 2, 1, 8].map((number, place) => appendOf(place === at ? wrong : number))
    await expect(checkFound(3, batch, appends, tileOf)).rejects.toThrow(/has a key for entry [012] that is of another leaf/)
  }
})
