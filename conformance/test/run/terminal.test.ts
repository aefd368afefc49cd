/** What a person sees of a run: the first thing to fix with its rule, in the width of the terminal, and no cause twice. @module */
import { expect, test } from 'vitest'
import { announce, createProgress, toFix, verdictOf } from '../../src/report/terminal.ts'
import type { Case } from '../../src/build/index.ts'
import type { CaseResult, Ending, RunResult, Verdict } from '../../src/run/result.ts'
import { resultOf } from './results.ts'

function caseResult(id: string, verdict: Verdict, words: string, about: Partial<Case> = {}): CaseResult {
  const shown: Case = {
    id,
    group: 'token',
    title: `A title of some length, which is about what ${id} shows to the author of a receiver`,
    level: 'basic',
    must: ['AHP-TIME-2'],
    side: 'refuse',
    base: 'plain',
    change: [],
    expect: { code: 'token_expired' },
    ...about,
  }
  return { case: shown, verdict, faults: [words], shots: [], milliseconds: 9 }
}

const runOf = (results: readonly CaseResult[], ending: Ending | null = null): RunResult =>
  resultOf("--exec 'java Receiver.java'", results, ending)

function shownOf(
  results: readonly CaseResult[],
  { isTerminal = false, ending = null }: { isTerminal?: boolean; ending?: Ending | null },
): string {
  let shown = ''
  const progress = createProgress({ write: (text) => void (shown += text), isTerminal, columns: 80 })
  for (const [at, result] of results.entries()) progress.onResult(result, at + 1, results.length)
  progress.finish(runOf(results, ending))
  return shown
}

test('the first thing to fix comes with its requirement in the words of the specification, and with both commands', () => {
  const shown = shownOf([caseResult('token-old', 'FAIL', 'the request was served and had to be refused')], {})
  expect(shown).toContain('Fix first: token-old\n')
  expect(shown).toContain('AHP-TIME-2 (spec/12-times.md): A receiver MUST refuse a token when `exp` ≤ now')
  expect(shown).toContain('npm run conformance -- explain token-old\n')
  expect(shown).toContain("npm run conformance -- run --exec 'java Receiver.java' --only token-old\n")
})

test('of many requirements two are shown', () => {
  const must = ['AHP-TIME-2', 'AHP-TIME-1', 'AHP-TOKEN-1', 'AHP-TOKEN-2']
  const shown = shownOf([caseResult('token-old', 'FAIL', 'x', { must })], {})
  expect(shown).toContain('AHP-TIME-1')
  expect(shown).not.toContain('AHP-TOKEN-1')
  expect(shown).toContain('and 2 requirements more')
})

test('a requirement that a fault names comes before those of the case', () => {
  const shown = shownOf([caseResult('token-old', 'FAIL', 'there is no Cache-Control: no-store (AHP-REFUSE-2)')], {})
  expect(shown).toMatch(/AHP-REFUSE-2 \(spec\/13-refusals\.md\): A refusal MUST have[^\n]*\n {2}AHP-TIME-2 /)
})

test('what must be served comes before what must be refused, and the first steps before all', () => {
  const start = { group: 'start' }
  const results = [
    caseResult('c', 'FAIL', 'x'),
    caseResult('d', 'FAIL', 'x', { side: 'serve' }),
    caseResult('b', 'FAIL', 'x', start),
    caseResult('a', 'FAIL', 'x', { ...start, side: 'serve' }),
    caseResult('e', 'INCONCLUSIVE', 'x', start),
    caseResult('f', 'PASS', 'x', start),
  ]
  expect(toFix(results).map((each) => each.case.id)).toEqual(['a', 'b', 'd', 'c', 'e'])
})

test('a cause that keeps many cases from being measured is said once', () => {
  const cause = 'the control, which has nothing wrong, was not served cleanly (401 token_expired)'
  const shown = shownOf(
    [caseResult('a', 'INCONCLUSIVE', cause), caseResult('b', 'INCONCLUSIVE', cause), caseResult('c', 'FAIL', cause)],
    {},
  )
  expect(shown).toContain('INCONCLUSIVE a:')
  expect(shown).not.toContain('INCONCLUSIVE b:')
  expect(shown).toContain('FAIL c:')
})

test('on a terminal no line is wider than it, but commands, which stay whole', () => {
  const words =
    'status is 200 and not 401, and there is much more to be said about this response than fits one line of a terminal'
  const shown = shownOf([caseResult('a', 'FAIL', words), caseResult('b', 'INCONCLUSIVE', words)], { isTerminal: true })
  const lines = shown
    .split('\u001B')
    .map((part) => part.replace(/^\[\d*[mK]/, ''))
    .join('')
    .split(/[\r\n]/)
  expect(lines.filter((line) => line.length > 80 && !line.includes('npm run'))).toEqual([])
  expect(shown.match(/fits\s+one line of a terminal/g)).toHaveLength(3)
})

test('what is waited for is said on a terminal alone, in one line that progress writes over', () => {
  const said = (isTerminal: boolean): string => {
    let shown = ''
    announce({ write: (text) => void (shown += text), isTerminal, columns: 20 }, 'waiting until the receiver listens')
    return shown
  }
  expect(said(true)).toBe('\rwaiting until the …\u001B[K')
  expect(said(false)).toBe('')
})

test('a level that was obtained without the cases that need a receiver of the suite says so', () => {
  const passed = caseResult('a', 'PASS', '')
  const conformant = (results: readonly CaseResult[]): string => verdictOf({ ...runOf(results), conformant: true })
  expect(conformant([passed, caseResult('b', 'NOT_CLAIMED', 'x', { level: 'full' })])).toBe('Conformant: ahp-receiver/0.1 basic.')
  // Another bundle shows it, and not another start.
  expect(conformant([passed, caseResult('b', 'NOT_CLAIMED', 'x', { only: true })])).toBe('Conformant: ahp-receiver/0.1 basic.')
  expect(conformant([passed, caseResult('b', 'NOT_CLAIMED', 'x')])).toBe(
    'Conformant: ahp-receiver/0.1 basic. Cases of it that only a receiver shows that the suite starts itself (--exec), and that were not run: 1.',
  )
})

test('where the receiver stopped, that comes first, with the command that finds the case that did it', () => {
  const ending = {
    kind: 'stopped',
    sentence: 'The receiver ended by itself (exit code 7); at that time ran a, b.',
    during: ['a', 'b'],
  } as const
  const shown = shownOf([caseResult('a', 'FAIL', 'the connection was closed without a response')], { ending })
  expect(shown).toContain('Fix first: it stops.')
  expect(shown).toContain("npm run conformance -- run --exec 'java Receiver.java' --only a,b --parallel 1\n")
  expect(shown).not.toContain('Fix first: a')
})
