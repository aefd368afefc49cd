/** Decides whether a receiver is sent the chain or a reference to it, and repeats a request whose reference it did not know (spec chapter 8.1). @module */
import { defaultCrypto, hashText, isObject, Malformed, parseJson, utf8 } from '@aiegis/protocol'
import { readBytes } from './read-bytes.ts'

/** Sends one request with this value of `X-AEGIS-Passport`; may be called twice and then sends the same token. */
export type SendWith = (passport: string) => Promise<Response>

/** Sends to an origin what its receiver needs. */
export type Deliver = (origin: string, send: SendWith) => Promise<Response>

/** Origins that are remembered; whoever was not answered for longest is sent the chain again. */
const MAX_ORIGINS = 256
/** A receiver that does not know the reference so often in a row keeps no chains. */
const GIVE_UP = 2
const MAX_PROBLEM = 4096
const PROBLEM_MS = 3000

/**
 * A receiver that answered the chain is sent the reference from then on, and the chain once more when it answers 428 `passport_required`;
 * any other answer is handed on as it came. Only for chains with a hand-off: one passport is sent as it is.
 */
export function deliverer(chain: string): Deliver {
  if (!chain.includes('~')) return (_, send) => send(chain)
  const reference = `sha-256=${hashText(defaultCrypto(), utf8(chain))}`
  /** Per origin that answered the chain, how many references in a row it did not know. */
  const unknown = new Map<string, number>()

  function remember(origin: string, count: number): void {
    unknown.delete(origin)
    unknown.set(origin, count)
    for (const oldest of unknown.keys()) {
      if (unknown.size <= MAX_ORIGINS) break
      unknown.delete(oldest)
    }
  }

  return async (origin, send) => {
    const before = unknown.get(origin)
    if (before !== undefined && before < GIVE_UP) {
      const response = await send(reference)
      if (!(await asksForPassport(response))) {
        remember(origin, 0)
        return response
      }
      remember(origin, before + 1)
    }
    const response = await send(chain)
    if (response.status !== 428) remember(origin, unknown.get(origin) ?? 0)
    return response
  }
}

/**
 * Reads a copy, so that every other answer stays whole for the caller. What is longer than 4 KiB, or has not ended after three seconds, is
 * no question for the passport.
 */
async function asksForPassport(response: Response): Promise<boolean> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status !== 428 || !/^application\/problem\+json(?:;|$)/.test(type)) return false
  const end = AbortSignal.timeout(PROBLEM_MS)
  try {
    const bytes = await readBytes(response.clone().body, MAX_PROBLEM, end)
    const problem = parseJson(bytes, { maxBytes: MAX_PROBLEM })
    if (!isObject(problem) || problem['code'] !== 'passport_required') return false
  } catch (error) {
    if (error instanceof Malformed || error === end.reason) return false
    throw error
  }
  await response.body?.cancel()
  return true
}
