/** What a handler may rely on after every step has passed (spec chapter 10). @module */
import type { Obligation } from '@aiegis/protocol'
import type { Grades } from './grades.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { VerifiedInclusion } from './steps/ledger.ts'
import type { Agent, VerifiedChain } from './steps/passports.ts'
import type { VerifiedToken } from './steps/token.ts'

/** The verified facts of one request; frozen at every level but for `claims`, which is the parser's. Says what was decided and by whom, not that the decision was wise or the act done. */
export interface AiegisContext<Claims = unknown> {
  /** On whose authority the agent acts. */
  readonly principal: Agent
  /** Who sent the request. */
  readonly presenter: Agent
  /** From principal to presenter. */
  readonly path: readonly Agent[]
  /** How many hand-offs lie between principal and presenter. */
  readonly depth: number
  /** Per fact, what the issuer says and what this receiver checked itself; of a chain the weakest. */
  readonly grades: Grades
  /** Of the presenter; each agent of `path` has its own. */
  readonly jurisdiction: string | null
  /** The highest of the path. */
  readonly risk: string | null
  readonly action: string
  readonly target: string
  readonly decision: 'ALLOW' | 'WARN'
  readonly decidedBy: {
    readonly harness: string
    readonly pack: string | null
    readonly rule: string | null
    readonly layer: string | null
  }
  readonly obligations: readonly Obligation[]
  /** Identifier of the decision (`jti`). */
  readonly receiptId: string
  /** Identifier of the task (`txn`). */
  readonly task: string
  /** When the token ends, epoch seconds. */
  readonly expires: number
  /** What the parser of the route made of claims that this profile does not know; `undefined` where a route has none. */
  readonly claims: Claims
  /** Where the decision stands in the log, and whether this receiver has found the head in the tree that the log publishes. */
  readonly ledger: VerifiedInclusion
  /**
   * One line of JSON with the evidence of this decision and the keys under which it verified, for `aiegis-ledger check` years later.
   * Whoever has it reads the token, so what was decided; nobody can use the token again.
   */
  readonly receipt: () => string
}

/** Gathers what the steps have proved. */
export function createContext(
  token: VerifiedToken,
  chain: VerifiedChain,
  inclusion: VerifiedInclusion,
  receipt: () => string,
  parsed: unknown,
  parser: StandardSchema | undefined,
): AiegisContext {
  const { claims } = token
  const { entry } = claims
  const context: AiegisContext = {
    principal: chain.principal.agent,
    presenter: chain.presenter.agent,
    path: chain.path,
    depth: chain.delegations.length,
    grades: chain.grades,
    jurisdiction: chain.presenter.passport.jurisdiction,
    risk: chain.risk,
    action: entry.action,
    target: entry.target,
    decision: entry.decision === 'WARN' ? 'WARN' : 'ALLOW',
    decidedBy: Object.freeze({
      harness: claims.iss,
      pack: entry.deciding_pack,
      rule: entry.deciding_rule,
      layer: entry.deciding_layer,
    }),
    obligations: Object.freeze(claims.obl),
    receiptId: claims.jti,
    task: claims.txn,
    expires: claims.exp,
    claims: parsed,
    ledger: Object.freeze(inclusion),
    receipt,
  }
  if (parser !== undefined) parsers.set(context, parser)
  return Object.freeze(context)
}

const parsers = new WeakMap<AiegisContext, StandardSchema>()

/** True when `parser` made the claims of `context`. */
export function isParsedBy<Claims>(context: AiegisContext, parser: StandardSchema<Claims>): context is AiegisContext<Claims> {
  return parsers.get(context) === parser
}

/** Contexts of requests that passed every step: of anything else nobody says that it did. */
const made = new WeakSet<AiegisContext>()

/** Says that the request of this context has passed every step; returns it. A check of the operator sees it before that. */
export function passed(context: AiegisContext): AiegisContext {
  made.add(context)
  return context
}

/** Whether a verifier made this context, of a request that passed every step. */
export function isVerifiedContext(context: AiegisContext): boolean {
  return made.has(context)
}
