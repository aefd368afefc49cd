/** What only the whole run shows: each has a way to be wrong, and a way not to be shown. @module */
import { expect, test, vi } from 'vitest'
import type { Case } from '../../src/build/index.ts'
import { judgeLate } from '../../src/run/late.ts'
import { judgeOverall, LATE, OVERALL, withJudged } from '../../src/run/overall.ts'
import { readCatalogue } from '../../src/run/plan.ts'
import { FixtureError } from '../../src/wire/fixture.ts'
import { KEPT_BYTES, type CaseResult, type Verdict } from '../../src/run/result.ts'

interface Refusal {
  readonly id: string
  readonly verdict?: Verdict
  readonly outcome?: string
  readonly fields?: string
  readonly now?: number
  /** The exact code. */
  readonly code?: string
}

function refusal({
  id,
  verdict = 'PASS',
  outcome = '401 untrusted',
  fields = '',
  now = 1,
  code: exact = 'untrusted',
}: Refusal): CaseResult {
  const about: Case = {
    id,
    group: 'g',
    title: 'About it',
    level: 'basic',
    must: [],
    side: 'refuse',
    base: 'plain',
    change: [],
    expect: { code: exact },
  }
  const [status, code] = outcome.split(' ')
  const body = JSON.stringify({ code, now })
  const received = Buffer.from(`HTTP/1.1 ${status} X\r\nDate: ${now}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`)
  const shot = {
    label: 'changed',
    sent: Buffer.from('GET / HTTP/1.1'),
    received: received.subarray(0, KEPT_BYTES),
    receivedBytes: received.length,
    outcome,
    milliseconds: 1,
    nonce: id,
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

test('AHP-REFUSE-6: fields may come in another order, and a reason behind the status may not', () => {
  const one = refusal({ id: 'a', fields: 'X: 1\r\nY: 2\r\n' })
  expect(judged('overall-untrusted-alike', [one, refusal({ id: 'b', fields: 'Y: 2\r\nX: 1\r\n' })]).verdict).toBe('PASS')
  const said = one.shots.map((shot) => {
    return { ...shot, received: Buffer.from(Buffer.from(shot.received).toString().replace('401 X', '401 No key')) }
  })
  expect(judged('overall-untrusted-alike', [one, { ...one, shots: said }]).verdict).toBe('FAIL')
})

test('AHP-REFUSE-6: a value that differs anyway tells nothing; one that comes with one code alone does', () => {
  const codes = ['key_unknown', 'key_unknown', 'issuer_unknown', 'issuer_unknown']
  const withFields = (fields: readonly string[]): CaseResult =>
    judged(
      'overall-untrusted-alike',
      fields.map((text, at) => refusal({ id: `case-${at}`, code: codes[at % codes.length] ?? '', fields: text })),
    )
  expect(withFields(['X-Id: a\r\n', 'X-Id: b\r\n', 'X-Id: c\r\n', 'X-Id: d\r\n']).verdict).toBe('PASS')
  expect(withFields(['X-Ms: 1\r\n', 'X-Ms: 2\r\n', 'X-Ms: 2\r\n', 'X-Ms: 2\r\n']).verdict).toBe('PASS')
  expect(withFields(['X-Why: a\r\n', 'X-Why: a\r\n', 'X-Why: b\r\n', 'X-Why: b\r\n']).verdict).toBe('FAIL')
  // Two words for one code, and two for the other.
  const words = ['a', 'a', 'c', 'c', 'b', 'b', 'd', 'd'].map((word) => `X-Why: ${word}\r\n`)
  expect(withFields(words).verdict).toBe('FAIL')
  expect(withFields(['X-Id: a\r\n', 'X-Id: b\r\n', 'X-Id: c\r\n', '']).verdict).toBe('FAIL')
  // Each code once: nothing shows that the value differs anyway.
  const once = [refusal({ id: 'a', code: 'a', fields: 'X-Id: 1\r\n' }), refusal({ id: 'b', code: 'b', fields: 'X-Id: 2\r\n' })]
  expect(judged('overall-untrusted-alike', once).verdict).toBe('FAIL')
})

test('AHP-REFUSE-6: a refusal that is too long to be kept looks like no other', () => {
  const fields = `X: ${'a'.repeat(KEPT_BYTES)}\r\n`
  const { verdict, faults } = judged('overall-untrusted-alike', [
    refusal({ id: 'a' }),
    refusal({ id: 'b' }),
    refusal({ id: 'long', fields }),
  ])
  expect(verdict).toBe('FAIL')
  expect(faults.join()).toMatch(/^the refusal of long has 16\d\d\d bytes/)
})

test('AHP-ROAD-1: what is carried out after its case has ended is found at the end', async () => {
  const counted = async (counts: Readonly<Record<string, number>>, results: readonly CaseResult[]): Promise<CaseResult> => {
    const effects = (nonce: string): Promise<number> => {
      const count = counts[nonce]
      return count === undefined ? Promise.reject(new FixtureError('gone')) : Promise.resolve(count)
    }
    const fixture = { effects, open: () => Promise.reject(new Error('not asked')), close: () => Promise.resolve() }
    return judgeLate({ fixture }, LATE, results)
  }
  const [served] = [refusal({ id: 'served' })].map(({ shots, ...rest }) => {
    return { ...rest, shots: shots.map((shot) => ({ ...shot, effects: 1, effectsExpected: 1 })) }
  })
  if (served === undefined) throw new Error('nothing')
  const results = [served, refusal({ id: 'refused' })]
  expect((await counted({ served: 1, refused: 0 }, results)).verdict).toBe('PASS')
  const late = await counted({ served: 1, refused: 1 }, results)
  expect(late.verdict).toBe('FAIL')
  expect(late.faults.join()).toContain('the handler ran once for a request of refused')
  expect((await counted({ served: 2, refused: 0 }, results)).verdict).toBe('FAIL')
  // A receiver that has forgotten shows nothing, and neither does one that does not answer.
  expect((await counted({ served: 0, refused: 0 }, results)).verdict).toBe('INCONCLUSIVE')
  expect((await counted({ served: 1 }, results)).verdict).toBe('INCONCLUSIVE')
  expect((await counted({}, [])).verdict).toBe('INCONCLUSIVE')
})

test('a receiver that tells its counts slowly is asked for all of them, and one that tells none not for long', async () => {
  let asked = 0
  let clock = 0
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock)
  const results = Array.from({ length: 500 }, (_, at) => refusal({ id: `case-${at}` }))
  const judgedBy = (effects: () => Promise<number>): Promise<CaseResult> => {
    const fixture = { effects, open: () => Promise.reject(new Error('not asked')), close: () => Promise.resolve() }
    return judgeLate({ fixture }, LATE, results)
  }
  const slow = await judgedBy(() => Promise.resolve((clock += 100)).then(() => 0))
  expect(slow.verdict).toBe('PASS')
  const silent = await judgedBy(() => Promise.reject(new FixtureError(`gone ${(asked += 1)}`)))
  expect(silent.verdict).toBe('INCONCLUSIVE')
  expect(asked).toBeLessThan(250)
  now.mockRestore()
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

test('AHP-REFUSE-4: of many refusals with one code not all may name the same time', () => {
  const closed = (count: number, timeOf: (at: number) => number, outcome = '503 keys_unavailable'): readonly CaseResult[] =>
    Array.from({ length: count }, (_, at) => {
      return refusal({ id: `${outcome}-${at}`, outcome, fields: `Retry-After: ${timeOf(at)}\r\n` })
    })
  expect(
    judged(
      'overall-unmeasured',
      closed(24, (at) => 2 + Number(at === 20)),
    ).verdict,
  ).toBe('PASS')
  expect(
    judged(
      'overall-unmeasured',
      closed(23, () => 2),
    ).verdict,
  ).toBe('PASS')
  const fixed = judged('overall-unmeasured', [...closed(24, () => 2), ...closed(24, () => 3, '503 status_unavailable')])
  expect(fixed.verdict).toBe('FAIL')
  expect(fixed.faults.join('\n')).toMatch(
    /24 refusals \(503 keys_unavailable\) all have Retry-After: 2,.*\n24 .* Retry-After: 3,/,
  )
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
  for (const id of ['overall-refusals', 'overall-unmeasured', LATE.id]) expect(shown(id)).toContain('token-key-unknown')
  for (const { id } of OVERALL) expect(new Set(shown(id)).size).toBe(shown(id).length)
  const idle = ['bundle', 'overall-restart', 'overall-unmeasured']
  expect(shown(LATE.id).filter((id) => idle.some((start) => id.startsWith(start)))).toEqual([])
  expect(shown('web-unlisted')).toEqual(['web-unlisted'])
})
