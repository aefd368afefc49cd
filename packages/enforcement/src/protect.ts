/** POST /api/protect: who asks, about what, what policy says, and the evidence of it (spec chapter 15). @module */
import { covers, encodeBase64url, Refusal, utf8, type CryptoPort, type JsonObject, type Passport } from '@aiegis/protocol'
import type { AfterRestart } from './after-restart.ts'
import { answerDecision, type AnswerOptions, type HttpAnswer } from './answer.ts'
import { parseAsk, readAskHeaders, type AskRequest, type Question } from './ask.ts'
import { checkStanding, verifyAsker, type Asker, type AskerOptions } from './asker.ts'
import { createIdempotencyStore } from './idempotency.ts'
import type { Issue, Issued } from './issue.ts'
import type { NonceGuard } from './nonces.ts'
import { blocked, type Verdict } from './policy/evaluate.ts'
import type { Policy } from './policy/policy.ts'
import { inputOf, readShown, type Shown } from './shown-request.ts'
import { createUnsignedLimit } from './unsigned-limit.ts'

/** What a harness decides with. */
export interface ProtectOptions extends AskerOptions, AnswerOptions {
  readonly policy: Pick<Policy, 'decide'>
  readonly issue: Issue
  readonly nonces: NonceGuard
  readonly afterRestart: AfterRestart
  readonly crypto: CryptoPort
}

/** Answers a question, or throws the `Refusal` with which it is answered; every other error is a defect. */
export type Protect = (request: AskRequest) => Promise<HttpAnswer>

/** The order of the steps is the order of their cost: form, signature, nonce, policy, and the only write at the end. */
export function createProtect(options: ProtectOptions): Protect {
  const { crypto, now } = options
  const answers = createIdempotencyStore<Issued>(now)
  const countUnsigned = createUnsignedLimit(now)

  return async ({ headers: lines, content }) => {
    const started = now()
    const seconds = Math.floor(started / 1000)
    const headers = readAskHeaders(lines)
    const question = parseAsk(content)
    const asker = await verifyAsker(headers, content, options, seconds)
    if (asker === null) countUnsigned()
    if (asker !== null && question.agentDid !== undefined && question.agentDid !== asker.passport.subject) {
      throw new Refusal('ask_untrusted', '"context.agent_did" is another agent than the passport\'s')
    }
    const shown = question.request && readShown(question.request, crypto)
    const input = inputOf(question.input, shown)
    if (asker !== null) {
      options.afterRestart(asker, headers.idempotencyKey, seconds)
      await options.nonces.claim(asker, seconds)
    }

    const make = async (): Promise<Issued> => {
      const verdict =
        missionVerdict(asker, question) ?? (await options.policy.decide(policyQuestion(question, shown, asker, input)))
      // The passport may have ended or been revoked while policy was asked.
      if (asker !== null) checkStanding(asker.passport, options.issuers, Math.floor(now() / 1000))
      return options.issue({ verdict, question, shown, asker, started })
    }
    const { idempotencyKey } = headers
    const issued =
      asker === null || idempotencyKey === undefined
        ? await make()
        : await answers.run({ agent: asker.jkt, key: idempotencyKey, digest: digestOf(content, asker, crypto) }, async () =>
            make().then((value) => ({ value, until: value.until })),
          )
    return answerDecision(issued, question.agentDid ?? null, options)
  }
}

/** What every receiver would refuse anyway is BLOCK before policy is asked. */
function missionVerdict(asker: Asker | null, { action, target }: Question): Verdict | undefined {
  if (asker === null) return undefined
  const { mission, delegatedOnly } = asker.passport
  if (delegatedOnly) return blocked('delegated_only', null, null, null)
  return covers(mission, action, target) ? undefined : blocked('mission_exceeded', null, null, null)
}

function policyQuestion(
  question: Question,
  shown: Shown | undefined,
  asker: Asker | null,
  input: Parameters<Policy['decide']>[0]['input'],
): Parameters<Policy['decide']>[0] {
  const { action, target, context } = question
  return {
    action,
    target,
    input,
    // Policy reads the content once, as `input`; the encoded copy would only make `context` long.
    context:
      shown === undefined ? context : { ...context, request: { method: shown.htm, url: shown.htu, contentType: shown.htc } },
    passport:
      asker === null
        ? null
        : { agent_did: asker.passport.subject, issuer: asker.passport.issuer, claims: claimsOf(asker.passport) },
    jurisdiction: asker?.passport.jurisdiction ?? null,
  }
}

function claimsOf(passport: Passport): JsonObject {
  const { attestations, mission, harness, jurisdiction, risk, maxDepth, delegatedOnly } = passport
  return {
    attestations: {
      hardware: { ...attestations.hardware },
      human: { ...attestations.human },
      runtime: { ...attestations.runtime },
    },
    mission: mission.map((pair) => ({ ...pair })),
    harness,
    jurisdiction,
    risk,
    maxDepth,
    delegatedOnly,
  }
}

/** The question and the passport under which it was asked: a token for another passport would be of no use. */
function digestOf(content: Uint8Array, { psp }: Asker, crypto: CryptoPort): string {
  return encodeBase64url(crypto.sha256(utf8(`${encodeBase64url(crypto.sha256(content))} ${psp}`)))
}
