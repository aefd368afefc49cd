/** The document that every rule sees as `input`, and which of its members exist (spec chapter 16, input). @module */
import type { JsonObject, JsonValue } from '@aiegis/protocol'

/**
 * `value` is the text of the matched field (JCS when it is no string) or null; `raw` its data. `request` is written by the agent;
 * `passport` was verified or is null; `harness` is computed by the server and by nobody else.
 */
export type RuleInput = {
  readonly value: string | null
  readonly raw: JsonValue
  readonly field: string
  readonly action: string
  readonly target: string
  readonly request: { readonly input: JsonValue; readonly context: JsonObject }
  readonly passport: PassportFacts | null
  readonly harness: HarnessFacts
}

/** The agent that asks and its passport; `path` leads from whoever gave the task first to this agent, over `depth` hand-offs. */
export type PassportFacts = {
  readonly agent_did: string
  readonly issuer: string
  readonly claims: JsonObject
  readonly path: readonly { readonly issuer: string; readonly did: string }[]
  readonly depth: number
}

/** `now` is RFC 3339 UTC with milliseconds; `jurisdiction` is the passport's or null; the counters include the present question. */
export type HarnessFacts = {
  readonly now: string
  readonly jurisdiction: string | null
  readonly counters: Counters
  readonly pack_id: string
  readonly rule_id: string
}

/** Questions of this agent in the last minute and hour, in all and for the same action. */
export type Counters = {
  readonly requests_1m: number
  readonly requests_1h: number
  readonly action_requests_1m: number
  readonly action_requests_1h: number
}

/** One step into a document: a member, an element, or `null` for any of them. */
export type Key = string | number | null

/** A tuple is a list whose elements have that shape; `open` is what the agent writes. */
type Shape = 'open' | 'plain' | readonly [Shape] | { readonly [member: string]: Shape }

const ATTESTATION = { type: 'plain', grade: 'plain', time: 'plain', digest: 'plain' } as const

const SHAPE: Shape = {
  value: 'plain',
  raw: 'open',
  field: 'plain',
  action: 'plain',
  target: 'plain',
  request: { input: 'open', context: 'open' },
  passport: {
    agent_did: 'plain',
    issuer: 'plain',
    claims: {
      attestations: { hardware: { ...ATTESTATION, jkt: 'plain' }, human: { ...ATTESTATION, id: 'plain' }, runtime: ATTESTATION },
      mission: [{ action: 'plain', target: 'plain' }],
      harness: ['plain'],
      jurisdiction: 'plain',
      risk: 'plain',
      maxDepth: 'plain',
      delegatedOnly: 'plain',
    },
    path: [{ issuer: 'plain', did: 'plain' }],
    depth: 'plain',
  },
  harness: {
    now: 'plain',
    jurisdiction: 'plain',
    counters: { requests_1m: 'plain', requests_1h: 'plain', action_requests_1m: 'plain', action_requests_1h: 'plain' },
    pack_id: 'plain',
    rule_id: 'plain',
  },
}

/**
 * The end of a sentence when no member of `input` can have this path, so that a misspelt fact is refused at load instead of
 * being absent for ever; `undefined` when the path may exist.
 */
export function unknownFact(path: readonly Key[]): string | undefined {
  let shapes: readonly Shape[] = [SHAPE]
  let walked = 'input'
  for (const key of path) {
    const next = shapes.flatMap((shape) => inside(shape, key))
    if (next.length === 0) return whyUnknown(shapes, walked, key)
    shapes = next
    walked += typeof key === 'string' ? `.${key}` : key === null ? '[_]' : `[${key}]`
  }
  return undefined
}

/** True for a fact that has members of fixed names, so that nobody may lose sight of which fact it is. */
export function hasFixedMembers(path: readonly Key[]): boolean {
  let shapes: readonly Shape[] = [SHAPE]
  for (const key of path) shapes = shapes.flatMap((shape) => inside(shape, key))
  return shapes.some(isFixed)
}

/** How a fact answers when the agent leaves out what it may leave out. */
export interface Omission {
  /** Number of keys of the part that is missing then, so that the fact has no value. */
  readonly absent?: number
  /** The fact is null then. */
  readonly nullable?: true
  /** The agent writes what is inside. */
  readonly open?: true
}

/** The fact at a path that may exist. A passport is left out by asking without a signature. */
export function omissionOf(path: readonly Key[]): Omission {
  const [first, second, ...more] = path
  if (first === undefined) return {}
  if (first === null) return { absent: path.length, nullable: true, open: true }
  if (first === 'value') return { nullable: true }
  if (first === 'raw') return { ...(path.length === 1 ? {} : { absent: path.length }), nullable: true, open: true }
  if (first === 'request') return second === undefined ? {} : omissionInRequest(second, path.length)
  if (first === 'harness') return second === 'jurisdiction' || second === null ? { nullable: true } : {}
  if (first !== 'passport') return {}
  if (second === undefined) return { nullable: true }
  // Without hand-offs there is one agent, and its place is the first.
  if (second === 'path') return { absent: typeof more[0] === 'number' && more[0] > 0 ? path.length : 1 }
  const [claim, , member] = more
  const granted = claim !== 'attestations' || member === undefined || member === 'grade'
  return {
    absent: granted ? 1 : path.length,
    ...(claim === 'jurisdiction' || claim === 'risk' || claim === null ? { nullable: true } : {}),
  }
}

function omissionInRequest(member: Key, length: number): Omission {
  if (length > 2) return { absent: length, nullable: true, open: true }
  return member === 'context' ? { open: true } : { nullable: true, open: true }
}

function inside(shape: Shape, key: Key): readonly Shape[] {
  if (shape === 'open') return [shape]
  if (shape === 'plain') return []
  if (isListShape(shape)) return typeof key === 'string' ? [] : [shape[0]]
  if (key === null) return Object.values(shape)
  const next = typeof key === 'string' && Object.hasOwn(shape, key) ? shape[key] : undefined
  return next === undefined ? [] : [next]
}

function whyUnknown(shapes: readonly Shape[], walked: string, key: Key): string {
  const members = shapes.flatMap((shape) => (typeof shape === 'string' || isListShape(shape) ? [] : Object.keys(shape)))
  if (members.length > 0) return `"${walked}" has no member ${JSON.stringify(key)}; it has ${[...new Set(members)].join(', ')}`
  return shapes.some(isListShape) ? `"${walked}" is a list; its elements are numbered` : `"${walked}" has no members`
}

function isListShape(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}

function isFixed(shape: Shape): boolean {
  if (typeof shape === 'string') return false
  return isListShape(shape) ? isFixed(shape[0]) : true
}
