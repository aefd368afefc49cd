/** From the text of a Rego module to a program, in the version that fits (spec chapter 16, versions). @module */
import type { RegoVersion } from './ast.ts'
import { checkModule } from './check.ts'
import { parseModule } from './parse.ts'
import type { Program } from './program.ts'
import { RegoRefused } from './refused.ts'

/**
 * Compiles `source`. Without `version` it is read as v1 and, if that refuses it, as v0: no module means one thing in v1 and another
 * in v0. Throws `RegoRefused` with the refusal of the reading that came further.
 */
export function compileRego(source: string, version?: RegoVersion): Program {
  if (version !== undefined) return checkModule(parseModule(source, version))
  const first = attempt(source, 'v1')
  if (!(first instanceof RegoRefused)) return first
  const second = attempt(source, 'v0')
  if (!(second instanceof RegoRefused)) return second
  throw second.line > first.line ? second : first
}

function attempt(source: string, version: RegoVersion): Program | RegoRefused {
  try {
    return checkModule(parseModule(source, version))
  } catch (error) {
    if (error instanceof RegoRefused) return error
    throw error
  }
}
