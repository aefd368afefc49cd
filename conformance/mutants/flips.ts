/** Holds each negative case to serve under a receiver that does not mind what the case is about (conformance/README.md). @module */
import { readFileSync } from 'node:fs'
import type { Case } from '@aiegis/conformance/run'
import type { Known } from './all.ts'
import type { Matrix } from './matrix.ts'
import { MUTANTS } from './mutant.ts'

/** What is known about the mutants that suppress the refusal of a case. */
export interface Flip {
  readonly id: string
  readonly code: string
  /** Mutants under which the changed request is served. */
  readonly served: readonly string[]
  /** Mutants that change the answer and do not serve: something else refuses the request too. */
  readonly refused: readonly string[]
}

/** Every case that is refused with one exact code in one step. */
export function flipsOf(cases: readonly Case[], mutants: readonly Known[], matrix: Matrix): readonly Flip[] {
  const lenient = mutants.filter(({ family }) => family !== 'strict')
  return cases.flatMap(({ id, side, steps, expect }) => {
    if (side !== 'refuse' || steps !== undefined || !('code' in expect)) return []
    const served = lenient.filter((mutant) => matrix[mutant.id]?.flips.includes(id) === true)
    const refused = lenient.filter((mutant) => !served.includes(mutant) && matrix[mutant.id]?.killers.includes(id) === true)
    return [{ id, code: expect.code, served: served.map((one) => one.id), refused: refused.map((one) => one.id) }]
  })
}

/** Reads exempt.json: refusals that no single defect turns into service, by case, each with what else refuses it or why nothing is left. */
export function readExempt(): Readonly<Record<string, string>> {
  const exempt: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL('exempt.json', MUTANTS), 'utf8'))
  return exempt
}
