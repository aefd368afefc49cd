/** What only a restart shows: a token that was used before it is not served after it (AHP-TIME-13). @module */
import type { Case } from '../build/index.ts'
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

/** `restart` ends the process without warning and starts it again; null where the suite did not start it. */
export async function judgeRestart(bench: Bench, restart: (() => Promise<void>) | null): Promise<CaseResult> {
  const result = { case: RESTART, shots: [] as Shot[], milliseconds: 0 }
  if (restart === null)
    return { ...result, verdict: 'NOT_CLAIMED', faults: ['only a receiver that the suite starts itself (--exec) shows it'] }
  const { built, done: first } = await sendServable(bench, RESTART, RESTART, 0)
  const before = [
    ...bench.judge.served(first, built, {}),
    ...faultsOfEffects('the token', await effectsOf(bench, built.nonce), 1),
  ]
  result.shots.push(shotOf('before the restart', built, first, 1, 1))
  if (before.length > 0) return { ...result, verdict: 'INCONCLUSIVE', faults: before }
  await restart()
  const again = await send(bench, built)
  // The fixture counts in memory: what was before the restart is forgotten.
  const effects = await effectsOf(bench, built.nonce)
  result.shots.push(shotOf('after the restart', built, again, effects, 0))
  const faults = [...bench.judge.refused(again, built, RESTART.expect), ...faultsOfEffects('the same token', effects, 0)]
  return { ...result, verdict: faults.length === 0 ? 'PASS' : 'FAIL', faults }
}
