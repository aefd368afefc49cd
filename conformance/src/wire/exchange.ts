/** One request on one connection of its own: exact bytes out, in fragments where a case wants it, one response in, within a deadline. @module */
import { connect as connectPlain, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Address } from './address.ts'
import { createResponseReader, type Response } from './response.ts'

/** How an exchange ended. */
export type Outcome =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'malformed'; readonly why: string }
  /** The connection was closed or reset before a whole response. */
  | { readonly kind: 'closed'; readonly why: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  /** There was no connection at all. */
  | { readonly kind: 'unreachable'; readonly why: string }

/** What went over the wire. */
export interface Exchange {
  readonly sent: Uint8Array
  readonly received: Uint8Array
  readonly outcome: Outcome
  readonly milliseconds: number
}

/** A request as bytes, and how they go out. */
export interface Outgoing {
  readonly bytes: Uint8Array
  /** Send up to this offset, then wait. What follows the last is sent at once. */
  readonly fragments?: readonly { readonly upTo: number; readonly pauseMs: number }[] | undefined
  /** Close the sending side when everything is sent. */
  readonly end?: boolean | undefined
}

export interface ExchangeOptions {
  /** Seconds for the whole exchange. */
  readonly deadlineSeconds: number
  /** All but the last byte goes out, then this is waited for: to let many requests arrive at once. */
  readonly gate?: (() => Promise<void>) | undefined
}

/** After a whole response, what else comes is waited for this long: a second response means that one request was read as two. */
const SURPLUS_MS = 150
/** More of it than this is not waited for. */
const SURPLUS_BYTES = 4096

/** Sends `request` and reads the response. Never rejects: whatever happens is an outcome. */
export async function exchange(address: Address, request: Outgoing, options: ExchangeOptions): Promise<Exchange> {
  const sent = request.bytes
  const isHead = isHeadRequest(sent)
  const started = performance.now()
  const reader = createReader(isHead)
  const socket = open(address)
  const outcome = await new Promise<Outcome>((resolve) => {
    let connected = false
    let isWhole = false
    const timer = setTimeout(() => finish({ kind: 'timeout', seconds: options.deadlineSeconds }), options.deadlineSeconds * 1000)
    const finish = (result: Outcome): void => {
      clearTimeout(timer)
      resolve(result)
    }
    socket.once(address.tls ? 'secureConnect' : 'connect', () => {
      connected = true
      void write(socket, request, options.gate)
    })
    socket.on('data', (chunk: Buffer) => {
      const result = reader.push(chunk)
      if (result === undefined) return
      if (result.kind !== 'response' || result.response.surplus > SURPLUS_BYTES) finish(result)
      else if (!isWhole) setTimeout(() => finish(reader.last() ?? result), SURPLUS_MS).unref()
      isWhole = true
    })
    socket.once('end', () => finish(reader.end('the connection was closed')))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code ?? error.message
      finish(connected ? reader.end(`the connection broke (${why})`) : { kind: 'unreachable', why })
    })
    socket.once('close', () => finish(reader.end('the connection was closed')))
  })
  socket.destroy()
  return { sent, received: reader.bytes(), outcome, milliseconds: Math.round(performance.now() - started) }
}

function open({ host, port, tls }: Address): Socket {
  return tls
    ? connectTls({ host, port, servername: host, ALPNProtocols: ['http/1.1'] })
    : connectPlain({ host, port, noDelay: true, allowHalfOpen: true })
}

async function write(socket: Socket, { bytes, fragments, end }: Outgoing, gate: ExchangeOptions['gate']): Promise<void> {
  let from = 0
  for (const { upTo, pauseMs } of fragments ?? []) {
    const next = Math.min(upTo, bytes.length)
    if (next <= from) continue
    socket.write(bytes.subarray(from, next))
    from = next
    await pause(pauseMs, undefined, { ref: false })
    if (socket.destroyed) return
  }
  if (gate !== undefined) {
    socket.write(bytes.subarray(from, bytes.length - 1))
    from = bytes.length - 1
    await gate()
    if (socket.destroyed) return
  }
  if (end === true) socket.end(bytes.subarray(from))
  else socket.write(bytes.subarray(from))
}

interface Reader {
  /** Tells an outcome when one is known. */
  push(chunk: Buffer): Outcome | undefined
  end(why: string): Outcome
  last(): Outcome | undefined
  bytes(): Uint8Array
}

function createReader(isHead: boolean): Reader {
  const readAll = createResponseReader(isHead)
  let store: Buffer = Buffer.alloc(4096)
  let length = 0
  let known: Outcome | undefined
  const read = (ended: boolean): Outcome | undefined => {
    const reading = readAll(store.subarray(0, length), ended)
    if (reading.kind === 'complete') known = { kind: 'response', response: reading.response }
    else if (reading.kind === 'malformed') known = reading
    return known
  }
  return {
    push(chunk) {
      if (length + chunk.length > store.length) {
        const larger = Buffer.alloc(2 * (length + chunk.length))
        store.copy(larger, 0, 0, length)
        store = larger
      }
      chunk.copy(store, length)
      length += chunk.length
      return read(false)
    },
    end: (why) =>
      read(true) ?? {
        kind: 'closed',
        why: length === 0 ? `${why} without a response` : `${why} in the middle of the response`,
      },
    last: () => known,
    bytes: () => store.subarray(0, length),
  }
}

/** Whether the response to these bytes has no content (RFC 9112, section 6.3). */
export function isHeadRequest(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 5)).toString('latin1') === 'HEAD '
}
