/** Gets one URL on Node, bounded in time and size whatever the server does (spec chapter 9). @module */
import { Agent, request, type Dispatcher } from 'undici'
import { concat } from '@aiegis/protocol'
import type { HttpGet } from '../status-read.ts'
import { within } from '../within.ts'
import { guardedLookup } from './did-web/guard.ts'
import { names } from './names.ts'

/**
 * `HttpGet` with undici: HTTP/1.1, no redirects, no content encoding, `timeoutMs` for everything together. Does not use the proxy
 * variables of the environment and does not judge the URL: ask only for addresses that the operator wrote down.
 */
export const httpGet: HttpGet = async (url, limits) => {
  const { status, contentType, body } = await getThrough(agent, url, limits)
  return { status, contentType, body }
}

/** A complete answer; of a status other than 200 without its content. */
export interface Answer extends Awaited<ReturnType<HttpGet>> {
  /** `Cache-Control` as sent, `''` when there was none. */
  readonly cacheControl: string
}

/** As `httpGet`, with the connections of `dispatcher` and `headers` besides. */
export async function getThrough(
  dispatcher: Dispatcher,
  url: string,
  { maxBytes, timeoutMs, accept }: Parameters<HttpGet>[1],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const end = new AbortController()
  try {
    // Over connecting, headers and content: timeouts per phase are met by a server that sends a byte now and then, and while undici
    // connects it does not look at the signal.
    const asked = { dispatcher, signal: end.signal, headers: { ...headers, accept, 'accept-encoding': 'identity' } }
    return await within(timeoutMs, exchange(url, asked, maxBytes))
  } finally {
    // What was not read to its end is not read any more, and its connection ends.
    end.abort()
  }
}

async function exchange(url: string, asked: Parameters<typeof request>[1], maxBytes: number): Promise<Answer> {
  const answer = await request(url, asked)
  // Without a listener, an error of a body that nobody reads any more ends the process.
  answer.body.on('error', () => {})
  const contentType = oneValue(answer.headers['content-type'])
  const cacheControl = oneValue(answer.headers['cache-control'])
  // 302 and 500 are answers, and their content is of no use.
  if (answer.statusCode !== 200) return { status: answer.statusCode, contentType, cacheControl, body: new Uint8Array(0) }
  if (answer.headers['content-encoding'] !== undefined) throw new Error('an encoded answer')
  return { status: 200, contentType, cacheControl, body: await readBody(answer.body, maxBytes) }
}

async function readBody(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the body is not bytes')
    length += chunk.length
    // Leaving the loop destroys the body and with it the connection.
    if (length > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return concat(chunks)
}

/** A field that was sent twice has no value. */
function oneValue(field: string | string[] | undefined): string {
  return typeof field === 'string' ? field : ''
}

// As many connections as there are readings, of which each URL has one at a time: on a few, a URL that hangs would hold up the others of
// its host, which may be another issuer's.
const agent = new Agent({
  allowH2: false,
  maxHeaderSize: 16_384,
  connect: { lookup: guardedLookup(names.either, () => true), timeout: 3000 },
})
