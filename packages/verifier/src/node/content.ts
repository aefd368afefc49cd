/** Reads the content of a Node request once and puts it back, so that body parsers behind still find it (spec chapter 7). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refusal } from '@aiegis/protocol'
import type { ContentLimits } from '../request.ts'

const captured = new WeakMap<object, Uint8Array>()

/**
 * For parsers that must run in front: `express.json({ verify: captureRawBody })` keeps the bytes that the parser saw.
 * Encoded content is refused elsewhere, so these are the bytes that were sent.
 */
export function captureRawBody(request: IncomingMessage, _response: ServerResponse, content: Buffer): void {
  captured.set(request, content)
}

/**
 * The content as sent. Throws `content_too_large`, `content_timeout`, `content_incomplete`, `trailer_refused`, `content_consumed`,
 * and `misconfigured` for a request that no server has received.
 * Reads in paused mode up to the last byte and not beyond, then unshifts: the next reader sees an untouched stream. `invite` is called when
 * nothing that is known before speaks against reading it. With `isKept` what was read is put back when it is refused, too.
 */
export function readContent(
  request: IncomingMessage,
  limits: ContentLimits,
  invite?: () => void,
  isKept: boolean = false,
): Uint8Array | Promise<Uint8Array> {
  const kept = captured.get(request)
  if (kept) {
    const trailers = trailersIn(request)
    if (trailers) throw trailers
    return bounded(kept, limits)
  }
  checkReceived(request)
  if (!hasContent(request)) return new Uint8Array(0)
  if (request.readableDidRead || request.readableEnded || request.destroyed || request.readableEncoding !== null) {
    throw new Refusal(
      'content_consumed',
      'the content was read before this middleware: mount requireAiegisToken() in front of body parsers, or give them { verify: captureRawBody }',
    )
  }
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits)
  invite?.()
  return collect(request, limits, isKept)
}

/** What tests of a framework make up, such as `inject` of Fastify, never says that its content is complete: it would be waited for in vain. */
function checkReceived({ complete }: { readonly complete?: unknown }): void {
  if (typeof complete !== 'boolean')
    throw new Refusal('misconfigured', 'no server has received this request: send it to one that listens, as sendRaw() does')
}

/**
 * Asks the stream, and the headers besides (RFC 9112 §6.3): Node drops header lines beyond a number of its own from what it shows, and
 * frames the content by them all the same.
 */
function hasContent(request: IncomingMessage): boolean {
  const { headers } = request
  if (!request.complete || request.readableLength > 0 || request.readableDidRead) return true
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function trailersIn(request: IncomingMessage): Refusal | undefined {
  return request.rawTrailers.length > 0 ? new Refusal('trailer_refused', 'trailers came after the content') : undefined
}

function bounded(content: Uint8Array, limits: ContentLimits): Uint8Array {
  if (content.length > limits.maxBytes) throw tooLarge(limits)
  return content
}

function tooLarge(limits: ContentLimits): Refusal {
  return new Refusal('content_too_large', `more than ${limits.maxBytes} bytes`)
}

/** What was read of a request so far. */
interface Taken {
  readonly chunks: Buffer[]
  size: number
}

function collect(request: IncomingMessage, limits: ContentLimits, isKept: boolean): Uint8Array | Promise<Uint8Array> {
  const taken: Taken = { chunks: [], size: 0 }
  const leave = (): void => {
    if (isKept) putBack(request, taken)
    // Whatever still arrives is thrown away; the response closes the connection.
    else request.resume()
  }
  // Small content has mostly arrived by now; then nothing has to be waited for.
  if (isWhole(request)) {
    const refusal = take(request, limits, taken) ?? trailersIn(request)
    if (refusal === undefined) return putBack(request, taken)
    leave()
    throw refusal
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(new Refusal('content_timeout', `not complete after ${limits.timeoutMs} ms`)),
      limits.timeoutMs,
    )

    const finish = (refusal?: Refusal): void => {
      clearTimeout(timer)
      request.off('readable', onReadable).off('error', onBroken).off('close', onBroken)
      if (refusal) {
        leave()
        reject(refusal)
        return
      }
      resolve(putBack(request, taken))
    }
    const onBroken = (): void => finish(new Refusal('content_incomplete', 'the connection broke before the content was complete'))
    const onReadable = (): void => {
      const refusal = take(request, limits, taken)
      if (refusal !== undefined || request.complete) finish(refusal ?? trailersIn(request))
    }
    request.on('readable', onReadable).on('error', onBroken).on('close', onBroken)
  })
}

/** Content of a known length is whole with its last byte, a little before Node says so: no trailers can follow it (RFC 9112 §6.3). */
function isWhole({ complete, headers, readableLength }: IncomingMessage): boolean {
  return complete || (headers['transfer-encoding'] === undefined && readableLength === Number(headers['content-length']))
}

/** Reads what is there; never at length zero after the end: that would emit "end" and leave nothing for the next reader. */
function take(request: IncomingMessage, limits: ContentLimits, taken: Taken): Refusal | undefined {
  while (request.readableLength > 0) {
    const chunk: unknown = request.read()
    if (!Buffer.isBuffer(chunk)) break
    taken.size += chunk.length
    taken.chunks.push(chunk)
    if (taken.size > limits.maxBytes) return tooLarge(limits)
  }
  return undefined
}

function putBack(request: IncomingMessage, { chunks, size }: Taken): Uint8Array {
  const [first] = chunks
  const content = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, size)
  if (size > 0 && !request.destroyed) request.unshift(content)
  return content
}
