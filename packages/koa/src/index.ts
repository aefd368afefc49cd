/** Koa middleware: no token, no service. Everything but the shape of Koa's context is in @aiegis/verifier. @module */
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

declare const required: unique symbol
/** State of contexts behind `requireAiegisToken()`. For the compiler only: nothing is kept where other code could write it. */
export interface AiegisState {
  readonly [required]: true
}

/** What is needed of Koa's context. */
interface KoaContext {
  readonly req: IncomingMessage & { readonly originalUrl?: string }
  readonly res: ServerResponse
  readonly originalUrl: string
}
/** A Koa middleware, described without Koa; what is behind it in a chain of `use()` has `AiegisState`. */
export type AiegisMiddleware = (context: KoaContext & { state: AiegisState }, next: () => Promise<unknown>) => Promise<void>

/**
 * Refuses every request that does not carry valid evidence for exactly this request; the others reach the next middleware with their
 * evidence removed and a context for `getAiegis`. Throws `TypeError` at start for options or a trust file that cannot work.
 */
export function requireAiegisToken<Claims = unknown>(options: RequireOptions<Claims> = {}): AiegisMiddleware {
  const mount = mountOf(options)
  const aiegis: AiegisMiddleware = async (context, next) => {
    const { req, res } = context
    // Below an Express application Koa begins with what that has left of the target.
    const passed = await passes(mount, req, res, req.originalUrl ?? context.originalUrl)
    // Nothing is put in place of a refusal: Koa leaves a response alone that has ended.
    if (passed) await next()
  }
  return markCheck(aiegis, mount.route)
}

/** What is needed of the context of a handler behind the middleware. */
interface Behind {
  readonly req: IncomingMessage
  readonly state: AiegisState
}

/**
 * The verified facts of a request. Throws when no `requireAiegisToken()` verified it. With the `claims` of the route its claims have their
 * type; with another parser it throws.
 */
export function getAiegis<Claims = unknown>({ req }: Behind, claims?: StandardSchema<Claims>): AiegisContext<Claims> {
  return contextOf(req, claims)
}

/** The same, or `undefined` when the request came without evidence and the mount says `presence: 'optional'`. Throws without a mount. */
export function findAiegis({ req }: Behind): AiegisContext | undefined {
  return findContext(req)
}
