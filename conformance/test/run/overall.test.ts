/** What only the whole run shows: each has a way to be wrong, and a way not to be shown. @module */
import { expect, test } from 'vitest'
import type { Case } from '../../src/build/index.ts'
import { judgeOverall, OVERALL, withJudged } from '../../src/run/overall.ts'
import { readCatalogue } from '../../src/run/plan.ts'
import type { CaseResult, Verdict } from '../../src/run/result.ts'

interface Refusal {
  readonly id: string
  readonly verdict?: Verdict
  readonly outcome?: string
  readonly fields?: string
  readonly now?: number
}

function refusal({ id, verdict = 'PASS', outcome = '401 untrusted', fields = '', now = 1 }: Refusal): CaseResult {
  const about: Case = {
    id,
    group: 'g',
    title: 'About it',
    level: 'basic',
    must: [],
    side: 'refuse',
    base: 'plain',
    change: [],
    expect: { code: 'untrusted' },
  }
  const [status, code] = outcome.split(' ')
  const body = JSON.stringify({ code, now })
  const received = Buffer.from(`HTTP/1.1 ${status} X\r\nDate: ${now}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`)
  const shot = {
    label: 'changed',
    sent: Buffer.from('GET / HTTP/1.1'),
    received,
    outcome,
    milliseconds: 1,
    effects: 0,
    effectsExpected: 0,
    parts: {},
  }
  return { case: about, verdict, faults: [], shots: [shot], milliseconds: 1 }
}

function judged(id: string, results: readonly CaseResult[], trespasses: readonly string[] = []): CaseResult {
  const about = OVERALL.find((each) => each.id === id)
  if (about === undefined) throw new Error(id)
  return judgeOverall(about, results, trespasses)
}

test('AHP-REFUSE-6: refusals as untrusted look alike, but for the clock', () => {
  const other = refusal({ id: 'other', outcome: '401 token_expired', fields: 'X: y\r\n' })
  const alike = [refusal({ id: 'unknown-key' }), refusal({ id: 'bad-signature', now: 22 }), other]
  expect(judged('overall-untrusted-alike', alike).verdict).toBe('PASS')
  const { verdict, faults } = judged('overall-untrusted-alike', [
    ...alike,
    refusal({ id: 'unknown-issuer', fields: 'X-Trace: 7\r\n' }),
  ])
  expect(verdict).toBe('FAIL')
  expect(faults.join()).toContain('unknown-key and unknown-issuer')
  expect(judged('overall-untrusted-alike', alike.slice(1)).verdict).toBe('INCONCLUSIVE')
})

test('every refusal has to be right, and each kind to be there', () => {
  const outcomes = ['400 evidence_repeated', '401 untrusted', '403 action_mismatch']
  const all = outcomes.map((outcome, at) => refusal({ id: `case-${at}`, outcome }))
  expect(judged('overall-refusals', all).verdict).toBe('PASS')
  expect(judged('overall-refusals', all.slice(1)).verdict).toBe('INCONCLUSIVE')
  const wrong = [...all, refusal({ id: 'case-9', verdict: 'FAIL' })]
  expect(judged('overall-refusals', wrong)).toMatchObject({ verdict: 'FAIL', faults: ['the refusal of case-9 is wrong'] })
})

test('what could not be measured has to have been refused with 503 once', () => {
  const closed = { id: 'a', outcome: '503 status_unavailable' }
  expect(judged('overall-unmeasured', [refusal({ id: 'a' })]).verdict).toBe('INCONCLUSIVE')
  expect(judged('overall-unmeasured', [refusal(closed)]).verdict).toBe('PASS')
  expect(judged('overall-unmeasured', [refusal({ ...closed, verdict: 'FAIL' })]).verdict).toBe('FAIL')
})

test('AHP-ROAD-4: whoever knocks where nobody may be asked is told', () => {
  expect(judged('overall-nobody-else-asked', []).verdict).toBe('PASS')
  const told = judged('overall-nobody-else-asked', [], ['somebody connected'])
  expect(told).toMatchObject({ verdict: 'FAIL', faults: ['somebody connected'] })
})

test('whoever asks for what is judged about a whole run gets the cases that show it', () => {
  const { cases } = readCatalogue()
  const chosen = (...ids: readonly string[]): readonly Case[] => cases.filter(({ id }) => ids.includes(id))
  const shown = (id: string): readonly string[] => withJudged(chosen(id), cases).map((each) => each.id)
  expect(shown('overall-untrusted-alike')).toEqual(expect.arrayContaining(['token-key-unknown', 'signature-token-stranger']))
  expect(shown('overall-nobody-else-asked')).toContain('web-unlisted')
  for (const id of ['overall-refusals', 'overall-unmeasured']) expect(shown(id)).toContain('token-key-unknown')
  for (const { id } of OVERALL) expect(new Set(shown(id)).size).toBe(shown(id).length)
  expect(shown('web-unlisted')).toEqual(['web-unlisted'])
})
