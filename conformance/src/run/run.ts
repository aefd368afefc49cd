/** Runs the suite against one receiver: clock, smoke test, all cases of the level, verdict. @module */
import { setTimeout as pause } from 'node:timers/promises'
import { trustBundle, type Case, type Level, type World } from '../build/index.ts'
import { createJudge } from '../judge/judge.ts'
import { readRegistry } from '../judge/registry.ts'
import { addressOf } from '../wire/address.ts'
import { createFixture, FixtureError, type Fixture } from '../wire/fixture.ts'
import { applyBaseline, type Baseline } from './baseline.ts'
import type { Bench, HostControl } from './bench.ts'
import { judgeBundle, type Starter } from './bundles.ts'
import { runCase } from './case.ts'
import { measureOffset } from './clock.ts'
import { judgeLate, LATE_MS } from './late.ts'
import { judgeOverall, LATE, withJudged, WHOLE } from './overall.ts'
import { createPeers, needsNothing } from './peers.ts'
import { inOrder, unclaimed, type Catalogue } from './plan.ts'
import { eachWithin } from './pool.ts'
import { readRequirements } from './requirements.ts'
import { judgeRestart, RESTART } from './restart.ts'
import { isExpected, isGood, type CaseResult, type Ending, type RunResult } from './result.ts'
import { scanCase } from './scan.ts'
import { worldOf, type Setup } from './setup.ts'
import { smokeTest } from './smoke.ts'
import { runUnder } from './steps.ts'

export interface RunOptions {
  readonly setup: Setup
  /** The words of the command line that name this receiver, for commands that show a case again. */
  readonly target: string
  /** The level that is claimed; not above that of the setup. */
  readonly level: Level
  readonly catalogue: Catalogue
  /** Those of the catalogue that were asked for; what they judge is run with them. */
  readonly chosen: readonly Case[]
  /** Names this execution, so that a second one against the same receiver has other identifiers. */
  readonly session: string
  readonly baseline: Baseline
  readonly parallel: number
  /** Leave the controls out: no level is obtained then. */
  readonly isScan?: boolean
  readonly deadlineSeconds: number
  readonly host: HostControl | null
  /** A sentence when the receiver that the suite started has ended, else `undefined`. */
  readonly ended: () => string | undefined
  /** A sentence when the receiver that the suite started did not listen in time. */
  readonly silent?: string
  /** Ends the receiver without warning and starts it again; null where the suite did not start it. */
  readonly restart: (() => Promise<void>) | null
  /** Starts one receiver more for each bundle that must not start; absent where the suite did not start the receiver. */
  readonly starter?: Starter
  readonly onResult: (result: CaseResult, done: number, all: number) => void
}

/** Runs everything. Rejects only for a fault of the suite itself. */
export async function run(options: RunOptions): Promise<RunResult> {
  const fixture = fixtureOf(options, options.setup.url)
  try {
    const { setup, level, catalogue, chosen } = options
    const claimed = catalogue.cases.filter((test) => unclaimed(test, level, setup.level) === undefined)
    return await runWith({ ...options, chosen: withJudged(chosen, claimed) }, fixture)
  } finally {
    await fixture.close()
  }
}

async function runWith(options: RunOptions, fixture: Fixture): Promise<RunResult> {
  const { setup, catalogue, chosen, session } = options
  const started = Date.now()
  const requirements = readRequirements()
  const finish = (results: readonly CaseResult[], ending: Ending | null, clockOffset: number): RunResult => {
    const partial = options.isScan === true || chosen.length < catalogue.cases.length
    const ordered = catalogue.cases.flatMap(({ id }) => results.filter((result) => result.case.id === id))
    return {
      url: setup.url,
      target: options.target,
      level: options.level,
      seed: setup.seed,
      session,
      revision: requirements.revision,
      requirementsDigest: requirements.digest,
      casesDigest: catalogue.digest,
      started: new Date(started).toISOString(),
      milliseconds: Date.now() - started,
      clockOffset,
      results: ordered,
      ending,
      partial,
      conformant: !partial && isExpected({ ending, results: ordered }) && ordered.every(({ verdict }) => verdict !== 'XFAIL'),
    }
  }

  let offset: number
  try {
    offset = await measureOffset(() => fixture.open(), pause)
  } catch (error) {
    if (!(error instanceof FixtureError)) throw error
    await pause(NOTICE_MS)
    const sentence =
      withStop(options.ended()) ?? options.silent ?? `There is no receiver with the fixture at ${setup.url}: ${error.message}.`
    return finish([], { kind: 'unreachable', sentence, during: [] }, 0)
  }
  const bench = benchOf(
    options,
    worldOf(setup, () => Date.now() + offset),
    fixture,
  )
  const unfit = await smokeTest(bench)
  if (unfit !== undefined) {
    await pause(NOTICE_MS)
    const ended = options.ended()
    return finish([], { kind: 'smoke', sentence: ended === undefined ? unfit : `${ended}. ${unfit}`, during: [] }, offset)
  }
  const { results, ending } = await runCases(options, bench)
  return finish(results, ending, offset)
}

