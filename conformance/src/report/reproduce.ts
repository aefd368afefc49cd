/** The command that shows one case again, for every report. @module */
import type { CaseResult, RunResult } from '../run/result.ts'

/** Evidence ends within a minute, so a case is shown again by building it anew: same seed, same case. */
export function reproduction(result: Pick<RunResult, 'url'>, { case: test }: Pick<CaseResult, 'case'>): string {
  return `npm run conformance -- run --url ${result.url} --only ${test.id}`
}
