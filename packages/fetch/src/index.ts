/** For handlers of `Request` and `Response` on any runtime: no token, no service. What decides is in @aiegis/verifier. @module */
import { contextOf, type AiegisContext } from '@aiegis/verifier'
import { passes, webMountOf, type Gated, type WebMountOptions } from '@aiegis/verifier/web'

export {
  createWebVerifier,
  describeReceiver,
  type Gated,
  type WebMountOptions,
  type WebVerifierOptions,
} from '@aiegis/verifier/web'
export type { AiegisContext, ReplayStore, RouteRequirement, TrustInput, Verifier } from '@aiegis/verifier'

/** What some runtimes give beside a request; work that is handed over goes on when the response has been sent. */
export interface Runtime {
  waitUntil?(work: Promise<unknown>): void
}

/**
 * Verifies requests: `{ ok: true, context, request }` with the request for the handler, or `{ ok: false, response }` with the refusal.
 * Never rejects. Throws `TypeError` at once for options that cannot work. With `waitUntil`, status lists and logs are read behind
 * requests, for runtimes whose timers end with a request; elsewhere timers do it.
 */
export function gate(options: WebMountOptions): (request: Request, runtime?: Runtime) => Promise<Gated> {
  const mount = webMountOf(options)
  const refresh = refreshing(mount.gate.own)
  return async (request, runtime) => {
    if (runtime?.waitUntil !== undefined) refresh((work) => runtime.waitUntil?.(work))
    return passes(mount, request)
  }
}

/** A handler behind the check; `rest` is what the framework gives besides: a route context, or environment and execution context. */
export type AiegisHandler<Rest extends readonly unknown[]> = (
  request: Request,
  context: AiegisContext,
  ...rest: Rest
) => Response | Promise<Response>

/** `handler` behind `gate(options)`, in the shape of a route of Next or of `fetch` of Workers. */
export function withAiegis<Rest extends readonly unknown[]>(
  options: WebMountOptions,
  handler: AiegisHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const check = gate(options)
  return async (request, ...rest) => {
    const gated = await check(request, rest.find(isRuntime))
    return gated.ok ? handler(gated.request, gated.context, ...rest) : gated.response
  }
}

/** The verified facts of a request that `gate` gave for the handler. Throws when none did. */
export function getAiegis(request: Request): AiegisContext {
  return contextOf(request)
}

function isRuntime(value: unknown): value is Runtime {
  return typeof value === 'object' && value !== null && 'waitUntil' in value && typeof value.waitUntil === 'function'
}

/** Reads what the verifier keeps, at most once in each of its intervals; nobody waits for it. */
function refreshing(verifier: ReturnType<typeof webMountOf>['gate']['own']): (wait: (work: Promise<unknown>) => void) => void {
  let last = Number.NEGATIVE_INFINITY
  return (wait) => {
    if (verifier === undefined || verifier.now() - last < verifier.trust.time.statusRefreshSeconds * 1000) return
    last = verifier.now()
    wait(verifier.warm())
  }
}
