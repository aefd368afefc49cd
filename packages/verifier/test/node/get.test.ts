import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { httpGet } from '../../src/node/get.ts'
import { startServer, type TestServer } from '../http-server.ts'

const LIMITS = { maxBytes: 1000, timeoutMs: 400, accept: 'application/vc+jwt' }
const MIB = 1024 * 1024

let server: TestServer
beforeEach(async () => {
  server = await startServer((_, response) => response.end())
})
afterEach(async () => {
  await server.close()
})

/** Milliseconds until `work` settles, and how. */
async function timed<T>(work: Promise<T>): Promise<{ milliseconds: number; result: T | Error }> {
  const start = performance.now()
  const result = await work.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
  return { milliseconds: performance.now() - start, result }
}

describe('httpGet gives', () => {
  test('status, content type and the bytes of a complete answer, and asks for no encoding', async () => {
    let asked: object = {}
    server.answer((request, response) => {
      asked = request.headers
      response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end('abc')
    })
    const answer = await httpGet(`${server.origin}/list`, LIMITS)
    expect(answer).toEqual({ status: 200, contentType: 'application/vc+jwt', body: Uint8Array.of(97, 98, 99) })
    expect(asked).toMatchObject({ accept: 'application/vc+jwt', 'accept-encoding': 'identity' })
  })

  test('exactly maxBytes, and nothing of an answer with one byte more, announced or not', async () => {
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

  test.each([301, 302, 307, 308])('a redirect of %i as an answer, and does not follow it', async (status) => {
    server.answer((_, response) => response.writeHead(status, { location: `${server.origin}/other` }).end())
    expect(await httpGet(`${server.origin}/list`, LIMITS)).toMatchObject({ status, body: new Uint8Array(0) })
    expect(server.requests).toEqual(['GET /list'])
  })

  test.each([404, 500, 503])('%i without its content', async (status) => {
    server.answer((_, response) => response.writeHead(status, { 'content-type': 'text/html' }).end('x'.repeat(500)))
    expect(await httpGet(server.origin, LIMITS)).toEqual({ status, contentType: 'text/html', body: new Uint8Array(0) })
  })

  test('no content type when it was sent twice or not at all', async () => {
    expect((await httpGet(server.origin, LIMITS)).contentType).toBe('')
    const raw = createServer((socket) => {
      socket.on('error', () => {})
      socket.resume()
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/vc+jwt\r\ncontent-type: text/html\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
      )
    })
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    const address = raw.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    expect((await httpGet(`http://127.0.0.1:${port}/`, LIMITS)).contentType).toBe('')
    await new Promise<void>((resolve) => raw.close(() => resolve()))
  })
})

describe('httpGet rejects, soon and with little memory,', () => {
  test('a server that never answers', async () => {
    server.answer(() => {})
    const { milliseconds, result } = await timed(httpGet(server.origin, LIMITS))
    expect(result).toBeInstanceOf(Error)
    expect(milliseconds).toBeGreaterThan(300)
    expect(milliseconds).toBeLessThan(2000)
  })

  test('a server that stops after its headers', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/vc+jwt', 'content-length': '10' })
      response.flushHeaders()
    })
    const { milliseconds, result } = await timed(httpGet(server.origin, LIMITS))
    expect(result).toBeInstanceOf(Error)
    expect(milliseconds).toBeLessThan(2000)
  })

  test('a server that sends a byte now and then', async () => {
    server.answer((_, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const { milliseconds, result } = await timed(httpGet(server.origin, LIMITS))
    expect(result).toBeInstanceOf(Error)
    expect(milliseconds).toBeLessThan(2000)
  })

  test('a server that never stops sending', async () => {
    server.answer((_, response) => {
      const chunk = Buffer.alloc(MIB)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    const before = process.memoryUsage().rss
    const { milliseconds, result } = await timed(httpGet(server.origin, { ...LIMITS, timeoutMs: 3000 }))
    expect(result).toMatchObject({ message: 'an answer of more than 1000 bytes' })
    expect(milliseconds).toBeLessThan(2000)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB)
  })

  test.each(['gzip', 'identity', 'br, gzip', ''])('content encoding %j, which it did not ask for', async (encoding) => {
    server.answer((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(Buffer.alloc(MIB)).subarray(0, 900)),
    )
    await expect(httpGet(server.origin, LIMITS)).rejects.toThrow('an encoded answer')
  })

  test('an answer that ends early', async () => {
    server.answer((_, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('abc')
      setTimeout(() => response.destroy(), 20)
    })
    await expect(httpGet(server.origin, LIMITS)).rejects.toBeInstanceOf(Error)
  })

  test('headers of more than 16 KiB', async () => {
    server.answer((_, response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end())
    await expect(httpGet(server.origin, LIMITS)).rejects.toBeInstanceOf(Error)
  })

  test('a closed port, and an address that is none', async () => {
    const { origin } = server
    await server.close()
    await expect(httpGet(origin, LIMITS)).rejects.toBeInstanceOf(Error)
    await expect(httpGet('not a URL', LIMITS)).rejects.toBeInstanceOf(Error)
  })

  test('and holds no other URL of the same host up meanwhile', async () => {
    server.answer((request, response) => {
      if (request.url === '/well') response.end('abc')
    })
    const hanging = Array.from({ length: 20 }, (_, at) => timed(httpGet(`${server.origin}/${at}`, LIMITS)))
    expect((await httpGet(`${server.origin}/well`, LIMITS)).body).toHaveLength(3)
    for (const { result } of await Promise.all(hanging)) expect(result).toBeInstanceOf(Error)
  })

  test('and leaves no connection open to a server that misbehaved', async () => {
    server.answer((_, response) => {
      response.writeHead(500)
      response.write('x')
    })
    await httpGet(server.origin, LIMITS)
    await expect.poll(() => server.open()).toBe(0)
  })
})
