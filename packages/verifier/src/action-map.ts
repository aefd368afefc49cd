/** What a mount knows of its routes before any handler runs: per method and path the action, and what else is asked for (spec chapter 11). @module */
import { pathText, takes, waysOf, type Manner, type PathText, type Way } from './path-patterns.ts'
import { readingsOf } from './path-readings.ts'
import { checkActionOption, completeRequirement, routeOf, type Defaults, type Requirement, type AnyRoute } from './requirement.ts'

/** What one entry of the map asks for besides its action; where it is silent the mount's requirement counts. */
export type MappedRequirement = Omit<AnyRoute, 'presence'> & { readonly action: string }

/** `'POST /orders': 'orders.create'`: paths as the receiver sees them, patterns of `path-to-regexp`, in the order of the routes: the first match wins. */
export type Actions = Readonly<Record<string, string | MappedRequirement>>

/** What the map says about a request: what the entry `key` asks for, that the path is known with other methods only, or nothing. */
export type Mapped =
  | { readonly kind: 'action'; readonly key: string; readonly action: string; readonly route: AnyRoute }
  | { readonly kind: 'unmapped' }
  | { readonly kind: 'undeclared' }

/** Looks up method and path (without query) in the map. */
export type ActionMap = (method: string, path: string) => Mapped

const KEY = /^([A-Z]{1,20}) (\/\S*)$/

interface Rule extends Extract<Mapped, { kind: 'action' }> {
  readonly method: string
  readonly pattern: string
  /** The same for all patterns that differ in names of parameters only. */
  readonly shape: string
  /** What the operator wrote: two entries that say the same are one. */
  readonly given: Actions[string]
}

/** One way through the pattern of a rule. */
interface Candidate {
  readonly rule: Rule
  readonly way: Way
}

const FOLDED: readonly Manner[] = [
  { isFolded: true, param: 1, wildcard: 1, isOpen: false },
  { isFolded: true, param: 1, wildcard: 0, isOpen: true },
  { isFolded: true, param: 0, wildcard: 0, isOpen: false },
]
const MANNERS: readonly Manner[] = FOLDED.flatMap((manner) => [manner, { ...manner, isFolded: false }])
/** As every router compares: where a path is known so with other methods only, it is known. */
const USUAL = MANNERS.filter(({ param, wildcard }) => param === 1 && wildcard === 1)
/** Takes all that any of them takes, and more. */
const WIDEST: Manner = { isFolded: true, param: 0, wildcard: 0, isOpen: true }
const UNDECLARED: Mapped = { kind: 'undeclared' }
const UNMAPPED: Mapped = { kind: 'unmapped' }

/**
 * Compiles the map. A path is looked up as each router would: in all its readings (path-readings.ts), with and without regard to case and to
 * a slash at its end, with parameters that may be empty, by the first pattern as written and by the one with the most text. What is two
 * entries then, or one and a path with other methods, is `unmapped`. `HEAD` takes the entry of `GET` where that pattern has none for `HEAD`.
 * Throws `TypeError` for a key or an action without the form, and for a path that an earlier pattern hides under another action or requirement.
 */
export function createActionMap(actions: Actions): ActionMap {
  const rules = Object.entries(actions).map(([key, given]) => {
    const [, method, pattern] = KEY.exec(key) ?? []
    if (method === undefined || pattern === undefined) {
      throw new TypeError(`actions: write the key '${key}' as method and path, for example 'POST /orders'`)
    }
    const ways = compile(key, pattern)
    const shape = ways.map((way) => way.shape).join()
    const rule: Rule = { kind: 'action', key, method, pattern, shape, given, ...entryOf(key, given) }
    return ways.map((way): Candidate => ({ rule, way }))
  })
  const all = rules.flat()
  if (all.length === 0) return () => UNDECLARED
  for (const [at, [later]] of rules.entries()) if (later !== undefined) checkHidden(later.rule, rules.slice(0, at).flat())
  const heads = new Map(all.filter(({ rule }) => rule.method === 'HEAD').map(({ rule }) => [rule.shape, rule]))
  return (method, path) => {
    const texts = textsOf(path)
    const near = nearest(all, texts)
    if (near.length === 0) return UNDECLARED
    // Some routers look for GET alone.
    const asked = method === 'HEAD' ? [['GET', 'HEAD'], ['GET']] : [[method]]
    const fitting = asked.map((methods) => near.filter((one) => methods.includes(one.rule.method)))
    const found = fitting.flatMap((candidates) => firstOf(candidates, texts))
    const [rule, ...others] = method === 'HEAD' ? found.map((one) => heads.get(one.shape) ?? one) : found
    if (rule === undefined) return near.every(({ way }) => way.isOpen) ? UNDECLARED : UNMAPPED
    return others.every(({ given }) => given === rule.given) && !isOfOthers(near, fitting.flat(), texts) ? rule : UNMAPPED
  }
}

