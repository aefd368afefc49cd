/** A loopback HTTP server whose answers a test writes by hand. @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface TestServer {
  readonly origin: string
  /** Requests that arrived, as `GET /path`. */
  readonly requests: string[]
  /** Connections that are open now. */
  open(): number
  answer(handler: Handler): void
  close(): Promise<void>
}

export async function startServer(first: Handler): Promise<TestServer> {
  let handler = first
  const requests: string[] = []
  const sockets = new Set<object>()
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.on('error', () => {})
    handler(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    open: () => sockets.size,
    answer(next) {
      handler = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
