/** What every adapter on Node does with its options and with one request; the framework adds where a request continues (spec chapters 7 and 11). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { admit, findContext, hiddenFrom, isReporting } from '../contexts.ts'
import { splitOptions, type Mount, type MountOptions } from '../mount.ts'
import type { Presence } from '../requirement.ts'
import type { TrustInput } from '../trust-input.ts'
import { inviteContent } from './expect.ts'
import { stripHeaders } from './strip-headers.ts'
import { createNodeVerifier, processVerifier, processVerifierIfAny, receivedOf } from './verifier.ts'
import type { NodeVerifierOptions } from './verifier.ts'

/** Options of one mount or one route. Without `verifier` and `trust` a mount reads the trust file; a route uses what the mount verified. */
export interface RequireOptions<Claims = unknown, P extends Presence = Presence>
  extends Omit<NodeVerifierOptions, 'trust' | 'log'>, MountOptions<Claims, P> {
  /** The trust bundle, parsed JSON (spec chapter 14). */
  readonly trust?: TrustInput
}

/** Options that only a route has; behind a mount its verifier is the mount's. */
const OF_A_ROUTE = ['action', 'target', 'require', 'maxDepth'] as const

/** Throws `TypeError` at start for options or a trust file that cannot work. */
export function mountOf<Claims = unknown, P extends Presence = 'required'>(options: RequireOptions<Claims, P>): Mount<Claims, P>
export function mountOf(options: RequireOptions): Mount {
  const { log, rest, ...mount } = splitOptions(options)
  const { verifier } = options
  const isBare = Object.keys(rest).length === 0
  const isRoute = verifier === undefined && isBare && OF_A_ROUTE.some((name) => options[name] !== undefined)
  const own = verifier ?? (isRoute ? undefined : isBare ? processVerifier() : createNodeVerifier({ ...rest, log }))
  return { ...mount, gate: { own, fallback: isRoute ? processVerifierIfAny() : undefined, report: log } }
}

/**
 * Resolves to true when handlers may run; the evidence is then gone from `request`. Otherwise the refusal has been sent, or nobody is
 * there to get one. Never rejects. `target` is that of the request line where the framework keeps it elsewhere than in `originalUrl`.
 */
export async function passes(
  { gate, route, stripped }: Mount,
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  target?: string,
): Promise<boolean> {
  const refused = await admit(request, gate, receivedOf(request, response, target, isReporting(gate)), route)
  if (refused) {
    // Something in front has begun to answer: nothing that could be said would be understood.
    if (response.headersSent) response.destroy()
    else response.writeHead(refused.status, { ...refused.headers }).end(refused.body)
    return false
  }
  // The client has gone: parsers would take the broken stream for a request without content.
  if (request.errored !== null) return false
  // The handler will read what nobody has asked for yet.
  if (findContext(request) === undefined) inviteContent(request, response)
  stripHeaders(request, hiddenFrom(request, stripped))
  return true
}