function benchOf({ session, host, deadlineSeconds }: RunOptions, world: World, fixture: Fixture): Bench {
  const party = { ...partyOf(trustBundle(world)), skew: world.skew, now: world.now }
  const judge = createJudge(readRegistry(), party)
  return { world, address: addressOf(world.url.origin), fixture, judge, host, session, deadlineSeconds }
}

/** Starts a receiver with the bundle of a case; where this has requests, it is asked on the clock of the one that is judged. */
function runBundle(options: RunOptions, { now }: World, test: Case): Promise<CaseResult> {
  return judgeBundle(test, options.starter ?? null, async (world) => {
    const fixture = fixtureOf(options, world.url.origin)
    try {
      return await runUnder(benchOf(options, { ...world, now }, fixture), test, test.steps ?? [])
    } finally {
      await fixture.close()
    }
  })
}

function fixtureOf({ deadlineSeconds }: RunOptions, origin: string): Fixture {
  return createFixture(origin, Math.min(deadlineSeconds, 5))
}

async function runCases(
  options: RunOptions,
  bench: Bench,
): Promise<{ readonly results: readonly CaseResult[]; readonly ending: Ending | null }> {
  const { setup, chosen, baseline, parallel, onResult } = options
  const results: CaseResult[] = []
  let ending: Ending | null = null
  const note = (found: CaseResult): void => {
    const result = { ...found, faults: found.faults.map((fault) => fault.slice(0, MAX_FAULT)) }
    results.push(result)
    onResult(result, results.length, chosen.length)
  }
  const reasonOf = (test: Case): string | undefined => unclaimed(test, options.level, setup.level)
  const bundles = chosen.filter((test) => test.bundle !== undefined && reasonOf(test) === undefined)
  const claimed = chosen.filter((test) => test.group !== WHOLE && test.bundle === undefined && reasonOf(test) === undefined)
  for (const test of chosen) {
    const reason = reasonOf(test)
    if (reason !== undefined) note({ case: test, verdict: 'NOT_CLAIMED', faults: [reason], shots: [], milliseconds: 0 })
  }
  const running = new Set<string>()
  let hanging = 0
  const ordered = inOrder(claimed, setup.seed)
  const patient = ordered.filter(isPatient)
  const quick = ordered.filter((test) => !isPatient(test))
  const peers = createPeers(bench, claimed)
  const pool = (tests: readonly Case[], bound: number): Promise<void> =>
    eachWithin(
      tests,
      bound,
      () => ending !== null,
      async (test) => {
        await peers.ready(test)
        running.add(test.id)
        const result = applyBaseline(await (options.isScan === true ? scanCase : runCase)(bench, test), baseline)
        note(result)
        hanging = isHanging(result) ? hanging + 1 : 0
        if (!isGood(result) && ending === null) {
          // The first that saw it names all that ran; later some of them are over.
          const during = [...running]
          const silence = hanging < HANGING ? await silenceOf(bench) : SILENT
          if (silence !== undefined) ending ??= { kind: 'stopped', sentence: stopOf(options, silence, during), during }
        }
        running.delete(test.id)
      },
    )
  // What waits costs nothing meanwhile, and has to begin first.
  const pools = await Promise.allSettled([
    pool([...quick.filter(needsNothing), ...quick.filter((test) => !needsNothing(test))], parallel),
    pool(patient, patient.length),
    eachWithin(
      bundles,
      STARTS,
      () => ending !== null,
      async (test) => note(applyBaseline(await runBundle(options, bench.world, test), baseline)),
    ),
  ])
  for (const pooled of pools) if (pooled.status === 'rejected') throw pooled.reason
  const seen = new Set(results.map((result) => result.case.id))
  for (const test of [...claimed, ...bundles]) {
    if (!seen.has(test.id)) note(stoppedBefore(test))
  }
  const whole = chosen.filter((test) => test.group === WHOLE && reasonOf(test) === undefined)
  for (const result of await judgeWhole(options, bench, whole, results, ending !== null)) note(applyBaseline(result, baseline))
  return { results, ending }
}

