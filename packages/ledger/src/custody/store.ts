/** The rows about clear text: what a writer may add to them, and what a janitor may take out (spec chapter 17.7). @module */
import { integerOf, textOf, type Row } from '../columns.ts'

type Awaitable<T> = T | Promise<T>

/** Entries whose clear text must stay. */
export interface Hold {
  /** Its name in the log: 22 characters of base64url. */
  readonly id: string
  readonly first: number
  readonly last: number
  /** Epoch seconds. */
  readonly at: number
}

/** Clear text of one entry. */
export interface ClearText {
  readonly index: number
  readonly clear: Uint8Array
}

/** What a writer may do; nothing of it takes a row out. */
export interface CustodyStore {
  /**
   * Orders that clear text be erased: from now on nobody reads it, and the janitor takes it out. False when there is none, or it was
   * ordered before. Throws `OnHold`.
   */
  order(index: number): Awaitable<boolean>
  /** Puts entries on hold. The same id again changes nothing; for other entries it throws `RangeError`. */
  hold(id: string, first: number, last: number): Awaitable<Hold>
  /** Ends a hold. False when it had ended. Throws `RangeError` when there was none. */
  release(id: string): Awaitable<boolean>
  /** Those that are in force, oldest first. */
  holds(): Awaitable<readonly Hold[]>
  /** Whether clear text must stay. */
  isHeld(index: number): Awaitable<boolean>
  /** Clear text from entry `start` on, at most `count`, as far as nobody ordered to erase it. */
  clearFrom(start: number, count: number): Awaitable<readonly ClearText[]>
  /** First entry that is still published. */
  minimum(): Awaitable<number>
}

/** Clear text that must stay. */
export class OnHold extends Error {
  override readonly name: string = 'OnHold'
}

/** The store behind `guard`, which may refuse or reword what fails. */
export function guardCustody(store: CustodyStore, guard: <T>(question: () => T | Promise<T>) => Promise<T>): CustodyStore {
  return {
    order: (index) => guard(() => store.order(index)),
    hold: (id, first, last) => guard(() => store.hold(id, first, last)),
    release: (id) => guard(() => store.release(id)),
    holds: () => guard(() => store.holds()),
    isHeld: (index) => guard(() => store.isHeld(index)),
    clearFrom: (start, count) => guard(() => store.clearFrom(start, count)),
    minimum: () => guard(() => store.minimum()),
  }
}

/** What a janitor may do. Ages are seconds by the clock of the database. */
export interface JanitorStore {
  readonly origin: string
  /** Takes out clear text whose erasure was ordered, at most `most` rows, none on hold. Resolves to how many. */
  eraseOrdered(most: number): Awaitable<number>
  /** Takes out clear text that is older, at most `most` rows, none on hold. Resolves to how many. */
  eraseOlder(seconds: number, most: number): Awaitable<number>
  /** Clear text that would go but for a hold. */
  countHeld(seconds: number): Awaitable<number>
  /** First published entry, after those that are older were taken away from the start, up to the first one on hold. */
  minimum(seconds: number | undefined): Awaitable<number>
  /** Overwrites what was taken out, as far as that can be done from here. Resolves to where the rest may be. */
  overwrite(): Awaitable<string | undefined>
  close(): Awaitable<void>
}

/** A hold as its row says. */
export function holdOf(row: Row): Hold {
  return { id: textOf(row, 'id'), first: integerOf(row, 'first'), last: integerOf(row, 'last'), at: integerOf(row, 'at') }
}

/** The hold that was asked for. Throws `RangeError` where its id has other entries. */
export function sameHold(hold: Hold | undefined, first: number, last: number): Hold {
  if (hold?.first === first && hold.last === last) return hold
  throw new RangeError(`hold ${hold?.id ?? 'that was just placed'} has other entries`)
}
