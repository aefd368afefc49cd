/** Runs a case of several steps: requests, the same token again, many at once, what the suite host does, and waiting. @module */
import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Case, CaseRequest, Expectation, Step } from '../build/index.ts'
import { effectsOf, faultsOfEffects, prepare, rebuild, send, shotOf, type Bench, type Sendable } from './bench.ts'
import { runControl, type Finding } from './control.ts'
import type { Shot } from './result.ts'

interface Progress {
  readonly bench: Bench
  readonly test: Case
  readonly shots: Shot[]
  readonly faults: string[]
  /** Requests that later steps refer to. */
  readonly named: Map<string, { readonly request: CaseRequest; readonly sendable: Sendable }>
  /** How often the handler has to have run, per nonce. */
  readonly effects: Map<string, number>
  /** How often the suite host was asked at a path when it was last looked at. */
  readonly asked: Map<string, number>
  run: number
}

/** Runs all steps; the first fault ends the case. A control around the steps shows that the receiver serves what it must. */
export async function runSteps(bench: Bench, test: Case, steps: readonly Step[]): Promise<Finding> {
  const progress = progressOf(bench, test, steps)
  const { shots, faults } = progress
  const request = { base: 'plain', change: [] }
  const before = await runControl(bench, { test, request, run: progress.run }, 'control', shots)
  if (before.length > 0) return { verdict: 'INCONCLUSIVE', faults: before, shots }
  await runAll(progress, steps)
  progress.run += 1
  const after = await runControl(bench, { test, request, run: progress.run }, 'control after it', shots)
  if (faults.length > 0) return { verdict: 'FAIL', faults: [...faults, ...after], shots }
  return { verdict: after.length === 0 ? 'PASS' : 'INCONCLUSIVE', faults: after, shots }
}

/** The steps of a case about a bundle: whatever is not as it has to be is the fault of this bundle. The first waits as a control does. */
export async function runUnder(bench: Bench, test: Case, [, ...steps]: readonly Step[]): Promise<Finding> {
  const progress = progressOf(bench, test, steps)
  const { shots, faults } = progress
  faults.push(...(await runControl(bench, { test, request: test, run: progress.run }, 'first request', shots)))
  if (faults.length === 0) await runAll(progress, steps, 2)
  return { verdict: faults.length === 0 ? 'PASS' : 'FAIL', faults, shots }
}

function progressOf(bench: Bench, test: Case, steps: readonly Step[]): Progress {
  const asked = steps.flatMap((step) => ('hits' in step ? [[step.hits, bench.host?.hitsOf(step.hits) ?? 0] as const] : []))
  const lists = { shots: [], faults: [], named: new Map(), effects: new Map(), asked: new Map(asked) }
  return { bench, test, ...lists, run: 1000 }
}

/** One step after the other up to the first fault, and then how often handlers ran. */
async function runAll(progress: Progress, steps: readonly Step[], first = 1): Promise<void> {
  const { bench, faults, effects } = progress
  for (const [at, step] of steps.entries()) {
    progress.run += 1
    const found = await runStep(progress, step)
    faults.push(...found.map((fault) => `step ${at + first}: ${fault}`))
    if (faults.length > 0) break
  }
  for (const [nonce, expected] of effects) faults.push(...faultsOfEffects('the case', await effectsOf(bench, nonce), expected))
}

async function runStep(progress: Progress, step: Step): Promise<readonly string[]> {
  const { bench, test } = progress
  if ('wait' in step) {
    await pause(step.wait * 1000)
    return []
  }
  if ('host' in step) {
    if (bench.host === null) throw new TypeError(`case ${test.id} needs the suite host, which this run has not started`)
    bench.host.script(test.id, step.host)
    return []
  }
  if ('make' in step) {
    progress.named.set(step.as, { request: step.make, sendable: await prepare(bench, test, step.make, progress.run) })
    return []
  }
  if ('hits' in step) return runHits(progress, step)
  if ('concurrent' in step) return runTogether(progress, step)
  if ('again' in step) {
    const known = progress.named.get(step.again)
    if (known === undefined) throw new TypeError(`case ${test.id}: no step before sends '${step.again}'`)
    const request = { base: known.request.base, change: [...known.request.change, ...step.change] }
    return runOne(
      progress,
      { ...known.sendable, built: rebuild(bench, test, request, known.sendable) },
      `${step.again} again`,
      step.expect,
    )
  }
  const sendable = await prepare(bench, test, step.send, progress.run)
  if (step.as !== undefined) progress.named.set(step.as, { request: step.send, sendable })
  return runOne(progress, sendable, step.as ?? 'request', step.expect)
}

async function runOne(
  { bench, shots, effects }: Progress,
  { built }: Sendable,
  label: string,
  expect: Expectation,
): Promise<readonly string[]> {
  const done = await send(bench, built)
  const expected = (effects.get(built.nonce) ?? 0) + ('echo' in expect ? 1 : 0)
  effects.set(built.nonce, expected)
  const counted = await effectsOf(bench, built.nonce)
  shots.push(shotOf(label, built, done, counted, expected))
  const judged = 'echo' in expect ? bench.judge.served(done, built, expect.echo) : bench.judge.refused(done, built, expect)
  return [...judged, ...faultsOfEffects(label, counted, expected)]
}

function runHits(
  { bench, test, asked }: Progress,
  { hits: path, least, most }: Extract<Step, { hits: string }>,
): readonly string[] {
  if (bench.host === null) throw new TypeError(`case ${test.id} needs the suite host, which this run has not started`)
  const count = bench.host.hitsOf(path)
  const since = count - (asked.get(path) ?? 0)
  asked.set(path, count)
  return since < least || since > most
    ? [`the suite host was asked ${since} times for ${path}, not ${least} to ${most} times`]
    : []
}

/** All connections hold back their last byte until all others have come so far. */
async function runTogether(
  { bench, test, run, shots, effects }: Progress,
  step: Extract<Step, { concurrent: number }>,
): Promise<readonly string[]> {
  const { built } = await prepare(bench, test, step.send, run)
  const gate = barrier(step.concurrent)
  const done = await Promise.all(Array.from({ length: step.concurrent }, () => send(bench, built, gate)))
  effects.set(built.nonce, 1)
  const counted = await effectsOf(bench, built.nonce)
  shots.push(...done.map((each, at) => shotOf(`copy ${at + 1}`, built, each, counted, 1)))
  const judged = done.map((each) => bench.judge.served(each, built, {}))
  const served = judged.filter((faults) => faults.length === 0).length
  const others = done.filter((_, at) => judged[at]?.length !== 0)
  return [
    ...(served === 1 ? [] : [`${served} of ${step.concurrent} copies were served and not exactly one`]),
    ...others.flatMap((each) => bench.judge.refused(each, built, { code: step.expect.code })).slice(0, 3),
    ...faultsOfEffects('all copies together', counted, 1),
  ]
}

/** Resolves for all when `count` have come, or after two seconds for those that are there. */
function barrier(count: number): () => Promise<void> {
  let arrived = 0
  const full = new EventEmitter()
  const open = once(full, 'full')
  return async () => {
    arrived += 1
    if (arrived === count) full.emit('full')
    await Promise.race([open, pause(2000)])
  }
}
