/** Signs a decision, enters it into the log and releases it: sign, durable append, checkpoint, release (spec chapters 3, 4, 17). @module */
import { randomBytes } from 'node:crypto'
import {
  AHP_VERSION,
  buildLeaf,
  DECISION_TYPE,
  encodeBase64url,
  formatMilliseconds,
  LIMITS,
  Refusal,
  signJws,
  TOKEN_TYPE,
  utf8,
  type CryptoPort,
  type Entry,
  type JsonObject,
  type Signer,
} from '@aiegis/protocol'
import type { Log } from '@aiegis/ledger'
import type { Question } from './ask.ts'
import type { Asker } from './asker.ts'
import { nonceKey } from './nonces.ts'
import type { Verdict } from './policy/evaluate.ts'
import type { Shown } from './shown-request.ts'
import { createUlid } from './ulid.ts'

/** What was decided about whom. `started` is when the question came, epoch milliseconds. */
export interface Decided {
  readonly verdict: Verdict
  readonly question: Pick<Question, 'action' | 'target' | 'txn'>
  readonly shown: Shown | undefined
  readonly asker: Asker | null
  readonly started: number
  /** The nonce of the question is in the log already, or is about to be. */
  readonly isSecond?: true
}

/** A decision that is in the log. */
export interface Issued {
  readonly entry: Entry
  /** The public `receipt_id`. */
  readonly jti: string
  /** Agent that proved who it is. */
  readonly sub: string | null
  /** The task that the JWS names: that of the question, else one made here. */
  readonly txn: string
  /** Compact JWS; a token when `proof` is there, else a decision. */
  readonly jws: string
  /** Value of `X-AEGIS-Proof`; only with a token. */
  readonly proof: string | undefined
  readonly obligations: readonly string[]
  /** Epoch seconds after which a repeated question is a new one. */
  readonly until: number
}

/** Who signs and where it is recorded. */
export interface IssuerOptions {
  /** Harness key; the DID of its kid is `did`. */
  readonly signer: Signer
  readonly did: string
  readonly log: Pick<Log, 'append'>
  readonly tokenSeconds: number
  readonly crypto: CryptoPort
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly random?: (length: number) => Uint8Array
}

/** Signs and records. */
export type Issue = (decided: Decided) => Promise<Issued>

/**
 * The function that issues. It throws `request_too_large` before anything is recorded, `ask_replayed` when the log knows the
 * question's nonce, `ledger_unavailable` or `overloaded` from the log; then nothing is released.
 */
export function createIssue(options: IssuerOptions): Issue {
  const { crypto, did, signer } = options
  const random = options.random ?? ((length) => randomBytes(length))

  return async (decided) => {
    const { asker, question, shown, verdict } = decided
    const at = options.now()
    const jti = createUlid(at, random(10))
    const salt = random(16)
    const sub = asker?.chain.presenter.passport.subject ?? null
    const txn = question.txn ?? createUlid(at, random(10))
    const entry = entryOf(decided, at)
    const iat = Math.floor(at / 1000)
    const base = {
      ahp: AHP_VERSION,
      iss: did,
      iat,
      jti,
      txn,
      salt: encodeBase64url(salt),
      entry: { ...entry },
    }
    const bound = tokenClaims(decided, options, iat)
    const claims: JsonObject = { ...base, ...(sub === null ? {} : { sub }), ...bound }
    const jws = await signJws(signer, { typ: bound === undefined ? DECISION_TYPE : TOKEN_TYPE }, claims)
    if (bound !== undefined && jws.length > LIMITS.token)
      throw new Refusal('request_too_large', `a token of ${jws.length} characters`)
    const leaf = buildLeaf(crypto, {
      entry,
      agentDid: sub,
      harnessKid: signer.kid,
      ledgerSig: jws.slice(jws.lastIndexOf('.') + 1),
      token: jws,
      salt,
    })
    // With the JWS `ledger_sig` can be verified for as long as nobody erases it; the chain says on whose behalf the agent acted.
    const chain = asker?.chain.links.map(({ passport }) => passport.subject) ?? []
    const clear = utf8(JSON.stringify({ jti, agent_did: sub, chain, salt: base.salt, entry, jws }))
    const { proof } = await append(
      options.log,
      leaf,
      asker === null || decided.isSecond === true ? utf8(jti) : nonceKey(asker, crypto),
      clear,
    )
    return {
      entry,
      jti,
      sub,
      txn,
      jws,
      proof: bound === undefined ? undefined : encodeBase64url(utf8(proof)),
      obligations: verdict.decision === 'BLOCK' ? [] : (shown?.obligations ?? []),
      until: bound?.exp ?? iat + options.tokenSeconds,
    }
  }
}

/** The claims that only a token has; `undefined` when this decision is none. Without `exp` and `cnf` nobody can take it for one. */
function tokenClaims(
  { asker, shown, verdict }: Decided,
  { did, tokenSeconds }: IssuerOptions,
  iat: number,
): (JsonObject & { readonly exp: number }) | undefined {
  if (
    asker === null ||
    shown === undefined ||
    verdict.decision === 'BLOCK' ||
    !asker.chain.presenter.passport.harness.includes(did)
  )
    return undefined
  const { aud, htm, htu, htc, htd, obligations } = shown
  return {
    aud,
    exp: Math.min(iat + tokenSeconds, ...endsOf(asker)),
    cnf: { jkt: asker.jkt },
    htm,
    htu,
    htc,
    htd,
    psp: asker.chain.digest,
    obl: [...obligations],
  }
}

/** When the parts of the chain end, epoch seconds: no receiver takes a token beyond the first of them. */
function endsOf({ chain: { links, delegations } }: Asker): readonly number[] {
  return [...links.map(({ passport }) => passport.validUntil), ...delegations.map(({ exp }) => exp)]
}

function entryOf({ verdict, question, started }: Decided, at: number): Entry {
  const { decision, deciding_pack, deciding_rule, deciding_layer, deny_reason } = verdict
  return {
    ts: formatMilliseconds(at),
    action: question.action,
    target: question.target,
    decision,
    deciding_pack,
    deciding_rule,
    deciding_layer,
    deny_reason,
    decision_ms: Math.max(0, Math.round(at - started)),
  }
}

/** The log keeps the nonce of a question as its idempotency key: one that is asked again after a restart makes another leaf. */
async function append(
  log: Pick<Log, 'append'>,
  leaf: Uint8Array,
  key: Uint8Array,
  clear: Uint8Array,
): Promise<{ readonly proof: string }> {
  try {
    return await log.append(leaf, key, clear)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'idempotency_conflict')
      throw new Refusal('ask_replayed', 'the nonce is in the log', { cause: error })
    throw error
  }
}
