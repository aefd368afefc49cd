/** What the audit reads of a log, and where it stops reading (spec chapter 5.5). @module */
import { createMemoryLog, namedSigner } from '@aiegis/testing'
import { defaultCrypto, equal, parseTilePath, rootOf, TILE_WIDTH, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { createTileReader, RoundOver, type TileReader } from '../src/audit-tiles.ts'
import type { HttpGet } from '../src/status-read.ts'

const crypto = defaultCrypto()
const URL = 'https://ledger.example/log'
const log = createMemoryLog(crypto, 'ledger.example/log', namedSigner('log', 'ledger.example/log'), 700)

/** What the log has at a path, `undefined` where it has nothing. */
function served(path: string): Uint8Array | undefined {
  const name = parseTilePath(path)
  if (name === undefined || name.level === 'entries' || Number(name.n) * TILE_WIDTH + name.width > 700) return undefined
  return log.tile(name.level, name.n, name.width)
}

type Answer = { readonly status?: number; readonly body?: Uint8Array }

/** A reader of the log in which some answers are others, in a round that has begun; and what it asked for. */
function readerOf(change: (path: string, maxBytes: number) => Answer | undefined = () => undefined): {
  readonly reader: TileReader
  readonly asked: readonly string[]
} {
  const asked: string[] = []
  const get: HttpGet = async (url, { maxBytes }) => {
    const path = url.slice(URL.length)
    asked.push(path)
    const { status = 200, body = served(path) ?? new Uint8Array(0) } = change(path, maxBytes) ?? {}
    return { status, contentType: '', body }
  }
  const reader = createTileReader({ get, crypto, url: URL, timeoutMs: 1000 })
  reader.begin(() => false)
  return { reader, asked }
}

const rootBy = async (reader: TileReader, size: number): Promise<boolean> =>
  equal(rootOf(crypto, await reader.nodes(size, 700), 700), log.root())

describe('a reader', () => {
  test.each([1, 255, 256, 257, 511, 512, 513, 699, 700])('has the nodes for the first %i of 700 leaves', async (size) => {
    const { reader } = readerOf()
    const nodes = await reader.nodes(size, 700)
    const small = createMemoryLog(crypto, log.origin, namedSigner('log', log.origin), size)
    expect(rootOf(crypto, nodes, size)).toEqual(small.root())
    expect(rootOf(crypto, nodes, 700)).toEqual(log.root())
  })

  test('asks for a tile once, while it is wide enough', async () => {
    const { reader, asked } = readerOf()
    await reader.nodes(600, 650)
    await reader.nodes(601, 650)
    expect(asked).toEqual(['/tile/0/002.p/138', '/tile/1/000.p/2'])
    await reader.nodes(650, 700)
    expect(asked.slice(2)).toEqual(['/tile/0/002.p/188'])
    reader.forget()
    await reader.nodes(700, 700)
    expect(asked.slice(3)).toEqual(['/tile/0/002.p/188', '/tile/1/000.p/2'])
  })

  test('AHP-PROOF-19 asks for the full tile where a partial one is not there', async () => {
    const full = createMemoryLog(crypto, log.origin, namedSigner('log', log.origin), 768).tile(0, 2n, TILE_WIDTH)
    const { reader, asked } = readerOf((path) => {
      if (path === '/tile/0/002.p/188') return { status: 404 }
      return path === '/tile/0/002' ? { body: full } : undefined
    })
    expect(await rootBy(reader, 700)).toBe(true)
    expect(asked).toEqual(['/tile/0/002.p/188', '/tile/1/000.p/2', '/tile/0/002'])
  })

  test.each<[string, (body: Uint8Array) => Answer]>([
    ['one hash more', (body) => ({ body: new Uint8Array([...body, ...body.subarray(0, 32)]) })],
    ['one byte more', (body) => ({ body: new Uint8Array([...body, 0]) })],
    ['one byte less', (body) => ({ body: body.subarray(1) })],
    ['one hash less', (body) => ({ body: body.subarray(32) })],
    ['nothing', () => ({ body: new Uint8Array(0) })],
    ['status 302', () => ({ status: 302 })],
    ['status 206', (body) => ({ status: 206, body })],
    ['status 500', () => ({ status: 500 })],
  ])('AHP-PROOF-19 does not use a tile with %s', async (_title, change) => {
    const { reader, asked } = readerOf((path) => (path === '/tile/0/002.p/188' ? change(served(path) ?? utf8('')) : undefined))
    await expect(reader.nodes(700, 700)).rejects.toThrow('/tile/0/002.p/188: ')
    expect(asked).not.toContain('/tile/0/002')
  })

  test('AHP-PROOF-19 does not use a tile that is not there at all', async () => {
    const { reader } = readerOf(() => ({ status: 404 }))
    await expect(reader.nodes(700, 700)).rejects.toThrow('not there')
    await expect(reader.checkpoint()).rejects.toThrow('not there')
    // A full tile is asked for once.
    const { reader: another, asked } = readerOf((path) => (path === '/tile/0/000' ? { status: 404 } : undefined))
    await expect(another.nodes(256, 700)).rejects.toThrow('tile 0/0: not there')
    expect(asked.filter((path) => path === '/tile/0/000')).toHaveLength(1)
  })

  test('AHP-PROOF-19 asks for no more bytes than there can be, and believes no port that gives more', async () => {
    const limits: (readonly [string, number])[] = []
    const { reader } = readerOf((path, maxBytes) => {
      limits.push([path, maxBytes])
      return path === '/checkpoint' ? { body: new Uint8Array(maxBytes + 1) } : undefined
    })
    await expect(reader.checkpoint()).rejects.toThrow('more than 16384 bytes')
    await reader.nodes(700, 700)
    expect(limits).toEqual([
      ['/checkpoint', 16_384],
      ['/tile/0/002.p/188', 188 * 32],
      ['/tile/1/000.p/2', 64],
    ])
  })

  test('AHP-PROOF-19 stops when the time of the round is over', async () => {
    const { reader } = readerOf()
    reader.begin(() => true)
    await expect(reader.checkpoint()).rejects.toThrow(RoundOver)
    await expect(reader.nodes(1, 700)).rejects.toThrow(RoundOver)
  })

  test('AHP-PROOF-19 stops after 1,024 tiles, and goes on in the next round', async () => {
    const { reader, asked } = readerOf((_, maxBytes) => ({ body: new Uint8Array(maxBytes) }))
    const size = 2000 * TILE_WIDTH
    const readAll = async (): Promise<void> => {
      for (let n = 1; n <= 2000; n++) await reader.nodes(n * TILE_WIDTH, size)
    }
    await expect(readAll()).rejects.toThrow(RoundOver)
    expect(asked).toHaveLength(1024)
    reader.begin(() => false)
    await expect(readAll()).rejects.toThrow(RoundOver)
    expect(asked).toHaveLength(2048)
  })
})
