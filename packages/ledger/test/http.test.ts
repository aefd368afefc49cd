import { assert, bigInt, integer, oneof, constant, property } from 'fast-check'
import { decodeUtf8, formatTilePath, hashLeaf, parseTilePath, toHex } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { parseBundle } from '../src/bundle.ts'
import { logHttp } from '../src/http.ts'
import { crypto, fill, leafOf, openIn } from './logs.ts'

describe('paths of tiles', () => {
  test('have groups of three digits', () => {
    expect(formatTilePath({ level: 0, n: 1_234_067n, width: 256 })).toBe('/tile/0/x001/x234/067')
    expect(formatTilePath({ level: 'entries', n: 273n, width: 112 })).toBe('/tile/entries/273.p/112')
    expect(formatTilePath({ level: 2, n: 1000n, width: 1 })).toBe('/tile/2/x001/000.p/1')
  })

  test('are read back', () => {
    const level = oneof(integer({ min: 0, max: 63 }), constant('entries' as const))
    assert(
      property(level, bigInt(0n, 10n ** 18n - 1n), integer({ min: 1, max: 256 }), (tileLevel, n, width) => {
        expect(parseTilePath(formatTilePath({ level: tileLevel, n, width }))).toEqual({ level: tileLevel, n, width })
      }),
    )
  })

  test('have one spelling', () => {
    const bad = [
      '/tile/0/0',
      '/tile/0/00',
      '/tile/0/0000',
      '/tile/0/x000/001',
      '/tile/0/x001/x000',
      '/tile/0/X001/000',
      '/tile/0/001/000',
      '/tile/00/000',
      '/tile/64/000',
      '/tile/+1/000',
      '/tile/-1/000',
      '/tile/0/-01',
      '/tile/0/000.p/0',
      '/tile/0/000.p/00',
      '/tile/0/000.p/01',
      '/tile/0/000.p/256',
      '/tile/0/000.p/257',
      '/tile/0/000.p/999',
      '/tile/0/000.p/',
      '/tile/0/000.p',
      '/tile/0/000/',
      '/tile/0//000',
      '/tile/0/000.P/1',
      '/tile/0/000.p/1/',
      '/tile/0/000?x',
      '/tile/0/000#',
      '/tile/0/000\n',
      '/tile/0/٠٠٠',
      '/tile/0/%30%30%30',
      '/tile/data/000',
      '/tile/Entries/000',
      '/tile/',
      `/tile/0/${'x001/'.repeat(6)}000`,
      '/checkpoint',
      '',
    ]
    expect(bad.filter((path) => parseTilePath(path) !== undefined)).toEqual([])
  })
})

