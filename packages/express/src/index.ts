/** Express middleware, 4 and 5: no token, no service. Everything but the shape of request and response is in @aiegis/verifier. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { admit, contextOf, type AiegisContext, type RouteRequirement, type Verifier } from '@aiegis/verifier'
import {
  createNodeVerifier,
  headersToStrip,
  processVerifier,
  receivedOf,
  routeOf,
  stripHeaders,
  type NodeVerifierOptions,
} from '@aiegis/verifier/node'

export { captureRawBody, createNodeVerifier } from '@aiegis/verifier/node'
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

/** Options that make sense on a route behind a mount; with nothing else the verifier is the mount's, or that of the process. */
const ROUTE: ReadonlySet<string> = new Set([
  'action',
  'target',
  'require',
  'maxDepth',
  'acceptWarn',
  'acceptObligations',
  'passHeaders',
])

/**
 * Refuses every request that does not carry valid evidence for exactly this request; the others reach the next handler with their
 * evidence removed and a context for `getAiegis`. Throws `TypeError` at start for options or a trust file that cannot work.
 */
export function requireAiegisToken(options: RequireOptions = {}): AiegisHandler {
  const { verifier, passHeaders, action, target, require, maxDepth, acceptWarn, acceptObligations, ...rest } = options
  if (verifier !== undefined && Object.keys(rest).length > 0) {
    throw new TypeError(
      `requireAiegisToken: ${Object.keys(rest).join(', ')} belong to the verifier; give them to createNodeVerifier()`,
    )
  }
  const names = Object.keys(options)
  const isRoute = names.length > 0 && names.every((name) => ROUTE.has(name))
  const own = verifier ?? (isRoute ? undefined : createNodeVerifier(rest))
  const route = routeOf({ action, target, require, maxDepth, acceptWarn, acceptObligations })
  const stripped = headersToStrip(passHeaders)

  return async function aiegis(request, response, next) {
    try {
      const refused = await admit(request, own, processVerifier, receivedOf(request), route)
      if (refused) return void response.writeHead(refused.status, { ...refused.headers }).end(refused.body)
      stripHeaders(request, stripped)
    } catch (error) {
      return next(error)
    }
    next()
  }
}

/** The verified facts of a request. Throws when no `requireAiegisToken()` verified it. */
export function getAiegis(request: IncomingMessage): AiegisContext {
  return contextOf(request)
}
