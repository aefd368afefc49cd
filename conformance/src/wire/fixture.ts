/** Asks the routes of a fixture that no gate guards: is it alive, what does its clock say, how often did the handler run. @module */
import { errors, Pool } from 'undici'
import { isObject, shown } from '../values.ts'

/** What `GET /conformance/open` says. */
export interface Life {
  /** The `Date` of the receiver, epoch milliseconds at the start of that second. */
  readonly date: number | undefined
  /** Our clock in the middle of the exchange. */
  readonly at: number
}

/** A fixture route that did not answer as the contract says, in one sentence. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError'
}

export interface Fixture {
  open(): Promise<Life>
  /** How often a handler ran for this nonce. */
  effects(nonce: string): Promise<number>
  close(): Promise<void>
}

const MAX_BYTES = 65_536
/** Evidence for other times than these cannot say when it ends. */
const EARLIEST = Date.UTC(2000, 0)
const LATEST = Date.UTC(9000, 0)
/** 64 connections at most: more requests than that wait. */
const CONNECTIONS = 64

/** A client of the ungated routes at `origin`; each answer has `seconds`. */
export function createFixture(origin: string, seconds = 5): Fixture {
  const pool = new Pool(origin, {
    connections: CONNECTIONS,
    headersTimeout: seconds * 1000,
    bodyTimeout: seconds * 1000,
    connect: { timeout: seconds * 1000 },
  })
  const get = async (path: string): Promise<{ readonly value: unknown; readonly date: string | undefined }> => {
    const answer = await pool
      .request({ path, method: 'GET', headers: { accept: 'application/json' }, signal: AbortSignal.timeout(seconds * 1000) })
      .catch((error: unknown) => {
        throw new FixtureError(`GET ${path}: ${reasonOf(error)}`)
      })
    const text = await textOf(answer.body, path)
    if (answer.statusCode !== 200) throw new FixtureError(`GET ${path} answered ${answer.statusCode} and not 200`)
    const type = String(answer.headers['content-type'] ?? '')
    if (!/^application\/json\b/i.test(type))
      throw new FixtureError(`GET ${path} answered ${type === '' ? 'without a type' : type} and not JSON`)
    const date = answer.headers['date']
    return { value: parse(text, path), date: typeof date === 'string' ? date : undefined }
  }
  return {
    async open() {
      const before = Date.now()
      const { value, date } = await get('/conformance/open')
      if (!isObject(value) || value['ok'] !== true) throw new FixtureError('GET /conformance/open did not answer {"ok":true}')
      const parsed = date === undefined ? Number.NaN : Date.parse(date)
      if (parsed < EARLIEST || parsed > LATEST)
        throw new FixtureError(`GET /conformance/open: its Date is ${shown(date)}, a time for which no evidence can be made`)
      return { date: Number.isNaN(parsed) ? undefined : parsed, at: (before + Date.now()) / 2 }
    },
    async effects(nonce) {
      const path = `/conformance/effects/${encodeURIComponent(nonce)}`
      const { value } = await get(path)
      const count = isObject(value) ? value['count'] : undefined
      if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
        throw new FixtureError('GET /conformance/effects/<nonce> did not answer {"count":n}')
      return count
    },
    close: () => pool.destroy(),
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of body) {
      size += part.length
      if (size > MAX_BYTES) throw new FixtureError(`GET ${path} answered more than ${MAX_BYTES} bytes`)
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof FixtureError) throw error
    throw new FixtureError(`GET ${path}: the answer did not come whole, ${reasonOf(error)}`)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FixtureError(`GET ${path} answered text that is not JSON`)
  }
}

/** What went wrong on a connection, in words. */
function reasonOf(error: unknown): string {
  const code = isObject(error) && typeof error['code'] === 'string' ? error['code'] : ''
  if (error instanceof errors.HTTPParserError) return `the answer is not HTTP/1.1 (${innermost(error.message)})`
  if (error instanceof errors.HeadersOverflowError) return 'the header of the answer is longer than 16 KiB'
  if (error instanceof errors.ResponseContentLengthMismatchError) return 'the answer is longer or shorter than its Content-Length'
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection was closed'
  if (code.includes('TIMEOUT') || (error instanceof Error && error.name === 'TimeoutError')) return 'no answer in time'
  return code === '' ? 'no usable answer' : code
}

/** What the parser says, without what it says around it. */
function innermost(message: string): string {
  return /\(([^()]+)\)/.exec(message)?.[1] ?? message
}
