/** What may be different in evidence that is signed again, read from the specification and from nothing else (chapters 3, 4, 8 and 12). @module */
import { isObject, type JsonObject, type JsonValue } from '@aiegis/protocol'
import { NAMES } from '@aiegis/testing'
import type { Plan, World } from '../world.ts'

/** Whether a value, `undefined` when it is absent, may stand there. */
export type Rule = (value: JsonValue | undefined) => boolean

/** Rules by path; what has no rule may not change. */
export type Rules = Readonly<Record<string, Rule>>

/** Whether the changed object is as good as the valid one. `isIgnored` says which members may be added at the top. */
export function isAllowed(
  valid: JsonValue | undefined,
  changed: JsonValue | undefined,
  rules: Rules,
  isIgnored: (name: string) => boolean = () => false,
  path = '',
): boolean {
  if (JSON.stringify(sorted(valid)) === JSON.stringify(sorted(changed))) return true
  if (Object.hasOwn(rules, path) && rules[path] !== undefined) return rules[path](changed)
  if (path !== '' && valid === undefined) return !path.includes('.') && isIgnored(path)
  if (!isObject(valid) || !isObject(changed)) return false
  const names = new Set([...Object.keys(valid), ...Object.keys(changed)])
  return [...names].every((name) =>
    isAllowed(own(valid, name), own(changed, name), rules, isIgnored, path === '' ? name : `${path}.${name}`),
  )
}

const IDENTIFIER = /^[A-Za-z0-9_-]{16,64}$/

/** What the rules depend on. Times in epoch seconds. */
export interface Facts {
  readonly now: number
  readonly audience: string
  readonly action: string
  readonly target: string
  readonly handOffs: number
  readonly revoked: ReadonlySet<number>
  readonly isUsed: (jti: string) => boolean
}

/** The facts of a request that is made now. */
export function factsOf({ harness, revoked, used }: World, { method, url, handOffs }: Plan): Facts {
  return {
    now: harness.clock.seconds(),
    audience: harness.audience,
    action: `http.${method.toLowerCase()}`,
    target: url.split('?', 1)[0] ?? url,
    handOffs,
    revoked,
    isUsed: (jti) => used.has(jti),
  }
}

/** AHP-BYTES-15: both names of the one algorithm. */
export const HEADER: Rules = { alg: oneOf('Ed25519', 'EdDSA') }

/** AHP-TOKEN-10. */
export function isIgnoredClaim(name: string): boolean {
  return name !== 'nbf'
}

/** Chapters 3 and 4. */
export function tokenRules({ now, handOffs, isUsed }: Facts): Rules {
  return {
    // Tokens are made now.
    exp: (value) => isInteger(value) && value > now && value <= now + 60,
    jti: (value) => matches(IDENTIFIER)(value) && typeof value === 'string' && !isUsed(value),
    // A task comes from the delegation when there is one.
    txn: (value) => handOffs === 0 && matches(IDENTIFIER)(value),
    salt: matches(/^[A-Za-z0-9_-]{21}[AQgw]$/),
    'entry.ts': (value) =>
      isTime(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) && Math.floor(Date.parse(value) / 1000) === now,
    'entry.deciding_pack': textOrNull(64),
    'entry.deciding_rule': textOrNull(64),
    'entry.deciding_layer': textOrNull(64),
    'entry.deny_reason': textOrNull(256),
    'entry.decision_ms': (value) => isInteger(value) && value >= 0,
  }
}

/** Chapter 8.2, for the passport in that place. `exp` is the end of the delegation that its agent made, if any. */
export function passportRules(facts: Facts, place: number, valid: JsonObject, exp: JsonValue | undefined): Rules {
  const { now, handOffs, revoked } = facts
  const from = secondsOf(valid['validFrom'])
  const until = secondsOf(valid['validUntil'])
  const fact = {
    type: matches(/^[a-z0-9][a-z0-9._-]{0,63}$/),
    grade: oneOf('asserted', 'evidence_checked', 'live'),
    time: isSeconds,
    digest: isHash,
  }
  return {
    validFrom: (value) => isSeconds(value) && isWithinYear(secondsOf(value), until) && secondsOf(value) <= now + 5,
    validUntil: (value) =>
      isSeconds(value) && isWithinYear(from, secondsOf(value)) && secondsOf(value) > now && secondsOf(value) >= Number(exp ?? 0),
    'credentialSubject.attestations.hardware': closed({ ...fact, jkt: isHash }),
    'credentialSubject.attestations.human': closed({ ...fact, id: isDid }),
    'credentialSubject.attestations.runtime': closed(fact),
    'credentialSubject.mission': mission(facts),
    'credentialSubject.harness': (value) =>
      Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= 4 &&
      new Set(value).size === value.length &&
      value.every(isDid) &&
      // Only the sender's passport says who may decide.
      (place < handOffs || value.includes(NAMES.harness)),
    'credentialSubject.jurisdiction': optional(matches(/^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/)),
    'credentialSubject.risk': optional(oneOf('minimal', 'limited', 'high', 'critical')),
    'credentialSubject.maxDepth': (value = 0) => isInteger(value) && value >= handOffs - place && value >= 0 && value <= 2,
    'credentialSubject.delegatedOnly': optional((value) => value === false || (value === true && place > 0)),
    'credentialStatus.statusListIndex': (value) =>
      matches(/^(?:0|[1-9]\d{0,5})$/)(value) && Number(value) < 131_072 && !revoked.has(Number(value)),
  }
}

