/** Koa middleware: no token, no service. Everything but the shape of Koa's context is in @aiegis/verifier. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextOf, type AiegisContext } from '@aiegis/verifier'
import { mountOf, passes, type RequireOptions } from '@aiegis/verifier/node'

export { captureRawBody, createNodeVerifier, receiverDocument, statusHints, type RequireOptions } from '@aiegis/verifier/node'
export type { AiegisContext, RouteRequirement, Verifier } from '@aiegis/verifier'

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
export function requireAiegisToken(options: RequireOptions = {}): AiegisMiddleware {
  const mount = mountOf(options)
  return async function aiegis(context, next) {
    const { req, res } = context
    // Below an Express application Koa begins with what that has left of the target.
    const passed = await passes(mount, req, res, req.originalUrl ?? context.originalUrl)
    // Nothing is put in place of a refusal: Koa leaves a response alone that has ended.
    if (passed) await next()
  }
}

/** The verified facts of a request. Throws when no `requireAiegisToken()` verified it. */
export function getAiegis(context: { readonly req: IncomingMessage; readonly state: AiegisState }): AiegisContext {
  return contextOf(context.req)
}
