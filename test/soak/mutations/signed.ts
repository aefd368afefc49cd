/** Changes what is signed, the token and each part of the chain, and signs it again: by the right key, by another, or not at all. @module */
import { type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { agentAt, lineOf, type Changes, type MockHarness } from '@aiegis/testing'
import { edited, type Choice } from '../json/edits.ts'
import { bytesOf, jwsOf, objectOf, rejoined, signatureOf, textsOf, type JwsTexts } from '../json/jws.ts'
import {
  delegationRules,
  factsOf,
  HEADER,
  isAllowed,
  isIgnoredClaim,
  passportRules,
  tokenRules,
  type Rules,
} from '../json/rules.ts'
import { respelled } from '../json/spellings.ts'
import { chainValues, HEADER_VALUES, tokenValues } from '../json/values.ts'
import type { Mutant, Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'

/** A change of one object, and what it means when the right key signs it. */
interface Change {
  readonly name: string
  readonly verdict: 'served' | 'refused' | 'unchanged'
  readonly object: JsonObject
}

/** A token that says something else; proof and possession follow what it says, so that nothing else is wrong. */
export const changeToken: Mutate = (world, random) => {
  const { harness } = world
  const plan = world.plan(random)
  const facts = factsOf(world, plan)
  const other = signatureOf(lineOf(world.base(random).request, 'X-AEGIS-Token') ?? '')
  const { how, signer, isRight, kid } = signerOf(random, harness.keys.harness, harness)
  const kind = random.pick(['header', 'claims', 'text'] as const)
  let change: Change | undefined
  const resign = (texts: JwsTexts): string =>
    jwsOf(kid === undefined ? texts : { ...texts, header: bytesOf({ ...objectOf(texts.header), kid }) }, signer ?? other)
  const changes: Changes = {
    ...(kind === 'header' && {
      tokenHeader: (header) => (change = changeObject(header, random, HEADER, HEADER_VALUES)).object,
    }),
    ...(kind === 'claims' && {
      claims: (claims) => {
        change = changeObject(claims, random, tokenRules(facts), tokenValues(world, plan), isIgnoredClaim)
        return withOwnName(change.object, claims, world.used)
      },
    }),
    tokenText: (token) => {
      const texts = textsOf(token)
      if (kind !== 'text') return isRight ? token : resign(texts)
      const found = respelledPart(texts, random)
      change = { ...found, object: {} }
      return resign(found.texts)
    },
  }
  const request = mintAnyway(harness, plan, changes, () => change?.object ?? {}, resign)
  return { name: `token: ${change?.name}, ${how}`, request, expected: verdictOf(change, isRight) }
}

/** A chain of which one part says something else. What was signed over that part is signed again, most often. */
export const changeChain: Mutate = (world, random) => {
  const { harness } = world
  const plan = world.plan(random)
  const facts = factsOf(world, plan)
  const at = random.below(2 * plan.handOffs + 1)
  const isDelegation = at % 2 === 1
  const depth = (at + 1) / 2
  const right = isDelegation ? agentAt(harness, depth - 1) : harness.keys.issuer
  const { how, signer, isRight, kid } = signerOf(random, right, harness)
  const isFollowed = at === 2 * plan.handOffs || at + 1 === 2 * plan.handOffs || !random.oneIn(6)
  let change: Change | undefined
  let isSame = false

  const changePart = (part: string, parts: readonly string[]): string => {
    const texts = textsOf(part)
    const claimsAt = (place: number): JsonObject => objectOf(textsOf(parts[place] ?? '').payload)
    const put = (changed: JwsTexts): string =>
      jwsOf(
        kid === undefined ? changed : { ...changed, header: bytesOf({ ...objectOf(changed.header), kid }) },
        signer ?? signatureOf(part),
      )
    if (random.oneIn(3)) {
      const found = respelledPart(texts, random)
      change = { ...found, object: {} }
      return put(found.texts)
    }
    if (random.oneIn(5)) {
      change = changeObject(objectOf(texts.header), random, HEADER, HEADER_VALUES)
      return put({ ...texts, header: bytesOf(change.object) })
    }
    const valid = objectOf(texts.payload)
    const rules = isDelegation
      ? delegationRules(facts, depth, valid, claimsAt(depth === 1 ? 3 : 1)['jti'])
      : passportRules(facts, at / 2, valid, claimsAt(at + 1)['exp'])
    change = changeObject(valid, random, rules, chainValues(world, plan, isDelegation))
    return put({ ...texts, payload: bytesOf(change.object) })
  }
  const chain = (text: string): string => {
    const parts = text.split('~')
    const changed = parts.map((part, place) => (place === at ? changePart(part, parts) : part))
    isSame = changed[at] === parts[at]
    return isFollowed ? rejoined(changed, at, (from) => agentAt(harness, from), harness.crypto) : changed.join('~')
  }
  const request = harness.mint(plan, { chain })
  const verdict = verdictOf(change, isRight)
  return {
    name: `${isDelegation ? `delegation ${depth}` : `passport ${at / 2}`}: ${change?.name}, ${how}${isFollowed ? '' : ', alone'}`,
    request,
    expected: isSame ? 'unchanged' : isFollowed || verdict !== 'served' ? verdict : 'refused',
  }
}

function verdictOf(change: Change | undefined, isRight: boolean): Mutant['expected'] {
  if (change === undefined) throw new TypeError('nothing was changed')
  return isRight ? change.verdict : 'refused'
}

function changeObject(
  valid: JsonObject,
  random: Random,
  rules: Rules,
  values: readonly Choice[],
  isIgnored?: (name: string) => boolean,
): Change {
  let { name, object } = edited(valid, random, values)
  // Many changes fit few values only.
  for (let tries = 0; tries < 4 && isAllowed(valid, object, {}); tries++) ({ name, object } = edited(valid, random, values))
  const isSame = isAllowed(valid, object, {})
  return { name, object, verdict: isSame ? 'unchanged' : isAllowed(valid, object, rules, isIgnored) ? 'served' : 'refused' }
}

function respelledPart(
  texts: JwsTexts,
  random: Random,
): { readonly name: string; readonly texts: JwsTexts; readonly verdict: Change['verdict'] } {
  const part = random.oneIn(4) ? 'header' : 'payload'
  const { name, text, isSame } = respelled(texts[part], random)
  const verdict = text === texts[part] ? 'unchanged' : isSame ? 'served' : 'refused'
  return { name: `${part} ${name}`, texts: { ...texts, [part]: text }, verdict }
}

interface Signing {
  readonly how: string
  /** Nobody: the signature is one of other text. */
  readonly signer: SyncSigner | undefined
  readonly isRight: boolean
  /** Another name of the key than it should have. */
  readonly kid: string | undefined
}

/** Who signs: most often who should. */
function signerOf(random: Random, right: SyncSigner, { keys }: MockHarness): Signing {
  if (!random.oneIn(3)) return { how: 'signed', signer: right, isRight: true, kid: undefined }
  if (random.oneIn(2)) return { how: 'not signed', signer: undefined, isRight: false, kid: undefined }
  const [name, signer] = random.pick(Object.entries<SyncSigner>({ ...keys }).filter(([, { kid }]) => kid !== right.kid))
  const isNamed = random.oneIn(3)
  return {
    how: `signed by ${name}${isNamed ? ', who says so' : ''}`,
    signer,
    isRight: false,
    kid: isNamed ? signer.kid : undefined,
  }
}

/** Identifiers that the harness may make later are left to it. */
function withOwnName(claims: JsonObject, before: JsonObject, used: Set<string>): JsonObject {
  const { jti } = claims
  if (typeof jti !== 'string' || jti === before['jti']) return claims
  let own = jti
  while (/^01MOCK\d{20}$/.test(own) || (used.has(own) && own !== jti)) own = `S${own}`
  used.add(own)
  return { ...claims, jti: own }
}

/** Mints what a harness would not sign: where no leaf can be made of it, with the leaf of the valid token. */
function mintAnyway(
  harness: MockHarness,
  plan: Parameters<MockHarness['mint']>[0],
  changes: Changes,
  claims: () => JsonObject,
  resign: (texts: JwsTexts) => string,
): ReturnType<MockHarness['mint']> {
  try {
    return harness.mint(plan, changes)
  } catch {
    const made = claims()
    return harness.mint(plan, { tokenText: (token) => resign({ header: textsOf(token).header, payload: bytesOf(made) }) })
  }
}
