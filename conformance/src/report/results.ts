/** The results as data, for programs: schemas/results.schema.json says their form. @module */
import type { CaseResult, RunResult, Shot } from '../run/result.ts'
import { reproduction } from './reproduce.ts'

/** One request of a case; bytes as base64. */
export interface ResultShot {
  readonly label: string
  readonly outcome: string
  readonly milliseconds: number
  readonly effects: number | null
  readonly effectsExpected: number
  readonly sent: string
  readonly received: string
  readonly receivedBytes: number
}

export interface ResultCase {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly level: string
  readonly side: string
  readonly must: readonly string[]
  readonly verdict: string
  readonly faults: readonly string[]
  readonly milliseconds: number
  readonly reproduce: string
  readonly shots: readonly ResultShot[]
}

export interface Results {
  readonly v: 1
  readonly suite: string
  readonly revision: string
  readonly requirementsDigest: string
  readonly casesDigest: string
  readonly url: string
  readonly level: string
  readonly seed: string
  readonly session: string
  readonly started: string
  readonly milliseconds: number
  readonly clockOffset: number
  readonly conformant: boolean
  readonly partial: boolean
  readonly ending: { readonly kind: string; readonly sentence: string } | null
  readonly cases: readonly ResultCase[]
}

/** Version of the suite in all reports. */
export const SUITE = '0.1.0'

/** The results of a run as data. Only evidence that was made for this run is in it: keys of the suite protect nothing. */
export function resultsOf(result: RunResult): Results {
  const { revision, requirementsDigest, casesDigest, url, level, seed, session, started, milliseconds } = result
  const { clockOffset, conformant, partial } = result
  const ending = result.ending === null ? null : { kind: result.ending.kind, sentence: result.ending.sentence }
  const cases = result.results.map((each) => caseOf(each, result))
  const about = { revision, requirementsDigest, casesDigest, url, level, seed, session, started, milliseconds, clockOffset }
  return { v: 1, suite: SUITE, ...about, conformant, partial, ending, cases }
}

function caseOf(each: CaseResult, run: RunResult): ResultCase {
  const { id, group, title, level, side, must } = each.case
  const { verdict, faults, milliseconds } = each
  const shots = each.shots.map(shotOf)
  return { id, group, title, level, side, must, verdict, faults, milliseconds, reproduce: reproduction(run, each), shots }
}

function shotOf({ label, outcome, milliseconds, effects, effectsExpected, sent, received, receivedBytes }: Shot): ResultShot {
  const about = { label, outcome, milliseconds, effects, effectsExpected }
  return { ...about, sent: base64(sent), received: base64(received), receivedBytes }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
