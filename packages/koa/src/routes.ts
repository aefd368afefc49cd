/** Lists the routes of the routers of a Koa application, and which of them are behind `requireAiegisToken()` (spec chapter 11). @module */
import { beginsWithCheck, isCheck, leastPaths, type ListedRoute } from '@aiegis/verifier'

export { unprotectedRoutes, type ListedRoute } from '@aiegis/verifier'

/** What `@koa/router` keeps of one route, and of one `router.use`, which has no methods. */
interface Layer {
  readonly path: unknown
  readonly methods: readonly string[]
  readonly stack: readonly unknown[]
  match(path: string): boolean
}

/**
 * The routes of the routers in `app.middleware`, with those of the routers in them, whose paths are whole. A check counts for what is behind it in
 * the application, in its router for the paths that it matches, and for a route of which it is the first handler. Middleware that answers
 * by itself is no route and is not listed.
 */
export function routesOf(app: { readonly middleware: readonly unknown[] }): readonly ListedRoute[] {
  let isProtected = false
  return app.middleware.flatMap((middleware) => {
    if (isCheck(middleware)) isProtected = true
    return routesIn(layersOf(middleware), isProtected)
  })
}

function routesIn(layers: readonly Layer[], isBehind: boolean): readonly ListedRoute[] {
  const checks: Layer[] = []
  return layers.flatMap((layer) => {
    const { path, methods, stack } = layer
    if (methods.length === 0) {
      if (beginsWithCheck(stack)) checks.push(layer)
      return []
    }
    const text = String(path)
    const isProtected =
      isBehind || beginsWithCheck(stack) || checks.some((check) => leastPaths(path).every((least) => check.match(least)))
    return methods.map((method) => ({ method, path: text, isProtected }))
  })
}

/** A router hides behind the middleware that it makes. */
function layersOf(middleware: unknown): readonly Layer[] {
  const router: unknown = Reflect.get(Object(middleware), 'router')
  const stack: unknown = Reflect.get(Object(router), 'stack')
  return Array.isArray(stack) ? stack : []
}
