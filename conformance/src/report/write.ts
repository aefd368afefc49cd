/** Writes all reports into one folder. @module */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../run/result.ts'
import { junitOf } from './junit.ts'
import { markdownOf } from './markdown.ts'
import { pageOf } from './page.ts'
import { resultsOf } from './results.ts'

/** Writes `results.json`, `junit.xml`, `summary.md` and `report.html`, and returns the path of the page. */
export function writeReports(folder: string, result: RunResult): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(resultsOf(result), null, 1)}\n`)
  writeFileSync(join(folder, 'junit.xml'), junitOf(result))
  writeFileSync(join(folder, 'summary.md'), markdownOf(result))
  const page = join(folder, 'report.html')
  writeFileSync(page, pageOf(result))
  return page
}
