/** Remembers which request was verified, by whom, so that a second call narrows and never claims again (spec chapter 11). @module */
import { REASONS, Refusal } from '@aiegis/protocol'
import type { AiegisContext } from './context.ts'
import { quietLog, type Log } from './hooks.ts'
import { renderRefusal, type RefusalResponse } from './refusal-response.ts'
import type { ReceivedRequest } from './request.ts'
import type { RouteRequirement } from './requirement.ts'
import type { Verifier } from './verifier.ts'

interface Verified {
  readonly context: AiegisContext
  readonly verifier: Verifier
}

const verified = new WeakMap<object, Verified>()

/** Which verifier speaks for a request, and where defects are told. */
export interface Gate {
  /** The verifier of this call; `undefined` where the call brings none and relies on one in front. */
  readonly own: Verifier | undefined
  /** The verifier for a request that no call in front has verified. */
  readonly fallback: Verifier | undefined
  /** Told why a request was answered with 500; the caller sees a title only. */
  readonly report: Log
}

/**
 * Verifies the request that the framework holds as `carrier`, once, and resolves to the response to send when it is refused. Never
 * rejects: whatever goes wrong is a refusal, so that no error handler of the application can serve what was not verified.
 * A later call on the same carrier may only narrow grades and depth or repeat the action; anything else that it asks for, or another
 * verifier, is `misconfigured`: what the first call did not require cannot be required after the claim.
 */
export async function admit(
  carrier: object,
  gate: Gate,
  request: ReceivedRequest,
  route: RouteRequirement,
): Promise<RefusalResponse | undefined> {
  const known = verified.get(carrier)
  const verifier = gate.own ?? known?.verifier ?? gate.fallback
  try {
    if (verifier === undefined)
      throw new Refusal('misconfigured', 'no verifier in front of this route and no trust file: mount requireAiegisToken()')
    if (known === undefined) verified.set(carrier, { context: await verifier.verify(request, route), verifier })
    else if (known.verifier === verifier) verifier.narrow(known.context, route)
    else throw new Refusal('misconfigured', 'two verifiers on one request')
    return undefined
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('misconfigured', String(error), { cause: error })
    if (REASONS[refusal.code].status === 500)
      quietLog(gate.report)(`aiegis: ${refusal.message}`, ...(refusal.cause === undefined ? [] : [refusal.cause]))
    return renderRefusal(refusal, {
      audience: verifier?.trust.audience ?? '',
      harnesses: verifier?.trust.harnessDids ?? [],
      now: verifier?.now() ?? Date.now(),
    })
  }
}

/** The context of a verified request. Throws when nothing was verified: there is no anonymous context. */
export function contextOf(carrier: object): AiegisContext {
  return verifiedOf(carrier).context
}

/** Lets `to`, which was made of the verified request `from`, stand for it; gives its context. Throws when nothing was verified. */
export function carry(from: object, to: object): AiegisContext {
  const known = verifiedOf(from)
  verified.set(to, known)
  return known.context
}

function verifiedOf(carrier: object): Verified {
  const known = verified.get(carrier)
  if (known === undefined) {
    throw new Error('no AiEGIS context: requireAiegisToken() did not verify this request; mount it in front of this handler')
  }
  return known
}
