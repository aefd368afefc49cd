import { formatNote, formatVkey, Malformed, parseCheckpoint, parseVkey, utf8 } from '@aiegis/protocol'
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
      /the first 300 entries are not those/,
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
