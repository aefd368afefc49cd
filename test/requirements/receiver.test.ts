/** Chapters 10 to 13 of the specification, seen by a receiver: order, requirement, times and refusals. @module */
import { formatMilliseconds, formatSeconds, jwkOf, REASONS, Refusal, type CryptoPort, type JsonObject } from '@aiegis/protocol'
import { getAiegis } from '@aiegis/express'
import {
  createMockHarness,
  NAMES,
  problemOf,
  receivedFrom,
  sendRaw,
  withLine,
  type Breakable,
  type MockHarness,
  type RawRequest,
  type Wanted,
} from '@aiegis/testing'
import { createVerifier, type ReplayStore, type Verifier } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { STEPS } from '../../packages/verifier/src/road.ts'
import { createVerifierOf } from '../../packages/verifier/src/verifier.ts'
import { startReceiver } from '../receiver.ts'
import { claims, entry, inside, line, ORDER, passport, without, type Case } from './edits.ts'
import { outcomeOf, verdictOf, withPayload, type Make, type Shape } from './verdict.ts'

/** A token of so many seconds, issued so many seconds after now. */
const issued = (after: number, lifetime = 60): Make =>
  claims((before, h) => {
    const iat = h.clock.seconds() + after
    return inside({ ...before, iat, exp: iat + lifetime }, 'entry', { ts: formatMilliseconds(iat * 1000) })
  })
const valid = (member: 'validFrom' | 'validUntil', after: number): Make =>
  passport((vc, h) => ({ ...vc, [member]: formatSeconds(h.clock.seconds() + after) }))
const actions = (map: Readonly<Record<string, string>>): Shape => ({ options: () => ({ actions: map }) })
const create = { ...ORDER, url: 'https://api.example.com/orders' }

const TIMES: readonly Case[] = [
  ['AHP-TIME-1 iat that is skew ahead', 'served', issued(5)],
  ['AHP-TIME-1 iat that is one second more ahead', 'token_not_yet_valid', issued(6)],
  ['AHP-TIME-2 exp in the next second', 'served', claims((before, h) => ({ ...before, exp: h.clock.seconds() + 1 }))],
  ['AHP-TIME-2 exp that is now', 'token_expired', (h) => expired(h)],
  ['AHP-TIME-3 60 seconds', 'served', issued(0, 60)],
  ['AHP-TIME-3 61 seconds', 'token_lifetime_too_long', issued(0, 61)],
  ['AHP-TIME-3 exp that is iat', 'token_claims_invalid', issued(0, 0)],
  ['AHP-TIME-4 validFrom that is skew ahead', 'served', valid('validFrom', 5)],
  ['AHP-TIME-4 validFrom that is one second more ahead', 'passport_not_yet_valid', valid('validFrom', 6)],
  ['AHP-TIME-5 validUntil in the next second', 'served', valid('validUntil', 1)],
  ['AHP-TIME-5 validUntil that is now', 'passport_expired', valid('validUntil', 0)],
  [
    'AHP-TIME-6 366 days',
    'served',
    passport((vc, h) => ({
      ...vc,
      validFrom: formatSeconds(h.clock.seconds()),
      validUntil: formatSeconds(h.clock.seconds() + 31_622_400),
    })),
  ],
  [
    'AHP-TIME-6 366 days and a second',
    'passport_lifetime_too_long',
    passport((vc, h) => ({
      ...vc,
      validFrom: formatSeconds(h.clock.seconds()),
      validUntil: formatSeconds(h.clock.seconds() + 31_622_401),
    })),
  ],
  [
    'AHP-TIME-7 a day that does not exist',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, validUntil: '2027-02-30T00:00:00Z' })),
  ],
  ['AHP-TIME-7 an offset', 'passport_claims_invalid', passport((vc) => ({ ...vc, validUntil: '2027-02-03T00:00:00+00:00' }))],
  [
    'AHP-TIME-7 decimals where there are none',
    'passport_claims_invalid',
    passport((vc) => ({ ...vc, validUntil: '2027-02-03T00:00:00.000Z' })),
  ],
  [
    'AHP-TIME-7 no decimals where there are three',
    'token_claims_invalid',
    (h) => withPayload(h, (text) => text.replace(/\.\d{3}Z/, 'Z')),
  ],
]

