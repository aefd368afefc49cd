/** All receivers with a defect, and what is known of those that no request can tell from one without (equivalent.json). @module */
import { readFileSync } from 'node:fs'
import type { Level } from '@aiegis/conformance/run'
import { MUTANTS, type Mutant } from './mutant.ts'
import { namedMutants } from './named.ts'
import { strictMutants } from './strict.ts'
import { suppressedMutants } from './suppressed.ts'
import { uncheckedMutants } from './unchecked.ts'

/** A mutant, and how it came to be. */
export interface Known extends Mutant {
  readonly family: 'named' | 'strict' | 'suppressed' | 'unchecked'
  readonly level: Level
  /** Another bundle than that of the highest level shows it. */
  readonly runAt?: Level
}

/** What requests with one passport, and without anything that is fetched, do not meet. */
const LEVELS: readonly (readonly [form: RegExp, level: Level])[] = [
  // Keys of documents are withdrawn at level full alone.
  [/^verifier\/audit|witness_|ledger_|or is another one now/, 'full'],
  [/^verifier\/(?:status|did-keys|steps\/delegations|steps\/status)/, 'standard'],
  [/^protocol\/(?:delegation|status-list|did-document|did-web)/, 'standard'],
]

/** All mutants: those with a name, those that are too strict, one for each place that refuses and for each member. Throws `RangeError` for an id that two have. */
export function allMutants(): readonly Known[] {
  const all = [
    ...namedMutants().map((mutant) => known(mutant, 'named')),
    ...strictMutants().map((mutant) => known(mutant, 'strict')),
    ...suppressedMutants().map((mutant) => known(mutant, 'suppressed')),
    ...uncheckedMutants().map((mutant) => known(mutant, 'unchecked')),
  ]
  const ids = new Set<string>()
  for (const { id } of all) {
    if (ids.has(id)) throw new RangeError(`two mutants have the id ${id}`)
    ids.add(id)
  }
  return all
}

function known(mutant: Mutant, family: Known['family']): Known {
  const [, level = 'basic'] = LEVELS.find(([form]) => form.test(mutant.file) || form.test(mutant.id)) ?? []
  // Only at Basic a bundle allows fewer delegations than a header can have.
  const runAt = mutant.code === 'chain_too_long' ? { runAt: 'basic' as const } : {}
  return { ...mutant, family, level: mutant.level ?? level, ...runAt }
}

/** The level of the trust bundle that shows a mutant: many of level basic are told by what only standard has. */
export function bundleLevelOf({ level, runAt }: Known): Level {
  return runAt ?? (level === 'full' ? 'full' : 'standard')
}

/** Those of `mutants` whose id contains one of the texts; without texts all but those that are listed as equivalent. */
export function wanted<T extends { readonly id: string }>(
  mutants: readonly T[],
  only: readonly string[],
  equivalent: Readonly<Record<string, string>>,
): readonly T[] {
  if (only.length === 0) return mutants.filter(({ id }) => equivalent[id] === undefined)
  return mutants.filter(({ id }) => only.some((text) => id.includes(text)))
}

/** Mutants that no request can tell from the receiver, each with the reason in a sentence. */
export function readEquivalent(): Readonly<Record<string, string>> {
  const equivalent: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL('equivalent.json', MUTANTS), 'utf8'))
  return equivalent
}
