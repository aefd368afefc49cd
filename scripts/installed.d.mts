/** A runtime that is installed from a package. */
export interface InstalledRuntime {
  readonly name: string
}
export const NODE: readonly InstalledRuntime[]
export const BUN: InstalledRuntime
export const DENO: InstalledRuntime & { readonly options: readonly string[] }
export const WORKERD: InstalledRuntime
export function isRuntimeMachine(): boolean
export function programOf(runtime: InstalledRuntime): string
