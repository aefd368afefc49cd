/** What each case of a released suite expects, frozen: one that is gone or expects something else stops the suite (requirements/). @module */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CaseError, type Case } from '../build/index.ts'
import { packageFile } from '../judge/registry.ts'

/** The start of a digest by the id of a case. */
export type Frozen = Readonly<Record<string, string>>

/** The first 8 hexadecimal digits of SHA-256 over level, side and all expectations of a case. */
export function expectationDigest({ level, side, expect, steps }: Case): string {
  const asked = [level, side, expect, (steps ?? []).map((step) => ('expect' in step ? step.expect : null))]
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 8)
}

/** Reads the frozen expectations. */
export function readFrozen(file: URL = packageFile('requirements/cases-0.1.json')): Frozen {
  const frozen: Frozen = JSON.parse(readFileSync(file, 'utf8'))
  return frozen
}

/** Throws `CaseError` when a frozen case is not there, or expects something else. Cases that are not frozen yet may be added. */
export function checkFrozen(cases: readonly Case[], frozen: Frozen): void {
  const known = new Map(cases.map((test) => [test.id, test]))
  const again = 'freeze it anew with node conformance/requirements/freeze.mjs if that is right'
  for (const [id, digest] of Object.entries(frozen)) {
    const test = known.get(id)
    if (test === undefined) throw new CaseError(`the case ${id} is gone; ${again}`)
    if (expectationDigest(test) !== digest) throw new CaseError(`the case ${id} expects something else than it did; ${again}`)
  }
}
