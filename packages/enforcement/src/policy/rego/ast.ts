/** The syntax tree of the Rego subset: what was written, before any name is resolved (spec chapter 16). @module */

/** `infix` holds one comparison or `in`; `ref` is a base followed by dots and brackets; `call` has a dotted name. */
export type Expression =
  | { readonly kind: 'scalar'; readonly value: null | boolean | number | string; readonly line: number }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'ref'; readonly base: Expression; readonly path: readonly Expression[]; readonly line: number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly line: number }
  | { readonly kind: 'infix'; readonly op: Infix; readonly left: Expression; readonly right: Expression; readonly line: number }
  | { readonly kind: 'array' | 'set'; readonly items: readonly Expression[]; readonly line: number }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: Expression])[]; readonly line: number }

/** Comparisons and membership; there is no arithmetic. */
export type Infix = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in'

/** One line of a body. `unify` is `=`; `declare` is `some x, y`; `some` is `some x in xs` or `some k, v in xs`. */
export type Statement =
  | { readonly kind: 'test' | 'not'; readonly expression: Expression; readonly line: number }
  | { readonly kind: 'assign'; readonly name: string; readonly expression: Expression; readonly line: number }
  | { readonly kind: 'unify'; readonly left: Expression; readonly right: Expression; readonly line: number }
  | { readonly kind: 'declare'; readonly names: readonly string[]; readonly line: number }
  | {
      readonly kind: 'some'
      readonly key: string | undefined
      readonly value: string
      readonly source: Expression
      readonly line: number
    }

/** A value with the body under which it holds; the arms after the first are `else` branches. */
export interface Arm {
  readonly value: Expression
  readonly body: readonly Statement[]
  readonly line: number
}

/** One definition: `name := …` (complete), `name contains …` (set), or `name(x) := …` (function, `params` present). */
export interface Rule {
  readonly kind: 'complete' | 'set' | 'function'
  readonly name: string
  readonly params: readonly string[]
  readonly arms: readonly Arm[]
  readonly line: number
}

/** `default name := value`; the value is a literal without names. */
export interface DefaultRule {
  readonly name: string
  readonly value: Expression
  readonly line: number
}

/** v0 has bodies without `if` and sets as `name[x]`; v1 has neither. */
export type RegoVersion = 'v0' | 'v1'

/** A parsed module; nothing in it has been checked. */
export interface Module {
  readonly version: RegoVersion
  readonly packageName: string
  readonly rules: readonly Rule[]
  readonly defaults: readonly DefaultRule[]
}
