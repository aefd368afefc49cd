/** One request of an agent, and what the receiver took it for. @module */
import { HarnessBlocked, HarnessFailed, harnessFetch } from '@aiegis/agent'
import { isObject, type JsonObject } from '@aiegis/protocol'
import { actionOf } from '../story/orders-api.ts'
import type { Actor } from '../story/attempt.ts'

/** How it ended. `answer` is what a receiver that served it said. */
export interface Done {
  readonly status: number
  readonly code: string
  /** Why the harness decided against it. */
  readonly reason?: string
  readonly answer?: JsonObject
}

/** The `fetch` of an agent; it asks the harness for the action that the orders API declares. */
export function fetchOf(actor: Actor): typeof fetch {
  return harnessFetch({ ...actor, action: ({ method, url }) => actionOf(method, new URL(url).pathname) })
}

/** Sends it. What the harness or the receiver refuses is an end like another; everything else rises. */
export async function act(call: typeof fetch, url: string, method: string): Promise<Done> {
  try {
    const response = await call(url, { method })
    const answer: unknown = await response.json()
    const { code } = isObject(answer) ? answer : {}
    if (!response.ok) return { status: response.status, code: typeof code === 'string' ? code : 'refused' }
    return { status: response.status, code: 'done', ...(isObject(answer) ? { answer } : {}) }
  } catch (error) {
    if (error instanceof HarnessBlocked)
      return { status: 401, code: 'decision_block', reason: error.decision.reason ?? 'no reason' }
    if (error instanceof HarnessFailed) return { status: error.status ?? 503, code: error.code ?? 'harness_failed' }
    throw error
  }
}
