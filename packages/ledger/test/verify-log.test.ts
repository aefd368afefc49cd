import { formatNote, formatVkey, hashLeaf, Malformed, parseCheckpoint, parseVkey, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { formatBundle, parseBundle } from '../src/bundle.ts'
import { BrokenLog, verifyLog } from '../src/verify-log.ts'
import { crypto, fill, openIn, ORIGIN, reader, vkey } from './logs.ts'

describe('verifying a whole log', () => {
  test('reads every entry and returns the head', async () => {
    const log = await openIn()
    const heads: string[] = []
    for (const size of [0, 1, 255, 256, 257, 520]) {
      await fill(log, Number(log.size()), size)
      heads.push(log.checkpoint())
      const head = await verifyLog(reader(log), { origin: ORIGIN, vkey, remembered: heads })
      expect(head.size).toBe(BigInt(size))
    }
  })

  test('says after each bundle how far it is', async () => {
    const log = await openIn()
    await fill(log, 0, 520)
    const told: (readonly [number, number])[] = []
    await verifyLog(reader(log), { origin: ORIGIN, vkey, onProgress: (done, all) => told.push([done, all]) })
    expect(told).toEqual([
      [256, 520],
      [512, 520],
      [520, 520],
    ])
  })

  test.each<[string, string, (body: Uint8Array) => Uint8Array, RegExp]>([
    [
      'an entry changed',
      '/tile/entries/000',
      (body) => body.with(10, 0),
      /tile\/0\/000 does not hold|entries are not those that were signed/,
    ],
    [
      'two entries swapped',
      '/tile/entries/001.p/44',
      (body) => formatBundle([...parseBundle(body)].toReversed()),
      /tile\/0\/001\.p\/44 does not hold the hashes of its entries; the first that differs is entry 256/,
    ],
    [
      'an entry left out',
      '/tile/entries/001.p/44',
      (body) => formatBundle(parseBundle(body).slice(1)),
      /bundle 1 has 43 entries, not 44/,
    ],
    [
      'an entry too many',
      '/tile/entries/000',
      (body) => formatBundle([...parseBundle(body), utf8('x')]),
      /bundle 0 has 257 entries, not 256/,
    ],
    [
      'a full tile changed',
      '/tile/0/000',
      (body) => body.with(5000, (body[5000] ?? 0) ^ 1),
      /tile\/0\/000 does not hold the hashes/,
    ],
    [
      'a partial tile changed',
      '/tile/0/001.p/44',
      (body) => body.with(0, (body[0] ?? 0) ^ 1),
      /tile\/0\/001\.p\/44 does not hold/,
    ],
    [
      'an upper tile changed',
      '/tile/1/000.p/1',
      (body) => body.with(31, (body[31] ?? 0) ^ 1),
      /tile\/1\/000\.p\/1 does not hold/,
    ],
    ['a tile too short', '/tile/0/000', (body) => body.slice(32), /tile\/0\/000 does not hold/],
  ])('finds %s', async (_, path, change, reason) => {
    const log = await openIn()
    await fill(log, 0, 300)
    const get = reader(log)
    const changed = async (asked: string): Promise<Uint8Array> => (asked === path ? change(await get(asked)) : get(asked))
    await expect(verifyLog(changed, { origin: ORIGIN, vkey })).rejects.toThrow(reason)
  })

  test('says where the first wrong entry is, as far as tiles and kept heads can tell', async () => {
    const log = await openIn()
    const heads: string[] = []
    for (const size of [100, 130, 200, 300]) {
      await fill(log, Number(log.size()), size)
      heads.push(log.checkpoint())
    }
    const get = reader(log)
    const headsOver = (from: number, to: number): string[] =>
      heads.filter((note) => {
        const { size } = parseCheckpoint(note)
        return size > from && size <= to
      })
    const placeOf = async (changed: (path: string) => Promise<Uint8Array>): Promise<unknown> =>
      verifyLog(changed, { origin: ORIGIN, vkey, headsOver }).catch((error: unknown) =>
        error instanceof BrokenLog ? error.place : error,
      )
    const forgedBundle = (entries: readonly Uint8Array[]): Uint8Array =>
      formatBundle(entries.map((entry, index) => (index === 140 || index === 250 ? utf8('forged') : entry)))
    const entryOnly = async (path: string): Promise<Uint8Array> =>
      path === '/tile/entries/000' ? forgedBundle(parseBundle(await get(path))) : get(path)
    // The tile tells exactly; the head over 130 says that all before is good.
    expect(await placeOf(entryOnly)).toEqual({ good: 130, index: 140 })
    const withTile = async (path: string): Promise<Uint8Array> => {
      if (path !== '/tile/0/000') return entryOnly(path)
      const tile = (await get(path)).slice()
      for (const index of [140, 250]) tile.set(hashLeaf(crypto, utf8('forged')), index * 32)
      return tile
    }
    // With the tile forged too, two heads say between which entries it is.
    expect(await placeOf(withTile)).toEqual({ good: 130, last: 199 })
    const late = async (path: string): Promise<Uint8Array> =>
      path === '/tile/0/000' ? (await withTile(path)).with(210 * 32, 0).with(210 * 32 + 1, 0) : entryOnly(path)
    // A later difference hides no earlier one.
    expect(await placeOf(late)).toEqual({ good: 130, last: 199 })
    await expect(
      verifyLog(get, { origin: ORIGIN, vkey, headsOver: () => [heads[1]?.replace('\n130\n', '\n131\n') ?? ''] }),
    ).rejects.toThrow(/a head over 131 entries is not signed/)
    // A head that is over other entries would be compared with nothing.
    await expect(
      verifyLog(get, { origin: ORIGIN, vkey, headsOver: (from) => (from === 256 ? heads.slice(0, 1) : []) }),
    ).rejects.toThrow(/is kept as one over more than 256/)
  })

  test('begins at a remembered head with the tiles alone, and finds what is wrong before and after it', async () => {
    const log = await openIn()
    await fill(log, 0, 600)
    const since = log.checkpoint()
    await fill(log, 600, 900)
    const asked: string[] = []
    const get = reader(log)
    const options = { origin: ORIGIN, vkey, remembered: [since], start: 600 }
    const head = await verifyLog((path) => {
      asked.push(path)
      return get(path)
    }, options)
    expect(head.size).toBe(900n)
    expect(asked.filter((path) => path.includes('entries'))).toEqual(['/tile/entries/002', '/tile/entries/003.p/132'])
    for (const bad of ['/tile/1/000.p/3', '/tile/0/002', '/tile/entries/002', '/tile/entries/003.p/132'])
      await expect(
        verifyLog(async (path) => (path === bad ? (await get(path)).with(40, 0).with(41, 0).with(42, 0) : get(path)), options),
      ).rejects.toThrow(BrokenLog)
  })

  test('a bundle that ends inside an entry has no form', async () => {
    const log = await openIn()
    await fill(log, 0, 3)
    const get = reader(log)
    const cut = async (path: string): Promise<Uint8Array> =>
      path.includes('entries') ? (await get(path)).slice(0, -1) : get(path)
    await expect(verifyLog(cut, { origin: ORIGIN, vkey })).rejects.toThrow(Malformed)
    expect(() => parseBundle(new Uint8Array([0]))).toThrow(Malformed)
    expect(parseBundle(new Uint8Array([0, 0]))).toEqual([new Uint8Array(0)])
    expect(() => formatBundle([new Uint8Array(65_536)])).toThrow(RangeError)
  })

  test('finds a head of another key, another log, and one that the log does not reach', async () => {
    const log = await openIn()
    await fill(log, 0, 3)
    const early = log.checkpoint()
    const get = reader(log)
    const other = parseVkey(formatVkey('other.example', 1, vkey.key, crypto))
    await expect(verifyLog(get, { origin: ORIGIN, vkey: other })).rejects.toThrow(/is not signed by/)
    await expect(verifyLog(get, { origin: 'other.example', vkey })).rejects.toThrow(/is not signed by/)
    const { note } = parseCheckpoint(early)
    const bent = formatNote(note.text.replace('\n3\n', '\n2\n'), note.signatures)
    await expect(verifyLog(get, { origin: ORIGIN, vkey, remembered: [bent] })).rejects.toThrow(BrokenLog)
    await fill(log, 3, 6)
    const late = log.checkpoint()
    const rolledBack = async (path: string): Promise<Uint8Array> => (path === '/checkpoint' ? utf8(early) : get(path))
    await expect(verifyLog(rolledBack, { origin: ORIGIN, vkey, remembered: [late] })).rejects.toThrow(
      /over 6 entries was signed, but the log ends after 3/,
    )
  })
})
