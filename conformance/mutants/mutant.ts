/** What a mutant is: the receiver with exactly one defect (conformance/README.md, "The suite under test"). @module */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Level } from '@aiegis/conformance/run'

/** The folder of the mutants, for their source and for what it is compiled to. */
export const MUTANTS: URL = new URL(import.meta.url.endsWith('.ts') ? '.' : '..', import.meta.url)

/** A receiver that is wrong in one place. The place is one text of one compiled file, which must be there exactly once. */
export interface Mutant {
  readonly id: string
  /** The defect in one sentence. */
  readonly defect: string
  /** `<package>/<path below its dist>`, such as `verifier/steps/joins.js`; `fixture/<path>` is of the receivers of the suite. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The refusal that goes missing, where it is known which. */
  readonly code?: string
  /** The least level whose cases meet this code of the receiver; `basic` unless said otherwise. */
  readonly level?: Level
  /** It is in what is read at the start: cases about trust bundles show it, and no request. */
  readonly isOfStart?: true
}

/** Compiled source of one of our packages, or of a fixture. */
export function sourceOf(file: string): string {
  return readFileSync(pathOf(file), 'utf8')
}

/** Absolute path of a compiled file. */
export function pathOf(file: string): string {
  const [name, ...path] = file.split('/')
  const folder = name === 'fixture' ? '../receivers/dist' : `../../packages/${name}/dist`
  return fileURLToPath(new URL(`${folder}/${path.join('/')}`, MUTANTS))
}

/** The source with the defect. Throws `RangeError` when the text is not there exactly once: then the code has changed, and so must the mutant. */
export function defective({ id, file, find, replace }: Mutant, source: string = sourceOf(file)): string {
  const [before, after, ...more] = source.split(find)
  if (before === undefined || after === undefined || more.length > 0) {
    throw new RangeError(`${id}: its text is not exactly once in ${file}; the code has changed, so must the mutant`)
  }
  return before + replace + after
}

/** Makes mutants of one file. */
export type Maker = (id: string, defect: string, find: string, replace: string, level?: Level) => Mutant

/** Mutants of `file`, each of which replaces one text of it. */
export function inFile(file: string): Maker {
  return (id, defect, find, replace, level) => ({ id, defect, file, find, replace, ...(level === undefined ? {} : { level }) })
}
