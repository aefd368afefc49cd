/** From the text of a Rego module to a program, in the version that fits (spec chapter 16, versions). @module */
import type { RegoVersion } from './ast.ts'
import { checkModule } from './check.ts'
import { checkOmissions } from './check-omission.ts'
import { parseModule } from './parse.ts'
import type { Program } from './program.ts'
import { RegoRefused } from './refused.ts'

/** A program that may run. */
export interface CompiledRego extends Program {
  /** What loads and is probably not meant, each with its line. */
  readonly warnings: readonly string[]
}

/**
 * Compiles `source`. Without `version` it is read as v1 and, if that refuses it, as v0: no module means one thing in v1 and another
 * in v0. Throws `RegoRefused` with the refusal of the reading that came further.
 */
export function compileRego(source: string, version?: RegoVersion): CompiledRego {
  if (version !== undefined) return compile(source, version)
  const first = attempt(source, 'v1')
  if (!(first instanceof RegoRefused)) return first
  const second = attempt(source, 'v0')
  if (!(second instanceof RegoRefused)) return second
  throw second.line > first.line ? second : first
}

function compile(source: string, version: RegoVersion): CompiledRego {
  const program = checkModule(parseModule(source, version))
  return { ...program, warnings: checkOmissions(program) }
}

function attempt(source: string, version: RegoVersion): CompiledRego | RegoRefused {
  try {
    return compile(source, version)
  } catch (error) {
    if (error instanceof RegoRefused) return error
    throw error
  }
}
