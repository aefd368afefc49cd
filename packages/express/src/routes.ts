/** Lists the routes of an Express application, 4 or 5, and which of them are behind `requireAiegisToken()` (spec chapter 11). @module */
import { isCheck, leastPaths, type ListedRoute } from '@aiegis/verifier'
import { isEverywhere, matched, stackOf, textOf, type Layer } from './layers.ts'

export { unprotectedRoutes, type ListedRoute } from '@aiegis/verifier'

/**
 * The routes of an application or router, with those of the routers in it. A check counts for what is behind it in the same router, where
 * it is mounted without a path, and for a route of which it is the first handler. Before 5.3 Express keeps no text of the paths of
 * `app.use`: name them in `mounts` (`['/api']`), and a check at one of them counts there; otherwise they are `…` and none at a path
 * counts. Sees no routes of applications that are mounted in others: each of those is one route of its own.
 */
export function routesOf(app: object, mounts: readonly string[] = []): readonly ListedRoute[] {
  return walk(stackOf(app), '', false, mounts)
}

function walk(stack: readonly Layer[], prefix: string, isBehind: boolean, mounts: readonly string[]): readonly ListedRoute[] {
  let isProtected = isBehind
  const at: Layer[] = []
  return stack.flatMap((layer) => {
    const { handle, route, name } = layer
    if (route !== undefined) return routesIn(route, prefix, isProtected)
    if (isCheck(handle)) {
      if (isEverywhere(layer)) isProtected = true
      else at.push(layer)
      return []
    }
    const text = isEverywhere(layer) ? '' : textOf(layer, mounts)
    const isCovered =
      isProtected || (text !== '/…' && at.some((check) => leastPaths(text).every((least) => matched(check, least) !== undefined)))
    if (name === 'mounted_app') return [{ method: 'ALL', path: `${prefix}${text}/… (an application)`, isProtected: isCovered }]
    return walk(stackOf(handle), prefix + text, isCovered, mounts)
  })
}

/** Per method the first handler that is no check decides: it can answer before what follows. */
function routesIn({ path, stack }: NonNullable<Layer['route']>, prefix: string, isBehind: boolean): readonly ListedRoute[] {
  const checked = new Set<string>()
  const found = new Map<string, boolean>()
  for (const { handle, method = 'all' } of stack) {
    if (isCheck(handle)) checked.add(method)
    else if (!found.has(method)) found.set(method, isBehind || checked.has(method) || checked.has('all'))
  }
  const paths = (Array.isArray(path) ? path : [path]).map((each: unknown) => prefix + String(each))
  // `app.all` makes one handler for each method that Node knows.
  const isAll = found.size > 20
  const methods = isAll ? [['all', [...found.values()].every(Boolean)] as const] : [...found]
  return paths.flatMap((each) =>
    methods.map(([method, isProtected]) => ({ method: method.toUpperCase(), path: each, isProtected })),
  )
}
