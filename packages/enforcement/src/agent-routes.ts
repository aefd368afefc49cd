/** The routes about agents: getting a passport, verifying and revoking one, and stopping an agent or a task (spec chapters 15.9 and 19). @module */
import { Refusal } from '@aiegis/protocol'
import { MAX_BODY, parseEnrol, parseInterrupt, parseIssue, parseRevoke, parseVerify, type Revoked } from './agent-bodies.ts'
import { answerJson, type HttpAnswer } from './answer.ts'
import type { Chains } from './chains.ts'
import { bearerOf, checkMediaType, fieldsOf } from './fields.ts'
import { showInterrupt } from './interrupts.ts'
import type { Issuance } from './issuance.ts'
import type { OperatorCheck } from './operator.ts'
import type { Acted, Oversight } from './oversight.ts'
import { createRoom } from './read-content.ts'
import { get, post, type ContentAnswer, type Methods, type Reading } from './route.ts'
import { createUnsignedLimit } from './unsigned-limit.ts'
import { verifyPassport } from './verify-passport.ts'

/** What the routes act on. */
export interface AgentRouteOptions {
  readonly checkOperator: OperatorCheck
  readonly issuance: Issuance
  readonly oversight: Oversight
  readonly chains: Chains
  /** Durable when it resolves; whether it was not revoked before. Rejects with `passport_unknown`. */
  revoke(revoked: Revoked): Promise<{ readonly statusIndex: number; readonly changed: boolean }>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Requests to one route that are read or answered together, of those who showed a bearer. */
const AT_ONCE = 16

/** Routes by path and method. Who may ask, and in which form, is judged before content is read. */
export function agentRoutes(options: AgentRouteOptions, reading: Reading): ReadonlyMap<string, Methods> {
  const { checkOperator, issuance, oversight, chains, now } = options
  const countQuestion = createUnsignedLimit(now)

  // Whoever shows a bearer has a room that nobody without one can fill.
  const guarded = (check: (lines: readonly string[]) => void, answer: ContentAnswer): Methods => {
    const read = reading(MAX_BODY, answer, createRoom(AT_ONCE * MAX_BODY, AT_ONCE))
    return post((request, response) => {
      check(request.rawHeaders)
      return read(request, response)
    })
  }
  const byOperator = (lines: readonly string[]): void => {
    checkOperator(lines)
    checkForm(lines)
  }
  const codeOf = (lines: readonly string[]): string => issuance.checkEnrolment(bearerOf(lines))
  const byEnrolled = (lines: readonly string[]): void => {
    codeOf(lines)
    checkForm(lines)
  }
  const interrupting = (act: 'suspend' | 'resume'): Methods =>
    guarded(byOperator, async (content) => {
      const { what, reason } = parseInterrupt(content)
      return answerActed(act === 'suspend', await oversight[act](what, reason))
    })

  const verify = reading(MAX_BODY, async (content) => {
    countQuestion()
    return answerJson(200, await verifyPassport(parseVerify(content), chains, Math.floor(now() / 1000)))
  })

  return new Map([
    ['/api/agent/enrol', guarded(byOperator, (content) => answerJson(200, issuance.enrol(parseEnrol(content))))],
    [
      '/api/agent/issue/challenge',
      guarded(codeOf, (content, { rawHeaders }) => {
        if (content.length > 0) throw new Refusal('ask_malformed', 'content where there is none')
        return answerJson(200, issuance.challenge(codeOf(rawHeaders)))
      }),
    ],
    [
      '/api/agent/issue',
      guarded(byEnrolled, async (content, { rawHeaders }) =>
        answerJson(200, await issuance.issue(codeOf(rawHeaders), parseIssue(content))),
      ),
    ],
    [
      '/api/agent/verify',
      post((request, response) => {
        checkForm(request.rawHeaders)
        return verify(request, response)
      }),
    ],
    [
      '/api/agent/revoke',
      guarded(byOperator, async (content) => {
        const { statusIndex, changed } = await options.revoke(parseRevoke(content))
        return answerJson(200, { revoked: true, status_index: statusIndex, changed })
      }),
    ],
    ['/api/agent/suspend', interrupting('suspend')],
    ['/api/agent/resume', interrupting('resume')],
    [
      '/api/agent/interrupts',
      get(({ rawHeaders }) => {
        checkOperator(rawHeaders)
        return answerJson(200, { interrupts: oversight.list().map(showInterrupt) })
      }),
    ],
  ])
}

function checkForm(lines: readonly string[]): void {
  checkMediaType(fieldsOf(lines))
}

/** The act, and the entry that says so. */
function answerActed(suspended: boolean, { changed, issued }: Acted): HttpAnswer {
  return answerJson(200, { suspended, changed, receipt_id: issued.jti }, { 'X-AEGIS-Decision': issued.jws })
}
