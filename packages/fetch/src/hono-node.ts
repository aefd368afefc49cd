/** Hono middleware on @hono/node-server: verifies the request that Node received, which shows more than a `Request`. @module */
import { IncomingMessage, ServerResponse } from 'node:http'
import { admit, carry, type ReceivedRequest } from '@aiegis/verifier'
import { mountOf, receivedOf, stripHeaders, type RequireOptions } from '@aiegis/verifier/node'
import { passes, requestForHandler, responseOf, type Gated } from '@aiegis/verifier/web'
import type { MiddlewareHandler } from 'hono'
import type { AiegisEnv } from './hono.ts'

export { describeReceiver } from '@aiegis/verifier/web'
export { createNodeVerifier, type RequireOptions } from '@aiegis/verifier/node'
export type { AiegisContext, RouteRequirement, Verifier } from '@aiegis/verifier'
export type { AiegisEnv } from './hono.ts'

/**
 * As `honoAiegis` of `@aiegis/fetch/hono`; zero options read the trust file, as with Express. Requests that Node did not receive, such as
 * those of `app.request()` in tests, are verified by what a `Request` shows.
 */
export function honoAiegis(options: RequireOptions = {}): MiddlewareHandler<AiegisEnv> {
  const mount = mountOf(options)
  return async function aiegis(c, next) {
    const { incoming, outgoing }: Beneath = Object(c.env)
    const isNode = incoming instanceof IncomingMessage && outgoing instanceof ServerResponse
    const gated = isNode ? await passesOnNode(mount, c.req.raw, incoming, outgoing) : await passes(mount, c.req.raw, { incoming })
    if (!gated.ok) return gated.response
    c.req.raw = gated.request
    c.set('aiegis', gated.context)
    return next()
  }
}

interface Beneath {
  readonly incoming?: unknown
  readonly outgoing?: unknown
}

/** From what Node received to the request for handlers. */
const cleaned = new WeakMap<IncomingMessage, Request>()

async function passesOnNode(
  { gate, route, stripped }: ReturnType<typeof mountOf>,
  request: Request,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Gated> {
  const received = receivedOf(incoming, outgoing)
  let content = new Uint8Array(0)
  const kept: ReceivedRequest = {
    method: received.method,
    target: received.target,
    get headers() {
      return received.headers
    },
    content: async (limits) => (content = new Uint8Array(await received.content(limits))),
  }
  const refused = await admit(incoming, gate, kept, route)
  if (refused !== undefined) return { ok: false, response: responseOf(refused) }
  // The client has gone; nobody reads this.
  if (incoming.errored !== null) return { ok: false, response: new Response(null, { status: 400 }) }
  stripHeaders(incoming, stripped)
  const clean = cleaned.get(incoming) ?? requestForHandler(request, request.headers, content, stripped)
  cleaned.set(incoming, clean)
  return { ok: true, context: carry(incoming, clean), request: clean }
}
