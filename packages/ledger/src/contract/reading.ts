/** What the contract asks of reading: tiles that never change, proofs of everything that was released and of nothing else (spec chapter 17). @module */
import { hashLeaf, parseCheckpoint, parseProof, verifyInclusion } from '@aiegis/protocol'
import { parseBundle } from '../bundle.ts'
import { at, crypto, fill, keyOf, leafOf, refused, same, sameBytes, verifyAll, type Check } from './subject.ts'

/** By name. */
export const readCases: readonly (readonly [name: string, check: Check])[] = [
  ['begins with a signed head over nothing', empty],
  ['serves at every writer the tiles of a head that any of them released', everywhere],
  ['serves tiles and bundles up to the newest head, and nothing beyond', bounds],
  ['serves a partial tile with the same bytes for ever', unchanging],
  ['proves any entry under any size that it released, and nothing beyond', proofs],
]

async function empty({ logs }: Parameters<Check>[0]): Promise<void> {
  for (const log of logs) {
    same('the size', log.size(), 0n)
    same('the size of the first head', parseCheckpoint(log.checkpoint()).size, 0n)
    same('the entries that verify', await verifyAll(log, [await log.newest()]), 0)
    same('the first entry', await log.entry(0n), undefined)
    await refused('a proof of nothing', () => log.prove(0n), RangeError)
    await refused('a tile of nothing', () => log.tile(0, 0n, 1), RangeError)
  }
}

async function everywhere({ logs }: Parameters<Check>[0]): Promise<void> {
  for (let number = 0; number < 4; number++) {
    const { checkpoint, index } = await at(logs, number).append(leafOf(number), keyOf(number))
    for (const log of logs) {
      // Before anything else is asked: a reader may come with the head that another writer gave.
      same('the hashes that are served', (await log.tile(0, 0n, number + 1)).length, (number + 1) * 32)
      sameBytes('the entry', (await log.entry(index))?.leaf, leafOf(number))
      same('the entries that verify', await verifyAll(log, [checkpoint]), number + 1)
    }
  }
}

async function bounds({ logs }: Parameters<Check>[0]): Promise<void> {
  const appended = await fill(logs, 0, 300)
  const byIndex = new Map(appended.map(({ index }, number) => [index, leafOf(number)]))
  for (const log of logs) {
    for (const [level, n, width] of [
      [0, 0n, 256],
      [0, 0n, 255],
      [0, 1n, 44],
      [0, 1n, 1],
      [1, 0n, 1],
    ] as const)
      same(`the bytes of tile ${level}/${n}.p/${width}`, (await log.tile(level, n, width)).length, width * 32)
    for (const [level, n, width] of [
      [0, 1n, 45],
      [0, 1n, 256],
      [0, 2n, 1],
      [0, 0n, 0],
      [0, 0n, 257],
      [0, -1n, 1],
      [1, 0n, 2],
      [2, 0n, 1],
      [63, 0n, 1],
      [0, 2n ** 64n, 1],
    ] as const)
      await refused(`tile ${level}/${n}.p/${width}`, () => log.tile(level, n, width), RangeError)
    const entries = [...parseBundle(await log.entries(0n, 256)), ...parseBundle(await log.entries(1n, 44))]
    same('the number of entries in both bundles', entries.length, 300)
    for (const [index, entry] of entries.entries())
      sameBytes(`entry ${index}`, entry, byIndex.get(BigInt(index)) ?? new Uint8Array(0))
    for (const [n, width] of [
      [1n, 45],
      [2n, 1],
      [0n, 0],
    ] as const)
      await refused(`bundle ${n}.p/${width}`, () => log.entries(n, width), RangeError)
  }
}

async function unchanging({ logs }: Parameters<Check>[0]): Promise<void> {
  await fill(logs, 0, 10)
  const before = [await logs[0].tile(0, 0n, 10), await logs[0].entries(0n, 10)] as const
  await fill(logs, 10, 600)
  for (const log of logs) {
    sameBytes('the first ten hashes', await log.tile(0, 0n, 10), before[0])
    sameBytes('the first ten entries', await log.entries(0n, 10), before[1])
  }
}

async function proofs({ logs }: Parameters<Check>[0]): Promise<void> {
  const appended = await fill(logs, 0, 300)
  for (const log of logs) {
    const { root } = parseCheckpoint(await log.newest())
    for (const number of [0, 1, 128, 255, 256, 299]) {
      const index = appended[number]?.index ?? -1n
      const path = await log.prove(index)
      const claim = { index, size: 300n, leafHash: hashLeaf(crypto, leafOf(number)), path, root }
      same(`the path of entry ${index}`, verifyInclusion(crypto, claim), true)
      same(`the hashes in its proof`, parseProof(await log.proof(index)).path.length, path.length)
    }
    for (const [index, size] of [
      [300n, 301n],
      [300n, 300n],
      [-1n, 300n],
      [5n, 5n],
      [5n, 301n],
      [2n ** 53n, 2n ** 54n],
      [2n ** 64n, 300n],
    ] as const)
      await refused(`entry ${index} under ${size}`, () => log.prove(index, size), RangeError)
    for (const [size1, size2] of [
      [1n, 301n],
      [2n, 1n],
      [-1n, 300n],
    ] as const)
      await refused(`${size1} before ${size2}`, () => log.consistency(size1, size2), RangeError)
    for (const index of [300n, -1n, 2n ** 64n]) same(`entry ${index}`, await log.entry(index), undefined)
  }
}
