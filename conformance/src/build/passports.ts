/** Passports and delegations of a chain, and the text that joins them (spec chapter 8). @module */
import { base64url, hashOf, sha256, utf8 } from './bytes.ts'
import type { Changes } from './changes.ts'
import { agentKid, jwk, thumbprint } from './did.ts'
import { asJson, type Json, type JsonObject } from './json.ts'
import { seal, type Draft, type Sealed } from './jws.ts'
import { agentDid, didOf, keyOf, kidOf } from './parties.ts'
import type { AgentPlan, Recipe } from './recipes.ts'
import { identifier, resolve, second, timeText } from './values.ts'

const DAY = 86_400

/** A chain with its parts. */
export interface Chain {
  readonly text: string
  readonly passports: readonly Sealed[]
  readonly delegations: readonly Sealed[]
}

/** The chain of a recipe: passports first, then what joins them, so that each delegation names what stands before it. */
export function chainOf(changes: Changes, recipe: Recipe): Chain {
  const passports: Sealed[] = []
  const delegations: Sealed[] = []
  let text = ''
  for (const [index, plan] of recipe.agents.entries()) {
    const passport = seal(changes, `passport[${index}]`, passportOf(changes, recipe, plan))
    if (index > 0) {
      const delegation = seal(changes, `delegation[${index - 1}]`, delegationOf(changes, recipe, index, text))
      delegations.push(delegation)
      text = `${text}~${delegation.compact}~`
    }
    passports.push(passport)
    text += passport.compact
  }
  return { text: changes.text('chain', text), passports, delegations }
}

function passportOf(changes: Changes, recipe: Recipe, plan: AgentPlan): Draft {
  const { world } = changes.moment
  // Whole days: so two requests have the same passport, as those of one agent do.
  const now = Math.floor(second(changes.moment.now) / DAY) * DAY
  const key = keyOf(world.seed, plan.agent)
  const claims: JsonObject = {
    '@context': ['https://www.w3.org/ns/credentials/v2'],
    type: ['VerifiableCredential', 'AiegisPassport'],
    issuer: didOf(world, plan.issuer),
    validFrom: timeText(now - 30 * DAY),
    validUntil: timeText(now + 30 * DAY),
    credentialSubject: {
      id: agentDid(world, plan.agent),
      attestations: attestations(thumbprint(keyOf(world.seed, 'hardware').publicKey), timeText(now - 31 * DAY)),
      mission: resolve(changes.moment, recipe.mission),
      harness: [didOf(world, recipe.harness)],
      jurisdiction: 'EU',
      risk: 'limited',
      ...plan.subject,
    },
    cnf: { jwk: jwk(key.publicKey) },
    ...statusOf(changes, plan),
  }
  return { claims, header: { alg: 'Ed25519', typ: 'vc+jwt', kid: kidOf(world, plan.issuer), cty: 'vc' }, signer: plan.issuer }
}

function attestations(jkt: string, time: string): Json {
  const fact = (type: string): JsonObject => ({ type, grade: 'asserted', time, digest: hashOf(type) })
  return {
    hardware: { ...fact('tpm2'), jkt },
    human: { ...fact('fido2'), id: 'did:web:people.conformance.example:7f3a' },
    runtime: { grade: 'none' },
  }
}

function statusOf(changes: Changes, { status }: AgentPlan): JsonObject {
  if (status === undefined) return {}
  return {
    credentialStatus: {
      type: 'BitstringStatusListEntry',
      statusPurpose: 'revocation',
      statusListIndex: status.index,
      statusListCredential: `${changes.moment.world.hostUrl?.origin ?? ''}${status.list}`,
    },
  }
}

function delegationOf(changes: Changes, recipe: Recipe, depth: number, before: string): Draft {
  const { world, now, scope } = changes.moment
  const [parent, child] = [recipe.agents[depth - 1]?.agent ?? '', recipe.agents[depth]?.agent ?? '']
  const claims: JsonObject = {
    ahp: 'ahp-receiver/0.1',
    iss: agentDid(world, parent),
    sub: agentDid(world, child),
    aud: [world.url.origin],
    iat: second(now) - 600,
    exp: second(now) + 3000,
    jti: identifier(scope, `delegation ${depth}`),
    txn: identifier(scope, 'task'),
    par: base64url(sha256(utf8(before))),
    depth,
    maxDepth: 0,
    mission: asJson(resolve(changes.moment, recipe.mission)),
    ...recipe.delegations[depth - 1],
  }
  const header = { alg: 'Ed25519', typ: 'aegis-delegation+jwt', kid: agentKid(agentDid(world, parent)) }
  return { claims, header, signer: parent }
}
