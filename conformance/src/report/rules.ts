/** The words of each requirement, where the specification stands beside the suite. @module */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { packageFile } from '../judge/registry.ts'

/** A requirement as its chapter says it, without markup of links. */
export interface Rule {
  /** Name of the file in `spec/`. */
  readonly file: string
  readonly text: string
}

/** Requirements by their identifiers; none where the suite stands alone. */
export function readRules(folder: URL = packageFile('../spec/')): ReadonlyMap<string, Rule> {
  if (!existsSync(folder)) return new Map()
  const files = readdirSync(folder).filter((name) => /^\d.*\.md$/.test(name))
  return new Map(files.flatMap((file) => rulesOf(file, readFileSync(new URL(file, folder), 'utf8'))))
}

function rulesOf(file: string, chapter: string): readonly (readonly [string, Rule])[] {
  return [...chapter.matchAll(/^\*\*(AHP-[A-Z]+-\d+)\*\* (.+(?:\n.+)*)/gm)].map(([, id = '', words = '']) => {
    return [id, { file, text: words.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\n', ' ') }]
  })
}