const REQUIREMENT: readonly (readonly [title: string, expected: string, make: Make, shape: Shape])[] = [
  ['AHP-REQ-1 the method where nothing is declared', 'served', (h) => h.mint(create), {}],
  ['AHP-REQ-1 another method', 'action_mismatch', (h) => h.mint({ ...create, action: 'http.get' }), {}],
  [
    'AHP-REQ-2 the declared action',
    'served',
    (h) => h.mint({ ...create, action: 'orders.create' }),
    actions({ 'POST /orders': 'orders.create' }),
  ],
  [
    'AHP-REQ-2 the method where an action is declared',
    'action_mismatch',
    (h) => h.mint(create),
    actions({ 'POST /orders': 'orders.create' }),
  ],
  [
    'AHP-REQ-2 the action of the route itself',
    'served',
    (h) => h.mint({ ...create, action: 'orders.create' }),
    { route: { action: 'orders.create' } },
  ],
  ['AHP-REQ-3 another target', 'target_mismatch', entry({ target: 'https://api.example.com/orders/8' }), {}],
  ['AHP-REQ-3 the target is without query', 'served', (h) => h.mint({ url: 'https://api.example.com/orders/7?x=1' }), {}],
  [
    'AHP-REQ-3 the target with query',
    'target_mismatch',
    declaredTarget('https://api.example.com/orders/7?x=1', { url: 'https://api.example.com/orders/7?x=1' }),
    {},
  ],
  ['AHP-REQ-3 the declared target', 'served', declaredTarget('order-7'), { route: { target: 'order-7' } }],
  ['AHP-REQ-3 the URL where a target is declared', 'target_mismatch', (h) => h.mint(), { route: { target: 'order-7' } }],
  [
    'AHP-REQ-4 a named action where none is declared',
    'action_unmapped',
    (h) => h.mint({ ...create, action: 'orders.create' }),
    {},
  ],
  [
    'AHP-REQ-5 a path in other case and with a slash more',
    'action_mismatch',
    (h) => h.mint({ ...ORDER, url: 'https://api.example.com/ORDERS/' }),
    actions({ 'POST /orders': 'orders.create' }),
  ],
  [
    'AHP-REQ-6 HEAD takes the action of GET',
    'served',
    (h) => h.mint({ method: 'HEAD', action: 'orders.read' }),
    actions({ 'GET /orders/:id': 'orders.read' }),
  ],
  [
    'AHP-REQ-7 a path that is mapped with another method',
    'action_unmapped',
    (h) => h.mint({ ...create, method: 'PUT' }),
    actions({ 'POST /orders': 'orders.create' }),
  ],
  [
    'AHP-REQ-9 a grade that is asserted',
    'served',
    (h) => h.mint(),
    { route: { require: { hardware: { asserted: 'asserted' } } } },
  ],
  [
    'AHP-REQ-9 a grade above the asserted one',
    'grade_insufficient',
    (h) => h.mint(),
    { route: { require: { hardware: { asserted: 'evidence_checked' } } } },
  ],
  [
    'AHP-REQ-9 what the issuer asserts does not count as checked',
    'grade_insufficient',
    (h) => h.mint(),
    { route: { require: { hardware: { checked: 'asserted' } } } },
  ],
  [
    'AHP-REQ-9 a grade that the bundle requires',
    'grade_insufficient',
    (h) => h.mint(),
    { trust: () => ({ require: { human: { asserted: 'live' } } }) },
  ],
  ['AHP-REQ-10 no hand-off where none is allowed', 'served', (h) => h.mint(), { route: { maxDepth: 0 } }],
]

