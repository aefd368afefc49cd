/** Compiles the regular expressions of packs with a linear-time engine, under caps (spec chapter 16, RE2 syntax). @module */
import { RE2JS, RE2JSException } from 're2js'
import { PolicyFault, type Fuel } from './fault.ts'

const MAX_PATTERN = 2_048
const MAX_PROGRAM = 2_000
const MAX_TEXT = 65_536
/** Bytes times instructions for one unit: the engine is a hundred times slower where a pattern keeps many states alive. */
const STEPS_PER_UNIT = 256

/** A compiled pattern that answers one question: does it match somewhere in a text. */
export interface Pattern {
  /** Burns fuel by text length and program size, before it starts. Throws `PolicyFault` for text over 65,536 UTF-16 units. */
  matches(text: string, fuel: Fuel): boolean
}

/** The pattern, or the end of a sentence that says why it is refused. Look-around and back-references do not exist in RE2. */
export function compilePattern(source: string): Pattern | string {
  if (source.length > MAX_PATTERN) return `is longer than ${MAX_PATTERN} characters`
  const compiled = compile(source)
  if (typeof compiled === 'string') return compiled
  const size = compiled.programSize()
  if (size > MAX_PROGRAM) return `compiles to ${size} instructions, more than ${MAX_PROGRAM}`
  return {
    matches(text, fuel) {
      if (text.length > MAX_TEXT) throw new PolicyFault('eval', `a pattern on text of more than ${MAX_TEXT} characters`)
      // Bytes, for text outside ASCII is slower to match.
      fuel.burn(1 + Math.ceil((Buffer.byteLength(text) * size) / STEPS_PER_UNIT))
      return compiled.test(text)
    },
  }
}

function compile(source: string): RE2JS | string {
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (error instanceof RE2JSException) return `is no RE2 expression (${error.message})`
    throw error
  }
}
