/** The directory as a plain web server serves it: for our reader, and for one that knows only the text of C2SP (spec chapter 17.9). @module */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatCheckpointBody, formatNote, hashLeaf, parseCheckpoint, rootOf, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { nodeFiles } from '../../src/file-port.ts'
import { filesOf } from '../../src/tiles/batch-files.ts'
import { createTileDirectory } from '../../src/tiles/directory.ts'
import { EMPTY_TREE, growTree, noFullTile, nodesOf } from '../../src/tree.ts'
import { BrokenLog, verifyLog } from '../../src/verify-log.ts'
import { crypto, fill, keyOf, leafOf, ORIGIN, signer, temporaryDirectory, vkey } from '../logs.ts'
import { fetcher, openTiles, serveFiles } from './logs.ts'

type Get = (path: string) => Promise<Uint8Array>

/*
 * The other reader, from c2sp.org/tlog-tiles, tlog-checkpoint and signed-note, RFC 6962 section 2.1: it shares no line with the log, and
 * is as slow as that text is. It reads everything a log of its size must serve, and nothing else.
 */
const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)))
}

function tilePath(level: string, n: number, width: number): string {
  let path = String(n % 1000).padStart(3, '0')
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  return `/tile/${level}/${path}${width === 256 ? '' : `.p/${width}`}`
}

async function readNaively(get: Get, origin: string, verifierKey: string): Promise<readonly Buffer[]> {
  const note = Buffer.from(await get('/checkpoint')).toString('utf8')
  const split = note.lastIndexOf('\n\n')
  const body = note.slice(0, split + 1)
  const [name, sizeLine, root] = body.split('\n')
  expect(name).toBe(origin)
  const [, keyName, blob = ''] = /^\u2014 (\S+) (\S+)\n$/.exec(note.slice(split + 2)) ?? []
  expect(keyName).toBe(origin)
  const typeAndKey = Buffer.from(verifierKey.split('+').slice(2).join('+'), 'base64')
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: typeAndKey.subarray(1).toString('base64url') },
    format: 'jwk',
  })
  expect(verify(null, Buffer.from(body), key, Buffer.from(blob, 'base64').subarray(4))).toBe(true)

  const size = Number(sizeLine)
  const entries: Buffer[] = []
  for (let n = 0; n * 256 < size; n++) {
    let bundle = Buffer.from(await get(tilePath('entries', n, Math.min(256, size - n * 256))))
    while (bundle.length > 0) {
      const length = bundle.readUInt16BE(0)
      expect(bundle.length).toBeGreaterThanOrEqual(2 + length)
      entries.push(bundle.subarray(2, 2 + length))
      bundle = bundle.subarray(2 + length)
    }
  }
  expect(entries.length).toBe(size)
  const leaves = entries.map((entry) => sha256(Buffer.of(0), entry))
  expect(treeHash(leaves).toString('base64')).toBe(root)
  for (let level = 0; 256 ** level <= size; level++) {
    const span = 256 ** level
    const hashes = Array.from({ length: Math.floor(size / span) }, (_, i) => treeHash(leaves.slice(i * span, (i + 1) * span)))
    for (let n = 0; n * 256 < hashes.length; n++) {
      const part = hashes.slice(n * 256, (n + 1) * 256)
      expect(Buffer.from(await get(tilePath(String(level), n, part.length))).equals(Buffer.concat(part))).toBe(true)
    }
  }
  return entries
}

/** Every file below a directory, as a path of the web server. */
function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .map((path) => `/${path.replaceAll('\\', '/')}`)
    .toSorted()
}

