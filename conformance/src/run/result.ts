/** What a run found out, case by case: the shape that all reports are made from (schemas/results.schema.json). @module */
import type { Case, Level } from '../build/index.ts'

export type Verdict = 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'NOT_CLAIMED' | 'XFAIL' | 'XPASS'

/** So much of a response is kept for reports. */
export const KEPT_BYTES = 16_384

/** One request of a case and what came of it. */
export interface Shot {
  /** `control`, `changed`, or what a step is. */
  readonly label: string
  readonly sent: Uint8Array
  /** The first `KEPT_BYTES` at most of `receivedBytes`. */
  readonly received: Uint8Array
  readonly receivedBytes: number
  /** The outcome in a few words, for example `401 token_expired`. */
  readonly outcome: string
  readonly milliseconds: number
  readonly nonce: string
  /** How often the handler ran for its nonce, and how often it had to; null where it could not be asked. */
  readonly effects: number | null
  readonly effectsExpected: number
  /** Token, chain, proof and more as text. */
  readonly parts: Readonly<Record<string, string>>
}

export interface CaseResult {
  readonly case: Case
  readonly verdict: Verdict
  /** What is wrong, each a sentence; none when it passed. */
  readonly faults: readonly string[]
  readonly shots: readonly Shot[]
  readonly milliseconds: number
}

/** Why a run ended before its end, if it did. */
export interface Ending {
  readonly kind: 'unreachable' | 'smoke' | 'stopped'
  readonly sentence: string
  /** Cases that ran at that time. */
  readonly during: readonly string[]
}

export interface RunResult {
  readonly url: string
  /** The words of the command line that name this receiver: `--url …` or `--exec …`. */
  readonly target: string
  readonly level: Level
  readonly seed: string
  readonly session: string
  /** Revision and digest of the frozen requirements. */
  readonly revision: string
  readonly requirementsDigest: string
  /** SHA-256 over the case files, in hexadecimal. */
  readonly casesDigest: string
  /** ISO 8601. */
  readonly started: string
  readonly milliseconds: number
  /** Milliseconds that the receiver's clock is ahead of ours. */
  readonly clockOffset: number
  /** In the order of the case files. */
  readonly results: readonly CaseResult[]
  readonly ending: Ending | null
  /** Only some cases were chosen: no level can be obtained. */
  readonly partial: boolean
  /** The level is obtained: all its cases were run, and all passed, of which none is in the baseline. */
  readonly conformant: boolean
}

/** Whether nothing happened that was not expected: all cases that were run passed, or failed as the baseline says. */
export function isExpected({ ending, results }: Pick<RunResult, 'ending' | 'results'>): boolean {
  return ending === null && results.every(isGood)
}

/** Whether a result is what was expected. */
export function isGood({ verdict }: Pick<CaseResult, 'verdict'>): boolean {
  return verdict === 'PASS' || verdict === 'XFAIL' || verdict === 'NOT_CLAIMED'
}
