import { join } from 'node:path'
import {
  hashLeaf,
  parseCheckpoint,
  parseProof,
  Refusal,
  utf8,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '@aiegis/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLog, type Appended } from '../src/log.ts'
import { prepareSchema } from '../src/schema.ts'
import { createSqliteStore } from '../src/sqlite-store.ts'
import { openDatabase } from '../src/sqlite.ts'
import { startLog } from '../src/start-log.ts'
import { crypto, fill, keyOf, leafOf, openIn, ORIGIN, questionsTo, signer, temporaryDirectory, verifyAll, vkey } from './logs.ts'

/** Checks what an append gave, as a receiver does. */
async function check(leaf: Uint8Array, { index, path, checkpoint, proof }: Appended): Promise<boolean> {
  const parsed = parseProof(proof)
  expect(parsed).toMatchObject({ index, path })
  expect(parsed.checkpoint.raw).toBe(checkpoint)
  expect(await verifyCheckpoint(crypto, parsed.checkpoint, ORIGIN, vkey)).toBe('ok')
  const { size, root } = parsed.checkpoint
  return verifyInclusion(crypto, { index, size, leafHash: hashLeaf(crypto, leaf), path, root })
}

describe('appending', () => {
  test('a batch that fills tiles is proven from those that were just made, and one of repeats reads each tile once', async () => {
    const directory = temporaryDirectory()
    const database = await openDatabase(join(directory, 'ledger.db'))
    prepareSchema(database, ORIGIN)
    const store = createSqliteStore(database)
    const read: string[] = []
    const log = await startLog(
      { ...store, tile: (level, n) => (read.push(`${level}/${n}`), store.tile(level, n)) },
      {
        identity: { crypto, origin: ORIGIN, vkey },
        signer,
        alsoSigner: undefined,
        lastCheckpointFile: join(directory, 'last-checkpoint'),
        maxWaiting: undefined,
        witnesses: undefined,
        files: undefined,
      },
    )
    onTestFinished(() => log.close())
    await fill(log, 0, 900)
    expect([log.size(), read]).toEqual([900n, []])
    await fill(log, 900, 901)
    await fill(log, 0, 300)
    expect([log.size(), read]).toEqual([901n, ['0/0', '0/1']])
  })

  test('entries that are answered together, under two heads, each get a proof under their own', async () => {
    const log = await openIn()
    const [first, second] = [await log.append(leafOf(0), keyOf(0)), await log.append(leafOf(1), keyOf(1))]
    const heads = [first, second].map(({ checkpoint }, at) => ({ size: at + 1, note: checkpoint }))
    let answered = 0
    const unused = (): never => expect.unreachable()
    const together = createLog({
      origin: log.origin,
      vkey: log.vkey,
      append: async () => 0,
      head: () => heads[answered++] ?? unused(),
      headOver: unused,
      newest: unused,
      tile: (level, n, width) => log.tile(level, BigInt(n), width),
      entries: unused,
      entry: unused,
      close: unused,
    })
    const both = await Promise.all([together.append(leafOf(0), keyOf(0)), together.append(leafOf(0), keyOf(0))])
    expect(both.map(({ checkpoint }) => checkpoint)).toEqual(heads.map(({ note }) => note))
    for (const appended of both) expect(await check(leafOf(0), appended)).toBe(true)
  })

  test('gives an index, and a proof that a receiver accepts', async () => {
    const log = await openIn()
    expect(log.vkey).toBe(vkey.text)
    expect(parseCheckpoint(log.checkpoint()).size).toBe(0n)
    for (let index = 0; index < 5; index++) {
      const appended = await log.append(leafOf(index), keyOf(index))
      expect(appended.index).toBe(BigInt(index))
      expect(appended.checkpoint).toBe(log.checkpoint())
      expect(await check(leafOf(index), appended)).toBe(true)
      expect(await check(leafOf('another'), appended)).toBe(false)
    }
    expect(log.size()).toBe(5n)
  })

  test('AHP-LEDGER-2 gives each index once, without gaps, to 1,500 concurrent callers over full tiles', async () => {
    const log = await openIn()
    const appended = await Promise.all(Array.from({ length: 1500 }, (_, index) => log.append(leafOf(index), keyOf(index))))
    expect(appended.map(({ index }) => Number(index)).toSorted((a, b) => a - b)).toEqual(appended.map((_, index) => index))
    for (const [index, one] of appended.entries()) expect(await check(leafOf(index), one)).toBe(true)
    expect(await verifyAll(log, appended.map(({ checkpoint }) => checkpoint).slice(0, 1))).toBe(1500n)
    // Far fewer heads than appends: one flush served many.
    expect(new Set(appended.map(({ checkpoint }) => checkpoint)).size).toBeLessThan(100)
  })

  test('AHP-LEDGER-6 signs heads of which each extends the one before', async () => {
    const log = await openIn()
    const heads = [log.checkpoint()]
    for (let index = 0; index < 40; index++) heads.push((await log.append(leafOf(index), keyOf(index))).checkpoint)
    const parsed = heads.map((note) => parseCheckpoint(note))
    for (const [position, { size, root }] of parsed.entries()) {
      const before = parsed[position - 1]
      if (before === undefined || before.size === 0n) continue
      const path = await log.consistency(before.size, size)
      expect(verifyConsistency(crypto, { size1: before.size, size2: size, root1: before.root, root2: root, path })).toBe(true)
    }
    expect(await verifyAll(log, heads)).toBe(40n)
  })

  test('AHP-LEDGER-3 the same key gives the same index: later, at once, in one batch and after a restart', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await fill(log, 0, 10)
    const first = await log.append(leafOf('a'), keyOf('a'))
    const again = await Promise.all([
      log.append(leafOf('a'), keyOf('a')),
      log.append(leafOf('b'), keyOf('b')),
      log.append(leafOf('b'), keyOf('b')),
    ])
    expect(again.map(({ index }) => index)).toEqual([first.index, first.index + 1n, first.index + 1n])
    expect(log.size()).toBe(12n)
    await log.close()
    const reopened = await openIn(directory)
    const later = await reopened.append(leafOf('a'), keyOf('a'))
    expect(later.index).toBe(first.index)
    expect(await check(leafOf('a'), later)).toBe(true)
    expect(reopened.size()).toBe(12n)
  })

  test('AHP-LEDGER-3 the same key with another leaf is a conflict, and adds nothing', async () => {
    const log = await openIn()
    await log.append(leafOf(0), keyOf(0))
    await expect(log.append(leafOf(1), keyOf(0))).rejects.toMatchObject({ code: 'idempotency_conflict' })
    const [one, other] = await Promise.allSettled([log.append(leafOf(2), keyOf(2)), log.append(leafOf(3), keyOf(2))])
    expect(one.status).toBe('fulfilled')
    expect(other).toMatchObject({ status: 'rejected', reason: { code: 'idempotency_conflict' } })
    expect(log.size()).toBe(2n)
  })

  test.each([
    [1, 15, 16, 17],
    [31, 32, 33, 48],
    [240, 15, 1, 16, 257],
  ])(
    'AHP-LEDGER-3 of batches of %i, %i, %i, %i … entries with repeats, each entry has its own proof and clear text',
    async (...sizes) => {
      const log = await openIn()
      let from = 0
      for (const size of sizes) {
        const numbers = Array.from({ length: size }, (_, at) => from + at).flatMap((number) =>
          number % 5 === 1 ? [number, Math.floor(number / 2), number] : [number],
        )
        const appended = await Promise.all(
          numbers.map((number) =>
            log.append(leafOf(number), keyOf(number), number % 3 === 0 ? undefined : leafOf(`of ${number}`)),
          ),
        )
        expect(appended.map(({ index }) => Number(index))).toEqual(numbers)
        for (const [at, one] of appended.entries()) expect(await check(leafOf(numbers[at] ?? -1), one)).toBe(true)
        from += size
      }
      for (let number = 0; number < from; number++) {
        const clear = number % 3 === 0 ? undefined : leafOf(`of ${number}`)
        expect(await log.entry(BigInt(number))).toEqual({ leaf: leafOf(number), clear })
      }
      expect(await verifyAll(log)).toBe(BigInt(from))
    },
  )

  test('equal leaves under two keys are two entries', async () => {
    const log = await openIn()
    const both = await Promise.all([log.append(leafOf(0), keyOf(0)), log.append(leafOf(0), keyOf(1))])
    expect(both.map(({ index }) => index)).toEqual([0n, 1n])
  })

  test('leaves of 1 to 65,535 bytes and keys of 1 to 64 bytes are taken, others are a bug of the caller', async () => {
    const log = await openIn()
    for (const length of [1, 65_535]) await log.append(new Uint8Array(length), keyOf(length))
    for (const length of [0, 65_536]) await expect(log.append(new Uint8Array(length), keyOf(length))).rejects.toThrow(TypeError)
    await log.append(leafOf(1), new Uint8Array(64))
    for (const length of [0, 65]) await expect(log.append(leafOf(2), new Uint8Array(length))).rejects.toThrow(TypeError)
    for (const length of [0, 65_536])
      await expect(log.append(leafOf(3), keyOf(3), new Uint8Array(length))).rejects.toThrow(TypeError)
    expect(log.size()).toBe(3n)
    expect(await verifyAll(log)).toBe(3n)
  })

  test('keeps what it was given in a Buffer, whose `slice` copies nothing', async () => {
    const log = await openIn()
    const [leaf, key, clear] = ['leaf', 'key', 'clear'].map((text) => Buffer.from(text))
    if (leaf === undefined || key === undefined || clear === undefined) throw new Error('three buffers')
    const appended = log.append(leaf, key, clear)
    for (const bytes of [leaf, key, clear]) bytes.fill(0)
    await appended
    expect(await log.entry(0n)).toEqual({ leaf: utf8('leaf'), clear: utf8('clear') })
    expect((await log.append(utf8('leaf'), utf8('key'))).index).toBe(0n)
  })

  test('keeps what it was given, not what the caller writes into it afterwards', async () => {
    const log = await openIn()
    const [leaf, key, clear] = [leafOf(0), keyOf(0), utf8('clear')]
    const pending = log.append(leaf, key, clear)
    for (const bytes of [leaf, key, clear]) bytes.fill(0)
    expect(await check(leafOf(0), await pending)).toBe(true)
    expect(await log.entry(0n)).toEqual({ leaf: leafOf(0), clear: utf8('clear') })
    expect((await log.append(leafOf(0), keyOf(0))).index).toBe(0n)
  })

  test('one append more than may wait is refused as overloaded; the others are stored', async () => {
    const log = await openIn(temporaryDirectory(), { maxWaiting: 20 })
    const all = await Promise.allSettled(Array.from({ length: 21 }, (_, index) => log.append(leafOf(index), keyOf(index))))
    expect(all.map(({ status }) => status)).toEqual([...Array.from({ length: 20 }, () => 'fulfilled'), 'rejected'])
    expect(all[20]).toMatchObject({ reason: { code: 'overloaded', retryAfter: 1 } })
    expect(log.size()).toBe(20n)
    await log.append(leafOf(20), keyOf(20))
  })
})

