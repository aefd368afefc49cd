/** Asks the harness about one request and reads its answer (spec chapter 15). @module */
import {
  isObject,
  Malformed,
  normaliseUrl,
  parseJson,
  utf8,
  type AskBody,
  type JsonObject,
  type JsonValue,
  type Signer,
} from '@aiegis/protocol'
import { createIdentifier } from './identifier.ts'
import { readBytes } from './read-bytes.ts'
import { signAsk } from './sign.ts'

/** What the harness decided, as it was answered. Nothing here was verified: receivers do that. */
export interface HarnessDecision {
  readonly decision: 'ALLOW' | 'WARN' | 'BLOCK'
  readonly reason: string | null
  readonly layer: string | null
  readonly deciding_pack: string | null
  readonly deciding_rule: string | null
  readonly decision_ms: number
  readonly agent_did: string | null
  readonly receipt_id: string
}

/** A decision that allows the request, with what a receiver wants to see. */
export interface Permission {
  readonly decision: HarnessDecision
  readonly token: string
  readonly proof: string
}

/** The harness decided against the request; it was not sent. */
export class HarnessBlocked extends Error {
  override readonly name: string = 'HarnessBlocked'
  readonly decision: HarnessDecision

  constructor(decision: HarnessDecision) {
    super(`the harness blocked the request${decision.reason === null ? '' : `: ${decision.reason}`}`)
    this.decision = decision
  }
}

/** There is no decision, or none that carries a token; the request was not sent. */
export class HarnessFailed extends Error {
  override readonly name: string = 'HarnessFailed'
  /** HTTP status of the answer, when there was one. */
  readonly status: number | undefined
  /** The harness's own code (spec chapter 13), when it gave one. */
  readonly code: string | undefined

  constructor(message: string, options: { readonly status?: number; readonly code?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.status = options.status
    this.code = options.code
  }
}

/** How the harness is reached. */
export interface Harness {
  readonly endpoint: string
  readonly passport: string
  readonly signer: Signer
  readonly fetch: typeof fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly timeoutMs: number
}

/** Answers are short; more than this is not one. */
const MAX_ANSWER = 65_536
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const PROOF = /^[A-Za-z0-9_-]+$/

/** `/api/protect` of an enforcement server, in normal form. Throws `TypeError` for a URL that is not one. */
export function endpointOf(server: string | URL): string {
  try {
    const url = new URL(normaliseUrl(String(server)))
    if ((url.pathname === '/' || url.pathname === '/api/protect') && url.search === '') return `${url.origin}/api/protect`
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
  }
  throw new TypeError(
    `protect: '${String(server)}' is not the URL of an enforcement server; write for example 'https://harness.example'`,
  )
}

/**
 * Signs the question, sends it and never follows a redirect: the passport is for this harness. Reads at most 64 KiB of the answer, for at
 * most `timeoutMs` in all. Throws `HarnessBlocked` for a BLOCK, `HarnessFailed` for everything else that is no permission. Does not verify
 * the token.
 */
export async function ask(harness: Harness, body: AskBody, signal: AbortSignal, idempotencyKey?: string): Promise<Permission> {
  const content = utf8(JSON.stringify(body))
  const headers = await signAsk(harness.signer, {
    url: harness.endpoint,
    content,
    passport: harness.passport,
    created: Math.floor(harness.now() / 1000),
    nonce: createIdentifier(),
    ...(idempotencyKey === undefined ? undefined : { idempotencyKey }),
  })
  const { status, answer } = await send(harness, { ...headers, 'Content-Type': 'application/json' }, content, signal)
  if (answer['decision'] === undefined) throw refusal(status, answer)
  const decision = parseDecision(status, answer)
  if (decision.decision === 'BLOCK') throw new HarnessBlocked(decision)
  const { token, proof } = answer
  if (status !== 200 || typeof token !== 'string' || typeof proof !== 'string') {
    throw new HarnessFailed('the harness decided but gave no token: it may not decide for this passport', { status })
  }
  if (!TOKEN.test(token) || !PROOF.test(proof))
    throw new HarnessFailed('the harness gave a token or proof without the form', { status })
  return { decision, token, proof }
}

async function send(
  harness: Harness,
  headers: Readonly<Record<string, string>>,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly answer: JsonObject }> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(harness.timeoutMs)])
  try {
    const sent = harness.fetch(harness.endpoint, {
      method: 'POST',
      headers,
      body: new Uint8Array(content),
      redirect: 'error',
      signal: until,
    })
    const response = await answeredBefore(until, sent)
    const answer = parseJson(await readBytes(response.body, MAX_ANSWER, until), { maxBytes: MAX_ANSWER })
    if (!isObject(answer)) throw new Malformed('not an object')
    return { status: response.status, answer }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Malformed) throw new HarnessFailed('the harness gave an answer that is not one', { cause: error })
    throw new HarnessFailed('the harness did not answer', { cause: error })
  }
}

/** Also where the `fetch` of the caller knows nothing of signals. An answer that comes too late is not read. */
function answeredBefore(end: AbortSignal, answer: Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(end.reason)
      answer.then(({ body }) => body?.cancel()).catch(() => undefined)
    }
    if (end.aborted) return stop()
    end.addEventListener('abort', stop)
    void answer.then(resolve, reject).finally(() => end.removeEventListener('abort', stop))
  })
}

function refusal(status: number, answer: JsonObject): HarnessFailed {
  const { code, title } = answer
  const said = typeof title === 'string' ? `: ${title.slice(0, 200)}` : ''
  return new HarnessFailed(`the harness refused the question${said}`, {
    status,
    ...(typeof code === 'string' ? { code } : undefined),
  })
}

function parseDecision(status: number, answer: JsonObject): HarnessDecision {
  const { decision, decision_ms: milliseconds, receipt_id: receipt } = answer
  if (
    (decision !== 'ALLOW' && decision !== 'WARN' && decision !== 'BLOCK') ||
    typeof milliseconds !== 'number' ||
    typeof receipt !== 'string'
  ) {
    throw new HarnessFailed('the harness gave a decision without the form', { status })
  }
  return {
    decision,
    reason: textOrNull(answer['reason']),
    layer: textOrNull(answer['layer']),
    deciding_pack: textOrNull(answer['deciding_pack']),
    deciding_rule: textOrNull(answer['deciding_rule']),
    decision_ms: milliseconds,
    agent_did: textOrNull(answer['agent_did']),
    receipt_id: receipt,
  }
}

function textOrNull(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
