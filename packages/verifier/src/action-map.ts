/** What a mount knows of its routes before any handler runs: per method and path the action, and what else is asked for (spec chapter 11). @module */
import { pathToRegexp } from 'path-to-regexp'
import { checkActionOption, completeRequirement, routeOf, type Defaults, type Requirement, type AnyRoute } from './requirement.ts'

/** What one entry of the map asks for besides its action; where it is silent the mount's requirement counts. */
export type MappedRequirement = Omit<AnyRoute, 'presence'> & { readonly action: string }

/** `'POST /orders': 'orders.create'`: paths as the receiver sees them, patterns of `path-to-regexp`, first match wins. */
export type Actions = Readonly<Record<string, string | MappedRequirement>>

/** What the map says about a request: what the entry `key` asks for, that the path is known with other methods only, or nothing. */
export type Mapped =
  | { readonly kind: 'action'; readonly key: string; readonly action: string; readonly route: AnyRoute }
  | { readonly kind: 'unmapped' }
  | { readonly kind: 'undeclared' }

/** Looks up method and path (without query) in the map. */
export type ActionMap = (method: string, path: string) => Mapped

const KEY = /^([A-Z]{1,20}) (\/\S*)$/

/**
 * Compiles the map. Matches without regard to case and trailing slash, as widely as any router does, and what routers read otherwise than it
 * was sent by each of its readings: one that two entries match in two readings is `unmapped`. `HEAD` takes the action of `GET`.
 * Throws `TypeError` for a key or an action without the form, and for a path that an earlier pattern hides under another action or requirement.
 */
export function createActionMap(actions: Actions): ActionMap {
  const rules = Object.entries(actions).map(([key, given]) => {
    const [, method, pattern] = KEY.exec(key) ?? []
    if (method === undefined || pattern === undefined) {
      throw new TypeError(`actions: write the key '${key}' as method and path, for example 'POST /orders'`)
    }
    return { key, method, pattern, given, ...entryOf(key, given), match: compile(key, pattern) }
  })
  for (const [at, rule] of rules.entries()) {
    const earlier = rules
      .slice(0, at)
      .find((other) => other.method === rule.method && other.given !== rule.given && other.match.test(rule.pattern))
    if (earlier) throw new TypeError(`actions: '${earlier.key}' hides '${rule.key}'; write '${rule.key}' before it`)
  }
  const lookUp: ActionMap = (method, path) => {
    const matching = rules.filter((rule) => rule.match.test(path))
    const rule =
      matching.find((candidate) => candidate.method === method) ??
      (method === 'HEAD' ? matching.find((candidate) => candidate.method === 'GET') : undefined)
    if (rule) return { kind: 'action', key: rule.key, action: rule.action, route: rule.route }
    return { kind: matching.length > 0 ? 'unmapped' : 'undeclared' }
  }
  return (method, path) => {
    const asSent = lookUp(method, path)
    if (!/[%;]|.\/$/.test(path)) return asSent
    const found = readingsOf(path)
      .map((reading) => lookUp(method, reading))
      .filter(({ kind }) => kind !== 'undeclared')
    const [first] = found
    // No pattern has a space, so nothing but a parameter matches one: some routers take it for empty.
    if (first === undefined) return path.endsWith('/') ? lookUp(method, `${path} `) : asSent
    return found.every((other) => keyIn(other) === keyIn(first)) ? first : { kind: 'unmapped' }
  }
}

function keyIn(found: Mapped): string | undefined {
  return found.kind === 'action' ? found.key : undefined
}

/** What routers make of a path: as sent, with escapes read, all or but for delimiters, with `\` for `/`, and each of them up to a `;` or without parameters of segments. */
function readingsOf(path: string): readonly string[] {
  const whole = read(path, decodeURIComponent)
  const decoded = [path, read(path, decodeURI), whole, whole.replaceAll('\\', '/')]
  const all = decoded.flatMap((text) => [text, text.replace(/;.*$/s, ''), text.replaceAll(/;[^/]*/g, '')])
  return [...new Set(all)]
}

/** Escapes that are no text stay. */
function read(path: string, decode: (text: string) => string): string {
  return path.replaceAll(/(?:%[0-9A-F]{2})+/g, (escapes) => {
    try {
      return decode(escapes)
    } catch {
      return escapes // URIError: not UTF-8
    }
  })
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

function compile(key: string, pattern: string): RegExp {
  try {
    // Routers ignore a slash at the end of a pattern; read as written, it would be demanded of the path.
    const bare = pattern === '/' ? pattern : pattern.replace(/\/+$/, '')
    return pathToRegexp(bare, { sensitive: false, trailing: true }).regexp
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
