/** The request that has nothing wrong: what is refused between two of these was refused for the change alone. @module */
import type { Case } from '../build/index.ts'
import { effectsOf, faultsOfEffects, sendServable, shotOf, uncleanness, type Bench } from './bench.ts'
import type { Shot, Verdict } from './result.ts'

/** What a case was found to be, before the baseline is looked at. */
export interface Finding {
  readonly verdict: Extract<Verdict, 'PASS' | 'FAIL' | 'INCONCLUSIVE'>
  readonly faults: readonly string[]
  readonly shots: readonly Shot[]
}

/** The base of a case, unchanged. */
export interface Control {
  readonly test: Case
  readonly base: string
  /** Counts the requests of the case. */
  readonly run: number
}

/** Faults of a request that has nothing wrong, each a sentence. */
export async function runControl(
  bench: Bench,
  { test, base, run }: Control,
  label: string,
  shots: Shot[],
): Promise<readonly string[]> {
  const { built, done } = await sendServable(bench, test, { base, change: [] }, run)
  const effects = await effectsOf(bench, built.nonce)
  shots.push(shotOf(label, built, done, effects, 1))
  const faults = [...bench.judge.served(done, built, {}), ...faultsOfEffects(`the ${label}`, effects, 1)]
  const [first] = faults
  return first === undefined ? [] : [`the ${label}, which has nothing wrong, was not served cleanly${uncleanness(done, first)}`]
}
