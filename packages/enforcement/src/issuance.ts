/** Issues a passport to whoever has a one-time code and proves the key that it names (spec chapter 19.2). @module */
import { randomBytes } from 'node:crypto'
import {
  formatDidKey,
  parseDidKey,
  Refusal,
  refuseAs,
  utf8,
  verifyEd25519,
  type CryptoPort,
  type Ed25519PublicKey,
  type EnrolAnswer,
  type IssueAnswer,
  type IssueChallenge,
} from '@aiegis/protocol'
import type { EnrolmentWanted, IssueClaim } from './agent-bodies.ts'
import { CHALLENGE_SECONDS, createEnrolments, type Challenge } from './enrolments.ts'
import { hasRole, issuePassport, readAsReceiver, type PassportIssuer, type PassportRequest } from './passports.ts'

/** The way of an agent to its passport. */
export interface Issuance {
  /** A code for one passport of this form. Throws `issue_refused` when no receiver would read it, `overloaded`. */
  enrol(wanted: EnrolmentWanted): EnrolAnswer
  /** Throws `enrolment_unknown`. */
  checkEnrolment(code: string | undefined): string
  /** What the agent has to sign next. Throws `enrolment_unknown`. */
  challenge(code: string): IssueChallenge
  /** Rejects with `enrolment_unknown`, `challenge_unknown`, `issue_untrusted`, `issue_refused`. */
  issue(code: string, claim: IssueClaim): Promise<IssueAnswer>
}

/** Issuance in one process. `now` is epoch milliseconds. */
export function createIssuance(issuer: PassportIssuer, crypto: CryptoPort, now: () => number): Issuance {
  const enrolments = createEnrolments<Omit<PassportRequest, 'agent'>>(now, (length) => randomBytes(length))

  return {
    enrol({ validSeconds, ...wanted }) {
      try {
        // Whose key it will be does not change whether the rest can be read.
        readAsReceiver(issuer, { ...wanted, agent: issuer.signer.publicKey })
      } catch (error) {
        throw asRefused(error)
      }
      const ends = now() + validSeconds * 1_000
      return { enrolment: enrolments.open(wanted, ends), expires: Math.floor(ends / 1_000) }
    },
    checkEnrolment(code) {
      if (code === undefined) throw new Refusal('enrolment_unknown', 'no bearer')
      enrolments.check(code)
      return code
    },
    challenge(code) {
      const { id, nonceHex } = enrolments.challenge(code)
      return { challenge_id: id, challenge_nonce_hex: nonceHex, ttl_seconds: CHALLENGE_SECONDS, instructions: INSTRUCTIONS }
    },
    async issue(code, { agentDid, challengeId, signature }) {
      const agent = refuseAs('ask_malformed', () => parseDidKey(agentDid))
      const challenge = enrolments.takeChallenge(code, challengeId)
      if (hasRole(issuer, agent)) throw new Refusal('issue_refused', 'the key has another role at this server')
      if (!(await verifyEd25519(crypto, agent, challengeText(issuer.did, agent, challenge), signature))) {
        enrolments.countWrong(code)
        throw new Refusal('issue_untrusted', 'the signature under the challenge does not verify')
      }
      const { passport, statusIndex, validUntil } = await enrolments.use(code, (wanted) =>
        issuePassport(issuer, { ...wanted, agent }).catch((error: unknown) => Promise.reject(asRefused(error))),
      )
      return { status: 'issued', passport, agent_did: agentDid, status_index: statusIndex, expires: validUntil }
    },
  }
}

const INSTRUCTIONS =
  'sign the lines "aegis-issue/v1", issuer DID, agent DID, challenge_id and challenge_nonce_hex, each with a line feed, with the agent key'

/** The text under the signature: it begins as nothing else does that an agent signs, and is about one issuer, one agent and one challenge. */
function challengeText(
  issuerDid: string,
  agent: Ed25519PublicKey,
  { id, nonceHex }: Pick<Challenge, 'id' | 'nonceHex'>,
): Uint8Array {
  return utf8(`aegis-issue/v1\n${issuerDid}\n${formatDidKey(agent)}\n${id}\n${nonceHex}\n`)
}

/** No receiver would read the passport, it is too long, or there is no status index left. */
function asRefused(error: unknown): unknown {
  const unreadable = error instanceof Refusal || error instanceof RangeError
  return unreadable ? new Refusal('issue_refused', error.message, { cause: error }) : error
}
