/** The command that shows one case again, for every report. @module */
import type { CaseResult, RunResult } from '../run/result.ts'

/** Evidence ends within a minute, so a case is shown again by building it anew: same seed, same case. */
export function reproduction({ target }: Pick<RunResult, 'target'>, { case: test }: Pick<CaseResult, 'case'>): string {
  return `npm run conformance -- run ${target} --only ${test.id}`
}
