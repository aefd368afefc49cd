/** Runs one case: control, changed request, control, and counts what the handler did; or one request that must be served. @module */
import type { Case } from '../build/index.ts'
import { effectsOf, faultsOfEffects, sendInTime, sendServable, shotOf, type Bench } from './bench.ts'
import { runControl, type Finding } from './control.ts'
import type { CaseResult, Shot } from './result.ts'
import { runSteps } from './steps.ts'

/** Runs a case to its end. Rejects only for a fault of the suite itself. */
export async function runCase(bench: Bench, test: Case): Promise<CaseResult> {
  const started = performance.now()
  const finding = await findingOf(bench, test).catch((error: unknown) => {
    throw new Error(`case ${test.id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  return { case: test, ...finding, milliseconds: Math.round(performance.now() - started) }
}

function findingOf(bench: Bench, test: Case): Promise<Finding> {
  if (test.steps !== undefined) return runSteps(bench, test, test.steps)
  return test.side === 'serve' ? runServed(bench, test) : runSandwich(bench, test)
}

async function runServed(bench: Bench, test: Case): Promise<Finding> {
  const { built, done } = await sendServable(bench, test, test, 0)
  const effects = await effectsOf(bench, built.nonce)
  const echo = 'echo' in test.expect ? test.expect.echo : {}
  const faults = [...bench.judge.served(done, built, echo), ...faultsOfEffects('the request', effects, 1)]
  return { verdict: faults.length === 0 ? 'PASS' : 'FAIL', faults, shots: [shotOf('request', built, done, effects, 1)] }
}

/** The changed request between two that differ from it in nothing else: what refuses it is the change. */
async function runSandwich(bench: Bench, test: Case): Promise<Finding> {
  const shots: Shot[] = []
  const request = { base: test.base, change: [] }
  const before = await runControl(bench, { test, request, run: 0 }, 'control', shots)
  if (before.length > 0) return { verdict: 'INCONCLUSIVE', faults: before, shots }

  const { built, done } = await sendInTime(bench, test, test, 1)
  const judged = bench.judge.refused(done, built, test.expect)

  const later: Shot[] = []
  const after = await runControl(bench, { test, request, run: 2 }, 'control after it', later)
  // Asked last: what the handler does after the response counts too.
  const effects = await effectsOf(bench, built.nonce)
  shots.push(shotOf('changed', built, done, effects, 0), ...later)

  const faults = [...judged, ...faultsOfEffects('the changed request', effects, 0)]
  if (faults.length > 0) return { verdict: 'FAIL', faults: [...faults, ...after], shots }
  return { verdict: after.length === 0 ? 'PASS' : 'INCONCLUSIVE', faults: after, shots }
}