describe('AHP-TILES-1 a directory of tiles behind a plain web server', () => {
  test.each([0, 1, 3, 255, 256, 257, 700])(
    'is a log of %i entries to our reader and to one from the text of C2SP',
    async (size) => {
      const directory = temporaryDirectory()
      const log = await openTiles(directory)
      await fill(log, 0, size)
      const get = fetcher(await serveFiles(join(directory, 'public')))
      const head = await verifyLog(get, { origin: ORIGIN, vkey, remembered: [log.checkpoint()] })
      expect(head.size).toBe(BigInt(size))
      const entries = await readNaively(get, ORIGIN, vkey.text)
      expect(new Set(entries.map(String))).toEqual(
        new Set(Array.from({ length: size }, (_, number) => Buffer.from(leafOf(number)).toString())),
      )
    },
  )

  test('is one at level 2 too', async () => {
    const directory = temporaryDirectory()
    const leaves = Array.from({ length: 65_700 }, (_, number) => leafOf(number))
    const hashes = leaves.map((leaf) => hashLeaf(crypto, leaf))
    const { tree, full } = growTree(crypto, EMPTY_TREE, hashes)
    const tiles = createTileDirectory(nodeFiles, directory)
    await tiles.write(await filesOf(tiles, { start: 0, leaves, full, tree }))
    const body = formatCheckpointBody(ORIGIN, 65_700n, rootOf(crypto, nodesOf(tree, noFullTile), tree.size))
    await tiles.writeCheckpoint(formatNote(body, [{ name: ORIGIN, id: vkey.id, signature: await signer.sign(utf8(body)) }]))
    expect(filesBelow(directory)).toContain('/tile/2/000.p/1')
    const get = fetcher(await serveFiles(directory))
    expect((await verifyLog(get, { origin: ORIGIN, vkey })).size).toBe(65_700n)
    await readNaively(get, ORIGIN, vkey.text)
  })

  test('holds a whole log after every append, and the tiles of every head that it released', async () => {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    const served = join(directory, 'public')
    const get = fetcher(await serveFiles(served))
    const heads: string[] = []
    for (let number = 0; number < 40; number++) {
      heads.push((await log.append(leafOf(number), keyOf(number))).checkpoint)
      expect((await verifyLog(get, { origin: ORIGIN, vkey, remembered: heads })).size).toBe(BigInt(number + 1))
    }
    for (const note of heads) {
      const { size } = parseCheckpoint(note)
      expect((await get(`/tile/0/000.p/${size}`)).length).toBe(Number(size) * 32)
    }
    // Partial tiles go when the full one is there, which has the same hashes.
    await fill(log, 40, 300)
    expect(filesBelow(served)).toEqual([
      '/checkpoint',
      '/tile/0/000',
      expect.stringMatching(/^\/tile\/0\/001\.p\/44$/),
      '/tile/1/000.p/1',
      '/tile/entries/000',
      '/tile/entries/001.p/44',
    ])
  })

  test('AHP-LEDGER-10 holds no clear text and no key, nor what is still being written', async () => {
    const directory = temporaryDirectory()
    const log = await openTiles(directory)
    for (let number = 0; number < 5; number++) await log.append(leafOf(number), keyOf(number), Buffer.from('who did it'))
    await log.close()
    const served = join(directory, 'public')
    for (const path of filesBelow(served)) {
      expect(path).toMatch(/^\/(checkpoint$|tile\/)/)
      expect(path).not.toContain('tmp')
      const content = readFileSync(join(served, path)).toString('latin1')
      expect(content).not.toContain('who did it')
      expect(content).not.toContain('key 0')
    }
    expect(statSync(join(directory, 'index.db')).mode & 0o777).toBe(0o600)
  })

  test('shows every changed byte to both readers', async () => {
    const directory = temporaryDirectory()
    await fill(await openTiles(directory), 0, 300)
    const served = join(directory, 'public')
    const get = fetcher(await serveFiles(served))
    for (const path of filesBelow(served)) {
      const file = join(served, path)
      const content = readFileSync(file)
      const changed = Buffer.from(content)
      const at = path === '/checkpoint' ? content.indexOf('\n300\n') + 1 : content.length - 1
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(file, changed)
      await expect(verifyLog(get, { origin: ORIGIN, vkey })).rejects.toThrow(BrokenLog)
      await expect(readNaively(get, ORIGIN, vkey.text)).rejects.toThrow(/expected|bounds|out of range/)
      writeFileSync(file, content)
    }
    await readNaively(get, ORIGIN, vkey.text)
  })
})
