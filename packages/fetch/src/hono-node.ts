/** Hono middleware on @hono/node-server: verifies the request that Node received, which shows more than a `Request`. @module */
import { IncomingMessage, ServerResponse } from 'node:http'
import { isReporting, markCheck, type ContextFor, type Presence } from '@aiegis/verifier'
import { mountOf, receivedOf, stripHeaders, type RequireOptions } from '@aiegis/verifier/node'
import { passes, passesAs, type Beneath } from '@aiegis/verifier/web'
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
export function honoAiegis<Claims = unknown, P extends Presence = 'required'>(
  options: RequireOptions<Claims, P> = {},
): MiddlewareHandler<AiegisEnv<ContextFor<Claims, P>>> {
  const mount = mountOf(options)
  const aiegis: MiddlewareHandler<AiegisEnv<ContextFor<Claims, P>>> = async (c, next) => {
    const { incoming, outgoing }: Bindings = Object(c.env)
    const isNode = incoming instanceof IncomingMessage && outgoing instanceof ServerResponse
    const gated = isNode
      ? await passesAs(mount, c.req.raw, beneath(c.req.raw, incoming, outgoing, isReporting(mount.gate)))
      : await passes(mount, c.req.raw, { incoming })
    if (!gated.ok) return gated.response
    c.req.raw = gated.request
    c.set('aiegis', gated.context)
    return next()
  }
  return markCheck(aiegis, mount.route)
}

interface Bindings {
  readonly incoming?: unknown
  readonly outgoing?: unknown
}

/** A request that was made anew with another method, as by `methodOverride`, is another one: by that method a handler is found. */
function beneath(request: Request, incoming: IncomingMessage, outgoing: ServerResponse, isKept: boolean): Beneath {
  const { method } = request
  let content = new Uint8Array(0)
  const received = receivedOf(incoming, outgoing, undefined, isKept)
  return {
    carrier: method === received.method ? incoming : request,
    received: {
      method,
      target: received.target,
      get headers() {
        return received.headers
      },
      content: async (limits) => (content = new Uint8Array(await received.content(limits))),
    },
    content: () => content,
    isGone: () => incoming.errored !== null,
    hide: (names) => stripHeaders(incoming, names),
  }
}