describe('times', () => {
  test.each(TIMES)('%s: %s', async (_title, expected, make) => {
    expect(await verdictOf(make)).toBe(expected)
  })

  test('AHP-TIME-3 a receiver may allow 300 seconds and no more', async () => {
    expect(await verdictOf(issued(0, 300), allow(300))).toBe('served')
    expect(await verdictOf(issued(0, 301), allow(300))).toBe('token_lifetime_too_long')
    await expect(verdictOf(issued(0), allow(301))).rejects.toThrow(TypeError)
  })

  test('AHP-TIME-8 a token is served once', async () => {
    expect(await verdictOf((h) => h.mint(), { times: 2 })).toBe('token_replayed')
  })

  test('AHP-TIME-8 of many at once one is served', async () => {
    const { harness, verifier } = await receiver()
    const request = harness.mint()
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => verifier.verify(receivedFrom(request))))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    verifier.close()
  })

  test('AHP-TIME-9 a token that ends while its content arrives is refused', async () => {
    const { harness, verifier } = await receiver()
    const request = harness.mint(ORDER)
    const slow = { ...receivedFrom(request), content: () => (harness.clock.advance(60), request.body) }
    await expect(verifier.verify(slow)).rejects.toMatchObject({ code: 'token_expired' })
    verifier.close()
  })

  test('AHP-TIME-10 AHP-TIME-11 a store that is full, fails or answers nonsense closes the door', async () => {
    for (const [fault, code] of [
      ['full', 'replay_full'],
      ['down', 'replay_unavailable'],
      ['nonsense', 'replay_unavailable'],
    ] as const) {
      expect(await verdictOf((h) => (h.replay.fail(fault), h.mint()))).toBe(code)
    }
  })

  test('AHP-TIME-10 records live until exp and 60 seconds', async () => {
    const claimed: number[] = []
    const store: ReplayStore = { scope: 'shared', claim: (_key, expiresAt) => (claimed.push(expiresAt), 'fresh') }
    await verdictOf((h) => h.mint(), { options: () => ({ replay: store }) })
    const { clock } = createMockHarness({ logSize: 1 })
    expect(claimed).toEqual([clock.seconds() + 6 + 60 + 60])
  })

  test('AHP-TIME-12 AHP-BUNDLE-10 a receiver without a store does not start', () => {
    const harness = createMockHarness({ logSize: 1 })
    const { replay, ...options } = harness.receiver()
    const { replay: memory, ...trust } = harness.trust()
    expect([replay, memory]).not.toContain(undefined)
    expect(() => createVerifier({ ...options, trust })).toThrow(/replay/)
    expect(() => createVerifier({ ...options, trust: { ...trust, replay: { memory: { singleProcess: false } } } })).toThrow(
      /singleProcess/,
    )
  })

  test('AHP-TIME-13 a store in memory does not know tokens from before the start', async () => {
    expect(await verdictOf(since(5))).toBe('replay_warming')
    expect(await verdictOf(since(6))).toBe('served')
    const shared: ReplayStore = { scope: 'shared', claim: () => 'fresh' }
    expect(await verdictOf(since(5), { options: () => ({ replay: shared }) })).toBe('served')
  })
})

describe('requirement', () => {
  test.each(REQUIREMENT)('%s: %s', async (_title, expected, make, shape) => {
    expect(await verdictOf(make, shape)).toBe(expected)
  })

  test('AHP-REQ-8 a map in which one pattern hides another stops the start', async () => {
    await expect(
      verdictOf((h) => h.mint(), actions({ 'GET /orders/:id': 'orders.read', 'GET /orders/mine': 'orders.list' })),
    ).rejects.toThrow(/hides/)
  })

  test('AHP-REQ-11 a request that the route refuses leaves its token unused', async () => {
    const { harness, verifier } = await receiver()
    const request = harness.mint()
    await expect(verifier.verify(receivedFrom(request), { require: { human: { asserted: 'live' } } })).rejects.toMatchObject({
      code: 'grade_insufficient',
    })
    await expect(verifier.verify(receivedFrom(request))).resolves.toBeDefined()
    verifier.close()
  })

  test('AHP-REQ-12 a second check of the same request may not bring an action', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const server = await startReceiver(harness, { receiver: 'narrowing-route' })
    expect(problemOf(await sendRaw(server.port, harness.mint()))).toMatchObject({ code: 'misconfigured' })
    await server.close()
  })

  test('AHP-REQ-13 there is no context of a request that was not verified', () => {
    expect(() => getAiegis({} as Parameters<typeof getAiegis>[0])).toThrow(/requireAiegisToken/)
  })
})

