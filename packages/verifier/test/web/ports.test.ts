/** What reads lists on runtimes without Node: bounded in time, size and memory, whatever a host sends (spec chapters 9 and 7.8). @module */
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { httpGet, inflate } from '../../src/web/index.ts'
import { startServer, type TestServer } from '../http-server.ts'

const LIMITS = { maxBytes: 1000, timeoutMs: 400, accept: 'application/vc+jwt' }

let server: TestServer
beforeEach(async () => {
  server = await startServer((_, response) => response.end())
})
afterEach(async () => {
  await server.close()
})

describe('getting with fetch', () => {
  test('gives status, type and bytes, and asks for no encoding', async () => {
    let asked: object = {}
    server.answer((request, response) => {
      asked = request.headers
      response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end('abc')
    })
    const answer = await httpGet(`${server.origin}/list`, LIMITS)
    expect(answer).toEqual({ status: 200, contentType: 'application/vc+jwt', body: Uint8Array.of(97, 98, 99) })
    expect(asked).toMatchObject({ accept: 'application/vc+jwt', 'accept-encoding': 'identity' })
  })

  test('gives exactly maxBytes, and nothing of one byte more, announced or not', async () => {
    server.answer((_, response) => response.end(Buffer.alloc(1000)))
    expect((await httpGet(server.origin, LIMITS)).body).toHaveLength(1000)
    server.answer((_, response) => response.end(Buffer.alloc(1001)))
    await expect(httpGet(server.origin, LIMITS)).rejects.toThrow('more than 1000 bytes')
    server.answer((_, response) => {
      response.write(Buffer.alloc(600))
      response.end(Buffer.alloc(401))
    })
    await expect(httpGet(server.origin, LIMITS)).rejects.toThrow('more than 1000 bytes')
  })

  test.each([301, 302, 307, 308, 404, 500])('gives %i without its content and follows nothing', async (status) => {
    server.answer((_, response) => response.writeHead(status, { location: `${server.origin}/other` }).end('x'.repeat(500)))
    expect(await httpGet(`${server.origin}/list`, LIMITS)).toMatchObject({ status, body: new Uint8Array(0) })
    expect(server.requests).toEqual(['GET /list'])
  })

  test('gives no type where there are two or none', async () => {
    expect((await httpGet(server.origin, LIMITS)).contentType).toBe('')
    server.answer((_, response) => {
      response.setHeader('content-type', 'application/vc+jwt, text/html')
      response.end()
    })
    expect((await httpGet(server.origin, LIMITS)).contentType).toBe('')
  })

  test.each<[string, Parameters<TestServer['answer']>[0]]>([
    ['never answers', () => {}],
    ['stops after its headers', (_, response) => response.flushHeaders()],
    [
      'sends a byte now and then',
      (_, response) => {
        const timer = setInterval(() => response.write('x'), 50)
        response.on('close', () => clearInterval(timer))
      },
    ],
    ['breaks off', (_, response) => response.writeHead(200, { 'content-length': '10' }).write('x', () => response.destroy())],
    ['sends an encoding', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'))],
  ])('rejects a host that %s, and leaves no connection', async (_what, answer) => {
    server.answer(answer)
    await expect(httpGet(server.origin, LIMITS)).rejects.toThrow(Error)
    await vi.waitFor(() => expect(server.open()).toBe(0), 5000)
  })

  test('an endless answer is cut off', async () => {
    let sent = 0
    server.answer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent++
      }
      response.on('drain', more)
      more()
    })
    await expect(httpGet(server.origin, LIMITS)).rejects.toThrow('more than 1000 bytes')
    await vi.waitFor(() => expect(server.open()).toBe(0), 5000)
    expect(sent).toBeLessThan(1000)
  })
})

describe('AHP-STATUS-20 inflating with DecompressionStream', () => {
  test('gives up to the limit and not beyond, whatever the end of the gzip says', async () => {
    expect(await inflate(gzipSync(Buffer.alloc(5_000_000, 7)), 5_000_000)).toHaveLength(5_000_000)
    await expect(inflate(gzipSync(Buffer.alloc(1001)), 1000)).rejects.toThrow('more than 1000 bytes')
    const bomb = Buffer.from(gzipSync(Buffer.alloc(50_000_000)))
    bomb.writeUInt32LE(10, bomb.length - 4)
    await expect(inflate(bomb, 1000)).rejects.toThrow('more than 1000 bytes')
  })

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['no gzip', Buffer.from('not a gzip at all')],
    ['half of one', gzipSync(Buffer.alloc(100_000, 'abc')).subarray(0, 60)],
    ['one with a wrong checksum', Buffer.from(gzipSync('abc')).fill(0, 15, 19)],
  ])('rejects %s', async (_what, gzip) => {
    await expect(inflate(gzip, 1_000_000)).rejects.toThrow(Error)
  })
})
