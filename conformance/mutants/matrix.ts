/** Which mutant is killed by which cases, as it was found when the matrix was last written (matrix.json). @module */
import { readFileSync, writeFileSync } from 'node:fs'
import { MUTANTS } from './mutant.ts'

/** What was found about one mutant. */
export interface Row {
  /** Cases that did not pass; `smoke` alone when there was no receiver to run cases against. */
  readonly killers: readonly string[]
  /** Cases whose changed request was served. */
  readonly flips: readonly string[]
}

/** Rows by the ids of mutants. */
export type Matrix = Readonly<Record<string, Row>>

const FILE = new URL('matrix.json', MUTANTS)

/** Reads the matrix, from dist and from source alike. */
export function readMatrix(): Matrix {
  return parse(readFileSync(FILE, 'utf8'))
}

/** Writes the matrix, sorted by the ids, one mutant to a line. */
export function writeMatrix(matrix: Matrix): void {
  const rows = Object.entries(matrix).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const lines = rows.map(([id, { killers, flips }]) => `${JSON.stringify(id)}: ${JSON.stringify({ killers, flips })}`)
  writeFileSync(FILE, `{\n${lines.join(',\n')}\n}\n`)
}

function parse(text: string): Matrix {
  const matrix: Matrix = JSON.parse(text)
  return matrix
}
