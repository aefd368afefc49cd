/** Writes all reports into one folder. @module */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../run/result.ts'
import { SetupError } from '../run/setup.ts'
import { junitOf } from './junit.ts'
import { markdownOf } from './markdown.ts'
import { pageOf } from './page.ts'
import { resultsOf } from './results.ts'

/** Makes the folder before anything is run: results that cannot be written are lost. Throws `SetupError` when it cannot be written to. */
export function openReports(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new SetupError(`--report ${folder}: there is no folder that can be written to`, { cause: error })
  }
}

/** Writes `results.json`, `junit.xml`, `summary.md` and `report.html`, and returns the path of the page. */
export function writeReports(folder: string, result: RunResult): string {
  openReports(folder)
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(resultsOf(result), null, 1)}\n`)
  writeFileSync(join(folder, 'junit.xml'), junitOf(result))
  writeFileSync(join(folder, 'summary.md'), markdownOf(result))
  const page = join(folder, 'report.html')
  writeFileSync(page, pageOf(result))
  return page
}
