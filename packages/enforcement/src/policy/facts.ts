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
  readonly passport: { readonly agent_did: string; readonly issuer: string; readonly claims: JsonObject } | null
  readonly harness: HarnessFacts
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

type Shape = 'any' | 'text' | { readonly [member: string]: Shape }

const SHAPE: Shape = {
  value: 'text',
  raw: 'any',
  field: 'text',
  action: 'text',
  target: 'text',
  request: { input: 'any', context: 'any' },
  passport: { agent_did: 'text', issuer: 'text', claims: 'any' },
  harness: {
    now: 'text',
    jurisdiction: 'text',
    counters: { requests_1m: 'text', requests_1h: 'text', action_requests_1m: 'text', action_requests_1h: 'text' },
    pack_id: 'text',
    rule_id: 'text',
  },
}

/**
 * The end of a sentence when no member of `input` can have this path, so that a misspelt fact is refused at load instead of
 * being absent for ever; `undefined` when the path may exist.
 */
export function unknownFact(path: readonly string[]): string | undefined {
  let shape: Shape = SHAPE
  let walked = 'input'
  for (const name of path) {
    if (shape === 'any') return undefined
    if (shape === 'text') return `"${walked}" has no members`
    const next: Shape | undefined = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (next === undefined) return `"${walked}" has no member "${name}"; it has ${Object.keys(shape).join(', ')}`
    shape = next
    walked = `${walked}.${name}`
  }
  return undefined
}