/** Chapter 8.5, for the delegation at that depth. */
export function delegationRules(facts: Facts, depth: number, valid: JsonObject, otherName: JsonValue | undefined): Rules {
  const { now, audience, handOffs } = facts
  const iat = Number(valid['iat'])
  const end = Number(valid['exp'])
  return {
    aud: (value) =>
      Array.isArray(value) &&
      value.length <= 8 &&
      new Set(value).size === value.length &&
      value.every((origin) => oneOf(audience, 'https://other.example')(origin)) &&
      value.includes(audience),
    iat: (value) => isInteger(value) && value >= 0 && value <= now + 5 && value < end && end - value <= 86_400,
    // The delegation after this one ends with it, and so does the one before; a passport ends a day after it was made.
    exp: (value) =>
      isInteger(value) && value > now && value >= (depth === handOffs ? 0 : end) && value <= (depth === 1 ? iat + 86_400 : end),
    jti: (value) => matches(IDENTIFIER)(value) && value !== otherName,
    // P0 has 2, P1 has 1; whoever hands off again needs what it had.
    maxDepth: (value) => isInteger(value) && value >= handOffs - depth && value <= 2 - depth,
    mission: mission(facts),
  }
}

/** Missions that the soak puts in, by whether they cover the request. */
export function missionsOf({ audience, action, target }: Facts): {
  readonly covering: readonly JsonObject[]
  readonly others: readonly JsonObject[]
} {
  const all = `${audience}/*`
  return {
    covering: [
      { action: '*', target: all },
      { action: 'http.*', target: all },
      { action, target },
      { action, target: `${target.slice(0, target.lastIndexOf('/'))}/*` },
    ],
    others: [
      { action: 'orders.*', target: all },
      { action: 'http', target: all },
      { action: '*', target: `${target}x` },
      { action: '*', target: 'https://api.example.com.other.example/*' },
      { action: '*', target: `${audience}/other/*` },
      { action: 'http.*', target: target.toUpperCase() },
    ],
  }
}

function mission(facts: Facts): Rule {
  const { covering, others } = missionsOf(facts)
  const known = (list: readonly JsonObject[], pair: JsonValue): boolean =>
    list.some((one) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(pair)))
  return (value) =>
    Array.isArray(value) &&
    value.length <= 16 &&
    value.every((pair: JsonValue) => known([...covering, ...others], pair)) &&
    value.some((pair: JsonValue) => known(covering, pair))
}

function closed(members: Readonly<Record<string, Rule>>): Rule {
  return (value) =>
    isObject(value) &&
    (JSON.stringify(value) === '{"grade":"none"}' ||
      (Object.keys(value).every((name) => Object.hasOwn(members, name)) &&
        Object.entries(members).every(([name, rule]) => rule(own(value, name)))))
}

function optional(rule: Rule): Rule {
  return (value) => value === undefined || rule(value)
}

function oneOf(...values: readonly string[]): Rule {
  return (value) => values.some((one) => one === value)
}

function matches(form: RegExp): Rule {
  return (value) => typeof value === 'string' && form.test(value)
}

function textOrNull(bytes: number): Rule {
  return (value) => value === null || (typeof value === 'string' && Buffer.byteLength(value) <= bytes)
}

function isHash(value: JsonValue | undefined): boolean {
  return matches(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/)(value)
}

/** AHP-BYTES-23, without ports. */
function isDid(value: JsonValue | undefined): boolean {
  return matches(
    /^did:web:(?:localhost|(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{1,63})(?::[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){0,8}$/,
  )(value)
}

function isInteger(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value)
}

function isSeconds(value: JsonValue | undefined): boolean {
  return isTime(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
}

function isTime(value: JsonValue | undefined, form: RegExp): value is string {
  if (typeof value !== 'string' || !form.test(value)) return false
  const at = Date.parse(value)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value.slice(0, -1))
}

function secondsOf(value: JsonValue | undefined): number {
  return Date.parse(typeof value === 'string' ? value : '') / 1000
}

function isWithinYear(from: number, until: number): boolean {
  return until > from && until - from <= 31_622_400
}

function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function sorted(value: JsonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
