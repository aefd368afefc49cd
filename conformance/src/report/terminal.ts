/** What a person sees: progress, failures as they come, and at the end the verdict and the first thing to fix. @module */
import type { CaseResult, RunResult, Verdict } from '../run/result.ts'
import { isGood } from '../run/result.ts'
import { reproduction } from './reproduce.ts'

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

/** Progress on `terminal`. */
export function createProgress(terminal: Terminal): Progress {
  let shown = 0
  return {
    onResult(result, done, all) {
      if (!isGood(result)) {
        shown += 1
        clear(terminal)
        if (shown <= MAX_SHOWN)
          terminal.write(`${mark(terminal, result.verdict)} ${result.case.id}: ${printable(result.faults[0] ?? '')}\n`)
        if (shown === MAX_SHOWN) terminal.write('  … more failures are in the report\n')
      }
      if (terminal.isTerminal) terminal.write(`\r${cut(`${done} of ${all}  ${result.case.id}`, terminal.columns)}\u001B[K`)
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
  if (!result.conformant) return `Not conformant: ${result.revision} ${result.level} is not obtained.`
  if (result.partial) return 'All chosen cases passed. No level is obtained: not all cases were run.'
  const known = result.results.some(({ verdict }) => verdict === 'XFAIL')
  if (known) return 'Nothing unexpected failed. No level is obtained: the baseline lists failures.'
  return `Conformant: ${result.revision} ${result.level}.`
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
  const order: readonly Verdict[] = ['FAIL', 'XPASS', 'INCONCLUSIVE']
  const levels = ['basic', 'standard', 'full']
  return results
    .filter((result) => !isGood(result))
    .toSorted(
      (left, right) =>
        levels.indexOf(left.case.level) - levels.indexOf(right.case.level) ||
        order.indexOf(left.verdict) - order.indexOf(right.verdict) ||
        // What must be served comes first: nothing else means much while that fails.
        Number(left.case.side === 'refuse') - Number(right.case.side === 'refuse'),
    )[0]
}

function summaryOf(result: RunResult, terminal: Terminal): string {
  const seconds = (result.milliseconds / 1000).toFixed(1)
  const lines = ['']
  if (result.ending) lines.push(result.ending.sentence)
  if (result.results.length > 0) lines.push(`${countsOf(result.results)} in ${seconds} s, seed ${result.seed}`)
  const first = firstToFix(result.results)
  if (first) {
    lines.push('', `Fix first: ${first.case.id} (${first.case.must.join(', ')})`, `  ${printable(first.case.title)}`)
    lines.push(...first.faults.slice(0, 6).map((fault) => `  - ${printable(fault)}`))
    lines.push(`  see it: ${reproduction(result, first)}`)
  }
  const verdict = verdictOf(result)
  lines.push('', terminal.isTerminal ? `\u001B[1m${verdict}\u001B[0m` : verdict, '')
  return lines.join('\n')
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
