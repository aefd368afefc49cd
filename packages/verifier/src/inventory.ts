/** Knows which handlers are checks, so that an application can list the routes that are in front of them (spec chapter 11). @module */
import type { AnyRoute } from './requirement.ts'

/** One route of an application, and whether a check stands in front of all its handlers. */
export interface ListedRoute {
  /** Upper case; `ALL` for a route of every method. */
  readonly method: string
  /** As the framework keeps it; `…` for a part that it does not keep. */
  readonly path: string
  readonly isProtected: boolean
}

const checks = new WeakSet<object>()

/** Says that `handler` is the check of a mount, unless evidence is optional there; returns it. */
export function markCheck<T extends object>(handler: T, { presence }: AnyRoute): T {
  if (presence !== 'optional') checks.add(handler)
  return handler
}

/** Whether a handler is a check that lets nothing pass without evidence. */
export function isCheck(handler: unknown): boolean {
  return typeof handler === 'function' && checks.has(handler)
}

/** Whether the first of `handlers` is a check: what stands before one could have answered. */
export function beginsWithCheck(handlers: readonly unknown[]): boolean {
  return isCheck(handlers[0])
}

/**
 * Paths that a check has to match before it counts for a route at `path`: its text, and its beginning up to what may be left out or may be
 * anything. Of a regular expression only `/` is known.
 */
export function leastPaths(path: unknown): readonly string[] {
  if (typeof path !== 'string') return ['/']
  const plain = /^(?:\/[^/{}()*?+[\]\\]*(?=[/{]|$))*/.exec(path)?.[0] ?? ''
  return [path, plain === '' ? '/' : plain]
}

/**
 * The routes without a check in front, as `GET /path`; empty is what a test of the application wants to see. `except` names those that
 * are meant to be open. Throws `TypeError` for an exception that is no open route: one that is forgotten would hide the next.
 */
export function unprotectedRoutes(routes: readonly ListedRoute[], except: readonly string[] = []): readonly string[] {
  const open = routes.filter(({ isProtected }) => !isProtected).map(({ method, path }) => `${method} ${path}`)
  const idle = except.find((name) => !open.includes(name))
  if (idle !== undefined) throw new TypeError(`unprotectedRoutes: '${idle}' is no open route; take it out of the exceptions`)
  return [...new Set(open)].filter((name) => !except.includes(name))
}
