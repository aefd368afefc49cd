/** Turns decisions and refusals into HTTP answers (spec chapters 13 and 15.4). @module */
import { AHP_VERSION, REASONS, utf8, type AskAnswer, type Refusal } from '@aiegis/protocol'
import type { Issued } from './issue.ts'

/** A whole answer; `body` is UTF-8. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Who answers. */
export interface AnswerOptions {
  /** DID of the harness, for the challenge. */
  readonly did: string
  /** Status of a BLOCK. 401 is what is public; 403 is for clients that treat 401 as a login. */
  readonly blockStatus: 401 | 403
  /** Epoch milliseconds. */
  readonly now: () => number
}

const RETRY_SECONDS = 2

/** 200 with the token, or with the decision alone; BLOCK with 401. `claimed` is the agent that an unsigned question named. */
export function answerDecision(issued: Issued, claimed: string | null, options: AnswerOptions): HttpAnswer {
  const { entry, jti, sub, jws, proof, obligations } = issued
  const answer: AskAnswer = {
    decision: entry.decision,
    reason: entry.deny_reason,
    layer: entry.deciding_layer,
    deciding_pack: entry.deciding_pack,
    deciding_rule: entry.deciding_rule,
    decision_ms: entry.decision_ms,
    agent_did: sub ?? claimed,
    receipt_id: jti,
  }
  if (proof !== undefined) {
    return answerJson(200, { ...answer, token: jws, proof, obligations }, { 'X-AEGIS-Token': jws, 'X-AEGIS-Proof': proof })
  }
  const headers = { 'X-AEGIS-Decision': jws }
  if (entry.decision !== 'BLOCK') return answerJson(200, answer, headers)
  return answerJson(
    options.blockStatus,
    answer,
    options.blockStatus === 401 ? { ...headers, ...challenge('decision_block', options) } : headers,
  )
}

/** A problem with the public row of the refusal's code, and nothing of its detail. */
export function answerRefusal(refusal: Refusal, options: AnswerOptions): HttpAnswer {
  const { public: code, title, status, retry, executed } = REASONS[refusal.code]
  const problem = {
    type: `urn:${AHP_VERSION.replace('/', ':')}:${code}`,
    title,
    status,
    code,
    retry,
    executed,
    now: Math.floor(options.now() / 1000),
  }
  return answerJson(status, problem, {
    'Content-Type': 'application/problem+json',
    ...(status === 401 ? challenge(code, options) : {}),
    ...(status === 503 ? { 'Retry-After': String(withJitter(refusal.retryAfter ?? RETRY_SECONDS)) } : {}),
    // The rest of the content may still be on its way.
    ...(status === 413 ? { Connection: 'close' } : {}),
  })
}

/** JSON that nobody keeps. */
export function answerJson(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...headers },
    body: utf8(JSON.stringify(value)),
  }
}

/** Up to half of it again, so that refused clients do not come back together. */
function withJitter(seconds: number): number {
  return seconds + Math.floor(Math.random() * (1 + seconds / 2))
}

function challenge(code: string, { did }: AnswerOptions): Readonly<Record<string, string>> {
  return { 'WWW-Authenticate': `AEGIS error="${code}", harness="${did}", ahp="${AHP_VERSION}"` }
}
