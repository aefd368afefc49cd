/** Step 13: what the route itself asks, its parser of claims and its own check; both may refuse and neither may allow (spec chapter 11.6). @module */
import { decodeBase64url, isObject, LIMITS, parseJson, Refusal, type JsonObject, type JsonValue } from '@aiegis/protocol'
import type { AiegisContext } from '../context.ts'
import type { Check, Requirement } from '../requirement.ts'
import type { StandardSchema } from '../standard-schema.ts'
import { within } from '../within.ts'
import type { VerifiedToken } from './token.ts'

/** How long parser and check may take together, milliseconds. */
export const CHECK_MS = 3000

/**
 * The context that the handler will get, made by `contextWith` of what the parser gave. Throws `claims_not_accepted`, `check_refused`,
 * `check_unavailable`, and what parser and check throw: a `Refusal` is one, anything else a defect. What comes after `CHECK_MS` is dropped.
 */
export function checkRoute(
  token: VerifiedToken,
  requirement: Pick<Requirement, 'claims' | 'checks'>,
  contextWith: (claims: unknown) => AiegisContext,
): AiegisContext | Promise<AiegisContext> {
  const { claims, checks } = requirement
  return hasOwnCheck(requirement) ? inTime(ask(token, claims, checks, contextWith)) : contextWith(undefined)
}

/** Whether code of the operator is asked at all. */
export function hasOwnCheck({ claims, checks }: Pick<Requirement, 'claims' | 'checks'>): boolean {
  return claims !== undefined || checks.length > 0
}

async function inTime(asked: Promise<AiegisContext>): Promise<AiegisContext> {
  // What was thrown is told apart from being late.
  const settled = asked.then(
    (context) => () => context,
    (error: unknown) => () => raise(error),
  )
  const give = await within(CHECK_MS, settled).catch((cause: unknown) =>
    raise(new Refusal('check_unavailable', 'the check of the route did not answer', { cause, retryAfter: 2 })),
  )
  return give()
}

async function ask(
  token: VerifiedToken,
  schema: StandardSchema | undefined,
  checks: readonly Check[],
  contextWith: (claims: unknown) => AiegisContext,
): Promise<AiegisContext> {
  const context = contextWith(schema === undefined ? undefined : await parsed(schema, token))
  for (const check of checks) {
    // One after the other: the first no is enough.
    // oxlint-disable-next-line no-await-in-loop
    const answer: unknown = await check(context)
    if (answer === false) throw new Refusal('check_refused', 'the check of the route answered false')
    if (answer !== true) throw new TypeError(`check: answered ${typeof answer}; answer true or false`)
  }
  return context
}

async function parsed(schema: StandardSchema, token: VerifiedToken): Promise<unknown> {
  const result: unknown = await schema['~standard'].validate(ownClaims(token))
  if (typeof result !== 'object' || result === null) throw new TypeError('claims: the parser gave no result')
  const issues: unknown = Reflect.get(result, 'issues')
  if (issues !== undefined) {
    const first: unknown = Array.isArray(issues) ? Reflect.get(Object(issues[0]), 'message') : undefined
    throw new Refusal('claims_not_accepted', typeof first === 'string' ? first : 'the parser names no reason')
  }
  return Reflect.get(result, 'value')
}

/** The claims that this profile has no meaning for. The harness signed them with the others; read again, since only here somebody wants them. */
function ownClaims({ text, claims }: VerifiedToken): JsonObject {
  const payload = parseJson(decodeBase64url(text.split('.')[1] ?? ''), { maxBytes: LIMITS.token })
  const all = isObject(payload) ? Object.entries(payload) : []
  return frozen(Object.fromEntries(all.filter(([name]) => !Object.hasOwn(claims, name))))
}

function frozen<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

function raise(error: unknown): never {
  throw error
}
