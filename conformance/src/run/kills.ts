/** Which receivers with a defect each case tells from the one without, as the suite's own tests found (conformance/mutants). @module */
import { existsSync, readFileSync } from 'node:fs'
import { packageFile } from '../judge/registry.ts'

/** Ids of mutants by the id of a case; empty where the matrix is not at hand. */
export function readKills(file: URL = packageFile('mutants/matrix.json')): ReadonlyMap<string, readonly string[]> {
  const kills = new Map<string, string[]>()
  if (!existsSync(file)) return kills
  const matrix: Readonly<Record<string, { readonly killers: readonly string[] }>> = JSON.parse(readFileSync(file, 'utf8'))
  for (const [mutant, { killers }] of Object.entries(matrix)) {
    for (const id of killers) kills.set(id, [...(kills.get(id) ?? []), mutant])
  }
  return kills
}
