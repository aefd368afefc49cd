/** One attempt of an agent, honest or not: asks the harness about a request, then sends it, or something else. @module */
import { harnessFetch, HarnessBlocked, HarnessFailed } from '@aiegis/agent'
import type { Signer } from '@aiegis/protocol'
import type { Outcome } from './print.ts'

/** Who acts, and through which harness. */
export interface Actor {
  readonly protect: string
  readonly passport: string
  readonly signer: Signer
  /** Epoch milliseconds; the system clock when absent. */
  readonly now?: () => number
}

/** The request that the harness is shown. */
export interface Shown {
  readonly method?: string
  readonly url: string
  readonly action: string
  readonly contentType?: string
  readonly content?: string
}

/** The request that is sent once the harness allowed it. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly content: string
}

/** Does something else with the evidence than was decided. */
export type Tampering = (honest: Sent) => Sent | Promise<Sent>

/** Asks and changes what `tamper` changes, sends, and says how it ended. */
export async function attempt(actor: Actor, shown: Shown, tamper: Tampering = (honest) => honest): Promise<Outcome> {
  try {
    return await outcomeOf(await send(await tamper(await permit(actor, shown))))
  } catch (error) {
    if (error instanceof HarnessBlocked) {
      const { deciding_pack: pack, deciding_rule: rule, layer, reason, receipt_id: receipt } = error.decision
      // What every receiver would refuse is decided before any pack is asked.
      const by = pack === null ? '' : `${pack}/${rule} in ${layer}: `
      return { status: 401, code: 'decision_block', note: `${by}${reason} · entry ${receipt}` }
    }
    if (error instanceof HarnessFailed) return { status: error.status ?? 0, code: error.code ?? error.message }
    throw error
  }
}

/** Asks, and keeps the request that was allowed, with its evidence, instead of sending it. Rejects as `harnessFetch`. */
export async function permit(actor: Actor, shown: Shown): Promise<Sent> {
  let permitted: Sent | undefined
  const keep: typeof fetch = async (input, init) => {
    const { url } = new Request(input)
    if (new URL(url).pathname === '/api/protect') return fetch(input, init)
    permitted = { method: init?.method ?? 'GET', url, headers: new Headers(init?.headers), content: shown.content ?? '' }
    return new Response()
  }
  await harnessFetch({ ...actor, action: shown.action, fetch: keep })(shown.url, {
    method: shown.method ?? 'GET',
    ...(shown.contentType === undefined ? {} : { headers: { 'Content-Type': shown.contentType } }),
    ...(shown.content === undefined ? {} : { body: shown.content }),
  })
  if (permitted === undefined) throw new Error('an allowed request was not sent')
  return permitted
}

/** Sends a request as it is, evidence or none. */
export function send({ method, url, headers, content }: Sent): Promise<Response> {
  return fetch(url, { method, headers, redirect: 'error', ...(content === '' ? {} : { body: content }) })
}

/** Status and code of an answer. */
export async function outcomeOf(response: Response): Promise<Outcome> {
  const text = await response.text()
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  const body: { readonly code?: string } = isProblem ? JSON.parse(text) : {}
  return { status: response.status, code: body.code ?? 'done' }
}
