/** What only all cases together can show: refusals that must look alike, and places that nobody may ask. @module */
import type { Case } from '../build/index.ts'
import { codeIn } from '../judge/problem.ts'
import { readResponse, type Response } from '../wire/response.ts'
import type { CaseResult } from './result.ts'

/** The group of what is judged about the run as a whole. */
export const WHOLE = 'overall'

const ABOUT = { group: WHOLE, side: 'refuse', base: 'plain', change: [] } as const

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
    id: 'overall-nobody-else-asked',
    title: 'A receiver asks nobody whom its trust bundle does not name',
    level: 'standard',
    must: ['AHP-ROAD-4'],
    expect: { code: 'token_issuer_unknown' },
  },
]

/** Fields whose values differ between any two responses. */
const CHANGING: ReadonlySet<string> = new Set(['date', 'content-length'])

/** Judges the run as a whole. */
export function judgeOverall(test: Case, results: readonly CaseResult[], trespasses: readonly string[]): CaseResult {
  const faults = test.id === 'overall-untrusted-alike' ? faultsOfLikeness(results) : trespasses
  const verdict = faults === undefined ? 'INCONCLUSIVE' : faults.length === 0 ? 'PASS' : 'FAIL'
  return {
    case: test,
    verdict,
    faults: faults ?? ['fewer than two requests were refused as untrusted'],
    shots: [],
    milliseconds: 0,
  }
}

/** `undefined` when there is nothing to compare. */
function faultsOfLikeness(results: readonly CaseResult[]): readonly string[] | undefined {
  const looks = results.flatMap(({ case: test, shots }) =>
    shots.flatMap(({ sent, received }) => {
      const reading = readResponse(Buffer.from(received), true, Buffer.from(sent.subarray(0, 5)).toString('latin1') === 'HEAD ')
      if (reading.kind !== 'complete' || codeIn(reading.response) !== 'untrusted') return []
      return [{ id: test.id, look: lookOf(reading.response) }]
    }),
  )
  const [first, ...others] = looks
  if (first === undefined || others.length === 0) return undefined
  const different = others.find(({ look }) => look !== first.look)
  return different === undefined
    ? []
    : [`the refusals of ${first.id} and ${different.id} can be told apart: ${first.look} and ${different.look}`]
}

/** Everything of a refusal but what changes anyway: the clock, in the header and in the body. */
function lookOf({ status, fields, content }: Response): string {
  const shown = fields.filter(([name]) => !CHANGING.has(name)).map(([name, value]) => `${name}: ${value}`)
  const text = Buffer.from(content)
    .toString('utf8')
    .replace(/"now":\s*\d+/, '"now":0')
  return [String(status), ...shown, text].join(' | ')
}