describe('the road', () => {
  test('AHP-ROAD-1 no handler runs for a refused request', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const server = await startReceiver(harness)
    for (const make of [without('X-AEGIS-Token'), line('Content-Type', 'text/plain'), entry({ decision: 'BLOCK' })])
      await sendRaw(server.port, make(harness))
    expect(server.contexts).toEqual([])
    await server.close()
  })

  test.each<readonly [earlier: Breakable, later: (request: RawRequest) => RawRequest]>([
    ['token_signature_invalid', (request) => ({ ...request, method: 'PUT' })],
    ['audience_mismatch', (request) => ({ ...request, target: '/elsewhere' })],
    ['mission_exceeded', (request) => ({ ...request, body: Buffer.from('other') })],
    ['override_header', (request) => withLine(request, 'X-AEGIS-Token', 'A')],
  ])('AHP-ROAD-2 %s comes before what a later step would find', async (earlier, later) => {
    expect(await verdictOf((h) => later(h.breakIt(earlier).request))).toBe(earlier)
  })

  test('AHP-ROAD-3 a refused request does not use its token up', async () => {
    const { harness, verifier } = await receiver()
    const request = harness.mint()
    for (const broken of [
      { ...request, method: 'PUT' },
      { ...request, target: '/orders/8' },
      withLine(request, 'Signature', 'aegis=:AAAA:'),
    ]) {
      await expect(verifier.verify(receivedFrom(broken))).rejects.toBeInstanceOf(Refusal)
    }
    await expect(verifier.verify(receivedFrom(request))).resolves.toBeDefined()
    verifier.close()
  })

  test('AHP-ROAD-4 AHP-ROAD-5 no request causes a fetch', async () => {
    const fetched: string[] = []
    const { harness, verifier } = await receiver((h) => ({
      get: (url, limits) => (fetched.push(url), h.status.get(url, limits)),
    }))
    const before = fetched.length
    const list = passport((vc) => inside(vc, 'credentialStatus', { statusListCredential: 'https://evil.example/list' }))
    for (const make of [list, without('X-AEGIS-Proof')])
      await expect(verifier.verify(receivedFrom(make(harness)))).rejects.toBeInstanceOf(Refusal)
    await verifier.verify(receivedFrom(harness.mint()))
    expect(fetched.slice(before)).toEqual([])
    verifier.close()
  })

  test('AHP-BUNDLE-8 only addresses that the bundle names are asked', async () => {
    const fetched: string[] = []
    const { verifier } = await receiver((h) => ({ get: (url, limits) => (fetched.push(url), h.status.get(url, limits)) }))
    await verifier.warm()
    expect(new Set(fetched)).toEqual(new Set([NAMES.statusList]))
    verifier.close()
  })

  test('AHP-LEDGER-11 a harness whose key is also that of its log stops the start', () => {
    const harness = createMockHarness({ logSize: 1 })
    const keys = [{ kid: harness.keys.harness.kid, jwk: { ...jwkOf(harness.keys.log.publicKey) } }]
    expect(() => createVerifier(harness.receiver({ harnesses: [{ did: NAMES.harness, keys, ledgers: [NAMES.log] }] }))).toThrow(
      /role/,
    )
  })

  test('AHP-ROAD-6 a step that fails in another way serves nothing', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const steps = {
      ...STEPS,
      status: () => {
        throw new RangeError('a defect')
      },
    }
    const verifier = createVerifierOf(steps, harness.receiver())
    harness.clock.advance(6)
    await expect(verifier.verify(receivedFrom(harness.mint()))).rejects.toBeInstanceOf(RangeError)
    verifier.close()
    const server = await startReceiver(createMockHarness({ logSize: 20 }), { steps })
    expect((await sendRaw(server.port, harness.mint())).status).toBe(500)
    expect(server.contexts).toEqual([])
    await server.close()
  })

  test('AHP-ROAD-7 a passport that verified before is judged by the clock again', async () => {
    const { harness, verifier } = await receiver()
    const until = harness.clock.seconds() + 10
    const ending = (): RawRequest => harness.mint({}, { passport: (vc) => ({ ...vc, validUntil: formatSeconds(until) }) })
    await verifier.verify(receivedFrom(ending()))
    harness.clock.advance(10)
    await expect(verifier.verify(receivedFrom(ending()))).rejects.toMatchObject({ code: 'passport_expired' })
    verifier.close()
  })

  test('AHP-ROAD-8 a token is verified for every request', async () => {
    const counting = countingCrypto()
    const { harness, verifier } = await receiver((h) => ({ crypto: counting.around(h.crypto) }))
    const request = harness.mint()
    await verifier.verify(receivedFrom(request))
    const before = counting.verified()
    await expect(verifier.verify(receivedFrom(request))).rejects.toMatchObject({ code: 'token_replayed' })
    // Token and possession again; passport and checkpoint were verified before.
    expect(counting.verified() - before).toBe(2)
    verifier.close()
  })

  test('AHP-ROAD-9 unknown signer, unknown key and bad signature cost the same', async () => {
    const costs = ['token_issuer_unknown', 'token_key_unknown', 'token_signature_invalid'].map(async (code) => {
      const counting = countingCrypto()
      const { harness, verifier } = await receiver((h) => ({ crypto: counting.around(h.crypto) }))
      const before = counting.verified()
      await expect(verifier.verify(receivedFrom(harness.breakIt(code as Breakable).request))).rejects.toMatchObject({ code })
      verifier.close()
      return counting.verified() - before
    })
    expect(await Promise.all(costs)).toEqual([1, 1, 1])
    const shown = ['token_issuer_unknown', 'passport_key_unknown', 'checkpoint_signature_invalid'] as const
    expect(shown.map((code) => REASONS[code].public)).toEqual(['untrusted', 'untrusted', 'untrusted'])
  })

  test('AHP-ROAD-10 the context names agents by issuer and DID, and keeps principal and presenter apart', async () => {
    const { context } = await outcomeOf((h) => h.mint())
    expect(context).toMatchObject({ principal: { issuer: 'did:web:identity.example' }, depth: 0 })
    expect(context?.presenter).toEqual(context?.principal)
    expect(context?.path).toEqual([context?.principal])
  })
})

