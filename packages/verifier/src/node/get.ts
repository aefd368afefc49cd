/** Gets one URL on Node, bounded in time and size whatever the server does (spec chapter 9). @module */
import { Agent, request, type Dispatcher } from 'undici'
import { concat } from '@aiegis/protocol'
import type { HttpGet } from '../status-read.ts'

/**
 * `HttpGet` with undici: HTTP/1.1, no redirects, no content encoding, `timeoutMs` for everything together. Does not use the proxy
 * variables of the environment and does not judge the URL: ask only for addresses that the operator wrote down.
 */
export const httpGet: HttpGet = async (url, { maxBytes, timeoutMs, accept }) => {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: agent,
    // Over connecting, headers and content: timeouts per phase are met by a server that sends a byte now and then.
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept, 'accept-encoding': 'identity' },
  })
  // Without a listener, an error of a body that nobody reads any more ends the process.
  body.on('error', () => {})
  const contentType = oneValue(headers['content-type'])
  // 302 and 500 are answers, and their content is of no use.
  if (statusCode !== 200) {
    body.destroy()
    return { status: statusCode, contentType, body: new Uint8Array(0) }
  }
  if (headers['content-encoding'] !== undefined) {
    body.destroy()
    throw new Error('an encoded answer')
  }
  return { status: statusCode, contentType, body: await readBody(body, maxBytes) }
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
const agent = new Agent({ allowH2: false, maxHeaderSize: 16_384, connect: { timeout: 3000 } })
