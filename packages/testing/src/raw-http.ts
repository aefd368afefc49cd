/** Sends a request byte for byte as written, which no HTTP client would do, and reads the answer. Loopback only. @module */
import { connect, type Socket } from 'node:net'
import { isObject, type JsonObject } from '@aiegis/protocol'
import type { RawRequest } from './raw-request.ts'

/** What came back. */
export interface RawResponse {
  readonly status: number
  /** Lower-case names; the last of repeated lines. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Sends `request` to a server on 127.0.0.1 and reads until the server closes. Rejects when it closes without an answer. */
export function sendRaw(port: number, request: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => write(socket, request))
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', (error) => (received.length > 0 ? resolve(parse(Buffer.concat(received))) : reject(error)))
    socket.on('close', () => {
      const all = Buffer.concat(received)
      if (all.length === 0) reject(new Error('the server closed without an answer'))
      else resolve(parse(all))
    })
  })
}

/** The problem document of a refusal, or an empty object. */
export function problemOf(response: RawResponse): JsonObject {
  const body: unknown = response.headers['content-type'] === 'application/problem+json' ? JSON.parse(response.text) : {}
  return isObject(body) ? body : {}
}

function write(socket: Socket, request: RawRequest): void {
  const lines = [...request.lines, ['Connection', 'close'] as const].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`, 'latin1')
  if (request.sending === undefined || request.sending === 'whole') socket.write(request.body)
  else socket.write(request.body.subarray(0, -1), () => request.sending === 'cut' && socket.end())
}

function parse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1]), headers, text: bytes.subarray(end + 4).toString('utf8') }
}