describe('refusals', () => {
  test('AHP-REFUSE-7 AHP-REFUSE-8 what cannot be measured is 503 with a time to wait', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const server = await startReceiver(harness)
    harness.replay.fail('down')
    const { status, headers } = await sendRaw(server.port, harness.mint())
    expect(status).toBe(503)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    await server.close()
  })

  test('AHP-REFUSE-7 a receiver answers with codes of the registry only', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const server = await startReceiver(harness)
    const answers = [without('X-AEGIS-Token'), line('Early-Data', '1'), entry({ decision: 'WARN' })].map(async (make) =>
      problemOf(await sendRaw(server.port, make(harness))),
    )
    const known: readonly string[] = Object.values(REASONS).map((row) => row.public)
    for (const { code } of await Promise.all(answers)) expect(known).toContain(code)
    await server.close()
  })
})

async function receiver(
  options: (harness: MockHarness) => Partial<Parameters<typeof createVerifier>[0]> = () => ({}),
): Promise<{ readonly harness: MockHarness; readonly verifier: Verifier }> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(), ...options(harness) })
  await verifier.warm()
  harness.clock.advance(6)
  return { harness, verifier }
}

function expired(h: MockHarness): RawRequest {
  return claims((before) =>
    inside({ ...before, iat: h.clock.seconds() - 10, exp: h.clock.seconds() }, 'entry', {
      ts: formatMilliseconds((h.clock.seconds() - 10) * 1000),
    }),
  )(h)
}

/** A decision on a named target, within a mission that covers it. */
function declaredTarget(target: string, wanted: Wanted = {}): Make {
  return (h) =>
    h.mint(wanted, {
      claims: (before) => inside(before, 'entry', { target }),
      passport: (vc) => inside(vc, 'credentialSubject', { mission: [{ action: '*', target }] satisfies readonly JsonObject[] }),
    })
}

/** Counts verifications of signatures. */
function countingCrypto(): { around(crypto: CryptoPort): CryptoPort; verified(): number } {
  let count = 0
  return {
    around: (crypto) => ({
      sha256: (bytes) => crypto.sha256(bytes),
      verifyEd25519: (key, message, signature) => ((count += 1), crypto.verifyEd25519(key, message, signature)),
    }),
    verified: () => count,
  }
}

/** A receiver with its own longest lifetime. */
const allow = (maxLifetimeSeconds: number): Shape => ({ trust: () => ({ time: { maxLifetimeSeconds } }) })

/** A token issued so many seconds after the receiver started. */
const since = (seconds: number): Make =>
  claims((before, h) => {
    const iat = h.startedAt + seconds
    return inside({ ...before, iat, exp: iat + 60 }, 'entry', { ts: formatMilliseconds(iat * 1000) })
  })
