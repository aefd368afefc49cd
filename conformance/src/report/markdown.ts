/** The results as Markdown, for the summary of a build. @module */
import { isGood, type RunResult } from '../run/result.ts'
import { countsOf, firstToFix, verdictOf } from './terminal.ts'

/** Verdict, counts, what to fix first, and one row per case that is not good. */
export function markdownOf(result: RunResult): string {
  const bad = result.results.filter((each) => !isGood(each))
  const first = firstToFix(result.results)
  const about = `\`${result.url}\`, level ${result.level}, ${result.started}, seed \`${result.seed}\`, requirements \`${result.requirementsDigest.slice(0, 16)}\``
  const lines = ['# Conformance', '', `**${verdictOf(result)}**`, '', about, '']
  if (result.ending) lines.push(text(result.ending.sentence), '')
  if (result.results.length > 0) lines.push(countsOf(result.results), '')
  if (first) lines.push(`Fix first: \`${first.case.id}\`. ${text(first.case.title)}: ${text(first.faults[0] ?? '')}`, '')
  if (bad.length > 0) {
    lines.push('| case | requirement | verdict | why |', '|---|---|---|---|')
    lines.push(
      ...bad.map(
        (each) => `| \`${each.case.id}\` | ${each.case.must.join(' ')} | ${each.verdict} | ${text(each.faults[0] ?? '')} |`,
      ),
      '',
    )
  }
  return lines.join('\n')
}

/** What a receiver sent is text, not Markdown. */
function text(value: string): string {
  return value.replaceAll(/[\\`*_[\]<>|#]/g, (each) => `\\${each}`).replaceAll(/\s+/g, ' ')
}
