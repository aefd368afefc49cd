/** Gives each layer the changes that a case makes there, and finds changes that no layer took (conformance/README.md). @module */
import { fromHex, fromLatin1, latin1, utf8 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { addAt, removeAt, setAt } from './pointer.ts'
import { editText } from './text-edits.ts'
import type { Change } from './types.ts'
import { resolve, type Moment } from './values.ts'

/** The changes of one build. Each is taken once; `finish` throws when one is left. */
export class Changes {
  readonly moment: Moment
  private readonly all: readonly Change[]
  private readonly taken = new Set<Change>()

  constructor(moment: Moment, all: readonly Change[]) {
    this.moment = moment
    this.all = all
  }

  /** The object of a layer with its members changed. */
  object(at: string, before: JsonObject): JsonObject {
    const after = this.take(at, ['set', 'remove', 'add']).reduce<Json>((value, change) => {
      const path = change.path ?? ''
      if (change.op === 'remove') return guard(change, () => removeAt(value, path))
      const member = guard(change, () => resolve(this.moment, change.value))
      return guard(change, () => (change.op === 'add' ? addAt(value, path, member) : setAt(value, path, member)))
    }, before)
    return isObject(after) ? after : before
  }

  /** The text of a layer with parts of it changed. */
  text(at: string, before: string): string {
    return this.take(at, ['text', 'edit']).reduce((text, change) => {
      if (change.op === 'edit') return guard(change, () => editText(change.edit, text, this.options(change)))
      return edited(change, text, this.textOf(change))
    }, before)
  }

  /** The bytes of a layer with parts of them changed: `text` as UTF-8, `bytes` as hexadecimal, `flip` one bit. */
  bytes(at: string, before: Uint8Array): Uint8Array {
    const after = this.take(at, ['text', 'bytes', 'flip', 'edit']).reduce((text, change) => {
      if (change.op === 'edit') return guard(change, () => editText(change.edit, text, this.options(change)))
      if (change.op === 'flip') return latin1(flipped(change, fromLatin1(text)))
      const value = change.op === 'bytes' ? fromHex(this.textOf(change)) : utf8(this.textOf(change))
      const find = change.find === undefined ? {} : { find: latin1(utf8(change.find)) }
      return edited({ ...change, ...find }, text, latin1(value))
    }, latin1(before))
    return fromLatin1(after)
  }

  /** The changes of a layer that are of one of these kinds. */
  take(at: string, ops: readonly Change['op'][]): readonly Change[] {
    const found = this.all.filter((change) => change.at === at && ops.includes(change.op))
    for (const change of found) this.taken.add(change)
    return found
  }

  /** Throws `ChangeError` when a change was for no layer of this request, or of no kind that its layer knows. */
  finish(): void {
    const left = this.all.find((change) => !this.taken.has(change))
    if (left !== undefined) throw new ChangeError(`no layer ${left.at} of this request takes ${left.op}`)
  }

  /** What an edit is told: the members of its value, each made for this moment. */
  options(change: Change): JsonObject {
    const value = change.value ?? {}
    if (!isObject(value)) throw new ChangeError(`${change.at}: an edit is told an object`)
    const members = Object.entries(value).map(
      ([name, member]) => [name, guard(change, () => resolve(this.moment, member))] as const,
    )
    return Object.fromEntries(members)
  }

  /** The value of a change, made for this moment. Throws `ChangeError` unless it is a text. */
  textOf(change: Change): string {
    const value = guard(change, () => resolve(this.moment, change.value))
    if (typeof value !== 'string') throw new ChangeError(`${change.at}: ${change.op} needs a text`)
    return value
  }
}

/** A text with one change: what `find` says is replaced, or the value goes before or after all, or takes its place. */
export function edited(change: Change, text: string, value: string): string {
  if (change.where === 'append') return text + value
  if (change.where === 'prepend') return value + text
  const { find } = change
  if (find === undefined) return value
  if (!text.includes(find)) throw new ChangeError(`${change.at}: ${JSON.stringify(find)} is not in the text`)
  return change.all === true ? text.replaceAll(find, () => value) : text.replace(find, () => value)
}

/** Bytes with one bit changed: bit `value` counted from the first of the first byte, from the end when negative. */
export function flipped(change: Change, bytes: Uint8Array): Uint8Array {
  const bit = Number(change.value)
  const index = bit < 0 ? bytes.length * 8 + bit : bit
  const byte = bytes[index >> 3]
  if (byte === undefined || !Number.isSafeInteger(index)) throw new ChangeError(`${change.at}: there is no bit ${bit}`)
  return bytes.with(index >> 3, byte ^ (0x80 >> (index & 7)))
}

/** Runs one change, and says which it was when it cannot be made. */
export function guard<T>(change: Change, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error
    throw new ChangeError(`${change.at}: ${error.message}`, { cause: error })
  }
}
