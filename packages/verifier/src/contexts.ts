/** Remembers which request was verified, by whom, so that a second call narrows and never claims again (spec chapter 11). @module */
import { REASONS, Refusal } from '@aiegis/protocol'
import { isParsedBy, type AiegisContext } from './context.ts'
import { quietLog, type Log } from './hooks.ts'
import { EVIDENCE_FIELDS } from './mount.ts'
import { isWithoutEvidence } from './presence.ts'
import { renderRefusal, type RefusalResponse } from './refusal-response.ts'
import type { ReceivedRequest } from './request.ts'
import type { AnyRoute } from './requirement.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { Verifier } from './verifier.ts'
import { WITHHELD } from './withheld.ts'

/** A request that may reach handlers. */
interface Passed {
  /** `undefined` when it came without evidence and a mount allows that. */
  readonly context: AiegisContext | undefined
  readonly verifier: Verifier
  /** The verifier only reports: handlers get no context, whatever came of the request. */
  readonly isWithheld: boolean
}

const verified = new WeakMap<object, Passed>()

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
 * verifier, is `misconfigured`: what the first call did not require cannot be required after the claim. What came without evidence, as
 * the first call allows, is refused by a later one that does not.
 */
export async function admit(
  carrier: object,
  gate: Gate,
  request: ReceivedRequest,
  route: AnyRoute,
): Promise<RefusalResponse | undefined> {
  const known = verified.get(carrier)
  const verifier = gate.own ?? known?.verifier ?? gate.fallback
  try {
    if (verifier === undefined)
      throw new Refusal('misconfigured', 'no verifier in front of this route and no trust file: mount requireAiegisToken()')
    if (known !== undefined && known.verifier !== verifier) throw new Refusal('misconfigured', 'two verifiers on one request')
    if (known?.context !== undefined) verifier.narrow(known.context, route)
    else if (known?.isWithheld === true) return undefined
    else if (route.presence === 'optional' && isShownWithoutEvidence(request))
      verified.set(carrier, { context: undefined, verifier, isWithheld: false })
    else {
      const context = await verifier.verify(request, route)
      verified.set(carrier, { context, verifier, isWithheld: isReporting(gate, verifier) })
    }
    return undefined
  } catch (error) {
    const isLet = verifier?.reportOnly?.tell(error, carrier) === true
    if (isLet) verified.set(carrier, { context: known?.context, verifier, isWithheld: true })
    const refusal = error instanceof Refusal ? error : new Refusal('misconfigured', String(error), { cause: error })
    if (REASONS[refusal.code].status === 500)
      quietLog(gate.report)(`aiegis: ${refusal.message}`, ...(refusal.cause === undefined ? [] : [refusal.cause]))
    if (isLet) return undefined
    return renderRefusal(refusal, {
      audience: verifier?.trust.audience ?? '',
      harnesses: verifier?.trust.harnessDids ?? [],
      now: verifier?.now() ?? Date.now(),
    })
  }
}

/** What is not shown as it was sent is left to the verifier, which refuses it and tells of it. */
function isShownWithoutEvidence(request: ReceivedRequest): boolean {
  try {
    return isWithoutEvidence(request.headers)
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/**
 * The context of a verified request. Throws when nothing was verified: there is no anonymous context. With the parser that the route
 * has as `claims` its claims have the type that the parser gives; with another one it throws.
 */
export function contextOf<Claims = unknown>(carrier: object, parser?: StandardSchema<Claims>): AiegisContext<Claims>
export function contextOf(carrier: object, parser?: StandardSchema): AiegisContext {
  const context = findContext(carrier)
  if (isContextWithheld(carrier)) throw new Error(WITHHELD)
  if (context === undefined)
    throw new Error('no AiEGIS context: the request came without evidence, as this mount allows; ask with findAiegis()')
  if (parser !== undefined && !isParsedBy(context, parser))
    throw new Error('no such claims: the route of this request has another parser, or none; give it this one as { claims }')
  return context
}

/**
 * The same, or `undefined` for a request that came without evidence where a mount allows that. Throws when no mount has let the request
 * pass at all.
 */
export function findContext(carrier: object): AiegisContext | undefined {
  const { context, isWithheld } = passedOf(carrier)
  return isWithheld ? undefined : context
}

/** True when a verifier that only reports has let the request pass. Throws when no mount has. */
export function isContextWithheld(carrier: object): boolean {
  return passedOf(carrier).isWithheld
}

/** Whether the verifier of a mount only reports now. */
export function isReporting({ own, fallback }: Gate, verifier: Verifier | undefined = own ?? fallback): boolean {
  return verifier?.reportOnly?.isOn() === true
}

/**
 * The headers that handlers of a request must not see: of `stripped` all; the evidence alone where a verifier only reports; none where
 * there was no evidence.
 */
export function hiddenFrom(carrier: object, stripped: ReadonlySet<string>): ReadonlySet<string> {
  const { context, isWithheld } = passedOf(carrier)
  if (isWithheld) return EVIDENCE_FIELDS
  return context === undefined ? NONE : stripped
}

const NONE: ReadonlySet<string> = new Set()

/** Lets `to`, which was made of the request `from`, stand for it. Throws when no mount has let that pass. */
export function carry(from: object, to: object): void {
  verified.set(to, passedOf(from))
}

function passedOf(carrier: object): Passed {
  const known = verified.get(carrier)
  if (known === undefined) {
    throw new Error('no AiEGIS context: requireAiegisToken() did not verify this request; mount it in front of this handler')
  }
  return known
}
