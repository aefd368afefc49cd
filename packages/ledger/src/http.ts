/** Serves the public side of a log: its head, its tiles and its entries (c2sp.org/tlog-tiles; spec chapter 17). @module */
import { parseTilePath, Refusal, TILE_WIDTH, utf8 } from '@aiegis/protocol'
import type { Log } from './log.ts'

const RETRY_SECONDS = 10

/** An answer that any HTTP server can send. */
export interface LogResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * Answers GET and HEAD of `/checkpoint`, `/tile/<level>/<n>[.p/<width>]` and `/tile/entries/<n>[.p/<width>]`; `path` has no query.
 * `undefined` for every other path. 404 for another spelling and for what is not under the released head, 503 when the log ended.
 */
export function logHttp(log: Log): (method: string, path: string) => Promise<LogResponse> | undefined {
  return (method, path) => {
    if (path !== '/checkpoint' && !path.startsWith('/tile/')) return undefined
    return respond(log, method, path)
  }
}

async function respond(log: Log, method: string, path: string): Promise<LogResponse> {
  if (method !== 'GET' && method !== 'HEAD')
    return answer(405, { ...NEVER_KEPT, Allow: 'GET, HEAD' }, utf8('method not allowed\n'))
  const response = await find(log, path)
  return method === 'HEAD' ? { ...response, body: new Uint8Array(0) } : response
}

async function find(log: Log, path: string): Promise<LogResponse> {
  try {
    if (path === '/checkpoint') return answer(200, CHANGES, utf8(await log.newest()))
    const body = await read(log, path)
    return body === undefined ? answer(404, NEVER_KEPT, utf8('not found\n')) : answer(200, NEVER_CHANGES, body)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // With jitter, so that readers do not come back together.
    const seconds = RETRY_SECONDS + Math.floor((Math.random() * RETRY_SECONDS) / 2)
    return answer(503, { ...NEVER_KEPT, 'Retry-After': String(seconds) }, utf8('the log does not answer\n'))
  }
}

async function read(log: Log, path: string): Promise<Uint8Array | undefined> {
  const name = parseTilePath(path)
  if (name === undefined) return undefined
  try {
    if (name.level !== 'entries') return await log.tile(name.level, name.n, name.width)
    return (await isPruned(log, name.n)) ? undefined : await log.entries(name.n, name.width)
  } catch (error) {
    // Beyond the released head: it may come, so nobody may remember that it is not there.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Whether every entry of a bundle is one that is published no more (c2sp.org/tlog-tiles, "Pruning"). */
async function isPruned({ custody }: Log, n: bigint): Promise<boolean> {
  return custody !== undefined && (n + 1n) * BigInt(TILE_WIDTH) <= (await custody.minimum())
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): LogResponse {
  return { status, headers: { ...headers, 'X-Content-Type-Options': 'nosniff' }, body }
}

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' } as const
const NEVER_KEPT = { ...TEXT, 'Cache-Control': 'no-store' } as const
const CHANGES = { ...TEXT, 'Cache-Control': 'no-cache' } as const
const NEVER_CHANGES = {
  'Content-Type': 'application/octet-stream',
  'Cache-Control': 'public, max-age=31536000, immutable',
} as const
