/** Express middleware, 4 and 5: no token, no service. Everything but the shape of request and response is in @aiegis/verifier. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { admit, contextOf, type AiegisContext, type RouteRequirement, type Verifier } from '@aiegis/verifier'
import {
  createNodeVerifier,
  headersToStrip,
  processVerifier,
  processVerifierIfAny,
  receivedOf,
  routeOf,
  stripHeaders,
  type NodeVerifierOptions,
} from '@aiegis/verifier/node'

export { captureRawBody, createNodeVerifier, statusHints } from '@aiegis/verifier/node'
export type { AiegisContext, RouteRequirement, Verifier } from '@aiegis/verifier'

/** Options of one mount or one route. Without `verifier` and `trust` a mount reads the trust file; a route uses what the mount verified. */
export interface RequireOptions extends NodeVerifierOptions, RouteRequirement {
  /** A verifier that several mounts share. */
  readonly verifier?: Verifier
  /** Keep `cookie` or `authorization`, which no decision covers, for the handlers. */
  readonly passHeaders?: readonly ('cookie' | 'authorization')[]
}

/** What Express adds to Node's request and this adapter needs. */
type Incoming = IncomingMessage & { readonly originalUrl?: string }
/** An Express request handler, described without Express so that both majors fit. */
export type AiegisHandler = (request: Incoming, response: ServerResponse, next: (error?: unknown) => void) => Promise<void>

/** Options that only a route has; behind a mount its verifier is the mount's. */
const OF_A_ROUTE = ['action', 'target', 'require', 'maxDepth'] as const

/**
 * Refuses every request that does not carry valid evidence for exactly this request; the others reach the next handler with their
 * evidence removed and a context for `getAiegis`. Throws `TypeError` at start for options or a trust file that cannot work.
 */
export function requireAiegisToken(options: RequireOptions = {}): AiegisHandler {
  const { verifier, passHeaders, log = console.error, ...others } = options
  const { action, target, require, maxDepth, acceptWarn, acceptObligations, ...rest } = others
  const route = routeOf({ action, target, require, maxDepth, acceptWarn, acceptObligations })
  const stripped = headersToStrip(passHeaders)
  const isBare = Object.keys(rest).length === 0
  if (verifier !== undefined && !isBare) {
    throw new TypeError(
      `requireAiegisToken: ${Object.keys(rest).join(', ')} belong to the verifier; give them to createNodeVerifier()`,
    )
  }
  const isRoute = verifier === undefined && isBare && OF_A_ROUTE.some((name) => options[name] !== undefined)
  const own = verifier ?? (isRoute ? undefined : isBare ? processVerifier() : createNodeVerifier({ ...rest, log }))
  const gate = { own, fallback: isRoute ? processVerifierIfAny() : undefined, report: log }

  return async function aiegis(request, response, next) {
    const refused = await admit(request, gate, receivedOf(request, response), route)
    if (refused) {
      // Something in front has begun to answer: nothing that could be said would be understood.
      if (response.headersSent) response.destroy()
      else response.writeHead(refused.status, { ...refused.headers }).end(refused.body)
      return
    }
    // The client has gone: parsers would take the broken stream for a request without content.
    if (request.errored !== null) return
    stripHeaders(request, stripped)
    next()
  }
}

/** The verified facts of a request. Throws when no `requireAiegisToken()` verified it. */
export function getAiegis(request: IncomingMessage): AiegisContext {
  return contextOf(request)
}
