/** The results as one page that needs nothing else: filter, fold, copy, and the bytes of each case. @module */
import { createHash } from 'node:crypto'
import { isExpected, isGood, KEPT_BYTES, type CaseResult, type RunResult, type Shot } from '../run/result.ts'
import { SCRIPT } from './page-script.ts'
import { STYLE } from './page-style.ts'
import { reproduction } from './reproduce.ts'
import { readRules, type Rule } from './rules.ts'
import { countsOf, toFix, verdictOf } from './terminal.ts'

/** A page of HTML. What came from a receiver is data in it, put into the page as text only. */
export function pageOf(result: RunResult): string {
  const shown = inReadingOrder(result.results)
  const rules = readRules()
  const used = new Set(shown.flatMap((each) => each.case.must))
  const data = JSON.stringify({
    verdict: verdictOf(result),
    isExpected: isExpected(result),
    counts: countsOf(result.results),
    ending: result.ending?.sentence ?? '',
    about: [
      ['Receiver', result.url],
      ['Level', result.level],
      ['Started', result.started],
      ['Seconds', (result.milliseconds / 1000).toFixed(1)],
      ['Seed', result.seed],
      ['Requirements', `${result.revision} ${result.requirementsDigest}`],
      ['Cases', result.casesDigest],
    ],
    first: toFix(result.results)[0]?.case.id ?? '',
    rules: Object.fromEntries([...used].map((id) => [id, ruleOf(rules.get(id))])),
    cases: shown.map((each) => caseOf(each, result)),
  }).replaceAll('<', String.raw`\u003c`)
  const policy = `default-src 'none'; style-src 'sha256-${hash(STYLE)}'; script-src 'sha256-${hash(SCRIPT)}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Conformance</title>
<style>${STYLE}</style>
<header>
<h1 id="verdict"></h1>
<p id="ending"></p>
<p id="counts"></p>
<p id="first"></p>
<dl id="about"></dl>
</header>
<search>
<label>Search <input id="query" type="search" placeholder="case, requirement, words"></label>
<label>Verdict <select id="verdicts"><option value="">all</option></select></label>
<label>Group <select id="groups"><option value="">all</option></select></label>
<button id="unfold" type="button">Unfold all</button>
<button id="fold" type="button">Fold all</button>
<output id="shown"></output>
</search>
<main id="cases"></main>
<noscript>This page shows its results with a script; results.json holds the same.</noscript>
<script type="application/json" id="data">${data}</script>
<script>${SCRIPT}</script>
</html>
`
}

/** What is wrong, then what passed, then what was not asked for. */
function inReadingOrder(results: readonly CaseResult[]): readonly CaseResult[] {
  const good = results.filter(isGood)
  const claimed = good.filter(({ verdict }) => verdict !== 'NOT_CLAIMED')
  return [...toFix(results), ...claimed, ...good.filter(({ verdict }) => verdict === 'NOT_CLAIMED')]
}

function ruleOf(rule: Rule | undefined): string {
  return rule === undefined ? '' : ` (${rule.file}): ${rule.text}`
}

function caseOf(each: CaseResult, result: RunResult): unknown {
  const { id, group, title, level, side, must } = each.case
  const controls = each.shots.filter(({ label }) => label.startsWith('control'))
  const others = each.shots.filter(({ label }) => !label.startsWith('control'))
  // What the case is about comes first. Controls of a case that passed look all alike; results.json has them.
  const shots = isGood(each) ? others : [...others, ...controls]
  return {
    id,
    group,
    title,
    level,
    side,
    must,
    verdict: each.verdict,
    faults: each.faults,
    about: aboutOf(each),
    reproduce: reproduction(result, each),
    shots: shots.map(shotOf),
  }
}

/** What the case changes, and what has to come of it. */
function aboutOf({ case: test }: CaseResult): string {
  if (test.steps !== undefined) return test.steps.map((step, at) => `${at + 1}. ${JSON.stringify(step)}`).join('\n')
  return [
    `base ${test.base}`,
    ...test.change.map((change) => `change ${JSON.stringify(change)}`),
    `expected ${JSON.stringify(test.expect)}`,
  ].join('\n')
}

function shotOf({ label, outcome, milliseconds, effects, effectsExpected, sent, received, receivedBytes }: Shot): unknown {
  const about = { label, outcome, milliseconds, effects, effectsExpected }
  return { ...about, sent: visible(sent), received: visible(received, receivedBytes) }
}

/** Bytes as text: a line ends where the bytes end one, and what cannot be seen is written as an escape; of `length` bytes the first are shown. */
export function visible(bytes: Uint8Array, length: number = bytes.length): string {
  const text = Buffer.from(bytes.subarray(0, KEPT_BYTES)).toString('latin1')
  const lines = text.split('\r\n').map((line) => line.replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, escaped))
  return [...lines, ...(length > KEPT_BYTES ? [`… ${length - KEPT_BYTES} bytes more`] : [])].join('\n')
}

function escaped(character: string): string {
  if (character === '\n') return '\\n\n'
  return character === '\\' ? String.raw`\\` : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
