/** Compiles and runs one Rego module in tests. @module */
import type { RuleInput } from '../../../src/policy/facts.ts'
import { Fuel } from '../../../src/policy/fault.ts'
import type { RegoVersion } from '../../../src/policy/rego/ast.ts'
import { checkModule } from '../../../src/policy/rego/check.ts'
import { compileRego } from '../../../src/policy/rego/compile.ts'
import { evaluateProgram } from '../../../src/policy/rego/evaluate.ts'
import { parseModule } from '../../../src/policy/rego/parse.ts'
import type { Program } from '../../../src/policy/rego/program.ts'
import { RegoRefused } from '../../../src/policy/rego/refused.ts'
import type { Value } from '../../../src/policy/rego/values.ts'
import { ruleInput } from '../rule-input.ts'

/** Value of `decision`; `lines` come after `package p`. Runs also what is refused only because a fact may be left out. */
export function run(
  lines: string,
  change: Partial<RuleInput> = {},
  options: { version?: RegoVersion; fuel?: Fuel } = {},
): Value | undefined {
  const program = programOf(`package p\n${lines}`, options.version)
  return evaluateProgram(program, ruleInput(change), options.fuel ?? new Fuel(100_000))
}

function programOf(source: string, version?: RegoVersion): Program {
  if (version !== undefined) return checkModule(parseModule(source, version))
  try {
    return programOf(source, 'v1')
  } catch (error) {
    if (error instanceof RegoRefused) return programOf(source, 'v0')
    throw error
  }
}

/** True when `decision := "DENY" if { body }` fires on a request whose context is `context`. */
export function fires(body: string, context: RuleInput['request']['context'] = {}, helpers = ''): boolean {
  return run(`decision := "DENY" if {\n${body}\n}\n${helpers}`, { request: { input: null, context } }) === 'DENY'
}

/** The sentence with which a whole module is refused; fails when it loads. */
export function refusal(source: string, version?: RegoVersion): string {
  try {
    compileRego(source, version)
  } catch (error) {
    if (error instanceof RegoRefused) return error.message
    throw error
  }
  throw new Error(`the module loads: ${source.slice(0, 200)}`)
}
