/** Express middleware, 4 and 5: no token, no service. Everything but the shape of request and response is in @aiegis/verifier. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextOf, findContext, markCheck, type AiegisContext, type StandardSchema } from '@aiegis/verifier'
import { mountOf, passes, type RequireOptions } from '@aiegis/verifier/node'

export { CORS_FIELDS, createContextSigner } from '@aiegis/verifier'
export {
  captureRawBody,
  createNodeVerifier,
  receiverDocument,
  statusHints,
  watchTrust,
  type RequireOptions,
} from '@aiegis/verifier/node'
export type { AiegisContext, RouteRequirement, StandardSchema, Verifier } from '@aiegis/verifier'

/** What Express adds to Node's request and this adapter needs. */
type Incoming = IncomingMessage & { readonly originalUrl?: string }
/** An Express request handler, described without Express so that both majors fit. */
export type AiegisHandler = (request: Incoming, response: ServerResponse, next: () => void) => Promise<void>

/**
 * Refuses every request that does not carry valid evidence for exactly this request; the others reach the next handler with their
 * evidence removed and a context for `getAiegis`. Throws `TypeError` at start for options or a trust file that cannot work.
 */
export function requireAiegisToken<Claims = unknown>(options: RequireOptions<Claims> = {}): AiegisHandler {
  const mount = mountOf(options)
  const aiegis: AiegisHandler = async (request, response, next) => {
    if (await passes(mount, request, response)) next()
  }
  return markCheck(aiegis, mount.route)
}

/**
 * The verified facts of a request. Throws when no `requireAiegisToken()` verified it. With the `claims` of the route its claims have their
 * type; with another parser it throws.
 */
export function getAiegis<Claims = unknown>(request: IncomingMessage, claims?: StandardSchema<Claims>): AiegisContext<Claims> {
  return contextOf(request, claims)
}

/** The same, or `undefined` when the request came without evidence and the mount says `presence: 'optional'`. Throws without a mount. */
export function findAiegis(request: IncomingMessage): AiegisContext | undefined {
  return findContext(request)
}
