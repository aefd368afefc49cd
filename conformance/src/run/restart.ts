/** What only a restart shows: a token that was used before it is not served after it (AHP-TIME-13). @module */
import type { Built, Case, Expectation } from '../build/index.ts'
import type { Exchange } from '../wire/exchange.ts'
import { effectsOf, faultsOfEffects, send, sendServable, shotOf, type Bench } from './bench.ts'
import { WHOLE } from './overall.ts'
import type { CaseResult, Shot } from './result.ts'

/** Judged last of all: it ends the receiver in the middle of its life. */
export const RESTART: Case = {
  id: 'overall-restart',
  group: WHOLE,
  title: 'A token that was used before a restart is not served after it',
  level: 'basic',
  must: ['AHP-TIME-13'],
  side: 'refuse',
  base: 'plain',
  change: [],
  expect: { anyOf: ['replay_warming', 'token_replayed'] },
  why: 'A store that outlives the process knows the token; one that does not has to wait until no such token can be left',
}

/** Once tokens are served again, the old one may have ended by itself: a restart takes its time. */
const LATER: Expectation = { anyOf: ['replay_warming', 'token_replayed', 'token_expired'] }

/** `restart` ends the process without warning and starts it again; null where the suite did not start it. */
export async function judgeRestart(bench: Bench, restart: (() => Promise<void>) | null): Promise<CaseResult> {
  const result = { case: RESTART, shots: [] as Shot[], milliseconds: 0 }
  if (restart === null)
    return { ...result, verdict: 'NOT_CLAIMED', faults: ['only a receiver that the suite starts itself (--exec) shows it'] }
  const { built, done: first } = await sendServable(bench, RESTART, RESTART, 0)
  const before = await servedOnce(bench, result.shots, 'before the restart', built, first)
  if (before.length > 0) return { ...result, verdict: 'INCONCLUSIVE', faults: before }
  await restart()
  const faults = await refusedAgain(bench, result.shots, 'after the restart', built, RESTART.expect)
  if (faults.length > 0) return { ...result, verdict: 'FAIL', faults }
  // What is too old for a store that has just begun is so whenever it comes: a pause by the clock is over when others are served again.
  const fresh = await sendServable(bench, RESTART, RESTART, 1)
  const between = await servedOnce(bench, result.shots, 'a new one', fresh.built, fresh.done)
  if (between.length > 0) return { ...result, verdict: 'INCONCLUSIVE', faults: between }
  const later = await refusedAgain(bench, result.shots, 'when a new one was served', built, LATER)
  return { ...result, verdict: later.length === 0 ? 'PASS' : 'FAIL', faults: later }
}

async function servedOnce(bench: Bench, shots: Shot[], label: string, built: Built, done: Exchange): Promise<readonly string[]> {
  const effects = await effectsOf(bench, built.nonce)
  shots.push(shotOf(label, built, done, effects, 1))
  return [...bench.judge.served(done, built, {}), ...faultsOfEffects('the token', effects, 1)]
}

/** The fixture counts in memory: what was before the restart is forgotten. */
async function refusedAgain(
  bench: Bench,
  shots: Shot[],
  label: string,
  built: Built,
  expect: Expectation,
): Promise<readonly string[]> {
  const done = await send(bench, built)
  const effects = await effectsOf(bench, built.nonce)
  shots.push(shotOf(label, built, done, effects, 0))
  return [...bench.judge.refused(done, built, expect), ...faultsOfEffects('the same token', effects, 0)]
}
