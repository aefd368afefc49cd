/** A loopback HTTP server, with TLS or without, whose answers a test writes by hand. @module */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface TestServer {
  readonly origin: string
  readonly port: number
  /** Requests that arrived, as `GET /path`. */
  readonly requests: string[]
  /** Connections that are open now. */
  open(): number
  answer(handler: Handler): void
  close(): Promise<void>
}

export async function startServer(first: Handler, tls?: ServerOptions): Promise<TestServer> {
  let handler = first
  const requests: string[] = []
  const sockets = new Set<object>()
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method} ${request.url}`)
    response.on('error', () => {})
    handler(request, response)
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
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
