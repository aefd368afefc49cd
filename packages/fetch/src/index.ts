/** For handlers of `Request` and `Response` on any runtime: no token, no service. What decides is in @aiegis/verifier. @module */
import { contextOf, findContext, type AiegisContext, type ContextFor, type Presence, type StandardSchema } from '@aiegis/verifier'
import { passes, webMountOf, type Gated, type Runtime, type WebMountOptions } from '@aiegis/verifier/web'

export { CORS_FIELDS, createContextSigner } from '@aiegis/verifier'
export {
  createDurableReplayStore,
  createWebVerifier,
  describeReceiver,
  type Gated,
  type Runtime,
  UsedTokens,
  type WebMountOptions,
  type WebVerifierOptions,
} from '@aiegis/verifier/web'
export type { AiegisContext, ReplayStore, RouteRequirement, StandardSchema, TrustInput, Verifier } from '@aiegis/verifier'

/** Verifies one request. */
export type AiegisGate<Context = AiegisContext> = (request: Request, runtime?: Runtime) => Promise<Gated<Context>>

/**
 * Verifies requests: `{ ok: true, context, request }` with the request for the handler, or `{ ok: false, response }` with the refusal.
 * Never rejects. Throws `TypeError` at once for options that cannot work. With `waitUntil`, status lists and logs are read behind
 * requests, for runtimes whose timers end with a request; elsewhere timers do it. A `runtime` with Node's request in `incoming` is refused.
 */
export function gate<Claims = unknown, P extends Presence = 'required'>(
  options: WebMountOptions<Claims, P>,
): AiegisGate<ContextFor<Claims, P>>
export function gate(options: WebMountOptions<unknown, 'required'>): AiegisGate
export function gate(options: WebMountOptions): AiegisGate<AiegisContext | undefined> {
  const mount = webMountOf(options)
  return async (request, runtime) => passes(mount, request, runtime)
}

/** A handler behind the check; `rest` is what the framework gives besides: a route context, or environment and execution context. */
export type AiegisHandler<Rest extends readonly unknown[], Context = AiegisContext> = (
  request: Request,
  context: Context,
  ...rest: Rest
) => Response | Promise<Response>

/** `handler` behind `gate(options)`, in the shape of a route of Next or of `fetch` of Workers. */
export function withAiegis<Rest extends readonly unknown[], Claims = unknown, P extends Presence = 'required'>(
  options: WebMountOptions<Claims, P>,
  handler: AiegisHandler<Rest, ContextFor<Claims, P>>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const check = gate(options)
  return async (request, ...rest) => {
    const gated = await check(request, rest.find(isRuntime))
    return gated.ok ? handler(gated.request, gated.context, ...rest) : gated.response
  }
}

/**
 * The verified facts of a request that `gate` gave for the handler. Throws when none did. With the `claims` of the route its claims have
 * their type.
 */
export function getAiegis<Claims = unknown>(request: Request, claims?: StandardSchema<Claims>): AiegisContext<Claims> {
  return contextOf(request, claims)
}

/** The same, or `undefined` when the request came without evidence and its route says `presence: 'optional'`. Throws without a gate. */
export function findAiegis(request: Request): AiegisContext | undefined {
  return findContext(request)
}

/** The execution context of Workers, or the environment of @hono/node-server. */
function isRuntime(value: unknown): value is Runtime {
  if (typeof value !== 'object' || value === null) return false
  return 'incoming' in value || ('waitUntil' in value && typeof value.waitUntil === 'function')
}
