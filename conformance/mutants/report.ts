/** What a run over the mutants says: progress, the matrix, and survivors with the cases that meet their code. @module */
import type { Case } from '@aiegis/conformance/run'
import type { Known } from './all.ts'
import type { Verdict } from './verdicts.ts'

const SHOWN = 4

/** One line per mutant. */
export function lineOf({ mutant, verdict, killers, milliseconds }: Verdict): string {
  const more = killers.length > SHOWN ? ` and ${killers.length - SHOWN} more` : ''
  const by = verdict === 'smoke' ? 'smoke' : `${killers.slice(0, SHOWN).join(', ')}${more}`
  return `${verdict.padEnd(8)} ${mutant.id}${by === '' ? '' : `: ${by}`} (${(milliseconds / 1000).toFixed(1)} s)`
}

/** A survivor: what is wrong with it, and which cases expect the refusal that is missing. */
export function survivorLines({ mutant, verdict, sentence }: Verdict, cases: readonly Case[]): readonly string[] {
  if (verdict === 'broken') return [`${mutant.id} shows nothing, for it is broken itself: ${sentence}`]
  const near = casesNear(mutant, cases)
  return [
    `${mutant.id} survives: the receiver ${mutant.defect}`,
    `  in ${mutant.file}: ${mutant.find.trim().split('\n')[0] ?? ''}`,
    `  ${near.length === 0 ? 'no case expects what goes missing' : `cases that meet this code: ${near.slice(0, 8).join(', ')}`}`,
  ]
}

/** Ids of cases that expect the code that goes missing. */
function casesNear({ code }: Known, cases: readonly Case[]): readonly string[] {
  if (code === undefined) return []
  return cases.filter(({ expect }) => 'code' in expect && expect.code === code).map(({ id }) => id)
}
