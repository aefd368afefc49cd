/** What every adapter of `Request` and `Response` does with its options and with one request (spec chapters 7 and 11). @module */
import { admit, carry } from '../contexts.ts'
import type { AiegisContext } from '../context.ts'
import { splitOptions, type Mount, type MountOptions } from '../mount.ts'
import type { RefusalResponse } from '../refusal-response.ts'
import type { TrustInput } from '../trust-input.ts'
import { createVerifier, type Verifier, type VerifierOptions } from '../verifier.ts'
import { requestForHandler } from './content.ts'
import { httpGet } from './get.ts'
import { inflate } from './inflate.ts'
import { receivedOf } from './received.ts'

/** Options of a verifier on any runtime: the trust bundle, and what differs from the runtime's `fetch` and `DecompressionStream`. */
export interface WebVerifierOptions extends Partial<Omit<VerifierOptions, 'trust'>> {
  /** The trust bundle, parsed JSON (spec chapter 14). */
  readonly trust: TrustInput
}

/** Options of one mount: a verifier, or what one is made of. */
export type WebMountOptions = MountOptions & ({ readonly verifier: Verifier } | WebVerifierOptions)

/** What came of one request. `request` is for the handler: re-readable, with the bytes that were digested and without the evidence. */
export type Gated =
  | { readonly ok: true; readonly context: AiegisContext; readonly request: Request }
  | { readonly ok: false; readonly response: Response }

/** Creates a verifier that reads lists with `fetch`. Throws `TypeError` with one sentence that says what to write instead. */
export function createWebVerifier(options: WebVerifierOptions): Verifier {
  return createVerifier({ get: httpGet, inflate, ...options })
}

/** Throws `TypeError` for options that cannot work. Without `verifier` and `trust` it is a route, which uses what its mount verified. */
export function webMountOf(options: MountOptions & Partial<WebVerifierOptions>): Mount {
  const { log, rest, ...mount } = splitOptions(options)
  const { trust } = options
  if (trust === undefined && Object.keys(rest).length > 0)
    throw new TypeError(`trust: ${Object.keys(rest).join(', ')} are for a verifier; pass { trust } or { verifier } with them`)
  const own = options.verifier ?? (trust === undefined ? undefined : createWebVerifier({ ...rest, trust, log }))
  return { ...mount, gate: { own, fallback: undefined, report: log } }
}

/** From a verified request to the one for handlers, which stands for itself. */
const cleaned = new WeakMap<Request, Request>()

/** Verifies `request`, once. Never rejects; when the client has gone meanwhile no handler runs. `beneath` as for `receivedOf`. */
export async function passes({ gate, route, stripped }: Mount, request: Request, beneath?: unknown): Promise<Gated> {
  const { received, content } = receivedOf(request, gate.own?.trust, beneath)
  const refused = await admit(request, gate, received, route)
  if (refused !== undefined) return { ok: false, response: responseOf(refused) }
  if (request.signal.aborted) return { ok: false, response: new Response(null, { status: 400 }) }
  const clean = cleaned.get(request) ?? requestForHandler(request, request.headers, content(), stripped)
  cleaned.set(request, clean).set(clean, clean)
  return { ok: true, context: carry(request, clean), request: clean }
}

/** The refusal as a `Response`. */
export function responseOf({ status, headers, body }: RefusalResponse): Response {
  return new Response(body, { status, headers })
}
