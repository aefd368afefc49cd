/** What a person sees: progress, failures as they come, and at the end the verdict and the first thing to fix. @module */
import type { CaseResult, RunResult, Verdict } from '../run/result.ts'
import { includes } from '../run/plan.ts'
import { isExpected, isGood } from '../run/result.ts'
import { reproduction } from './reproduce.ts'
import { readRules } from './rules.ts'

/** Writes text to a terminal or a file. */
export interface Terminal {
  write(text: string): void
  /** Whether a line may be written over, and colours shown. */
  readonly isTerminal: boolean
  readonly columns: number
}

export interface Progress {
  onResult(result: CaseResult, done: number, all: number): void
  /** Verdict and what to fix first. */
  finish(result: RunResult): void
}

/** Most failures are not worth a wall of text: the page shows all. */
const MAX_SHOWN = 20
/** Of a case about more requirements than these, only the first are named. */
const MAX_RULES = 2

/** Says on a terminal what is waited for, until there is progress to show. */
export function announce(terminal: Terminal, text: string): void {
  if (terminal.isTerminal) terminal.write(`\r${cut(text, terminal.columns)}\u001B[K`)
}

/** Progress on `terminal`. */
export function createProgress(terminal: Terminal): Progress {
  let shown = 0
  const said = new Set<string>()
  return {
    onResult(result, done, all) {
      const fault = result.faults[0] ?? ''
      const cause = result.verdict === 'INCONCLUSIVE' ? fault : null
      // What could not be measured has one cause for many cases: it is said once.
      if (!isGood(result) && !(cause !== null && said.has(cause))) {
        if (cause !== null) said.add(cause)
        shown += 1
        clear(terminal)
        if (shown <= MAX_SHOWN)
          terminal.write(
            lineOf(`${result.verdict} ${result.case.id}: ${fault}`, terminal).replace(
              result.verdict,
              mark(terminal, result.verdict),
            ),
          )
        if (shown === MAX_SHOWN) terminal.write('  … and more; --report folder writes them all\n')
      }
      announce(terminal, `${done} of ${all}  ${result.case.id}`)
    },
    finish(result) {
      clear(terminal)
      terminal.write(summaryOf(result, terminal))
    },
  }
}

/** The words of a verdict on the whole run. */
export function verdictOf(result: RunResult): string {
  if (result.ending?.kind === 'unreachable' || result.ending?.kind === 'smoke') return 'Nothing was scored.'
  if (!isExpected(result)) return `Not conformant: ${result.revision} ${result.level} is not obtained.`
  if (result.partial) return 'All chosen cases passed. No level is obtained: not all cases were run.'
  if (!result.conformant) return 'Nothing unexpected failed. No level is obtained: the baseline lists failures.'
  const unseen = result.results.filter(
    ({ verdict: each, case: { level, only } }) => each === 'NOT_CLAIMED' && only !== true && includes(result.level, level),
  ).length
  const but =
    unseen === 0
      ? ''
      : ` Cases of it that only a receiver shows that the suite starts itself (--exec), and that were not run: ${unseen}.`
  return `Conformant: ${result.revision} ${result.level}.${but}`
}

