/** The results as JUnit XML, which build servers read. @module */
import { isGood, type CaseResult, type RunResult } from '../run/result.ts'

/** One test suite; a run that did not begin is one error. */
export function junitOf(result: RunResult): string {
  const { results, milliseconds, started, level, ending } = result
  const bad = results.filter((each) => !isGood(each))
  const skipped = results.filter(({ verdict }) => verdict === 'NOT_CLAIMED' || verdict === 'XFAIL')
  const early =
    ending === null
      ? ''
      : `  <testcase classname="run" name="the receiver stays fit for the suite"><error message="${escape(ending.sentence)}"/></testcase>\n`
  const counts = `tests="${results.length + (ending ? 1 : 0)}" failures="${bad.length}" errors="${ending ? 1 : 0}" skipped="${skipped.length}"`
  const head = `<testsuite name="ahp-receiver ${level}" ${counts} time="${seconds(milliseconds)}" timestamp="${escape(started)}">`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${early}${results.map(caseOf).join('')}</testsuite>\n`
}

function caseOf(each: CaseResult): string {
  const { id, group, title } = each.case
  const open = `  <testcase classname="${escape(group)}" name="${escape(`${id}: ${title}`)}" time="${seconds(each.milliseconds)}"`
  if (each.verdict === 'NOT_CLAIMED' || each.verdict === 'XFAIL')
    return `${open}><skipped message="${each.verdict}"/></testcase>\n`
  if (isGood(each)) return `${open}/>\n`
  return `${open}><failure type="${each.verdict}" message="${escape(each.faults[0] ?? '')}">${escape(each.faults.join('\n'))}</failure></testcase>\n`
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

/** XML has no place for most control characters, also not escaped. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
