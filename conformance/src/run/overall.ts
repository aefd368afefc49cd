/** What only all cases together can show: refusals that must look alike, and places that nobody may ask. @module */
import type { Case } from '../build/index.ts'
import { readRegistry } from '../judge/registry.ts'
import { isHeadRequest } from '../wire/exchange.ts'
import { readResponse, valuesOf } from '../wire/response.ts'
import { ALIKE, faultsOfLikeness } from './likeness.ts'
import type { CaseResult, Shot } from './result.ts'

/** The group of what is judged about the run as a whole. */
export const WHOLE = 'overall'

const ABOUT = { group: WHOLE, side: 'refuse', base: 'plain', change: [] } as const

/** Judged by what the receiver says at the end (late.ts). */
export const LATE: Case = {
  ...ABOUT,
  id: 'overall-no-late-effects',
  title: 'Nothing is carried out after it was refused, and nothing twice, also not seconds later',
  level: 'basic',
  must: ['AHP-ROAD-1'],
  expect: { code: 'token_missing' },
}

/** Judged when all others have run; each holds or not for the run as a whole. */
export const OVERALL: readonly Case[] = [
  {
    ...ABOUT,
    id: 'overall-untrusted-alike',
    title: 'Unknown signers, unknown keys and bad signatures look exactly alike',
    level: 'basic',
    must: ['AHP-REFUSE-6', 'AHP-ROAD-9'],
    expect: { code: 'token_signature_invalid' },
  },
  {
    ...ABOUT,
    id: 'overall-refusals',
    title: 'Every refusal has its body and headers, nothing of the request in them, and no handler behind it',
    level: 'basic',
    must: ['AHP-REFUSE-1', 'AHP-REFUSE-2', 'AHP-REFUSE-3', 'AHP-REFUSE-5', 'AHP-REFUSE-7', 'AHP-ROAD-1'],
    expect: { code: 'token_missing' },
  },
  {
    ...ABOUT,
    id: 'overall-unmeasured',
    title: 'What could not be measured is refused with 503 and a time to come back',
    level: 'standard',
    must: ['AHP-REFUSE-4', 'AHP-REFUSE-8'],
    expect: { code: 'status_unavailable' },
  },
  {
    ...ABOUT,
    id: 'overall-nobody-else-asked',
    title: 'A receiver asks nobody whom its trust bundle does not name',
    level: 'standard',
    must: ['AHP-ROAD-4'],
    expect: { code: 'token_issuer_unknown' },
  },
  LATE,
]

/**
 * Those of `chosen`, and of `cases` the ones whose requests show what a chosen case judges about the run as a whole: alone it would show
 * nothing.
 */
export function withJudged(chosen: readonly Case[], cases: readonly Case[]): readonly Case[] {
  const judged = chosen.flatMap(({ id, group }) => (group === WHOLE ? (JUDGED[id] ?? []) : []))
  if (judged.length === 0) return chosen
  return [...chosen, ...cases.filter((test) => !chosen.includes(test) && judged.some((isJudged) => isJudged(test)))]
}

type Judged = (test: Case) => boolean

const REGISTRY = readRegistry()
const isRefused: Judged = ({ side, bundle, group }) => side === 'refuse' && bundle === undefined && group !== WHOLE

/** Which cases show it, by the id of the case that judges them. */
const JUDGED: Readonly<Record<string, readonly Judged[]>> = {
  'overall-untrusted-alike': [({ expect }) => 'code' in expect && REGISTRY.get(expect.code)?.public === ALIKE],
  'overall-refusals': [isRefused],
  'overall-unmeasured': [isRefused],
  [LATE.id]: [isRefused],
  'overall-nobody-else-asked': [({ group }) => group === 'documents'],
}

/** Judges the run as a whole. */
export function judgeOverall(test: Case, results: readonly CaseResult[], trespasses: readonly string[]): CaseResult {
  const faults = faultsOf(test, results, trespasses)
  const verdict = faults === undefined ? 'INCONCLUSIVE' : faults.length === 0 ? 'PASS' : 'FAIL'
  return { case: test, verdict, faults: faults ?? ['no request of this run shows it'], shots: [], milliseconds: 0 }
}

/** `undefined` when the run does not show it. */
function faultsOf({ id }: Case, results: readonly CaseResult[], trespasses: readonly string[]): readonly string[] | undefined {
  if (id === 'overall-untrusted-alike') return faultsOfLikeness(results)
  if (id === 'overall-refusals') return faultsOfRefusals(results, ['400', '401', '403'])
  if (id !== 'overall-unmeasured') return trespasses
  const faults = faultsOfRefusals(results, ['503'])
  return faults?.length === 0 ? faultsOfJitter(results) : faults
}

/** A jitter of one second gives so many equal values once in some millions of runs. */
const MANY = 24

/** Of many refusals with one code not all may name the same time (AHP-REFUSE-4). That of `replay_warming` differs without jitter. */
function faultsOfJitter(results: readonly CaseResult[]): readonly string[] {
  const shots = results.flatMap((result) => result.shots.filter(({ outcome }) => outcome.startsWith('503 ')))
  return [...new Set(shots.map(({ outcome }) => outcome))].flatMap((outcome) => {
    const same = shots.filter((shot) => shot.outcome === outcome)
    const times = new Set(same.map(timeOf))
    if (same.length < MANY || times.size > 1) return []
    return [`${same.length} refusals (${outcome}) all have Retry-After: ${[...times].join('')}, without jitter (AHP-REFUSE-4)`]
  })
}

function timeOf({ sent, received }: Shot): string {
  const reading = readResponse(Buffer.from(received), true, isHeadRequest(sent))
  return reading.kind === 'complete' ? valuesOf(reading.response, 'retry-after').join(', ') : ''
}

/** The judge has held each of them to its row of the registry: all have to be right, and each of these statuses has to be among them. */
function faultsOfRefusals(results: readonly CaseResult[], statuses: readonly string[]): readonly string[] | undefined {
  const refused = results.filter((result) => result.case.side === 'refuse' && statuses.some((status) => has(result, status)))
  const wrong = refused.filter(({ verdict }) => verdict === 'FAIL').map((result) => `the refusal of ${result.case.id} is wrong`)
  if (wrong.length > 0) return wrong.slice(0, 5)
  return statuses.every((status) => refused.some((result) => result.verdict === 'PASS' && has(result, status))) ? [] : undefined
}

function has({ shots }: CaseResult, status: string): boolean {
  return shots.some(({ outcome }) => outcome.startsWith(`${status} `))
}