/** How many cases have each verdict, as text. */
export function countsOf(results: readonly CaseResult[]): string {
  const order: readonly Verdict[] = ['PASS', 'FAIL', 'INCONCLUSIVE', 'XFAIL', 'XPASS', 'NOT_CLAIMED']
  return order
    .map((verdict) => ({ verdict, count: results.filter((each) => each.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${verdict}`)
    .join(', ')
}

/** What the author should look at first: what failed before what could not be measured, basic before full. */
export function firstToFix(results: readonly CaseResult[]): CaseResult | undefined {
  return toFix(results)[0]
}

/** What is not good, in the order in which to fix it. */
export function toFix(results: readonly CaseResult[]): readonly CaseResult[] {
  const order: readonly Verdict[] = ['FAIL', 'XPASS', 'INCONCLUSIVE']
  const levels = ['basic', 'standard', 'full']
  return results
    .filter((result) => !isGood(result))
    .toSorted(
      (left, right) =>
        levels.indexOf(left.case.level) - levels.indexOf(right.case.level) ||
        order.indexOf(left.verdict) - order.indexOf(right.verdict) ||
        // These are the first steps of a receiver.
        Number(left.case.group !== 'start') - Number(right.case.group !== 'start') ||
        // What must be served comes first: nothing else means much while that fails.
        Number(left.case.side === 'refuse') - Number(right.case.side === 'refuse'),
    )
}

function summaryOf(result: RunResult, terminal: Terminal): string {
  const seconds = (result.milliseconds / 1000).toFixed(1)
  const lines = ['\n']
  const say = (text: string): void => void lines.push(lineOf(text, terminal))
  if (result.ending) say(result.ending.sentence)
  if (result.results.length > 0) say(`${countsOf(result.results)} in ${seconds} s, seed ${result.seed}`)
  for (const text of adviceOf(result)) say(text)
  const verdict = verdictOf(result)
  lines.push('\n', terminal.isTerminal ? `\u001B[1m${verdict}\u001B[0m` : verdict, '\n')
  return lines.join('')
}

/** What to do next, line by line. */
function adviceOf(result: RunResult): readonly string[] {
  const { ending } = result
  if (ending?.kind === 'smoke')
    return [
      '  what it was sent: npm run conformance -- explain start-plain',
      '  one like it, with every value on the way: worked-example.json in the folder of the specification',
    ]
  if (ending?.kind === 'stopped')
    return [
      '',
      'Fix first: it stops. Which case does that, this shows:',
      `  npm run conformance -- run ${result.target} --only ${ending.during.join(',')} --parallel 1`,
    ]
  const first = firstToFix(result.results)
  if (first === undefined) return []
  const { id, title } = first.case
  // What a fault names is nearer than what the case is about.
  const cited = first.faults.flatMap((fault) => fault.match(/AHP-[A-Z]+-\d+/g) ?? [])
  const must = [...new Set([...cited, ...first.case.must])]
  const more = must.length > MAX_RULES ? [`  and ${must.length - MAX_RULES} requirements more`] : []
  return [
    '',
    `Fix first: ${id}`,
    `  ${title}`,
    ...first.faults.slice(0, 6).map((fault) => `  - ${fault}`),
    ...ruleLines(must.slice(0, MAX_RULES)),
    ...more,
    `  what it sends: npm run conformance -- explain ${id}`,
    `  run it alone:  ${reproduction(result, first)}`,
  ]
}

/** Requirements in the words of the specification. */
export function ruleLines(must: readonly string[]): readonly string[] {
  const rules = readRules()
  return must.map((id) => {
    const rule = rules.get(id)
    return rule === undefined ? `  ${id}` : `  ${id} (${rule.file}): ${rule.text}`
  })
}

/** One line; on a terminal as many as it takes, each but the first set in. A command stays whole, so that it can be copied. */
function lineOf(text: string, { isTerminal, columns }: Terminal): string {
  const clean = printable(text)
  if (!isTerminal || clean.includes('npm run ')) return `${clean}\n`
  const indent = `${/^\s*(?:- )?/.exec(clean)?.[0].replaceAll('-', ' ') ?? ''}  `
  const lines: string[] = []
  let line = ''
  for (const word of clean.split(/(?<=\S)\s+/)) {
    if (line !== '' && line.length + 1 + word.length >= columns) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return `${[...lines, line].join('\n')}\n`
}

function mark(terminal: Terminal, verdict: Verdict): string {
  if (!terminal.isTerminal) return verdict
  return `\u001B[${verdict === 'INCONCLUSIVE' ? 33 : 31}m${verdict}\u001B[0m`
}

function clear(terminal: Terminal): void {
  if (terminal.isTerminal) terminal.write('\r\u001B[K')
}

function cut(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, columns - 2)}…`
}

/** What a receiver sent may be shown, and may not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, '?')
}
