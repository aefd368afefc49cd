/** What a route demands of a decision, and how the mount knows it before the handler runs (spec chapter 11). @module */
import { checkAction, FACTS, GRADES, Malformed, OBLIGATIONS, type Fact, type Grade, type Obligation } from '@aiegis/protocol'
import { completeBody, type BodyRequirement, type CompleteBody } from './body-requirement.ts'
import type { AiegisContext } from './context.ts'
import { checkSchema, type StandardSchema } from './standard-schema.ts'

/** Least grades per fact: what the issuer says, and what this receiver itself checked. */
export type GradeRequirement = Readonly<Partial<Record<Fact, { readonly asserted?: Grade; readonly checked?: Grade }>>>

/** Whether a request may come without any evidence. What comes with some is verified either way. */
export type Presence = 'required' | 'optional'

/** What handlers of a route get: nothing is there where evidence is optional and was not sent. */
export type ContextFor<Claims, P extends Presence> = 'optional' extends P
  ? AiegisContext<Claims> | undefined
  : AiegisContext<Claims>

/** What one route may declare. `Claims` is what the parser of `claims` gives. */
export interface RouteRequirement<Claims = unknown, P extends Presence = 'required'> {
  /** The action that must have been decided; without it `http.` and the lower-case method. */
  readonly action?: string
  /** The target that must have been decided; without it the target URI without query. */
  readonly target?: string
  readonly require?: GradeRequirement
  /** How many hand-offs may lie between the principal and the sender. */
  readonly maxDepth?: number
  readonly acceptWarn?: boolean
  readonly acceptObligations?: readonly Obligation[]
  readonly body?: BodyRequirement
  /** Parses the claims of the token that this profile does not know, as the harness signed them; what it gives is `context.claims`. */
  readonly claims?: StandardSchema<Claims>
  /**
   * Asked last, before the token is used up: `true` goes on, `false` refuses with `check_refused`. It can refuse and never allow. What it
   * throws is a `Refusal` that it means, else a defect (500); after 3 seconds the request is refused with `check_unavailable`.
   */
  check?(this: void, context: AiegisContext<Claims>): boolean | Promise<boolean>
  /** `optional`: a request without any evidence reaches the handler without a context. One with evidence that is not good is refused. */
  readonly presence?: P
}

/** The operator's own check. */
export type Check = NonNullable<RouteRequirement['check']>

/** A requirement of which only this module and adapters have to know whether evidence is optional. */
export type AnyRoute = RouteRequirement<unknown, Presence>

/** What the trust bundle says for every route. */
export interface Defaults {
  readonly require: GradeRequirement
  readonly acceptWarn: boolean
  readonly acceptObligations: readonly Obligation[]
}

/** A requirement with every default filled in. */
export interface Requirement {
  readonly action: string | undefined
  readonly target: string | undefined
  readonly grades: readonly GradeRequirement[]
  readonly maxDepth: number
  readonly acceptWarn: boolean
  readonly acceptObligations: ReadonlySet<Obligation>
  readonly body: CompleteBody
  readonly claims: StandardSchema | undefined
  /** Each has to say yes. */
  readonly checks: readonly Check[]
}

/** Fills in the defaults of the bundle. Throws `TypeError` for a value that is none of the allowed. */
export function completeRequirement(route: AnyRoute, defaults: Defaults): Requirement {
  if (route.action !== undefined) checkActionOption('action', route.action)
  const { acceptWarn }: { readonly acceptWarn?: unknown } = route
  if (acceptWarn !== undefined && typeof acceptWarn !== 'boolean') throw new TypeError('acceptWarn: write true or false')
  const depth = route.maxDepth ?? 2
  if (!Number.isInteger(depth) || depth < 0) throw new TypeError('maxDepth: write a whole number from 0, for example maxDepth: 0')
  const obligations = route.acceptObligations ?? defaults.acceptObligations
  if (!Array.isArray(obligations)) throw new TypeError("acceptObligations: write a list, for example ['log_full']")
  const unknown = obligations.find((obligation) => !OBLIGATIONS.includes(obligation))
  if (unknown !== undefined) throw new TypeError(`acceptObligations: '${unknown}' is none of ${OBLIGATIONS.join(', ')}`)
  const { check, presence }: { readonly check?: unknown; readonly presence?: unknown } = route
  if (check !== undefined && typeof check !== 'function')
    throw new TypeError('check: not a function; pass one that takes a context and answers true or false')
  if (presence !== undefined && presence !== 'required' && presence !== 'optional')
    throw new TypeError("presence: write 'optional' or leave it out")
  if (route.claims !== undefined) checkSchema('claims', route.claims)
  return {
    action: route.action,
    target: route.target,
    grades: [defaults.require, checkGrades(route.require ?? {})].filter((grades) => Object.keys(grades).length > 0),
    maxDepth: depth,
    acceptWarn: route.acceptWarn ?? defaults.acceptWarn,
    acceptObligations: new Set(obligations),
    body: completeBody(route.body),
    claims: route.claims,
    checks: route.check === undefined ? [] : [route.check],
  }
}

/** A route's requirement without members that were not given. Throws `TypeError` for a value that no route can have. */
export function routeOf(route: { readonly [Name in keyof AnyRoute]: AnyRoute[Name] | undefined }): AnyRoute {
  const given: AnyRoute = Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined))
  completeRequirement(given, { require: {}, acceptWarn: false, acceptObligations: [] })
  return given
}

/** Throws `TypeError` unless every member is a fact and every grade is known; returns the requirement. */
function checkGrades(require: GradeRequirement): GradeRequirement {
  for (const [fact, grades] of Object.entries(require)) {
    if (!FACTS.some((known) => known === fact)) throw new TypeError(`require: '${fact}' is none of ${FACTS.join(', ')}`)
    for (const [who, grade] of Object.entries(grades ?? {})) {
      if ((who !== 'asserted' && who !== 'checked') || !GRADES.some((known) => known === grade)) {
        throw new TypeError(`require.${fact}: write { asserted: '${GRADES.slice(1).join("' | '")}' } or { checked: … }`)
      }
    }
  }
  return require
}

/** Throws `TypeError` for an action without the form; returns it. `where` is the name of the option. */
export function checkActionOption(where: string, action: string): string {
  try {
    return checkAction(action)
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(`${where}: ${error.message}; write for example 'orders.create'`, { cause: error })
    throw error
  }
}
