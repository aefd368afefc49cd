/** Hono middleware for runtimes that give nothing but a `Request`; with @hono/node-server use `@aiegis/fetch/hono-node`. @module */
import { markCheck, type AiegisContext, type ContextFor, type MountOptions, type Presence } from '@aiegis/verifier'
import { passes, webMountOf, type Runtime, type WebVerifierOptions } from '@aiegis/verifier/web'
import type { Context, MiddlewareHandler } from 'hono'

export { createWebVerifier, describeReceiver } from '@aiegis/verifier/web'
export type { AiegisContext, RouteRequirement, Verifier } from '@aiegis/verifier'

/** What handlers behind the middleware find: `c.var.aiegis`. */
export interface AiegisEnv<Given = AiegisContext> {
  Variables: { readonly aiegis: Given }
}

/**
 * Refuses every request that does not carry valid evidence for exactly this request; the others reach the next handler as requests
 * without their evidence. Without `verifier` and `trust` it is a route, which uses what a mount in front verified. Throws `TypeError` at
 * start for options that cannot work.
 */
export function honoAiegis<Claims = unknown, P extends Presence = 'required'>(
  options: MountOptions<Claims, P> & Partial<WebVerifierOptions> = {},
): MiddlewareHandler<AiegisEnv<ContextFor<Claims, P>>> {
  const mount = webMountOf(options)
  const aiegis: MiddlewareHandler<AiegisEnv<ContextFor<Claims, P>>> = async (c, next) => {
    const gated = await passes(mount, c.req.raw, runtimeOf(c))
    if (!gated.ok) return gated.response
    c.req.raw = gated.request
    c.set('aiegis', gated.context)
    return next()
  }
  return markCheck(aiegis, mount.route)
}

/** What Hono gives of the runtime. */
function runtimeOf(c: Context): Runtime {
  const incoming: unknown = Reflect.get(Object(c.env), 'incoming')
  try {
    const { executionCtx } = c
    return { incoming, waitUntil: (work) => executionCtx.waitUntil(work) }
  } catch {
    return { incoming } // Hono throws where there is no execution context, and for nothing else
  }
}
