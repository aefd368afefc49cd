/** Computing over tiles that have to be fetched (spec chapter 17). @module */
import {
  EMPTY_TILE,
  growTile,
  hashLeaf,
  inclusionPath,
  rootOf,
  tileBytes,
  verifyInclusion,
  type CryptoPort,
  type Tile,
} from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { createTileReader } from '../src/tile-reader.ts'
import { crypto, leafOf } from './logs.ts'

const hashes = Array.from({ length: 200 }, (_, index) => hashLeaf(crypto, leafOf(index)))
const bytesOf = (width: number): Uint8Array => tileBytes(growTile(crypto, EMPTY_TILE, hashes.slice(0, width)), width)

describe('a reader of tiles', () => {
  test('fetches a tile when it is needed, and again when more of it is', async () => {
    const asked: string[] = []
    const reader = createTileReader(crypto, async (level, n, width) => {
      asked.push(`${level}/${n}.p/${width}`)
      return bytesOf(width)
    })
    for (const size of [100, 50, 200, 200]) {
      const path = await reader.over(size, (node) => inclusionPath(crypto, node, 7, size))
      const root = await reader.over(size, (node) => rootOf(crypto, node, size))
      const leafHash = hashLeaf(crypto, leafOf(7))
      expect(verifyInclusion(crypto, { index: 7n, size: BigInt(size), leafHash, path, root })).toBe(true)
    }
    expect(asked).toEqual(['0/0.p/100', '0/0.p/200'])
  })

  test('refuses a tile that is not the one that it saw before, or not as long as asked for', async () => {
    let change = (bytes: Uint8Array): Uint8Array => bytes
    const reader = createTileReader(crypto, async (_level, _n, width) => change(bytesOf(width)))
    const root = (size: number): Promise<Uint8Array> => reader.over(size, (node) => rootOf(crypto, node, size))
    await root(100)
    change = (bytes) => bytes.with(5, (bytes[5] ?? 0) ^ 1)
    await expect(root(200)).rejects.toThrow('ledger: tile 0/0 was changed')
    change = (bytes) => bytes.subarray(32)
    await expect(root(200)).rejects.toThrow('ledger: tile 0/0 was changed')
    change = (bytes) => bytes
    expect(await root(200)).toHaveLength(32)
  })

  test('takes a tile that was hashed as it is, and no other one in the place of what it saw', async () => {
    let hashed = 0
    const counting: CryptoPort = {
      sha256: (bytes) => (hashed++, crypto.sha256(bytes)),
      verifyEd25519: (key, message, signature) => crypto.verifyEd25519(key, message, signature),
    }
    let give = (width: number): Tile => growTile(crypto, EMPTY_TILE, hashes.slice(0, width))
    const reader = createTileReader(counting, async (_level, _n, width) => give(width))
    const root = (size: number): Promise<Uint8Array> => reader.over(size, (node) => rootOf(crypto, node, size))
    expect(await root(64)).toEqual(
      await createTileReader(crypto, async (_l, _n, width) => bytesOf(width)).over(64, (node) => rootOf(crypto, node, 64)),
    )
    expect(hashed).toBe(0)
    give = (width) => growTile(crypto, EMPTY_TILE, hashes.slice(1, width + 1))
    await expect(root(128)).rejects.toThrow('ledger: tile 0/0 was changed')
    give = (width) => growTile(crypto, EMPTY_TILE, hashes.slice(0, width - 1))
    await expect(root(128)).rejects.toThrow('ledger: tile 0/0 was changed')
  })

  test('keeps as many tiles as it may', async () => {
    const asked: number[] = []
    const full = Array.from({ length: 256 }, (_, index) => hashLeaf(crypto, leafOf(index)))
    const bytes = tileBytes(growTile(crypto, EMPTY_TILE, full), 256)
    const fetch = async (_level: number, n: number): Promise<Uint8Array> => (asked.push(n), bytes)
    const reader = createTileReader(crypto, fetch, 2)
    for (const n of [0, 1, 0, 2, 1, 0]) await reader.over(1024, (node) => node(0, n * 256))
    expect(asked).toEqual([0, 1, 2, 0])
  })
})
