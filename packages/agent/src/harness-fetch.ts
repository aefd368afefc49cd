/** A `fetch` that shows each request to the harness first and sends what was allowed with the evidence (spec chapters 6 to 8 and 15). @module */
import { checkAction, encodeBase64url, LIMITS, Malformed, normaliseUrl, withoutQuery, type Signer } from '@aiegis/protocol'
import { ask, endpointOf } from './ask.ts'
import { deliverer } from './by-reference.ts'
import { taskOf } from './chain.ts'
import { given } from './given.ts'
import { readBytes } from './read-bytes.ts'
import { evidenceHeaders } from './sign.ts'
import { removeEvidence } from './without-evidence.ts'

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
  /** The agent's passport, or `chain` of what `takeOver` returned. */
  readonly passport: string
  /** Holds the agent's key. */
  readonly signer: Signer
  /** What the receiver's route declares; `http.` and the lower-case method when absent. */
  readonly action?: string | ((request: OutgoingRequest) => string)
  /** What the receiver's route declares; the URL without query when absent. */
  readonly target?: string | ((request: OutgoingRequest) => string)
  /** The task; in a chain with hand-offs it is theirs. */
  readonly txn?: string
  /** A jurisdiction that shall apply too. */
  readonly jurisdiction?: string
  /** `Idempotency-Key` of the question, 1 to 64 of `A-Z a-z 0-9 _ -`: the same key and content get the same token while it lives. */
  readonly idempotency?: (request: OutgoingRequest) => string
  readonly fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Milliseconds that the harness may take, its answer included; 10,000 when absent. */
  readonly timeoutMs?: number
}

/**
 * Creates the function; it is called like `fetch`. Each call asks anew, rejects with `HarnessBlocked` or `HarnessFailed` before anything is
 * sent, and with `TypeError` for requests that have no normal form or more than 1 MiB of content. It never follows a redirect: that would
 * carry the evidence to somebody else. Evidence among the headers that a caller brings is removed, and none is given out: a token goes to
 * the receiver that it was made for, never to another agent. A receiver that asks for a chain it lost is sent the same token once more.
 * Throws `TypeError` for a chain without its form, or for a `txn` that is not the chain's. Does not verify the chain or the harness's
 * answer, knows nothing of what the receiver demands, and does not notice redirects that a `fetch` or dispatcher of the caller follows.
 */
export function harnessFetch(options: HarnessFetchOptions): typeof fetch {
  const now = options.now ?? Date.now
  const send = options.fetch ?? fetch
  const txn = txnOf(options)
  const deliver = deliverer(options.passport)
  const harness = {
    endpoint: endpointOf(options.protect),
    passport: options.passport,
    signer: options.signer,
    fetch: send,
    now,
    timeoutMs: options.timeoutMs ?? 10_000,
  }
  return async (input, init) => {
    const request = new Request(input, init)
    const { method, headers, signal } = request
    removeEvidence(headers)
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
          ...(txn === undefined ? undefined : { txn }),
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
    return deliver(new URL(outgoing.url).origin, async (passport) =>
      send(outgoing.url, {
        ...init,
        method,
        headers: withEvidence(
          headers,
          await evidenceHeaders(options.signer, {
            method,
            url: outgoing.url,
            token,
            passport,
            proof,
            created: Math.floor(now() / 1000),
          }),
        ),
        body: content.length > 0 ? content : null,
        // Whatever the caller wants: the token would go to another origin.
        redirect: 'error',
        signal,
      }),
    )
  }
}

/** Signatures of others, such as Web Bot Auth, stay: they are members of the same fields. */
function withEvidence(headers: Headers, evidence: Readonly<Record<string, string>>): Headers {
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(evidence)) all.append(name, value)
  return all
}

function txnOf({ passport, txn }: HarnessFetchOptions): string | undefined {
  const task = taskOf(passport)
  if (task !== undefined && txn !== undefined && txn !== task)
    throw new TypeError(`harnessFetch: the hand-offs of the chain are for task ${task}; leave txn out`)
  return task ?? txn
}

/** The target URI as it will be on the wire: `fetch` does not send a query that is empty. */
function urlOf(request: Request): string {
  const url = given(
    () => normaliseUrl(request.url),
    (problem) => `harnessFetch: ${problem}; write an https URL in normal form`,
  )
  return url.endsWith('?') && withoutQuery(url).length === url.length - 1 ? url.slice(0, -1) : url
}

async function contentOf(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBytes(request.body, LIMITS.content, request.signal)
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
  return given(
    () => checkAction(action),
    (problem) => `harnessFetch: '${action}' is ${problem}; write for example 'orders.create'`,
  )
}
