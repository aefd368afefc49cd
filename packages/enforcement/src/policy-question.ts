/** What policy is told of a question: what was asked, and what was verified about who asks (spec chapters 15.8 and 16). @module */
import type { JsonObject, JsonValue, Passport } from '@aiegis/protocol'
import type { Question } from './ask.ts'
import type { Asker } from './asker.ts'
import type { PolicyQuestion } from './policy/question.ts'
import type { Shown } from './shown-request.ts'

/** The question of `asker`, or of nobody that is known. `input` is what policy shall read of the request. */
export function policyQuestion(
  { action, target, context }: Question,
  shown: Shown | undefined,
  asker: Asker | null,
  input: JsonValue,
): PolicyQuestion {
  const asked = {
    action,
    target,
    input,
    // Policy reads the content once, as `input`; the encoded copy would only make `context` long.
    context:
      shown === undefined ? context : { ...context, request: { method: shown.htm, url: shown.htu, contentType: shown.htc } },
  }
  if (asker === null) return { ...asked, passport: null, jurisdiction: null, earlierJurisdictions: [] }
  const { links, path, presenter } = asker.chain
  return {
    ...asked,
    passport: {
      agent_did: presenter.passport.subject,
      issuer: presenter.passport.issuer,
      claims: claimsOf(presenter.passport),
      path: path.map(({ issuer, did }) => ({ issuer, did })),
      depth: path.length - 1,
    },
    jurisdiction: presenter.passport.jurisdiction,
    earlierJurisdictions: links.slice(0, -1).map(({ passport }) => passport.jurisdiction),
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
