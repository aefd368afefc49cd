/** The engines by `policy.language`; a language without one makes the pack refused (spec chapter 16, languages). @module */
import type { JsonValue } from '@aiegis/protocol'
import type { RuleInput } from './facts.ts'
import type { Fuel } from './fault.ts'
import { compileJsonLogic } from './jsonlogic/check.ts'
import { evaluateJsonLogic } from './jsonlogic/evaluate.ts'
import { LogicRefused } from './jsonlogic/refused.ts'
import { compileRego } from './rego/compile.ts'
import { evaluateProgram } from './rego/evaluate.ts'
import { RegoRefused } from './rego/refused.ts'

/** `module` is Rego source or a JSONLogic tree; `rego_version` is for Rego only. */
export interface RuleSource {
  readonly language: string
  readonly module: JsonValue
  readonly rego_version?: 'v0' | 'v1'
}

/** A rule that is ready to run. `evaluate` is pure: what it returns and the fuel it burns depend on `input` alone. */
export interface CompiledRule {
  /** Throws `PolicyFault`. The value is not checked to be a verdict; `undefined` is the absence of one. */
  evaluate(input: RuleInput, fuel: Fuel): unknown
  /** What loads and is probably not meant. */
  readonly warnings: readonly string[]
}

/** One policy language. */
export interface PolicyEngine {
  readonly language: string
  /** The compiled rule, or a sentence that says why it is refused. */
  compile(source: RuleSource): CompiledRule | string
}

const REGO: PolicyEngine = {
  language: 'rego',
  compile({ module, rego_version: version }) {
    if (typeof module !== 'string') return 'the module is not text'
    try {
      const program = compileRego(module, version)
      return { evaluate: (input, fuel) => evaluateProgram(program, input, fuel), warnings: program.warnings }
    } catch (error) {
      if (error instanceof RegoRefused) return error.message
      throw error
    }
  },
}

const JSONLOGIC: PolicyEngine = {
  language: 'jsonlogic',
  compile({ module }) {
    try {
      const rule = compileJsonLogic(module)
      return { evaluate: (input, fuel) => evaluateJsonLogic(rule, input, fuel), warnings: [] }
    } catch (error) {
      if (error instanceof LogicRefused) return error.message
      throw error
    }
  },
}

/** Every engine of this server. */
export const ENGINES: ReadonlyMap<string, PolicyEngine> = new Map([REGO, JSONLOGIC].map((engine) => [engine.language, engine]))
