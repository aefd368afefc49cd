/** A run with results of our own, for tests of what is made of them. @module */
import type { CaseResult, Ending, RunResult } from '../../src/run/result.ts'

/** The result of a run at level basic of a receiver that was started with `target`. */
export function resultOf(target: string, results: readonly CaseResult[], ending: Ending | null = null): RunResult {
  return {
    url: 'http://127.0.0.1:3000',
    target,
    level: 'basic',
    seed: 'aiegis',
    session: 'session',
    revision: 'ahp-receiver/0.1',
    requirementsDigest: 'a'.repeat(64),
    casesDigest: 'b'.repeat(64),
    started: '2026-11-21T06:00:00.000Z',
    milliseconds: 12_345,
    clockOffset: 0,
    results,
    ending,
    partial: false,
    conformant: false,
  }
}
