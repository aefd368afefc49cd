/** One exchange with a receiver that does not end: it costs little time and little memory. @module */
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { exchange, type Exchange } from '../../src/wire/exchange.ts'

let server: Server | undefined
const sockets = new Set<Socket>()

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server?.close()
})

/** Sends `head` and then `part` again and again, as long as somebody reads. */
async function flooded(head: string, part: string): Promise<Exchange> {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const flood = (): void => {
      if (socket.destroyed) return
      if (socket.write(part)) setImmediate(flood)
      else socket.once('drain', flood)
    }
    socket.once('data', () => {
      socket.write(head)
      flood()
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const address = { host: '127.0.0.1', port, tls: false, authority: `127.0.0.1:${port}` }
  return exchange(address, { bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') }, { deadlineSeconds: 5 })
}

test.each([
  ['after a whole response', 'HTTP/1.1 401 X\r\nContent-Length: 2\r\n\r\n{}', 'response'],
  ['in a header', 'HTTP/1.1 401 X\r\nA: ', 'malformed'],
  ['in content', 'HTTP/1.1 401 X\r\n\r\n', 'malformed'],
])('bytes for ever %s end it soon', async (_, head, kind) => {
  const { outcome, received, milliseconds } = await flooded(head, 'a'.repeat(65_536))
  expect(outcome.kind).toBe(kind)
  expect(received.length).toBeLessThan(1_000_000)
  expect(milliseconds).toBeLessThan(1000)
})

test('chunks for ever end it soon', async () => {
  const { outcome } = await flooded('HTTP/1.1 401 X\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\na\r\n'.repeat(100))
  expect(outcome).toEqual({ kind: 'malformed', why: 'more than the 1024 chunks that are read' })
})

test('what comes soon after a whole response is counted', async () => {
  const { outcome } = await flooded('HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n', 'b'.repeat(5000))
  expect(outcome.kind === 'response' && outcome.response.surplus).toBeGreaterThanOrEqual(5000)
})