function checkHidden({ key, method, pattern, given }: Rule, earlier: readonly Candidate[]): void {
  const hiding = nearest(earlier, [pathText(pattern)]).find(({ rule }) => rule.method === method && rule.given !== given)
  if (hiding) throw new TypeError(`actions: '${hiding.rule.key}' hides '${key}'; write '${key}' before it`)
}

/** A path in all its readings, and without a slash at its end. */
function textsOf(path: string): readonly PathText[] {
  const texts = readingsOf(path).flatMap((text) => (text.length > 1 && text.endsWith('/') ? [text, text.slice(0, -1)] : [text]))
  return texts.map(pathText)
}

function nearest(candidates: readonly Candidate[], texts: readonly PathText[]): readonly Candidate[] {
  return candidates.filter(({ way }) =>
    texts.some((text) => takes(way, text, WIDEST) && FOLDED.some((manner) => takes(way, text, manner))),
  )
}

/** The rules that routers find first, in one reading or another. */
function firstOf(candidates: readonly Candidate[], texts: readonly PathText[]): readonly Rule[] {
  const [only, ...more] = candidates
  if (only === undefined || more.every(({ rule }) => rule === only.rule)) return only === undefined ? [] : [only.rule]
  const orders = [candidates, candidates.toSorted((one, other) => compare(one.way.rank, other.way.rank))]
  return texts.flatMap((text) =>
    MANNERS.flatMap((manner) => orders.flatMap((order) => order.find(({ way }) => takes(way, text, manner))?.rule ?? [])),
  )
}

/** Whether in some reading the path is known with other methods only. */
function isOfOthers(near: readonly Candidate[], fitting: readonly Candidate[], texts: readonly PathText[]): boolean {
  const others = near.filter((one) => !fitting.includes(one))
  if (others.length === 0) return false
  return texts.some((text) =>
    USUAL.some((manner) => {
      const isTaken = ({ way }: Candidate): boolean => takes(way, text, manner)
      return others.some(isTaken) && !fitting.some(isTaken)
    }),
  )
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function entryOf(key: string, given: Actions[string]): Pick<Extract<Mapped, { kind: 'action' }>, 'action' | 'route'> {
  const where = `actions['${key}']`
  if (typeof given === 'string') return { action: checkActionOption(where, given), route: {} }
  const { action, ...route }: MappedRequirement = Object(given)
  const known = ['target', 'require', 'maxDepth', 'acceptWarn', 'acceptObligations', 'body', 'claims', 'check']
  const other = Object.keys(route).find((name) => !known.includes(name))
  if (other !== undefined) throw new TypeError(`${where}: '${other}' is none of action, ${known.join(', ')}`)
  if (typeof action !== 'string') throw new TypeError(`${where}: it names no action; write one, for example 'orders.create'`)
  // Without members that were given as undefined: they say nothing, and hide nothing that the mount says.
  return { action: checkActionOption(where, action), route: routeOf(route) }
}

function compile(key: string, pattern: string): readonly Way[] {
  try {
    return waysOf(pattern)
  } catch (error) {
    throw new TypeError(`actions: '${key}' is not a pattern of path-to-regexp: ${String(error)}`, { cause: error })
  }
}

/** What is asked of a request: what its entry says, else what the mount says; grades, depth and checks of both. Throws `TypeError` for two parsers. */
export function mergeRequirements(mount: AnyRoute, entry: AnyRoute, defaults: Defaults): Requirement {
  const whole = completeRequirement(mount, defaults)
  if (Object.keys(entry).length === 0) return whole
  if (mount.claims !== undefined && entry.claims !== undefined)
    throw new TypeError('claims: the mount has a parser and so has an entry of its actions; write one of them')
  const own = completeRequirement({ ...mount, ...entry }, defaults)
  return {
    ...own,
    grades: [...whole.grades, ...own.grades],
    maxDepth: Math.min(whole.maxDepth, own.maxDepth),
    checks: [...whole.checks, ...(entry.check === undefined ? [] : own.checks)],
  }
}
