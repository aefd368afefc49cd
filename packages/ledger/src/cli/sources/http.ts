/** Reads a log from its URL, bounded in size and time and without redirects (spec chapters 5.5 and 17.12). @module */
import { Unreachable, WrongCall } from '../failures.ts'
import { mostAt, withFullTiles, type LogSource } from './source.ts'

const ANSWER_MS = 15_000

/** The log below a URL. Throws `WrongCall` for what is no URL of one. */
export function openHttpSource(text: string): LogSource {
  const base = URL.canParse(text) ? new URL(text) : undefined
  if (base === undefined || !/^https?:$/.test(base.protocol) || base.search !== '' || base.hash !== '')
    throw new WrongCall('--url is an URL with http or https and without query')
  if (base.username !== '' || base.password !== '')
    throw new WrongCall('--url has a password, which every user of this machine sees; a log is public')
  const prefix = base.href.replace(/\/$/, '')
  return {
    name: prefix,
    get: withFullTiles((path) => fetchPath(prefix + path, mostAt(path))),
    own: undefined,
    refresh: async () => undefined,
    close: async () => undefined,
  }
}

async function fetchPath(url: string, most: number): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) })
    if (response.status === 404 || response.status === 410) {
      await response.body?.cancel()
      return undefined
    }
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Unreachable(`${url} answers ${response.status}`)
    }
    return await bodyOf(response, url, most)
  } catch (cause) {
    if (cause instanceof Unreachable) throw cause
    throw new Unreachable(`${url} does not answer: ${reasonOf(cause)}`, { cause })
  }
}

async function bodyOf(response: Response, url: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > most) throw new Unreachable(`${url} answers more than ${most} bytes`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** What fetch says is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `not within ${ANSWER_MS / 1_000} seconds`
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}
