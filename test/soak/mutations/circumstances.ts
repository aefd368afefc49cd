/** Changes nothing of the request but when, and after what, it comes (spec chapters 8.1, 9 and 12). @module */
import { formatMilliseconds, hashText, utf8, type JsonObject } from '@aiegis/protocol'
import { lineOf, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { inner, objectOf, textsOf } from '../json/jws.ts'
import { setLine, type Mutate } from '../mutant.ts'
import type { World } from '../world.ts'

/** Some time between decision and request. */
export const moveClock: Mutate = async (world, random) => {
  const { harness, verifier } = world
  await world.serveUnspent()
  const seconds = random.pick([-6, -5, -1, 1, 5, 30, 58, 59, 60, 61, 75, 120])
  const request = harness.mint(world.plan(random))
  harness.clock.advance(seconds)
  // Status lists are read again, so that the time is all that is different.
  if (seconds > 0) await verifier.warm()
  const undo = (): void => harness.clock.advance(Math.max(0, -seconds))
  return {
    name: `time: ${seconds} s after the decision`,
    request,
    expected: seconds >= -5 && seconds < 60 ? 'served' : 'refused',
    undo,
  }
}

/** A token that was made at another time than it is used. */
export const moveToken: Mutate = (world, random) => {
  const { harness } = world
  const now = harness.clock.seconds()
  const shift = random.pick([-120, -61, -60, -59, -30, -1, 1, 5, 6, 7, 60, 3600])
  const lifetime = random.pick([1, 30, 59, 60, 61, 300])
  const iat = now + shift
  const request = harness.mint(world.plan(random), {
    claims: (claims) => ({
      ...claims,
      iat,
      exp: iat + lifetime,
      entry: { ...inner(claims, 'entry'), ts: formatMilliseconds(iat * 1000 + random.below(1000)) },
    }),
  })
  const isNow = shift <= 5 && iat + lifetime > now
  // What was used before the receiver started is not known to it.
  const isRemembered = iat > harness.startedAt + 5
  return {
    name: `time: issued ${shift} s from now for ${lifetime} s`,
    request,
    expected: isNow && lifetime <= 60 && isRemembered ? 'served' : 'refused',
  }
}

/** A token that was used. */
export const useAgain: Mutate = async (world, random) => {
  const { harness } = world
  const plan = world.plan(random)
  const request = harness.mint(plan)
  await world.mustServe(request)
  const claims = objectOf(textsOf(lineOf(request, 'X-AEGIS-Token') ?? '').payload)
  const [name, again] = random.pick<readonly [string, () => RawRequest]>([
    ['as it was', () => request],
    ['with a header more', () => withLine(request, 'X-More', '1')],
    ['with its lines in another order', () => ({ ...request, lines: request.lines.toReversed() })],
    ['with a newer proof', () => newerProof(world, request)],
    ['in a token with its name', () => harness.mint(plan, { claims: (fresh) => ({ ...fresh, jti: claims['jti'] ?? null }) })],
    [
      'by another agent',
      () =>
        harness.mint(
          { ...plan, handOffs: (plan.handOffs + 1) % 3 },
          { claims: (fresh) => ({ ...fresh, jti: claims['jti'] ?? null }) },
        ),
    ],
  ])
  if (random.oneIn(3)) {
    await world.serveUnspent()
    harness.clock.advance(random.below(3))
  }
  return { name: `state: used, again ${name}`, request: again(), expected: 'refused' }
}

/** A passport that is revoked after it was seen, and not before. */
export const revoke: Mutate = async (world, random) => {
  const { harness, verifier, revoked } = world
  const plan = world.plan(random)
  const place = random.below(plan.handOffs + 1)
  let index = random.below(131_072)
  while (revoked.has(index) || (index >= 94_567 && index < 94_570)) index = random.below(131_072)
  const passport = (credential: JsonObject, at: number): JsonObject =>
    at === place
      ? { ...credential, credentialStatus: { ...inner(credential, 'credentialStatus'), statusListIndex: String(index) } }
      : credential
  const first = harness.mint(plan, { passport })
  const chain = lineOf(first, 'X-AEGIS-Passport') ?? ''
  await world.mustServe(first)
  const isRevoked = !random.oneIn(3)
  if (isRevoked) {
    revoked.add(index)
    harness.status.revoke(index)
    await verifier.warm()
  }
  const second = harness.mint(plan, { chain: () => chain })
  const request = random.oneIn(2) ? second : setLine(second, 'X-AEGIS-Passport', referenceOf(harness, second))
  return {
    name: `state: ${isRevoked ? 'revoked' : 'not revoked'} in place ${place} after it was served`,
    request,
    expected: isRevoked ? 'refused' : 'served',
  }
}

/** A chain by its digest, which the receiver holds or does not. */
export const refer: Mutate = async (world, random) => {
  const { harness } = world
  const plan = world.plan(random)
  const first = harness.mint(plan, { passport: (credential) => ({ ...credential, validFrom: '2026-11-01T00:00:00Z' }) })
  const chain = lineOf(first, 'X-AEGIS-Passport') ?? ''
  await world.mustServe(first)
  const request = harness.mint(plan, { chain: () => chain })
  const reference = referenceOf(harness, request)
  const [name, value] = random.pick([
    ['held', reference],
    ['not held', `${reference.slice(0, -2)}${reference.at(-2) === 'A' ? 'B' : 'A'}${reference.at(-1)}`],
    ['cut', reference.slice(0, -1)],
    ['with more', `${reference}~${chain}`],
    ['in capitals', reference.replace('sha', 'SHA')],
    ['of nothing', 'sha-256='],
  ])
  return {
    name: `state: a reference ${name}`,
    request: setLine(request, 'X-AEGIS-Passport', value ?? ''),
    expected: name === 'held' ? 'served' : 'refused',
  }
}

/** A chain that was served and has ended since, sent again with a fresh decision. */
export const outlive: Mutate = async (world, random) => {
  const { harness, verifier } = world
  await world.serveUnspent()
  const plan = world.plan(random, 1 + random.below(2))
  const lifetime = 5 + random.below(20)
  const end = harness.clock.seconds() + lifetime
  const first = harness.mint(plan, { delegation: (claims) => ({ ...claims, exp: end }) })
  const chain = lineOf(first, 'X-AEGIS-Passport') ?? ''
  await world.mustServe(first)
  const seconds = lifetime + random.pick([-2, -1, 0, 1])
  harness.clock.advance(seconds)
  await verifier.warm()
  const second = harness.mint(plan, { chain: () => chain })
  const request = random.oneIn(2) ? second : setLine(second, 'X-AEGIS-Passport', referenceOf(harness, second))
  return {
    name: `time: a chain ${seconds - lifetime} s from its end`,
    request,
    expected: seconds < lifetime ? 'served' : 'refused',
  }
}

/** Something that the receiver needs does not work, or works again. */
export const breakDown: Mutate = async (world, random) => {
  const { harness, verifier } = world
  const request = harness.mint(world.plan(random))
  const fault = random.pick(['full', 'down', 'nonsense', 'status', 'well'] as const)
  if (fault !== 'status') {
    if (fault !== 'well') harness.replay.fail(fault)
    const undo = (): void => harness.replay.fail(undefined)
    return { name: `state: the store is ${fault}`, request, expected: fault === 'well' ? 'served' : 'refused', undo }
  }
  await world.serveUnspent()
  harness.status.set('down')
  harness.clock.advance(601)
  await verifier.warm()
  return {
    name: 'state: no status for too long',
    request: harness.mint(world.plan(random)),
    expected: 'refused',
    undo: async () => {
      harness.status.set('up')
      await verifier.warm()
    },
  }
}

const KINDS: readonly Mutate[] = [
  moveToken,
  moveToken,
  useAgain,
  useAgain,
  useAgain,
  revoke,
  refer,
  moveClock,
  outlive,
  breakDown,
]

/** One circumstance that is different. */
export const changeCircumstances: Mutate = (world, random) => random.pick(KINDS)(world, random)

function newerProof({ harness }: World, request: RawRequest): RawRequest {
  harness.mint()
  const [, index = '0'] = /\nindex (\d+)/.exec(Buffer.from(lineOf(request, 'X-AEGIS-Proof') ?? '', 'base64url').toString()) ?? []
  return setLine(request, 'X-AEGIS-Proof', Buffer.from(harness.log.prove(Number(index))).toString('base64url'))
}

/** The chain of a request by its digest. */
function referenceOf({ crypto }: MockHarness, request: RawRequest): string {
  return `sha-256=${hashText(crypto, utf8(lineOf(request, 'X-AEGIS-Passport') ?? ''))}`
}