describe('AHP-LEDGER-9 a log over HTTP', () => {
  test('serves its head, which nobody may keep', async () => {
    const log = await openIn()
    const serve = logHttp(log)
    await fill(log, 0, 2)
    const response = await serve('GET', '/checkpoint')
    expect(response).toMatchObject({
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' },
    })
    expect(decodeUtf8(response?.body ?? new Uint8Array(0))).toBe(log.checkpoint())
  })

  test('serves full and partial tiles and bundles up to the released head, to be kept for ever', async () => {
    const log = await openIn()
    const serve = logHttp(log)
    await fill(log, 0, 300)
    const lengths = async (path: string): Promise<number | undefined> => {
      const response = await serve('GET', path)
      return response?.headers['Cache-Control'] === 'public, max-age=31536000, immutable' ? response.body.length : undefined
    }
    expect(await lengths('/tile/0/000')).toBe(8192)
    expect(await lengths('/tile/0/000.p/255')).toBe(255 * 32)
    expect(await lengths('/tile/0/001.p/44')).toBe(44 * 32)
    expect(await lengths('/tile/0/001.p/1')).toBe(32)
    expect(await lengths('/tile/1/000.p/1')).toBe(32)
    for (const path of [
      '/tile/0/001.p/45',
      '/tile/0/001',
      '/tile/0/002.p/1',
      '/tile/1/000.p/2',
      '/tile/1/000',
      '/tile/2/000.p/1',
      '/tile/63/000.p/1',
    ]) {
      expect(await lengths(path)).toBeUndefined()
    }
    const tile = (await serve('GET', '/tile/0/001.p/44'))?.body ?? new Uint8Array(0)
    const entries = parseBundle((await serve('GET', '/tile/entries/001.p/44'))?.body ?? new Uint8Array(0))
    expect(entries).toHaveLength(44)
    expect(toHex(tile)).toBe(entries.map((entry) => toHex(hashLeaf(crypto, entry))).join(''))
    expect(parseBundle((await serve('GET', '/tile/entries/000'))?.body ?? new Uint8Array(0))[7]).toEqual(leafOf(7))
    for (const path of ['/tile/entries/001', '/tile/entries/001.p/45', '/tile/entries/002.p/1', '/tile/entries/x999/999']) {
      expect(await serve('GET', path)).toMatchObject({ status: 404, headers: { 'Cache-Control': 'no-store' } })
    }
  })

  test('a partial tile is the same bytes for ever', async () => {
    const log = await openIn()
    const serve = logHttp(log)
    await fill(log, 0, 10)
    const paths = ['/tile/0/000.p/10', '/tile/entries/000.p/10']
    const before = (await Promise.all(paths.map(async (path) => serve('GET', path)))).map((response) =>
      toHex(response?.body ?? new Uint8Array(0)),
    )
    await fill(log, 10, 600)
    expect(
      (await Promise.all(paths.map(async (path) => serve('GET', path)))).map((response) =>
        toHex(response?.body ?? new Uint8Array(0)),
      ),
    ).toEqual(before)
  })

  test('an empty log has a head and no tiles', async () => {
    const serve = logHttp(await openIn())
    expect((await serve('GET', '/checkpoint'))?.status).toBe(200)
    for (const path of ['/tile/0/000', '/tile/0/000.p/1', '/tile/entries/000.p/1'])
      expect((await serve('GET', path))?.status).toBe(404)
  })

  test('AHP-LEDGER-10 serves leaves and nothing of the side table', async () => {
    const log = await openIn()
    await log.append(leafOf(0), leafOf('key of the caller'), leafOf('clear text'))
    const serve = logHttp(log)
    const paths = ['/checkpoint', '/tile/0/000.p/1', '/tile/entries/000.p/1']
    const all = (await Promise.all(paths.map(async (path) => serve('GET', path)))).map((response) =>
      Buffer.from(response?.body ?? '').toString('latin1'),
    )
    expect(all.join('')).toContain('{"leaf":"0"}')
    expect(all.join('')).not.toMatch(/clear text|key of the caller/)
  })

  test('HEAD has no body, other methods are not allowed, other paths are somebody else’s', async () => {
    const serve = logHttp(await openIn())
    expect(await serve('HEAD', '/checkpoint')).toMatchObject({ status: 200, body: new Uint8Array(0) })
    for (const method of ['POST', 'PUT', 'DELETE', 'get', ''])
      expect(await serve(method, '/checkpoint')).toMatchObject({ status: 405, headers: { Allow: 'GET, HEAD' } })
    for (const path of [
      '/',
      '/checkpoint/',
      '/checkpoint?x',
      '/Checkpoint',
      '/tile',
      '/tiles/0/000',
      '//tile/0/000',
      '/x/tile/0/000',
    ]) {
      expect(serve('GET', path)).toBeUndefined()
    }
    expect((await serve('GET', '/tile/../checkpoint'))?.status).toBe(404)
  })

  test('a log that ended answers 503', async () => {
    const log = await openIn()
    await fill(log, 0, 1)
    const serve = logHttp(log)
    await log.close()
    for (const path of ['/checkpoint', '/tile/0/000.p/1', '/tile/entries/000.p/1']) {
      expect(await serve('GET', path)).toMatchObject({
        status: 503,
        headers: { 'Retry-After': expect.stringMatching(/^1[0-4]$/), 'Cache-Control': 'no-store' },
      })
    }
  })
})
