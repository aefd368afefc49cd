/** Puts pieces together that are each valid and do not belong together (spec chapter 8.4 and 8.5). @module */
import type { JsonObject } from '@aiegis/protocol'
import { agentAt, createMockHarness, lineOf, withLine, type RawRequest } from '@aiegis/testing'
import { bytesOf, inner, jwsOf, objectOf, rejoined, textsOf } from '../json/jws.ts'
import { isSame, setLine, type Mutant, type Mutate } from '../mutant.ts'
import { didOf } from '../world.ts'
import { changeSecond } from './second.ts'

const EVIDENCE = ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature-Input', 'Signature'] as const

/** Evidence of one request, some of it exchanged for that of another. */
const exchangeEvidence: Mutate = (world, random) => {
  const one = world.base(random)
  const other = world.base(random)
  const taken = EVIDENCE.filter(() => random.oneIn(2))
  const request = taken.reduce((before, name) => setLine(before, name, lineOf(other.request, name) ?? ''), one.request)
  // Whole evidence of another agent for the same request serves that agent's decision.
  const whole = EVIDENCE.every((name) => lineOf(request, name) === lineOf(other.request, name))
  return {
    name: `joins: ${taken.join(', ')} of another request`,
    request,
    expected: whole && isForSame(one.request, other.request) ? 'unchanged' : 'refused',
    base: one,
  }
}

/** One kind of evidence in the place of another. */
const misplaceEvidence: Mutate = (world, random) => {
  const base = world.base(random)
  const [from, to] = [random.pick(EVIDENCE), random.pick(EVIDENCE)]
  const parts = (lineOf(base.request, from) ?? '').split('~')
  return {
    name: `joins: ${from} as ${to}`,
    request: setLine(base.request, to, random.oneIn(2) ? parts.join('~') : random.pick(parts)),
    expected: from === to && parts.length === 1 ? 'unchanged' : 'refused',
    base,
  }
}

/** Parts of a chain left out, repeated, exchanged or taken from another chain; the harness decides for what that gives. */
const reorderChain: Mutate = (world, random) => {
  const plan = world.plan(random, 1 + random.below(2))
  const other = (lineOf(world.base(random).request, 'X-AEGIS-Passport') ?? '').split('~')
  let expected: Mutant['expected'] = 'refused'
  const chain = (text: string): string => {
    const parts = text.split('~')
    const at = random.below(parts.length)
    const changed = random.pick([
      () => parts.toSpliced(at, 1 + random.below(parts.length - 1)),
      () => parts.slice(at),
      () => parts.slice(0, at + 1),
      () => parts.toSpliced(at, 0, ...parts.slice(at, at + 2)),
      () => [...parts.slice(at), ...parts.slice(0, at)],
      () => parts.toReversed(),
      () => parts.with(at, random.pick(other)),
      () => [...other, ...parts.slice(1)],
      () => [...parts, ...other],
      () => parts.with(at, ''),
    ])()
    const joined = changed.join('~')
    expected = joined === text ? 'unchanged' : isChain(parts, changed) ? 'served' : 'refused'
    return joined
  }
  return { name: 'joins: parts of a chain', request: world.harness.mint(plan, { chain }), expected }
}

/**
 * The sender alone is a chain, too, and may act on its own. Nothing was signed over the last passport and the delegation before it: they
 * may be others that the same agents have, such as a delegation that allows one hand-off more.
 */
function isChain(parts: readonly string[], changed: readonly string[]): boolean {
  const payloadOf = (part = ''): JsonObject => objectOf(textsOf(part).payload)
  const agentOf = (part: string | undefined): unknown => inner(payloadOf(part), 'credentialSubject')['id']
  if (agentOf(changed.at(-1)) !== agentOf(parts.at(-1))) return false
  if (changed.length === 1) return true
  const [one, other] = [payloadOf(changed.at(-2)), payloadOf(parts.at(-2))]
  return (
    changed.slice(0, -2).join('~') === parts.slice(0, -2).join('~') &&
    ['par', 'sub', 'depth'].every((name) => one[name] === other[name])
  )
}

/** A passport of an issuer that may only vouch for those who get a hand-off. */
const hopIssuer: Mutate = (world, random) => {
  const { harness, hop } = world
  const plan = world.plan(random)
  const place = random.below(plan.handOffs + 1)
  const hasStatus = random.oneIn(4)
  const chain = (text: string): string => {
    const parts = text.split('~')
    const { header, payload } = textsOf(parts[2 * place] ?? '')
    const { credentialStatus, ...credential } = objectOf(payload)
    const own = { ...credential, issuer: didOf(hop), ...(hasStatus && { credentialStatus }) }
    const made = jwsOf({ header: bytesOf({ ...objectOf(header), kid: hop.kid }), payload: bytesOf(own) }, hop)
    return rejoined(parts.with(2 * place, made), 2 * place, (at) => agentAt(harness, at), harness.crypto)
  }
  return {
    name: `joins: an issuer for hand-offs in place ${place}`,
    request: harness.mint(plan, { chain }),
    expected: place > 0 && !hasStatus ? 'served' : 'refused',
  }
}

/** A request that is valid at another receiver. */
const otherReceiver: Mutate = (world, random) => {
  const other = createMockHarness({ clock: world.harness.clock, audience: 'https://other.example', logSize: 3 })
  const request = other.mint({ handOffs: random.below(3) })
  return {
    name: 'joins: evidence for another receiver',
    request: random.oneIn(2) ? request : withLine(request, 'Host', 'api.example.com'),
    expected: 'refused',
  }
}

const KINDS: readonly Mutate[] = [
  exchangeEvidence,
  exchangeEvidence,
  exchangeEvidence,
  misplaceEvidence,
  reorderChain,
  reorderChain,
  changeSecond,
  changeSecond,
  hopIssuer,
  otherReceiver,
]

/** One join that does not hold, or one that does. */
export const changeJoins: Mutate = (world, random) => random.pick(KINDS)(world, random)

/** True when both ask for the same thing. */
function isForSame(one: RawRequest, other: RawRequest): boolean {
  const bare = (request: RawRequest): RawRequest => EVIDENCE.reduce((before, name) => withLine(before, name), request)
  return isSame(bare(one), bare(other))
}
