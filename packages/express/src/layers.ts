/** Reads what Express 4 and 5 keep of `app.use` and `app.get`, for whoever lists routes (spec chapter 11). @module */

/** What both majors keep of `app.use` and `app.get`. */
export interface Layer {
  readonly handle?: unknown
  readonly name?: string
  readonly method?: string
  readonly route?: { readonly path: unknown; readonly stack: readonly Layer[] }
  readonly regexp?: { readonly fast_slash?: boolean; readonly source?: string }
  /** One for each path of a list, in Express 5. */
  readonly matchers?: readonly unknown[]
  /** Mounted at `/`. */
  readonly slash?: boolean
  /** The path of `app.use`, from Express 5.3. */
  readonly rawPath?: unknown
  /** What was matched last; from Express 5.3 it is in what `match` gives. */
  readonly path?: unknown
  match?(path: string): unknown
}

/** The path of a layer: as Express keeps it, else one of `mounts` that is exactly it, else `/…`. A list of paths has no text. */
export function textOf(layer: Layer, mounts: readonly string[]): string {
  if (isList(layer)) return '/…'
  const known = typeof layer.rawPath === 'string' ? [layer.rawPath] : mounts
  return known.find((mount) => matched(layer, mount) === mount) ?? '/…'
}

/** The part of `path` at which a layer is mounted, if it is. */
export function matched(layer: Layer, path: string): unknown {
  const found = layer.match?.(path)
  if (found === true) return layer.path
  return typeof found === 'object' && found !== null ? Reflect.get(found, 'path') : undefined
}

/** Express 4 makes one expression of all, each with the same end. */
function isList({ matchers, regexp }: Layer): boolean {
  return (matchers?.length ?? 0) > 1 || (regexp?.source ?? '').split(String.raw`(?=\/|$)`).length > 2
}

/** Mounted without a path. */
export function isEverywhere({ slash, regexp }: Layer): boolean {
  return slash === true || regexp?.fast_slash === true
}

/** Express 4 keeps it in `_router`, once there is one. */
export function stackOf(of: unknown): readonly Layer[] {
  const stack: unknown = Reflect.get(Object(of), 'stack')
  if (Array.isArray(stack)) return stack
  const inner: unknown = Reflect.get(Object(of), '_router') ?? (isApplication(of) ? Reflect.get(of, 'router') : undefined)
  return inner === undefined || inner === null ? [] : stackOf(inner)
}

function isApplication(of: unknown): of is object {
  return typeof of === 'function' && 'handle' in of && 'set' in of && !('lazyrouter' in of)
}
