/** The rows of the registry of refusals, as they were when the requirements of this revision were frozen (spec chapter 13). @module */
import { readFileSync } from 'node:fs'

/** What a code looks like on the wire. */
export interface Row {
  readonly code: string
  readonly public: string
  readonly status: number
  readonly retry: string
  readonly executed: string
  readonly title: string
  readonly section: string
}

export type Registry = ReadonlyMap<string, Row>

/** Where a committed file of this package is, from `src` and from `dist` alike. */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url)
}

/** Reads the frozen copy of `spec/registry/reasons.json`. */
export function readRegistry(file: URL = packageFile('requirements/reasons-0.1.json')): Registry {
  const { reasons }: { readonly reasons: readonly Row[] } = JSON.parse(readFileSync(file, 'utf8'))
  return new Map(reasons.map((row) => [row.code, row]))
}
