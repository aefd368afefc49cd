/** Builds one request of a recipe, layer after layer, so that one change leaves everything else consistent. @module */
import { base64url, hashOf, utf8 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { Changes } from './changes.ts'
import { thumbprint } from './did.ts'
import { isList, isObject, textOf, type Json, type JsonObject } from './json.ts'
import { seal, type Draft, type Sealed } from './jws.ts'
import { leafOf } from './leaf.ts'
import { agentDid, didOf, keyOf, kidOf } from './parties.ts'
import { chainOf, type Chain } from './passports.ts'
import { possessionOf } from './possession.ts'
import { proofOf, type Proof } from './proofs.ts'
import { RECIPES, type Recipe } from './recipes.ts'
import type { BuildOptions, Built, Change, World } from './types.ts'
import { identifier, resolve, second } from './values.ts'
import { wireOf } from './wire.ts'

/** The request as it was shown to the harness. */
interface Shown {
  readonly method: string
  readonly target: string
  readonly contentType: string | null
  readonly content: Uint8Array
}

/**
 * A request with all its evidence; equal arguments and clock give equal bytes. Throws `ChangeError` for a recipe that is not known
 * and for changes that cannot be made.
 */
export function build(world: World, base: string, change: readonly Change[], options: BuildOptions): Built {
  const now = options.at ?? world.now()
  const scope = [world.seed, options.session ?? '', options.caseId].join('\n')
  const instance = `${scope}\n${options.run}\n${now}`
  const changes = new Changes({ world, now, scope, instance }, change)
  const recipe = recipeOf(changes, base)
  const unique = (name: string): string => identifier(instance, name)
  const shown = shownOf(changes, recipe)
  const chain = chainOf(changes, recipe)
  const token = seal(changes, 'token', tokenOf(changes, recipe, shown, chain, unique))
  const proof = proofOf(changes, recipe, leafOf(token.claims, textOf(token.header, 'kid'), token.compact))
  const presenter = recipe.agents.at(-1)?.agent ?? ''
  const possession = possessionOf(changes, presenter, {
    method: textOf(token.claims, 'htm'),
    uri: textOf(token.claims, 'htu'),
    token: token.compact,
  })
  const nonce = unique('nonce')
  const fields: [string, string][] = [
    ['X-AEGIS-Token', token.compact],
    ['X-AEGIS-Passport', chain.text],
    ['X-AEGIS-Proof', proof.encoded],
    ['Signature-Input', possession.input],
    ['Signature', possession.signature],
    ['X-Conformance-Nonce', nonce],
  ]
  const wire = wireOf(changes, shown, fields)
  changes.finish()
  const parts = { token: token.compact, chain: chain.text, proof: proof.text, base: possession.base }
  return { wire, nonce, parts, echo: echoOf(chain, token, proof, nonce, wire.content, shown) }
}

/** The recipe of a base. The layer `recipe` takes `/agents` and hand-offs of another one, and has another `/agents/1/issuer` vouch or another `/agents/1/agent` stand there; `/issuer` is that of the first. */
function recipeOf(changes: Changes, base: string): Recipe {
  const recipe = RECIPES[base]
  if (recipe === undefined) throw new ChangeError(`there is no base ${base}`)
  return changes.take('recipe', ['set']).reduce((before, change) => {
    const value = changes.textOf(change)
    const [, at = '0', member] = /^(?:\/agents\/([0-2]))?\/(agent|issuer)$/.exec(change.path ?? '') ?? []
    const plan = before.agents[Number(at)]
    if (member !== undefined && plan !== undefined)
      return { ...before, agents: before.agents.with(Number(at), { ...plan, [member]: value }) }
    const from = RECIPES[value]
    if (change.path !== '/agents' || from === undefined) throw new ChangeError(`recipe: ${change.path ?? ''} cannot be ${value}`)
    return { ...before, agents: from.agents, delegations: from.delegations }
  }, recipe)
}

function shownOf(changes: Changes, recipe: Recipe): Shown {
  const { method, target, contentType, content } = recipe
  const shown = changes.object('request', { method, target, contentType, content })
  const type = shown['contentType']
  return {
    method: textOf(shown, 'method'),
    target: textOf(shown, 'target'),
    contentType: typeof type === 'string' ? type : null,
    content: changes.bytes('request.content', utf8(textOf(shown, 'content'))),
  }
}

function tokenOf(changes: Changes, recipe: Recipe, shown: Shown, chain: Chain, unique: (name: string) => string): Draft {
  const { world, now, scope } = changes.moment
  const presenter = recipe.agents.at(-1)?.agent ?? ''
  const htu = `${world.url.origin}${shown.target}`
  const claims: JsonObject = {
    ahp: 'ahp-receiver/0.1',
    iss: didOf(world, recipe.harness),
    sub: agentDid(world, presenter),
    aud: world.url.origin,
    iat: second(now),
    exp: second(now) + 60,
    jti: unique('jti'),
    txn: identifier(scope, 'task'),
    cnf: { jkt: thumbprint(keyOf(world.seed, presenter).publicKey) },
    htm: shown.method,
    htu,
    htc: shown.contentType ?? '',
    htd: hashOf(shown.content),
    psp: hashOf(chain.text),
    salt: base64url(Buffer.from(hashOf(unique('salt')), 'base64url').subarray(0, 16)),
    obl: [],
    entry: {
      ts: new Date(now).toISOString(),
      action: recipe.action,
      target: resolve(changes.moment, recipe.decidedTarget ?? htu.split('?')[0] ?? ''),
      deciding_pack: null,
      deciding_rule: null,
      deciding_layer: null,
      deny_reason: null,
      decision_ms: 2,
      decision: 'ALLOW',
    },
  }
  return {
    claims,
    header: { alg: 'Ed25519', typ: 'aegis-token+jwt', kid: kidOf(world, recipe.harness) },
    signer: recipe.harness,
  }
}

/** What a receiver that served the request echoes; sizes and indexes as decimal text. */
function echoOf(
  chain: Chain,
  token: Sealed,
  proof: Proof,
  nonce: string,
  content: Uint8Array,
  shown: Shown,
): Record<string, unknown> {
  const entry = isObject(token.claims['entry']) ? token.claims['entry'] : {}
  const path = chain.passports.map(({ claims }) => subjectOf(claims))
  return {
    nonce,
    agent: path.at(-1) ?? null,
    principal: path[0] ?? null,
    path,
    depth: path.length - 1,
    action: entry['action'] ?? null,
    target: entry['target'] ?? null,
    decision: entry['decision'] ?? null,
    receiptId: token.claims['jti'] ?? null,
    task: token.claims['txn'] ?? null,
    ledger: { origin: proof.origin, index: proof.index, size: proof.size, assurance: 'asserted' },
    contentSha256: hashOf(content),
    contentType: shown.contentType,
    seen: [],
  }
}

function subjectOf(claims: JsonObject): Json {
  const subject = claims['credentialSubject']
  return isObject(subject) && !isList(subject) ? (subject['id'] ?? null) : null
}
