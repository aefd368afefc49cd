/** Builds one request of a recipe with its changes. @module */
import type { BuildOptions, Built, Change, World } from './types.ts'

/** A request with all its evidence; deterministic for equal arguments and clock. Throws `CaseError` for changes that cannot be made. */
export function build(_world: World, base: string, _change: readonly Change[], _options: BuildOptions): Built {
  throw new Error(`no recipe ${base} yet`)
}
