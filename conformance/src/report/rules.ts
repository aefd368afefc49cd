/** The words of each requirement, from the copy that is made of the specification. @module */
import { readFileSync } from 'node:fs'
import { packageFile } from '../judge/registry.ts'

/** A requirement as its chapter says it. */
export interface Rule {
  /** Path of the chapter, from the root of the repository. */
  readonly file: string
  readonly text: string
}

/** Requirements by their identifiers. */
export function readRules(file: URL = packageFile('requirements/words-0.1.json')): ReadonlyMap<string, Rule> {
  const words: Readonly<Record<string, Rule>> = JSON.parse(readFileSync(file, 'utf8'))
  return new Map(Object.entries(words))
}
