/** The frozen list of requirements per level: later cases cannot fail a receiver that was conformant (requirements/). @module */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Level } from '../build/index.ts'
import { packageFile } from '../judge/registry.ts'

/** Requirements of one revision of the protocol. */
export interface Requirements {
  /** `ahp-receiver/0.1`. */
  readonly revision: string
  /** Identifiers that a level adds to those of the level below, sorted. */
  readonly levels: Readonly<Record<Level, readonly string[]>>
  /** SHA-256 of revision and levels, in hexadecimal. */
  readonly digest: string
}

/** A list that was changed after it was frozen. */
export class RequirementsError extends Error {
  override readonly name = 'RequirementsError'
}

/** The digest of a list: SHA-256 of `<revision>\n`, and per level `<level> <id>\n` for each identifier. */
export function digestOf({ revision, levels }: Pick<Requirements, 'revision' | 'levels'>): string {
  const lines = (['basic', 'standard', 'full'] as const).flatMap((level) => levels[level].map((id) => `${level} ${id}\n`))
  return createHash('sha256')
    .update(`${revision}\n${lines.join('')}`)
    .digest('hex')
}

/** Reads the frozen list. Throws `RequirementsError` when it is not what its digest says. */
export function readRequirements(file: URL = packageFile('requirements/ahp-receiver-0.1.json')): Requirements {
  const requirements: Requirements = JSON.parse(readFileSync(file, 'utf8'))
  if (digestOf(requirements) !== requirements.digest)
    throw new RequirementsError('the frozen requirements are not those that their digest names')
  return requirements
}
