/** Serves a witness over HTTP, with limits on everything that others control (c2sp.org/tlog-witness; spec chapter 17.8). @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { MAX_REQUEST } from './messages.ts'
import type { Witness } from './witness.ts'

/** A witness that listens. */
export interface WitnessServer {
  readonly port: number
  close(): Promise<void>
}

/** How it listens. */
export interface WitnessServerOptions {
  /** 0 takes a free port. */
  readonly port: number
  /** Address; loopback when absent, behind a proxy with TLS. */
  readonly host?: string
  /** Told of failures of storage and key. */
  readonly onFault?: (error: unknown) => void
}

const HEADERS_MS = 5_000
const REQUEST_MS = 10_000
const MAX_CONNECTIONS = 256

/** Listens. Rejects when the port is taken. Requests: `POST /add-checkpoint` and `GET /<hex SHA-256 of an origin>/checkpoint`. */
export async function serveWitness(
  witness: Witness,
  { port, host = '127.0.0.1', onFault }: WitnessServerOptions,
): Promise<WitnessServer> {
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
    (request, response) => {
      answer(witness, request, response).catch((error: unknown) => {
        // Who goes away in the middle of a request is no failure.
        if (request.complete) onFault?.(error)
        send(response, 500, 'text/plain; charset=utf-8', 'the witness failed\n')
      })
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  server.timeout = REQUEST_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return { port: portOf(server), close: () => close(server) }
}

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?')
  const [, originHash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? []
  if (request.method === 'POST' && path === '/add-checkpoint') {
    const body = await bodyOf(request)
    if (body === undefined) return send(response, 413, 'text/plain; charset=utf-8', `at most ${MAX_REQUEST} bytes\n`)
    const { status, type, body: text } = await witness.add(body)
    return send(response, status, type, text)
  }
  if (request.method === 'GET' && originHash !== undefined) {
    const { status, type, body: text } = witness.latest(originHash)
    return send(response, status, type, text)
  }
  return send(response, 404, 'text/plain; charset=utf-8', 'not found\n')
}

/** `undefined` for one that is too large. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.length
    if (length > MAX_REQUEST) return undefined
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent || response.destroyed) return
  // The rest of a request that is too large is still on its way.
  const end = status === 413 || status === 500 ? { Connection: 'close' } : {}
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...end })
  response.end(body)
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address === 'object' && address !== null) return address.port
  throw new TypeError('the server listens on no port')
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), 1_000)
  await closed
  clearTimeout(timer)
}