/** Whether most of the time of a case is waiting. */
function isPatient({ steps = [] }: Case): boolean {
  return steps.some((step) => 'wait' in step && step.wait >= PATIENT_SECONDS)
}

const PATIENT_SECONDS = 4
/** A sentence may quote what a receiver sent. */
const MAX_FAULT = 2000
/** So many cases in a row are no slowness: the others would wait for nothing. */
const HANGING = 32
const SILENT = `${HANGING} requests in a row that have nothing wrong had no response`
/** Receivers that are started at the same time. */
const STARTS = 2

/** Whether a request with nothing wrong, the first of the case, had no response. */
function isHanging({ shots: [first] }: CaseResult): boolean {
  return first !== undefined && first.effectsExpected > 0 && first.outcome === 'no response'
}

/** What is about the run as a whole, and last of all the restart. */
async function judgeWhole(
  { restart, chosen, catalogue }: RunOptions,
  bench: Bench,
  whole: readonly Case[],
  results: readonly CaseResult[],
  stopped: boolean,
): Promise<readonly CaseResult[]> {
  // What a receiver with another bundle said shows nothing of this one.
  const own = results.filter(({ case: { bundle } }) => bundle === undefined)
  // Whom a request named may be asked a little later than it is answered.
  if (!stopped && whole.includes(LATE)) await pause(LATE_MS)
  else if (whole.length > 0 && bench.host !== null) await pause(ASKED_MS)
  const trespasses = bench.host?.takeTrespasses() ?? []
  const found: CaseResult[] = []
  for (const test of whole) {
    if (stopped && (test === RESTART || test === LATE)) found.push(stoppedBefore(test))
    else if (test === RESTART) found.push(await judgeRestart(bench, restart))
    else if (test === LATE) found.push(await judgeLate(bench, test, own))
    else {
      const result = judgeOverall(test, own, trespasses)
      found.push(chosen.length < catalogue.cases.length ? ofPart(result) : result)
    }
  }
  return found
}

function stoppedBefore(test: Case): CaseResult {
  return { case: test, verdict: 'INCONCLUSIVE', faults: ['the receiver had stopped before'], shots: [], milliseconds: 0 }
}

/** Where only some cases were chosen, what they do not show is not asked for. */
function ofPart(result: CaseResult): CaseResult {
  if (result.verdict !== 'INCONCLUSIVE') return result
  return { ...result, verdict: 'NOT_CLAIMED', faults: ['only a run of all cases shows it'] }
}

/** Why the receiver does not answer any more, if so. Two chances: one that is busy is not one that has ended. */
async function silenceOf(bench: Bench): Promise<string | undefined> {
  let silence: string | undefined
  for (let chance = 0; chance < 2; chance += 1) {
    try {
      await bench.fixture.open()
      return undefined
    } catch (error) {
      if (!(error instanceof FixtureError)) throw error
      silence = error.message
    }
  }
  await pause(NOTICE_MS)
  return silence
}

function withStop(sentence: string | undefined): string | undefined {
  return sentence === undefined ? undefined : `${sentence}.`
}

/** A receiver that ends while it answers is noticed a little later than the broken connection. */
const NOTICE_MS = 200
const ASKED_MS = 1000

function stopOf({ ended }: RunOptions, silence: string, during: readonly string[]): string {
  const what = ended()
  return `${what ?? 'The receiver stopped answering'}; at that time ran ${during.join(', ')}.${what === undefined ? ` ${silence}.` : ''}`
}

/** Audience and accepted harnesses, which a challenge names. */
function partyOf(bundle: Record<string, unknown>): { readonly audience: string; readonly harnesses: readonly string[] } {
  const { audience, harnesses } = bundle
  const dids = Array.isArray(harnesses) ? harnesses.map(didOf) : []
  return { audience: String(audience), harnesses: dids }
}

function didOf(party: unknown): string {
  return typeof party === 'object' && party !== null && 'did' in party ? String(party.did) : ''
}
