/** Sets of facts that an agent may leave out, and what a term lacks without them (spec chapter 16). @module */
import { COMPUTED, printFact, type FactPath } from './fact-path.ts'

/** Facts as authors write them, by an identity that differs where two places may mean two values. */
export type Facts = ReadonlyMap<string, string>

/** Without one of the facts in `before` the body ends before the term, in `absent` the term has no value, in `nullable` it is null. */
export interface Omitted {
  readonly before: Facts
  readonly absent: Facts
  readonly nullable: Facts
  /** The agent writes what is inside the value. */
  readonly open: Facts
  /** The value is a truth that was computed, so that comparing it with `false` negates. */
  readonly truth: boolean
}

/** Ends the identity of a fact that is missing because it is null: that it is there does not guard it. */
export const NULL = ' null'

/** No fact. */
export const NO_FACTS: Facts = new Map()
/** A term that no omission changes. */
export const NOTHING: Omitted = { before: NO_FACTS, absent: NO_FACTS, nullable: NO_FACTS, open: NO_FACTS, truth: false }

/** One of several terms that all are needed. */
export function union(all: readonly Omitted[]): Omitted {
  return {
    before: merge(all.map(({ before }) => before)),
    absent: merge(all.map(({ absent }) => absent)),
    nullable: merge(all.map(({ nullable }) => nullable)),
    open: merge(all.map(({ open }) => open)),
    truth: all.some(({ truth }) => truth),
  }
}

/** All facts of several lists. */
export function merge(all: readonly Facts[]): Facts {
  const filled = all.filter(({ size }) => size > 0)
  return filled.length > 1 ? new Map(filled.flatMap((facts) => [...facts])) : (filled[0] ?? NO_FACTS)
}

/** A name for a value: the body comes past it only where the value is. */
export function asLocal(value: Omitted): Omitted {
  return { ...value, before: merge([value.before, value.absent]), absent: NO_FACTS }
}

/** What has no value because something is null. */
export function throughNull(facts: Facts): Facts {
  return facts.size === 0 ? facts : new Map([...facts].map(([id, text]) => [id + NULL, text]))
}

/** The facts that no statement guards. */
export function without(facts: Facts, guarded: ReadonlySet<string>): Facts {
  if (facts.size === 0 || guarded.size === 0) return facts
  return new Map([...facts].filter(([id]) => !guarded.has(id)))
}

/** One fact, or the part of it with that many keys. */
export function named(path: FactPath, length: number = path.keys.length): Facts {
  const marks = path.marks.slice(0, length)
  return new Map([[marks.join(' '), printFact({ keys: path.keys.slice(0, length), marks })]])
}

/** Any member of what the agent writes, where nobody can tell which. */
export function memberOf({ open }: Omitted): Facts {
  return new Map([...open].map(([id, text]) => [`${id} ${COMPUTED}`, `${text}[…]`]))
}

/** True for a fact that may be another one elsewhere, so that stating it guards nothing but the name that holds it. */
export function isComputed(id: string): boolean {
  return id.split(' ').includes(COMPUTED)
}
