/** Which names a body knows, and which slot of its frame holds each (spec chapter 16, safety). @module */
import { RegoRefused } from './refused.ts'
import type { Step } from './program.ts'

/** A rule as its callers see it. */
export interface RuleName {
  readonly index: number
  readonly kind: 'complete' | 'set' | 'function'
  readonly arity: number
}

/** What is the same for every body of a module; `depend` notes that the rule being checked reads another. */
export interface ModuleNames {
  readonly version: 'v0' | 'v1'
  find(name: string): RuleName | undefined
  depend(rule: RuleName): void
}

const MAX_SLOTS = 512

/** The names of one body, in the order in which they get their values, and the steps made so far. */
export class Scope {
  readonly module: ModuleNames
  readonly steps: Step[] = []
  readonly #slots = new Map<string, number>()
  readonly #declared = new Map<string, number>()
  #size = 0
  /** True while the operand of a `not` is checked: nothing may be iterated there. */
  negated = false

  constructor(module: ModuleNames, params: readonly string[]) {
    this.module = module
    for (const param of params) {
      if (param !== '_') this.#slots.set(param, this.#size)
      this.#size += 1
    }
  }

  get size(): number {
    return this.#size
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name)
  }

  /** True for a name that could get a value here: one without a value that is neither a rule nor a document. */
  isFree(name: string): boolean {
    if (this.#slots.has(name)) return false
    return this.#declared.has(name) || (name !== 'input' && name !== 'data' && this.module.find(name) === undefined)
  }

  fresh(line: number): number {
    if (this.#size >= MAX_SLOTS) throw new RegoRefused(line, 'a body needs more variables than the subset allows')
    this.#size += 1
    return this.#size - 1
  }

  /** `some x`: the name hides a rule of that name and waits for a value. */
  declare(name: string, line: number): void {
    this.#checkNew(name, line)
    this.#declared.set(name, line)
  }

  /** Gives a free name its slot, where a reference or `=` gives it a value. */
  bindFree(name: string, line: number): number {
    const slot = this.fresh(line)
    this.#declared.delete(name)
    this.#slots.set(name, slot)
    return slot
  }

  /** `x := …` and `some x in …`: the name is new in this body. */
  bindNew(name: string, line: number): number {
    this.#checkNew(name, line)
    return this.bindFree(name, line)
  }

  /** Refuses a `some x` that nothing gave a value. */
  finish(): void {
    for (const [name, line] of this.#declared)
      throw new RegoRefused(line, `"some ${name}" declares a variable that is never used`)
  }

  #checkNew(name: string, line: number): void {
    if (name === '_') throw new RegoRefused(line, '"_" cannot be assigned; give the value a name or leave it out')
    if (name === 'input' || name === 'data') throw new RegoRefused(line, `"${name}" cannot be the name of a variable`)
    if (this.#slots.has(name) || this.#declared.has(name))
      throw new RegoRefused(line, `"${name}" already has a value in this body`)
  }
}
