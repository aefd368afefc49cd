/** Chooses the cases of a run and their order: the same seed gives the same order. @module */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { CaseError, parseCases, type Case, type Level } from '../build/index.ts'
import { packageFile } from '../judge/registry.ts'
import { checkFrozen, readFrozen, type Frozen } from './frozen.ts'
import { OVERALL } from './overall.ts'
import { RESTART } from './restart.ts'

/** All levels, each within the next. */
export const LEVELS: readonly Level[] = ['basic', 'standard', 'full']

/** All cases of the suite. */
export interface Catalogue {
  /** In the order of the files. */
  readonly cases: readonly Case[]
  /** SHA-256 over the names and texts of all files, in hexadecimal. */
  readonly digest: string
}

/** Reads all case files, and adds what is judged about the run as a whole. Throws `CaseError` for a file with something unknown, for an id that two cases have, and for what is not as it was frozen. */
export function readCatalogue(folder: URL = packageFile('cases/'), frozen: Frozen = readFrozen()): Catalogue {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
  const files = names.map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))
  const cases = [...files.flatMap(({ name, text }) => parseCases(text, name)), ...OVERALL, RESTART]
  const ids = new Set<string>()
  for (const { id, group } of cases) {
    if (ids.has(id)) throw new CaseError(`${group}: two cases have the id ${id}`)
    ids.add(id)
  }
  checkFrozen(cases, frozen)
  const hash = createHash('sha256')
  for (const { name, text } of files) hash.update(`${name}\n${text.length}\n${text}`)
  return { cases, digest: hash.digest('hex') }
}

/** Whether a level includes another. */
export function includes(level: Level, other: Level): boolean {
  return LEVELS.indexOf(other) <= LEVELS.indexOf(level)
}

/** Why a case is not run at this level, or `undefined` when it is. `bundle` is the level of the trust bundle, which may be higher. */
export function unclaimed(test: Case, level: Level, bundle: Level): string | undefined {
  if (!includes(level, test.level)) return `it belongs to level ${test.level}`
  if (test.only === true && bundle !== test.level) return `only a bundle of level ${test.level} shows it`
  return undefined
}

/** The cases whose id or group is named; `*` at the end of a name stands for anything. */
export function choose(cases: readonly Case[], only: readonly string[]): readonly Case[] {
  if (only.length === 0) return cases
  return cases.filter(({ id, group, must }) => only.some((name) => [id, group, ...must].some((own) => fits(name, own))))
}

/** A sentence about the first name that no case has, or `undefined`: what is misspelt must not look like what passed. */
export function misnamed(cases: readonly Case[], only: readonly string[]): string | undefined {
  const wrong = only.find((name) => choose(cases, [name]).length === 0)
  if (wrong === undefined) return undefined
  const groups = [...new Set(cases.map(({ group }) => group))]
  return `--only ${wrong}: no case and no requirement of a case is called so; list shows the cases, the groups are ${groups.join(', ')}`
}

/** An order that the seed decides, so that what one case leaves behind is met by other cases under another seed. */
export function inOrder(cases: readonly Case[], seed: string): readonly Case[] {
  const keys = new Map(cases.map(({ id }) => [id, createHash('sha256').update(`${seed}\norder\n${id}`).digest('hex')]))
  return cases.toSorted((left, right) => ((keys.get(left.id) ?? '') < (keys.get(right.id) ?? '') ? -1 : 1))
}

function fits(name: string, own: string): boolean {
  return name.endsWith('*') ? own.startsWith(name.slice(0, -1)) : own === name
}
