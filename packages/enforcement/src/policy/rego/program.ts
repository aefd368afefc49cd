/** A checked Rego module, ready to run: every name is a slot or a rule, every iteration is a step of its own (spec chapter 16). @module */
import type { Pattern } from '../pattern.ts'
import type { Value } from './values.ts'
import type { Infix, RegoVersion } from './ast.ts'

/** Yields one value or none. `local` reads a slot of the frame, `rule` the value of a whole rule. */
export type Term =
  | { readonly kind: 'const'; readonly value: Value }
  | { readonly kind: 'local'; readonly slot: number }
  | { readonly kind: 'input' }
  | { readonly kind: 'rule'; readonly rule: number }
  | { readonly kind: 'ref'; readonly base: Term; readonly path: readonly Term[] }
  | { readonly kind: 'infix'; readonly op: Infix; readonly left: Term; readonly right: Term }
  | { readonly kind: 'builtin'; readonly name: BuiltinName; readonly args: readonly Term[] }
  | { readonly kind: 'match'; readonly pattern: Pattern; readonly text: Term }
  | { readonly kind: 'apply'; readonly rule: number; readonly args: readonly Term[] }
  | { readonly kind: 'array' | 'set'; readonly items: readonly Term[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: Term])[] }

/** Built-ins besides the regular expressions, whose pattern is compiled at load. */
export type BuiltinName = 'startswith' | 'endswith' | 'contains' | 'lower' | 'upper' | 'count'

/** `test` holds when its value is neither absent nor false; `not` when it is; `iterate` tries every entry of its source. */
export type Step =
  | { readonly kind: 'test' | 'not'; readonly term: Term; readonly line: number }
  | { readonly kind: 'assign'; readonly slot: number; readonly term: Term; readonly line: number }
  | {
      readonly kind: 'iterate'
      readonly key: number | undefined
      readonly value: number | undefined
      readonly source: Term
      readonly line: number
    }

/** A value under a body. `line` is where the value stands. */
export interface ProgramArm {
  readonly steps: readonly Step[]
  readonly value: Term
  readonly line: number
}

/** One definition; the arms after the first are its `else` branches, tried in order. `slots` is the size of its frame. */
export interface Clause {
  readonly slots: number
  readonly arms: readonly ProgramArm[]
}

/** All definitions of one name. A function's arguments are the first `arity` slots of each frame. */
export interface ProgramRule {
  readonly name: string
  readonly kind: 'complete' | 'set' | 'function'
  readonly arity: number
  readonly clauses: readonly Clause[]
  readonly fallback: Value | undefined
}

/** What `check` makes of a module. `decision` is the index of the rule that is asked. */
export interface Program {
  readonly version: RegoVersion
  readonly packageName: string
  readonly rules: readonly ProgramRule[]
  readonly decision: number
}