describe('reading', () => {
  test('proves any entry under any size that was released, and nothing beyond', async () => {
    const log = await openIn()
    await fill(log, 0, 300)
    const { root } = parseCheckpoint(log.checkpoint())
    for (const index of [0, 1, 128, 255, 256, 299]) {
      const claim = {
        index: BigInt(index),
        size: 300n,
        leafHash: hashLeaf(crypto, leafOf(index)),
        path: await log.prove(BigInt(index)),
        root,
      }
      expect(verifyInclusion(crypto, claim)).toBe(true)
      expect(parseProof(await log.proof(BigInt(index))).path).toEqual(claim.path)
    }
    expect(await log.prove(5n, 6n)).toHaveLength(2)
    for (const [index, size] of [
      [300n, 301n],
      [300n, 300n],
      [-1n, 300n],
      [5n, 5n],
      [5n, 301n],
      [2n ** 53n, 2n ** 54n],
      [2n ** 64n, 300n],
    ] as const) {
      await expect(log.prove(index, size)).rejects.toThrow(RangeError)
    }
    await expect(log.proof(300n)).rejects.toThrow(RangeError)
    await expect(log.consistency(1n, 301n)).rejects.toThrow(RangeError)
    await expect(log.consistency(-1n, 300n)).rejects.toThrow(RangeError)
    expect((await log.entry(299n))?.leaf).toEqual(leafOf(299))
    for (const index of [300n, -1n, 2n ** 64n]) expect(await log.entry(index)).toBeUndefined()
  })
})

describe('closing', () => {
  test('finishes what was accepted, and refuses everything after', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    const pending = Array.from({ length: 50 }, (_, index) => log.append(leafOf(index), keyOf(index)))
    const closed = log.close()
    expect((await Promise.all(pending)).map(({ index }) => Number(index))).toEqual(pending.map((_, index) => index))
    await closed
    await log.close()
    await expect(log.append(leafOf(50), keyOf(50))).rejects.toMatchObject({ code: 'ledger_unavailable' })
    for (const question of questionsTo(log)) await expect(question()).rejects.toThrow(Refusal)
    expect((await openIn(directory)).size()).toBe(50n)
  })
})
