/** What a route demands of a decision, and how the mount knows it before the handler runs (spec chapter 11). @module */
import { checkAction, FACTS, GRADES, Malformed, OBLIGATIONS, type Fact, type Grade, type Obligation } from '@aiegis/protocol'
import { pathToRegexp } from 'path-to-regexp'

/** Least grades per fact: what the issuer says, and what this receiver itself checked. */
export type GradeRequirement = Readonly<Partial<Record<Fact, { readonly asserted?: Grade; readonly checked?: Grade }>>>

/** What one route may declare. */
export interface RouteRequirement {
  /** The action that must have been decided; without it `http.` and the lower-case method. */
  readonly action?: string
  /** The target that must have been decided; without it the target URI without query. */
  readonly target?: string
  readonly require?: GradeRequirement
  /** How many hand-offs may lie between the principal and the sender. */
  readonly maxDepth?: number
  readonly acceptWarn?: boolean
  readonly acceptObligations?: readonly Obligation[]
}

/** A requirement with every default filled in. */
export interface Requirement {
  readonly action: string | undefined
  readonly target: string | undefined
  readonly grades: readonly GradeRequirement[]
  readonly maxDepth: number
  readonly acceptWarn: boolean
  readonly acceptObligations: ReadonlySet<Obligation>
}

/** `'POST /orders': 'orders.create'`: paths as the receiver sees them, patterns of `path-to-regexp`, first match wins. */
export type Actions = Readonly<Record<string, string>>

/** What the map says about a request: the action, that the path is known with other methods only, or nothing. */
export type Mapped =
  { readonly kind: 'action'; readonly action: string } | { readonly kind: 'unmapped' } | { readonly kind: 'undeclared' }

/** Looks up method and path (without query) in the map. */
export type ActionMap = (method: string, path: string) => Mapped

const KEY = /^([A-Z]{1,20}) (\/\S*)$/

/**
 * Compiles the map. Matches without regard to case and trailing slash, as widely as any router does; `HEAD` takes the action of `GET`.
 * Throws `TypeError` for a key or an action without the form, and for a path that an earlier pattern hides under another action.
 */
export function createActionMap(actions: Actions): ActionMap {
  const rules = Object.entries(actions).map(([key, action]) => {
    const [, method, pattern] = KEY.exec(key) ?? []
    if (method === undefined || pattern === undefined) {
      throw new TypeError(`actions: write the key '${key}' as method and path, for example 'POST /orders'`)
    }
    return { key, method, pattern, action: checkActionOption(`actions['${key}']`, action), match: compile(key, pattern) }
  })
  for (const [at, rule] of rules.entries()) {
    const earlier = rules
      .slice(0, at)
      .find((other) => other.method === rule.method && other.action !== rule.action && other.match.test(rule.pattern))
    if (earlier) throw new TypeError(`actions: '${earlier.key}' hides '${rule.key}'; write '${rule.key}' before it`)
  }
  return (method, path) => {
    const matching = rules.filter((rule) => rule.match.test(path))
    const rule =
      matching.find((candidate) => candidate.method === method) ??
      (method === 'HEAD' ? matching.find((candidate) => candidate.method === 'GET') : undefined)
    if (rule) return { kind: 'action', action: rule.action }
    return { kind: matching.length > 0 ? 'unmapped' : 'undeclared' }
  }
}

function compile(key: string, pattern: string): RegExp {
  try {
    // Routers ignore a slash at the end of a pattern; read as written, it would be demanded of the path.
    const bare = pattern === '/' ? pattern : pattern.replace(/\/+$/, '')
    return pathToRegexp(bare, { sensitive: false, trailing: true }).regexp
  } catch (error) {
    throw new TypeError(`actions: '${key}' is not a pattern of path-to-regexp: ${String(error)}`, { cause: error })
  }
}

/** Fills in the defaults of the bundle. Throws `TypeError` for a value that is none of the allowed. */
export function completeRequirement(
  route: RouteRequirement,
  defaults: {
    readonly require: GradeRequirement
    readonly acceptWarn: boolean
    readonly acceptObligations: readonly Obligation[]
  },
): Requirement {
  if (route.action !== undefined) checkActionOption('action', route.action)
  const { acceptWarn }: { readonly acceptWarn?: unknown } = route
  if (acceptWarn !== undefined && typeof acceptWarn !== 'boolean') throw new TypeError('acceptWarn: write true or false')
  const depth = route.maxDepth ?? 2
  if (!Number.isInteger(depth) || depth < 0) throw new TypeError('maxDepth: write a whole number from 0, for example maxDepth: 0')
  const obligations = route.acceptObligations ?? defaults.acceptObligations
  if (!Array.isArray(obligations)) throw new TypeError("acceptObligations: write a list, for example ['log_full']")
  const unknown = obligations.find((obligation) => !OBLIGATIONS.includes(obligation))
  if (unknown !== undefined) throw new TypeError(`acceptObligations: '${unknown}' is none of ${OBLIGATIONS.join(', ')}`)
  return {
    action: route.action,
    target: route.target,
    grades: [defaults.require, checkGrades(route.require ?? {})].filter((grades) => Object.keys(grades).length > 0),
    maxDepth: depth,
    acceptWarn: route.acceptWarn ?? defaults.acceptWarn,
    acceptObligations: new Set(obligations),
  }
}

/** A route's requirement without members that were not given. Throws `TypeError` for a value that no route can have. */
export function routeOf(route: {
  readonly [Name in keyof RouteRequirement]: RouteRequirement[Name] | undefined
}): RouteRequirement {
  const given: RouteRequirement = Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined))
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

function checkActionOption(where: string, action: string): string {
  try {
    return checkAction(action)
  } catch (error) {
    if (error instanceof Malformed)
      throw new TypeError(`${where}: ${error.message}; write for example 'orders.create'`, { cause: error })
    throw error
  }
}
