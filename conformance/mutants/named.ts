/** Receivers with one mistake that somebody could make, each written by hand. @module */
import type { Mutant } from './mutant.ts'
import { BOUND_MUTANTS } from './named-bounds.ts'
import { CHAIN_MUTANTS } from './named-chain.ts'
import { EVIDENCE_MUTANTS } from './named-evidence.ts'
import { FETCH_MUTANTS } from './named-fetch.ts'
import { FIELD_MUTANTS } from './named-fields.ts'
import { FIXTURE_MUTANTS } from './named-fixture.ts'
import { FULL_MUTANTS } from './named-full.ts'
import { HTTP_MUTANTS } from './named-http.ts'
import { ORDER_MUTANTS } from './named-order.ts'
import { PLACE_MUTANTS } from './named-places.ts'
import { PROOF_MUTANTS } from './named-proof.ts'
import { READING_MUTANTS } from './named-reading.ts'
import { SETTINGS_MUTANTS } from './named-settings.ts'
import { SPELLING_MUTANTS } from './named-spelling.ts'
import { START_MUTANTS } from './named-start.ts'
import { TOKEN_MUTANTS } from './named-token.ts'

/** All of them, in the order of the road as far as there is one. */
export function namedMutants(): readonly Mutant[] {
  return [
    ...TOKEN_MUTANTS,
    ...SPELLING_MUTANTS,
    ...PROOF_MUTANTS,
    ...EVIDENCE_MUTANTS,
    ...CHAIN_MUTANTS,
    ...BOUND_MUTANTS,
    ...PLACE_MUTANTS,
    ...READING_MUTANTS,
    ...FETCH_MUTANTS,
    ...HTTP_MUTANTS,
    ...FIELD_MUTANTS,
    ...ORDER_MUTANTS,
    ...FIXTURE_MUTANTS,
    ...FULL_MUTANTS,
    ...SETTINGS_MUTANTS,
    ...START_MUTANTS,
  ]
}
