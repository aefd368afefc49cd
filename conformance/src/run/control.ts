/** The request that has nothing wrong: what is refused between two of these was refused for the change alone. @module */
import type { Case, CaseRequest } from '../build/index.ts'
import { effectsOf, faultsOfEffects, sendServable, shotOf, uncleanness, type Bench } from './bench.ts'
import type { Shot, Verdict } from './result.ts'

/** What a case was found to be, before the baseline is looked at. */
export interface Finding {
  readonly verdict: Extract<Verdict, 'PASS' | 'FAIL' | 'INCONCLUSIVE'>
  readonly faults: readonly string[]
  readonly shots: readonly Shot[]
}

/** A request with nothing wrong, such as the base of a case. */
export interface Control {
  readonly test: Case
  readonly request: CaseRequest
  /** Counts the requests of the case. */
  readonly run: number
}

/** Faults of a request that has nothing wrong, each a sentence. */
export async function runControl(
  bench: Bench,
  { test, request, run }: Control,
  label: string,
  shots: Shot[],
): Promise<readonly string[]> {
  const { built, done } = await sendServable(bench, test, request, run)
  const effects = await effectsOf(bench, built.nonce)
  shots.push(shotOf(label, built, done, effects, 1))
  const faults = [...bench.judge.served(done, built, {}), ...faultsOfEffects(`the ${label}`, effects, 1)]
  const [first] = faults
  return first === undefined ? [] : [`the ${label}, which has nothing wrong, was not served cleanly${uncleanness(done, first)}`]
}
