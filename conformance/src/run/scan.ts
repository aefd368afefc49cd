/** Runs a case without the two controls around its changed request: fast, for finding out which cases notice a defect. It obtains nothing. @module */
import type { Case } from '../build/index.ts'
import { effectsOf, faultsOfEffects, sendInTime, shotOf, type Bench } from './bench.ts'
import { runCase } from './case.ts'
import type { CaseResult } from './result.ts'

/** As `runCase`, which has to confirm what is found here: a receiver that refuses everything passes. */
export async function scanCase(bench: Bench, test: Case): Promise<CaseResult> {
  if (test.side === 'serve' || test.steps !== undefined) return runCase(bench, test)
  const started = performance.now()
  const { built, done } = await sendInTime(bench, test, test, 1)
  const judged = bench.judge.refused(done, built, test.expect)
  // Counted where the request was not refused as it had to be: the others cost half of all the time.
  const effects = judged.length === 0 ? 0 : await effectsOf(bench, built.nonce)
  const faults = [...judged, ...faultsOfEffects('the changed request', effects, 0)]
  return {
    case: test,
    verdict: faults.length === 0 ? 'PASS' : 'FAIL',
    faults,
    shots: [shotOf('changed', built, done, effects, 0)],
    milliseconds: Math.round(performance.now() - started),
  }
}
