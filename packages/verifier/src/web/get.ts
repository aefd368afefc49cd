/** Gets one URL with the `fetch` of the runtime, bounded in time and size whatever the server does (spec chapter 9). @module */
import type { HttpGet } from '../status-read.ts'
import { within } from '../within.ts'
import { readBounded } from './read.ts'

/**
 * `HttpGet` with `fetch`: no redirects, no content encoding where the runtime shows that there was one, `timeoutMs` for everything
 * together. Does not judge the URL, and cannot see to which address the runtime connects: ask only for what the operator wrote down.
 */
export const httpGet: HttpGet = async (url, { maxBytes, timeoutMs, accept }) => {
  const end = new AbortController()
  try {
    return await within(timeoutMs, exchange(url, accept, maxBytes, end.signal))
  } finally {
    // What was not read to its end is not read any more.
    end.abort()
  }
}

async function exchange(url: string, accept: string, maxBytes: number, signal: AbortSignal): ReturnType<HttpGet> {
  const headers = { accept, 'accept-encoding': 'identity' }
  const { status, headers: fields, body } = await fetch(url, { redirect: 'manual', headers, signal })
  const field = fields.get('content-type') ?? ''
  // Two lines are shown as one: a field that was sent twice has no value.
  const contentType = field.includes(',') ? '' : field
  // 302 and 500 are answers, and their content is of no use.
  if (status !== 200) return { status, contentType, body: new Uint8Array(0) }
  if (fields.has('content-encoding')) throw new Error('an encoded answer')
  const content = body === null ? new Uint8Array(0) : await readBounded(body, maxBytes)
  if (content === undefined) throw new Error(`an answer of more than ${maxBytes} bytes`)
  return { status, contentType, body: content }
}
