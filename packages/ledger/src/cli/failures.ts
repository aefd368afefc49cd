/** What can end a command, with its exit code and one sentence (spec chapter 17.12). @module */
import { Malformed, Refusal } from '@aiegis/protocol'
import { OnHold } from '../custody/store.ts'
import { NotAnswering } from '../store.ts'
import { BrokenLog, type BrokenPlace } from '../verify-log.ts'

/** A wrong call: what is missing or cannot be meant. */
export class WrongCall extends Error {
  override readonly name: string = 'WrongCall'
}

/** What was asked for and is not in the log, or is no more. */
export class NotThere extends Error {
  override readonly name: string = 'NotThere'
}

/** What does not answer, and may later. */
export class Unreachable extends Error {
  override readonly name: string = 'Unreachable'
}

/** Exit code 0: it holds, 1: it does not, or was refused, 2: wrong call, 3: something does not answer. 4, own fault, is what is thrown. */
export type ExitCode = 0 | 1 | 2 | 3

/** How a command ended. */
export interface Failure {
  readonly code: Exclude<ExitCode, 0>
  readonly kind: 'refused' | 'usage' | 'unreachable'
  readonly message: string
  readonly place: BrokenPlace
}

/** The failure that an error is; `undefined` for a defect. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof WrongCall) return { code: 2, kind: 'usage', message: error.message, place: {} }
  if (error instanceof Unreachable || error instanceof NotAnswering)
    return { code: 3, kind: 'unreachable', message: error.message, place: {} }
  if (error instanceof NotThere) return { code: 1, kind: 'refused', message: error.message, place: {} }
  if (error instanceof BrokenLog) return { code: 1, kind: 'refused', message: doesNotHold(error), place: error.place }
  if (error instanceof Malformed || error instanceof Refusal)
    return { code: 1, kind: 'refused', message: doesNotHold(error), place: {} }
  if (!(error instanceof Error)) return undefined
  // Sentences for the operator, of whoever opens a log.
  const isSaid = error.message.startsWith('ledger: ')
  if (error instanceof OnHold || isSaid) {
    const code = error.cause instanceof NotAnswering ? 3 : 1
    const message = isSaid ? error.message.slice('ledger: '.length) : error.message
    return { code, kind: code === 3 ? 'unreachable' : 'refused', message, place: {} }
  }
  // A driver of SQLite met pages that nobody who writes a database makes.
  if (typeof Reflect.get(error, 'errcode') === 'number' || TOO_LARGE.test(error.message))
    return { code: 1, kind: 'refused', message: `does not hold: the database is damaged: ${error.message}`, place: {} }
  return undefined
}

/** Drivers of SQLite give no integer from 2^53 on, and a log has none. */
const TOO_LARGE = /^Value is too large to be represented as a JavaScript number/

function doesNotHold({ message }: Error): string {
  return `does not hold: ${message}`
}

/** What is known about where a log is wrong, as a sentence. */
export function placeSentence({ good, index, last }: BrokenPlace): string | undefined {
  const before = good === undefined || good === 0 ? '' : `; the ${good} entries before ${good} are those that were signed`
  if (index !== undefined) return `first bad entry: ${index}${before}`
  return last === undefined ? undefined : `first bad entry: one of ${good ?? 0} to ${last}${before}`
}
