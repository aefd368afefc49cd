/** The road that every request goes, step by step (spec chapter 10): cheap before dear, and the one write last. @module */
import { targetUri } from './bases.mjs'
import { createHeldChains, readChain, verifyChain } from './chain.mjs'
import { hashOf } from './encoding.mjs'
import { extract, valuesOf } from './extract.mjs'
import { checkJoins } from './joins.mjs'
import { leafOf } from './leaf.mjs'
import { readJws } from './jws.mjs'
import { covers } from './mission.mjs'
import { readDigest, readPossession, verifyPossession } from './possession.mjs'
import { readProof, verifyCheckpoint, verifyInclusion } from './proof.mjs'
import { Refusal } from './refusal.mjs'
import { createReplayMemory } from './replay.mjs'
import { checkRequirement } from './requirement.mjs'
import { verifyToken } from './token.mjs'
import { parseTarget } from './url.mjs'

const MAX_CONTENT = 1_048_576
const CONTENT_SECONDS = 30
/** Of the 35 seconds of a request the last three belong to the claim (AHP-TIME-20). */
const REQUEST_SECONDS = 32

/** A receiver of one bundle. `documents` and `status` bring in what is outside; `clock` and `steady` give seconds. */
export function createReceiver({ trust, documents, status, clock, steady }) {
  const replay = createReplayMemory(trust.replay, trust.skew, clock, steady)
  const held = createHeldChains()
  const now = () => Math.floor(clock())

  return {
    now,
    /**
     * The context of a request `{method, target, fields, readContent}` that passes all steps. Refuses with the code of the first
     * step that does not. `requirement` is what the route declares.
     */
    async verify(request, requirement) {
      const begin = steady()
      const scene = { trust, documents, now: now() }
      const evidence = extract(request, trust.limits)
      const read = decode(evidence, request, trust)
      const token = await verifyToken(read.token, scene)
      const chain = await verifyChain(whole(read.chain, token.claims, held, trust), scene)
      checkJoins(token, chain, read.proof.origin, trust)
      checkDecision(token.claims, chain, trust)
      checkBinding(request, token.claims, trust)
      verifyPossession(read.possession, token.claims, evidence.token, chain.holder.key, scene.now)
      if (read.digest !== undefined && read.digest !== token.claims.htd) throw new Refusal('content_digest_mismatch')
      verifyCheckpoint(read.proof, trust.ledgers.get(read.proof.origin))
      verifyInclusion(read.proof, leafOf(token.claims, read.token))
      chain.passports.forEach(status.check)
      checkRequirement(request, token.claims, requirement, chain, trust)
      const content = await readContent(request, token.claims, scene.now, begin)
      checkEnds(token.claims, chain)
      replay.claim(token.claims, now())
      checkEnds(token.claims, chain)
      held.keep(chain.text)
      return { claims: token.claims, chain, proof: read.proof, content }
    },
  }

  /** AHP-BIND-18 to AHP-BIND-21. */
  async function readContent(request, { exp, htd }, at, begin) {
    const { bodyTimeoutSeconds = CONTENT_SECONDS } = trust.time
    const seconds = Math.min(bodyTimeoutSeconds, exp - at, REQUEST_SECONDS - (steady() - begin))
    const content = await request.readContent(trust.limits.bodyBytes ?? MAX_CONTENT, seconds)
    if (hashOf(content) !== htd) throw new Refusal('content_mismatch')
    return content
  }

  /** AHP-TIME-9: the clock is read anew. */
  function checkEnds({ exp }, { passports, delegations }) {
    const at = now()
    if (exp <= at) throw new Refusal('token_expired')
    if (passports.some(({ end }) => end <= at)) throw new Refusal('passport_expired')
    if (delegations.some((delegation) => delegation.exp <= at)) throw new Refusal('delegation_expired')
  }
}

/** The form of each piece; nothing is believed yet. */
function decode({ token, chain, proof, signatureInput, signature }, request, { limits }) {
  return {
    token: readJws(token, 'token', 'aegis-token+jwt'),
    chain: readChain(chain, limits.delegations ?? 0),
    proof: readProof(proof),
    possession: readPossession(signatureInput, signature),
    digest: readDigest(valuesOf(request, 'content-digest')),
  }
}

/** The chain itself, where a reference was sent; whether it is held is told only to who has a token for it (AHP-PASS-2). */
function whole(chain, { psp }, held, { limits }) {
  if (chain.reference === undefined) return chain
  const text = psp === chain.reference ? held.get(chain.reference) : undefined
  if (text === undefined) throw new Refusal('passport_required')
  return readChain(text, limits.delegations ?? 0)
}

function checkDecision({ entry, obl }, { passports, delegations }, { acceptWarn, acceptObligations }) {
  const { decision, action, target } = entry
  if (decision !== 'ALLOW' && decision !== 'WARN') throw new Refusal('decision_not_allowed')
  if (!obl.every((each) => acceptObligations.includes(each))) throw new Refusal('obligation_not_accepted')
  if (decision === 'WARN' && !acceptWarn) throw new Refusal('warn_not_accepted')
  const missions = [...passports.map(({ subject }) => subject.mission), ...delegations.map(({ mission }) => mission)]
  if (!missions.every((mission) => covers(mission, action, target))) throw new Refusal('mission_exceeded')
}

/** Chapter 7.5: byte for byte. */
function checkBinding(request, { htm, htu, htc }, { bases }) {
  const [host] = valuesOf(request, 'host')
  const uri = targetUri(bases, host, parseTarget(request.target))
  if (uri === undefined) throw new Refusal('authority_unknown')
  if (request.method !== htm) throw new Refusal('method_mismatch')
  if (uri !== htu) throw new Refusal('uri_mismatch')
  if (valuesOf(request, 'content-type').join() !== htc) throw new Refusal('content_type_mismatch')
}
