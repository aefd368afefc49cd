/** Asks once more, after all cases, how often handlers ran: what is carried out after its refusal is seen by nobody before (AHP-ROAD-1). @module */
import type { Case } from '../build/index.ts'
import { effectsOf, faultsOfEffects, type Bench } from './bench.ts'
import { eachWithin } from './pool.ts'
import type { CaseResult, Verdict } from './result.ts'

/** How long after the last case a handler may still begin and be seen. */
export const LATE_MS = 3000
const TOGETHER = 32
/** So many questions in a row without an answer are enough: whoever answers is asked to the end, however slow. */
const SILENT = 2 * TOGETHER

interface Counted {
  readonly id: string
  readonly nonce: string
  readonly expected: number
}

/** Judges `test` by the requests whose count was right when their case ended. */
export async function judgeLate(bench: Pick<Bench, 'fixture'>, test: Case, results: readonly CaseResult[]): Promise<CaseResult> {
  const started = performance.now()
  const counted = countedIn(results)
  const faults: string[] = []
  let told = 0
  let silent = 0
  await eachWithin(
    counted,
    TOGETHER,
    () => silent >= SILENT,
    async ({ id, nonce, expected }) => {
      const effects = (await effectsOf(bench, nonce)) ?? (await effectsOf(bench, nonce))
      silent = effects === null ? silent + 1 : 0
      if (effects !== null && effects > expected)
        faults.push(...faultsOfEffects(`a request of ${id}, counted again at the end,`, effects, expected))
      // A count that has become smaller was forgotten, as were perhaps those of what must not have run.
      if (effects !== null && effects >= expected) told += 1
    },
  )
  const result = (verdict: Verdict, ...sentences: readonly string[]): CaseResult => {
    return { case: test, verdict, faults: sentences, shots: [], milliseconds: Math.round(performance.now() - started) }
  }
  if (faults.length > 0) return result('FAIL', ...faults.slice(0, 5))
  if (counted.length === 0) return result('INCONCLUSIVE', 'no request of this run shows it')
  if (told === counted.length) return result('PASS')
  return result(
    'INCONCLUSIVE',
    `at the end GET /conformance/effects/<nonce> told ${told} of ${counted.length} counts that it has to keep for the whole run`,
  )
}

/** What must not have run comes first. */
function countedIn(results: readonly CaseResult[]): readonly Counted[] {
  const counted = new Map<string, Counted>()
  for (const { case: test, shots } of results) {
    for (const { nonce, effects, effectsExpected } of shots) {
      // A token that is sent again has the nonce of the first: the last says what is expected of all.
      if (effects === effectsExpected) counted.set(nonce, { id: test.id, nonce, expected: effectsExpected })
      else counted.delete(nonce)
    }
  }
  return [...counted.values()].toSorted((one, other) => one.expected - other.expected)
}
