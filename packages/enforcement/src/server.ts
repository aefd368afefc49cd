/** Listens for questions, with limits of time and size on everything that others control (spec chapter 15.5). @module */
import { createServer, type Server } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { holdContent } from './expectation.ts'

/** A server that listens. */
export interface Listening {
  readonly port: number
  /** Gives the routes, which may need to know the port first. Until then every request waits. */
  serve(handle: Handle): void
  /** Takes no more requests, answers those it has, and resolves when all connections are closed, at most after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

const HOST = '127.0.0.1'
const HEADER_BYTES = 16_384
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
const IDLE_MS = 5_000
const SILENCE_MS = 30_000
const MAX_CONNECTIONS = 2_048
/** Requests that wait until the routes are there. */
const MAX_EARLY = 256

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** Listens on loopback; 0 takes a free port. Rejects when the port is taken. A connection without traffic for `silenceMs` is ended. */
export async function listen(port: number, { silenceMs = SILENCE_MS }: { silenceMs?: number } = {}): Promise<Listening> {
  const waiting: (() => void)[] = []
  let handle: Handle = (request, response) => {
    if (waiting.length < MAX_EARLY) waiting.push(() => handle(request, response))
    else request.socket.destroy()
  }
  const server = createServer({
    maxHeaderSize: HEADER_BYTES,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 1_000,
    insecureHTTPParser: false,
  })
  server.maxConnections = MAX_CONNECTIONS
  // Also for who asks and does not read the answer.
  server.timeout = silenceMs
  server.on('request', (request, response) => handle(request, response))
  // Node would ask for content that may be refused, and answer what it does not know without a problem.
  server.on('checkContinue', (request, response) => {
    holdContent(request, response)
    handle(request, response)
  })
  server.on('checkExpectation', (request, response) => handle(request, response))
  // Without a listener Node answers by itself; with one it must be done here, also for connections that are gone.
  server.on('clientError', (_, socket) => refuse(socket))
  server.on('upgrade', (_, socket: Socket) => socket.destroy())
  server.on('connect', (_, socket: Socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, resolve)
  })
  return {
    port: portOf(server),
    serve(given) {
      handle = given
      for (const answer of waiting.splice(0)) answer()
    },
    close: (graceMs = 5_000) => close(server, graceMs),
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new TypeError('the server listens on no port')
}

function refuse(socket: { readonly writable: boolean; end(text: string): void; destroy(): void }): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  else socket.destroy()
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
