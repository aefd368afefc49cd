/** The failures that a receiver's author knows of, strict both ways: what is listed and passes is as wrong as what fails unlisted. @module */
import type { Case } from '../build/index.ts'
import type { CaseResult } from './result.ts'
import { SetupError } from './setup.ts'
import { isObject } from '../values.ts'

/** Ids of cases that are known to fail, each with the reason. */
export type Baseline = ReadonlyMap<string, string>

/** Reads `{"expectedFailures":[{"id","comment"}]}`. Throws `SetupError` for another form, an unknown id or one listed twice. */
export function parseBaseline(text: string, cases: readonly Case[]): Baseline {
  const rows = rowsOf(text)
  const baseline = new Map<string, string>()
  for (const { id, comment } of rows) {
    if (!cases.some((each) => each.id === id)) throw new SetupError(`baseline: no case has the id '${id}'; take the row out`)
    if (baseline.has(id)) throw new SetupError(`baseline: '${id}' is listed twice`)
    baseline.set(id, comment)
  }
  return baseline
}

/** Turns failures that are known into XFAIL, and listed cases that pass into XPASS. */
export function applyBaseline(result: CaseResult, baseline: Baseline): CaseResult {
  if (!baseline.has(result.case.id)) return result
  if (result.verdict === 'FAIL' || result.verdict === 'INCONCLUSIVE') return { ...result, verdict: 'XFAIL' }
  if (result.verdict !== 'PASS') return result
  return { ...result, verdict: 'XPASS', faults: ['it passes and is in the baseline as a failure: take the row out'] }
}

function rowsOf(text: string): readonly { readonly id: string; readonly comment: string }[] {
  const form = 'baseline: write {"expectedFailures":[{"id":"case-id","comment":"why it fails"}]}'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SetupError(`${form}; this is not JSON`)
  }
  if (!isObject(value) || Object.keys(value).join() !== 'expectedFailures') throw new SetupError(form)
  const rows = value['expectedFailures']
  if (!Array.isArray(rows)) throw new SetupError(form)
  return rows.map((row: unknown) => {
    if (!isObject(row) || Object.keys(row).toSorted().join() !== 'comment,id') throw new SetupError(form)
    const { id, comment } = row
    if (typeof id !== 'string' || typeof comment !== 'string' || comment.trim() === '') throw new SetupError(form)
    return { id, comment }
  })
}
