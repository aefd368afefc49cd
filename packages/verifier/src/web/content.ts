/** Reads the content of a `Request` once, and makes the request anew that handlers get (spec chapters 7.6 and 7.7). @module */
import { Refusal } from '@aiegis/protocol'
import type { ContentLimits } from '../request.ts'
import { later } from '../timer.ts'
import { readBounded } from './read.ts'

/** The content as sent; with `isKept` it stays in `request` too. Throws `content_too_large`, `content_timeout`, `content_incomplete`, `content_consumed`. */
export async function readContent(request: Request, limits: ContentLimits, isKept: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const { headers } = request
  const announced = headers.get('content-length')
  if (request.bodyUsed || request.body?.locked === true) {
    throw new Refusal('content_consumed', 'the content was read before this check: put it in front of what reads the request')
  }
  if (Number(announced ?? 0) > limits.maxBytes) throw tooLarge(limits)
  const { body } = isKept ? request.clone() : request
  const content = body === null ? new Uint8Array(0) : await inTime(body, limits)
  // Most runtimes hide the content of GET and HEAD, and no handler gets it; some end a stream quietly when the connection breaks.
  const isHidden = body === null ? headers.has('transfer-encoding') : isBare(request) && content.length > 0
  if (isHidden || (announced !== null && Number(announced) !== content.length))
    throw new Refusal('content_incomplete', 'the runtime shows other content than was announced, or content that no handler gets')
  return new Uint8Array(content)
}

async function inTime(body: ReadableStream<unknown>, limits: ContentLimits): Promise<Uint8Array> {
  const read = readBounded(body, limits.maxBytes).catch((error: unknown) => {
    throw new Refusal('content_incomplete', 'the connection broke before the content was complete', { cause: error })
  })
  const content = await new Promise<Uint8Array | undefined>((resolve, reject) => {
    const late = (): void => reject(new Refusal('content_timeout', `not complete after ${limits.timeoutMs} ms`))
    const timer = later(late, limits.timeoutMs)
    read.then(resolve, reject).finally(() => clearTimeout(timer))
  })
  if (content === undefined) throw tooLarge(limits)
  return content
}

function tooLarge(limits: ContentLimits): Refusal {
  return new Refusal('content_too_large', `more than ${limits.maxBytes} bytes`)
}

/** The request as it came, its content unread, without the headers `stripped`. */
export function withoutHeaders(request: Request, stripped: ReadonlySet<string>): Request {
  const headers = new Headers(request.headers)
  for (const name of stripped) headers.delete(name)
  return new Request(request, { headers })
}

/**
 * The request that handlers get: exactly the bytes that were digested, without the headers `stripped`. `GET` and `HEAD` have no content
 * in a `Request`, whatever was sent.
 */
export function requestForHandler(
  request: Request,
  headers: Headers,
  content: Uint8Array<ArrayBuffer>,
  stripped: ReadonlySet<string>,
): Request {
  const { method, signal, url } = request
  const kept = new Headers(headers)
  for (const name of stripped) kept.delete(name)
  const body = isBare(request) ? null : content
  // By its URL: to make a request of a request, some runtimes want its stream, which has been read. Workers keep facts of the connection in `cf`.
  const cf: unknown = Reflect.get(request, 'cf')
  return new Request(url, { method, headers: kept, body, signal, redirect: 'manual', ...(cf === undefined ? {} : { cf }) })
}

/** No `Request` can be made with these methods and content. */
function isBare({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}
