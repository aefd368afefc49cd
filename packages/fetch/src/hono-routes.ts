/** Lists the routes of a Hono application, and which of them are behind `honoAiegis()` (spec chapter 11). @module */
import { isCheck, type ListedRoute } from '@aiegis/verifier'

export { unprotectedRoutes, type ListedRoute } from '@aiegis/verifier'

/** What Hono keeps of `app.use` and `app.get`, with whole paths, also of applications in it. */
interface Kept {
  readonly method: string
  readonly path: string
  readonly handler: object
}

/**
 * The routes in the order of their registration. A check counts for what comes after it at its path: `*`, `/api/*` with all below, or
 * exactly the same. What takes `next` and stands for every method is middleware and not listed. Sees nothing of what is mounted with
 * `app.mount`: that is one route.
 */
export function routesOf(app: { readonly routes: readonly Kept[] }): readonly ListedRoute[] {
  const checks: Kept[] = []
  return app.routes.flatMap((route) => {
    const { method, path } = route
    const handler = innermost(route.handler)
    if (isCheck(handler)) {
      checks.push(route)
      return []
    }
    if (method === 'ALL' && Reflect.get(handler, 'length') === 2 && !path.includes(':')) return []
    return [{ method, path, isProtected: checks.some((check) => covers(check, route)) }]
  })
}

function covers(check: Kept, { method, path }: Kept): boolean {
  if (check.method !== 'ALL' && check.method !== method) return false
  if (check.path === '*' || check.path === '/*' || check.path === path) return true
  const below = check.path.endsWith('/*') ? check.path.slice(0, -1) : undefined
  return below !== undefined && (path.startsWith(below) || `${path}/` === below)
}

/** Hono wraps handlers of an application with an error handler of its own. */
function innermost(handler: object): object {
  const inner: unknown = Reflect.get(handler, '__COMPOSED_HANDLER')
  return typeof inner === 'function' ? inner : handler
}
