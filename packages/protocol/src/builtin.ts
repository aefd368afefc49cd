/** Finds modules that are built into Node, Bun or Deno without importing them, so that other runtimes can load this package. @module */

/** The built-in module `id` (such as `node:crypto`), or `undefined` where the runtime has none. Its shape is not checked. */
export function builtin(id: string): unknown {
  const process: unknown = Reflect.get(globalThis, 'process')
  return hasLoader(process) ? process.getBuiltinModule(id) : undefined
}

/** True when `value` has a function under each name: the only thing that is asked of a runtime's module before it is used. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function hasLoader(value: unknown): value is { getBuiltinModule(id: string): unknown } {
  return hasFunctions(value, ['getBuiltinModule'])
}
