/** POST /api/protect: who asks, about what, what policy says, and the evidence of it (spec chapter 15). @module */
import { encodeBase64url, Refusal, utf8, type CryptoPort } from '@aiegis/protocol'
import type { AfterRestart } from './after-restart.ts'
import { answerDecision, type AnswerOptions, type HttpAnswer } from './answer.ts'
import { parseAsk, readAskHeaders, type AskRequest } from './ask.ts'
import { checkStillGood, verifyAsker, type Asker, type AskerOptions } from './asker.ts'
import { createIdempotencyStore } from './idempotency.ts'
import type { Interrupts } from './interrupts.ts'
import type { Issue, Issued } from './issue.ts'
import { limitsOf, taskOf } from './limits.ts'
import type { NonceGuard } from './nonces.ts'
import { interruptionOf } from './oversight.ts'
import type { Policy } from './policy/policy.ts'
import type { Verdict } from './policy/evaluate.ts'
import { policyQuestion } from './policy-question.ts'
import { inputOf, readShown } from './shown-request.ts'
import { createSuspendedLimit } from './suspended-limit.ts'
import { createUnsignedLimit } from './unsigned-limit.ts'

/** What a harness decides with. */
export interface ProtectOptions extends AskerOptions, AnswerOptions {
  readonly policy: Pick<Policy, 'decide'>
  readonly interrupts: Pick<Interrupts, 'reasonFor'>
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
  const countSuspended = createSuspendedLimit(now)

  return async ({ headers: lines, content }) => {
    const started = now()
    const seconds = Math.floor(started / 1000)
    const headers = readAskHeaders(lines)
    const asked = parseAsk(content)
    const asker = await verifyAsker(headers, content, options, seconds)
    if (asker === null) countUnsigned()
    const question = { ...asked, txn: taskOf(asker, asked) }
    if (asker !== null && question.agentDid !== undefined && question.agentDid !== asker.chain.presenter.passport.subject) {
      throw new Refusal('ask_untrusted', '"context.agent_did" is another agent than the passport\'s')
    }
    const shown = question.request && readShown(question.request, crypto)
    const input = inputOf(question.input, shown)
    if (asker !== null) {
      options.afterRestart(asker, headers.idempotencyKey, seconds)
      await options.nonces.claim(asker, seconds)
    }

    // Part of the chain may have ended or been revoked while somebody else was waited for.
    const checkAgain = (): void => {
      if (asker !== null) checkStillGood(asker, options.chains, Math.floor(now() / 1000))
    }
    const interruption = (task: string | undefined): Verdict | undefined => interruptionOf(options.interrupts, asker, task)
    const stop = (verdict: Verdict, txn: string | undefined, isSecond?: true): Promise<Issued> => {
      // Before the entry, and instead of an answer: nothing is released that was not counted.
      if (asker !== null) countSuspended(asker.jkt)
      return options.issue({ verdict, question: { ...question, txn }, shown, asker, started, ...(isSecond && { isSecond }) })
    }
    const make = async (): Promise<Issued> => {
      const verdict =
        interruption(question.txn) ??
        limitsOf(asker, question, shown) ??
        (await options.policy.decide(policyQuestion(question, shown, asker, input)))
      checkAgain()
      const stopped = interruption(question.txn)
      return stopped === undefined ? options.issue({ verdict, question, shown, asker, started }) : stop(stopped, question.txn)
    }
    const { idempotencyKey } = headers
    const issued =
      asker === null || idempotencyKey === undefined
        ? await make()
        : await answers.run({ agent: asker.jkt, key: idempotencyKey, digest: digestOf(content, asker, crypto) }, async () =>
            make().then((value) => ({ value, until: value.until })),
          )
    checkAgain()
    // The task of what was issued: the question may have named none.
    const { txn } = issued
    const stopped = issued.entry.decision === 'BLOCK' ? undefined : interruption(txn)
    const released = stopped === undefined ? issued : await stop(stopped, txn, true)
    return answerDecision(released, question.agentDid ?? null, options)
  }
}

/** The question and the chain under which it was asked: a token for another chain would be of no use. */
function digestOf(content: Uint8Array, { chain }: Asker, crypto: CryptoPort): string {
  return encodeBase64url(crypto.sha256(utf8(`${encodeBase64url(crypto.sha256(content))} ${chain.digest}`)))
}
