/** What every adapter of `Request` and `Response` does with its options and with one request (spec chapters 7 and 11). @module */
import { admit, carry, findContext, hiddenFrom, isContextWithheld, isReporting } from '../contexts.ts'
import type { AiegisContext } from '../context.ts'
import { splitOptions, type Mount, type MountOptions } from '../mount.ts'
import type { RefusalResponse } from '../refusal-response.ts'
import type { ReceivedRequest } from '../request.ts'
import type { ContextFor, Presence } from '../requirement.ts'
import type { TrustInput } from '../trust-input.ts'
import { RETRY_SECONDS } from '../status.ts'
import { createVerifier, type Verifier, type VerifierOptions } from '../verifier.ts'
import { withheld } from '../withheld.ts'
import { requestForHandler, withoutHeaders } from './content.ts'
import { httpGet } from './get.ts'
import { inflate } from './inflate.ts'
import { receivedOf } from './received.ts'

/** Options of a verifier on any runtime: the trust bundle, and what differs from the runtime's `fetch` and `DecompressionStream`. */
export interface WebVerifierOptions extends Partial<Omit<VerifierOptions, 'trust'>> {
  /** The trust bundle, parsed JSON (spec chapter 14). */
  readonly trust: TrustInput
}

/** Options of one mount: a verifier, or what one is made of. */
export type WebMountOptions<Claims = unknown, P extends Presence = Presence> = MountOptions<Claims, P> &
  ({ readonly verifier: Verifier } | WebVerifierOptions)

/** What came of one request. `request` is for the handler: re-readable, with the bytes that were digested and without the evidence. */
export type Gated<Context = AiegisContext> =
  | { readonly ok: true; readonly context: Context; readonly request: Request }
  | { readonly ok: false; readonly response: Response }

/** Creates a verifier that reads lists with `fetch`. Throws `TypeError` with one sentence that says what to write instead. */
export function createWebVerifier(options: WebVerifierOptions): Verifier {
  return createVerifier({ get: httpGet, inflate, ...options })
}

/** Throws `TypeError` for options that cannot work. Without `verifier` and `trust` it is a route, which uses what its mount verified. */
export function webMountOf<Claims = unknown, P extends Presence = 'required'>(
  options: MountOptions<Claims, P> & Partial<WebVerifierOptions>,
): Mount<Claims, P>
export function webMountOf(options: MountOptions & Partial<WebVerifierOptions>): Mount {
  const { log, rest, ...mount } = splitOptions(options)
  const { trust } = options
  if (trust === undefined && Object.keys(rest).length > 0)
    throw new TypeError(`trust: ${Object.keys(rest).join(', ')} are for a verifier; pass { trust } or { verifier } with them`)
  const own = options.verifier ?? (trust === undefined ? undefined : createWebVerifier({ ...rest, trust, log }))
  return { ...mount, gate: { own, fallback: undefined, report: log } }
}

/** What a runtime or framework gives beside a request. */
export interface Runtime {
  /** Work that is handed over goes on when the response has been sent. */
  waitUntil?(work: Promise<unknown>): void
  /** What the request was made of. */
  readonly incoming?: unknown
}

/** From what the framework holds of a verified request to the one for handlers, which stands for itself. */
const cleaned = new WeakMap<object, Request>()

/**
 * Verifies `request`, once. Never rejects; when the client has gone meanwhile no handler runs. With `waitUntil`, what the verifier keeps
 * is read behind the request when it is due; nobody waits for it. An `incoming` of Node shows more than `request`, and is refused.
 */
export async function passes<Claims, P extends Presence>(
  mount: Mount<Claims, P>,
  request: Request,
  runtime?: Runtime,
): Promise<Gated<ContextFor<Claims, P>>> {
  const { own } = mount.gate
  const work = runtime?.waitUntil === undefined || own === undefined ? undefined : dueWork(own)
  if (work !== undefined) runtime?.waitUntil?.(work)
  const shown = receivedOf(request, own?.trust, runtime?.incoming, isReporting(mount.gate))
  return passesAs(mount, request, { ...shown, carrier: request, isGone: () => request.signal.aborted, hide() {} })
}

/** What is beneath a `Request`. */
export interface Beneath {
  /** What stands for the request from mount to mount. */
  readonly carrier: object
  readonly received: ReceivedRequest
  /** The content that was read. */
  content(this: void): Uint8Array<ArrayBuffer>
  /** Nobody is there to get an answer. */
  isGone(this: void): boolean
  /** Removes headers from what else shows them. */
  hide(this: void, names: ReadonlySet<string>): void
}

/** As `passes`, for a request that was made of `beneath`. */
export async function passesAs<Claims, P extends Presence>(
  mount: Mount<Claims, P>,
  request: Request,
  beneath: Beneath,
): Promise<Gated<ContextFor<Claims, P>>>
export async function passesAs(
  { gate, route, stripped }: Mount,
  request: Request,
  { carrier, received, content, isGone, hide }: Beneath,
): Promise<Gated<AiegisContext | undefined>> {
  const refused = await admit(carrier, gate, received, route)
  if (refused !== undefined) return { ok: false, response: responseOf(refused) }
  if (isGone()) return { ok: false, response: new Response(null, { status: 400 }) }
  const context = findContext(carrier)
  const hidden = hiddenFrom(carrier, stripped)
  // Nobody has read anything of what came without evidence.
  if (hidden.size === 0) {
    carry(carrier, request)
    return { ok: true, context, request }
  }
  hide(hidden)
  const isRead = context !== undefined || content().length > 0
  const clean =
    cleaned.get(carrier) ??
    (isRead ? requestForHandler(request, request.headers, content(), hidden) : withoutHeaders(request, hidden))
  cleaned.set(carrier, clean).set(clean, clean)
  carry(carrier, clean)
  // Where evidence is optional a handler asks whether there is a context by looking at what it gets.
  const given = isContextWithheld(carrier) && route.presence !== 'optional' ? withheld : context
  return { ok: true, context: given, request: clean }
}

/** When what a verifier keeps was last read behind a request, and when its status lists were, milliseconds. */
const refreshed = new WeakMap<Verifier, { readonly all: number; readonly lists: number }>()

/** Everything once in each interval, and status lists sooner while one cannot be used (AHP-STATUS-12). */
function dueWork(verifier: Verifier): Promise<void> | undefined {
  const now = verifier.now()
  const { all, lists } = refreshed.get(verifier) ?? { all: Number.NEGATIVE_INFINITY, lists: Number.NEGATIVE_INFINITY }
  // Either way: the clock may have been set back.
  const isOver = (since: number, seconds: number): boolean => Math.abs(now - since) >= seconds * 1000
  if (isOver(all, verifier.trust.time.statusRefreshSeconds)) {
    refreshed.set(verifier, { all: now, lists: now })
    return verifier.warm()
  }
  if (!isOver(lists, RETRY_SECONDS) || !verifier.isListLacking()) return undefined
  refreshed.set(verifier, { all, lists: now })
  return verifier.warm('lists')
}

/** The refusal as a `Response`. */
export function responseOf({ status, headers, body }: RefusalResponse): Response {
  return new Response(body, { status, headers })
}
