/** A `fetch` that shows each request to the harness first and sends what was allowed with the evidence (spec chapters 6, 7 and 15). @module */
import { checkAction, encodeBase64url, LIMITS, Malformed, normaliseUrl, withoutQuery, type Signer } from '@aiegis/protocol'
import { ask, endpointOf, readBytes } from './ask.ts'
import { evidenceHeaders } from './sign.ts'

/** What an action or a key is chosen by; the content is not in it. */
export interface OutgoingRequest {
  readonly method: string
  /** Target URI in normal form. */
  readonly url: string
  readonly headers: Headers
}

/** How an agent reaches its harness, and who it is. */
export interface HarnessFetchOptions {
  /** URL of the enforcement server. */
  readonly protect: string | URL
  /** The chain text, value of `X-AEGIS-Passport`. */
  readonly passport: string
  /** Holds the agent's key. */
  readonly signer: Signer
  /** What the receiver's route declares; `http.` and the lower-case method when absent. */
  readonly action?: string | ((request: OutgoingRequest) => string)
  /** What the receiver's route declares; the URL without query when absent. */
  readonly target?: string | ((request: OutgoingRequest) => string)
  /** The task, when it comes from a delegation. */
  readonly txn?: string
  /** A jurisdiction that shall apply too. */
  readonly jurisdiction?: string
  /** `Idempotency-Key` of the question, 1 to 64 of `A-Z a-z 0-9 _ -`: the same key and content get the same token while it lives. */
  readonly idempotency?: (request: OutgoingRequest) => string
  readonly fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Milliseconds that the harness may take; 10,000 when absent. */
  readonly timeoutMs?: number
}

/**
 * Creates the function; it is called like `fetch`. Each call asks anew, rejects with `HarnessBlocked` or `HarnessFailed` before anything is
 * sent, and with `TypeError` for requests that have no normal form or more than 1 MiB of content. It never follows a redirect: that would
 * carry the evidence to somebody else. It does not verify the harness's answer, and knows nothing of what the receiver demands.
 */
export function harnessFetch(options: HarnessFetchOptions): typeof fetch {
  const now = options.now ?? Date.now
  const send = options.fetch ?? fetch
  const harness = {
    endpoint: endpointOf(options.protect),
    passport: options.passport,
    signer: options.signer,
    fetch: send,
    now,
    timeoutMs: options.timeoutMs ?? 10_000,
  }
  return async (input, init) => {
    const request = new Request(input, { ...init, redirect: 'error' })
    const { method, headers, signal } = request
    const outgoing = { method, url: urlOf(request), headers }
    if (!/^[A-Z]{1,20}$/.test(method)) throw new TypeError(`harnessFetch: write the method '${method}' in upper case`)
    const content = await contentOf(request)
    const action = checkActionOf(choose(options.action, outgoing) ?? `http.${method.toLowerCase()}`)
    const { token, proof } = await ask(
      harness,
      {
        action,
        target: choose(options.target, outgoing) ?? withoutQuery(outgoing.url),
        context: {
          ...(options.txn === undefined ? undefined : { txn: options.txn }),
          ...(options.jurisdiction === undefined ? undefined : { jurisdiction: options.jurisdiction }),
          request: {
            method,
            url: outgoing.url,
            contentType: headers.get('content-type') ?? '',
            content: encodeBase64url(content),
          },
        },
      },
      signal,
      options.idempotency?.(outgoing),
    )
    const evidence = await evidenceHeaders(options.signer, {
      method,
      url: outgoing.url,
      token,
      passport: options.passport,
      proof,
      created: Math.floor(now() / 1000),
    })
    for (const [name, value] of Object.entries(evidence)) {
      // Signatures of others, such as Web Bot Auth, stay: they are members of the same fields.
      if (name.startsWith('Signature')) headers.append(name, value)
      else headers.set(name, value)
    }
    return send(outgoing.url, {
      ...init,
      method,
      headers,
      body: content.length > 0 ? content : null,
      redirect: 'error',
      signal,
    })
  }
}

/** The target URI as it will be on the wire: `fetch` does not send a query that is empty. */
function urlOf(request: Request): string {
  try {
    const url = normaliseUrl(request.url)
    return url.endsWith('?') && withoutQuery(url).length === url.length - 1 ? url.slice(0, -1) : url
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(`harnessFetch: ${error.message}; write an https URL in normal form`, { cause: error })
    throw error
  }
}

async function contentOf(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBytes(request.body, LIMITS.content)
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError('harnessFetch: no receiver takes more than 1 MiB of content; send less', { cause: error })
    throw error
  }
}

function choose(
  option: string | ((request: OutgoingRequest) => string) | undefined,
  request: OutgoingRequest,
): string | undefined {
  return typeof option === 'function' ? option(request) : option
}

function checkActionOf(action: string): string {
  try {
    return checkAction(action)
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(`harnessFetch: '${action}' is ${error.message}; write for example 'orders.create'`, { cause: error })
    throw error
  }
}
