/** `POST /api/protect` of the mock harness: a real token for the request that it is shown, and whatever decision a test wants (spec chapter 15). @module */
import {
  AHP_VERSION,
  decodeBase64url,
  hashText,
  isObject,
  Malformed,
  parseJson,
  parsePassport,
  Refusal,
  splitPassportHeader,
  thumbprint,
  type CryptoPort,
  type JsonObject,
  type JsonValue,
  type Passport,
} from '@aiegis/protocol'
import type { MockHarness } from './harness.ts'
import { NAMES } from './keys.ts'
import { lineOf } from './raw-request.ts'

/** A decision, with the reason of one that is no ALLOW. */
export interface MockDecision {
  readonly decision: 'ALLOW' | 'WARN' | 'BLOCK'
  readonly reason?: string
}

/** Decides what an agent asked for. `url` is `undefined` when no request was shown. */
export type Decide = (asked: {
  readonly action: string
  readonly target: string
  readonly method: string | undefined
  readonly url: string | undefined
}) => MockDecision

const MAX_QUESTION = 2_097_152

/**
 * Answers one question. ALLOW and WARN get a token and a proof when passport, signature and request are there; a question without them gets
 * the decision alone. Does not verify the signature or the passport, keeps no idempotency keys, and signs no BLOCK: that is the reference
 * server's work, and a receiver sees none of it. A question without its form is 400.
 */
export async function answerProtect(harness: MockHarness, request: Request, decide: Decide): Promise<Response> {
  try {
    return await answer(harness, request, decide)
  } catch (error) {
    if (error instanceof Malformed || error instanceof Refusal) return json(400, { code: 'ask_malformed' })
    throw error
  }
}

async function answer(harness: MockHarness, request: Request, decide: Decide): Promise<Response> {
  const { action, target, agent, txn, shown } = await questionOf(harness, request)
  const chain = request.headers.get('x-aegis-passport')
  const presenter = chain === null ? undefined : presenterOf(chain)
  const { decision, reason = null } = decide({ action, target, method: shown?.method, url: shown?.url })
  const jti = harness.identifier()
  const given = {
    decision,
    reason,
    layer: null,
    deciding_pack: null,
    deciding_rule: null,
    decision_ms: 2,
    agent_did: presenter?.subject ?? agent,
    receipt_id: jti,
  }
  if (decision === 'BLOCK')
    return json(401, given, {
      'WWW-Authenticate': `AEGIS error="decision_block", harness="${NAMES.harness}", ahp="${AHP_VERSION}"`,
    })
  if (chain === null || presenter === undefined || shown === undefined || !request.headers.has('signature-input'))
    return json(200, given)
  const { token, proof } = issue(harness, { action, target, shown, chain, presenter, decision, reason, jti, txn })
  return json(200, { ...given, token, proof, obligations: [] }, { 'X-AEGIS-Token': token, 'X-AEGIS-Proof': proof })
}

interface Shown {
  readonly method: string
  readonly url: string
  readonly contentType: string
  /** Base64url SHA-256 of the content. */
  readonly digest: string
}

interface Question {
  readonly action: string
  readonly target: string
  readonly agent: string | null
  readonly txn: string | undefined
  readonly shown: Shown | undefined
}

async function questionOf({ crypto }: MockHarness, request: Request): Promise<Question> {
  const body = membersIn(parseJson(new Uint8Array(await request.arrayBuffer()), { maxBytes: MAX_QUESTION }))
  const { agent_did: agent, txn, request: shown } = membersIn(body['context'] ?? {})
  return {
    action: textIn(body['action']),
    target: textIn(body['target']),
    agent: agent === undefined ? null : textIn(agent),
    txn: txn === undefined ? undefined : textIn(txn),
    shown: shown === undefined ? undefined : shownOf(crypto, membersIn(shown)),
  }
}

function shownOf(crypto: CryptoPort, { method, url, contentType, content, contentDigest }: JsonObject): Shown {
  return {
    method: textIn(method),
    url: textIn(url),
    contentType: textIn(contentType),
    digest: content === undefined ? textIn(contentDigest) : hashText(crypto, decodeBase64url(textIn(content))),
  }
}

function membersIn(value: JsonValue): JsonObject {
  if (isObject(value)) return value
  throw new Malformed('not an object')
}

function textIn(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  throw new Malformed('not text')
}

interface Issuing {
  readonly action: string
  readonly target: string
  readonly shown: Shown
  readonly chain: string
  readonly presenter: Passport
  readonly decision: 'ALLOW' | 'WARN'
  readonly reason: string | null
  readonly jti: string
  readonly txn: string | undefined
}

/** Minted as any other request of the mock harness, with the claims that were asked for. */
function issue(harness: MockHarness, asked: Issuing): { readonly token: string; readonly proof: string } {
  const { action, target, shown, chain, presenter, decision, reason, jti, txn } = asked
  const { method, url, contentType, digest } = shown
  const claims = (minted: JsonObject): JsonObject => ({
    ...minted,
    ...(txn === undefined ? undefined : { txn }),
    sub: presenter.subject,
    aud: new URL(url).origin,
    cnf: { jkt: thumbprint(harness.crypto, presenter.key) },
    jti,
    htc: contentType,
    htd: digest,
    entry: { ...membersIn(minted['entry'] ?? {}), target, decision, deny_reason: reason },
  })
  const request = harness.mint({ method, url, action }, { chain: () => chain, claims })
  return { token: lineOf(request, 'X-AEGIS-Token') ?? '', proof: lineOf(request, 'X-AEGIS-Proof') ?? '' }
}

/** The last passport of the chain as it stands there; a chain by its digest is malformed, because the mock keeps none. */
function presenterOf(value: string): Passport {
  const header = splitPassportHeader(value)
  if (header.kind !== 'chain') throw new Malformed('a digest')
  return parsePassport(decodeBase64url(header.parts.at(-1)?.split('.')[1] ?? ''))
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { ...headers, 'Content-Type': 'application/json' } })
}
