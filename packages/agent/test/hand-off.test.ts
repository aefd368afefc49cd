/** Hand-offs between three agents: what is made is what receivers read, and what they would refuse is not made. @module */
import { decodeBase64url, formatDidKey, isObject, parseJson, Refusal, type JsonObject } from '@aiegis/protocol'
import { receivedFrom } from '@aiegis/testing'
import { createVerifier, type AiegisContext } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { takeOver, type HandOff } from '../src/index.ts'
import { did, first, h, mission, passport, problem, second } from './three-agents.ts'

function claimsOf(part: string): JsonObject {
  const claims = parseJson(decodeBase64url(part.split('.')[1] ?? ''), { maxBytes: 4096 })
  if (!isObject(claims)) throw new TypeError('no claims')
  return claims
}

const lastOf = ({ handOff: text }: HandOff): JsonObject => claimsOf(text.split('~').at(-1) ?? '')

/** What a receiver that is shown a token for this chain says. */
async function served(chain: string, handOffs: number, txn: string): Promise<AiegisContext | string> {
  const verifier = createVerifier(h.receiver())
  await verifier.warm()
  try {
    const request = h.mint({ handOffs }, { chain: () => chain, claims: (claims) => ({ ...claims, txn }) })
    return await verifier.verify(receivedFrom(request))
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  } finally {
    verifier.close()
  }
}

describe('a hand-off', () => {
  test('AHP-PASS-22 has exactly the members of a delegation, for ten minutes and nobody after the child', async () => {
    const made = await first({ maxDepth: 0, now: () => h.clock.now() + 999 })
    const { jti, txn, par, ...others } = lastOf(made)
    const now = h.clock.seconds()
    expect(others).toEqual({
      ahp: 'ahp-receiver/0.1',
      iss: did(0),
      sub: did(1),
      aud: [h.audience],
      iat: now,
      exp: now + 600,
      depth: 1,
      maxDepth: 0,
      mission,
    })
    expect(made).toMatchObject({ txn, expires: now + 600, shortened: false })
    expect(new Set([jti, txn, par]).size).toBe(3)
    expect(made.handOff.split('~')[0]).toBe(passport(0))
  })

  test('is served once it is taken over: one and two of them, in the task of the first', async () => {
    const one = await first()
    const two = await second({ txn: one.txn }, { txn: one.txn })
    const single = await served(takeOver(one.handOff, passport(1)).chain, 1, one.txn)
    const twice = await served(takeOver(two.handOff, passport(2)).chain, 2, one.txn)
    expect(single).toMatchObject({ principal: { did: did(0) }, presenter: { did: did(1) }, depth: 1, task: one.txn })
    expect(twice).toMatchObject({ principal: { did: did(0) }, presenter: { did: did(2) }, depth: 2, task: one.txn })
    expect(typeof twice === 'object' ? twice.path.map((agent) => agent.did) : twice).toEqual([did(0), did(1), did(2)])
  })

  test('has identifiers of its own each time, and the task that was given', async () => {
    const [a, b] = [await first(), await first()]
    expect(lastOf(a)['jti']).not.toBe(lastOf(b)['jti'])
    expect(a.txn).not.toBe(b.txn)
    expect((await first({ txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' })).txn).toBe('01KAHV3G9X5N8Q2T7W4Y6Z1B3C')
  })

  test('AHP-PASS-27 ends with the passport or the hand-off before, and says so', async () => {
    const until = new Date(h.clock.now() + 90_000).toISOString().replace(/\.\d+Z$/, 'Z')
    const end = h.clock.seconds() + 90
    const short = passport(0, {}, { validUntil: until })
    expect(await first({ chain: short })).toMatchObject({ expires: end, shortened: true })
    expect(await first({ chain: short, lifetimeSeconds: 90 })).toMatchObject({ expires: end, shortened: false })
    const two = await second({ lifetimeSeconds: 600 }, { lifetimeSeconds: 90 })
    expect(two).toMatchObject({ expires: end, shortened: true })
    expect(await served(takeOver(two.handOff, passport(2)).chain, 2, two.txn)).toMatchObject({ depth: 2 })
  })

  test('holds no token: three words from the passport, the delegation, and nothing else', async () => {
    const made = await first()
    expect(Object.keys(made).toSorted()).toEqual(['expires', 'handOff', 'shortened', 'txn'])
    const [parent, delegation, ...more] = made.handOff.split('~')
    expect([parent, more]).toEqual([passport(0), []])
    expect(delegation?.split('.')).toHaveLength(3)
  })
})

/** What is wrong, the sentence about it, the attempt, and the same thing one point away, which is made. */
type Row = readonly [title: string, sentence: string, attempt: () => unknown, twin: () => unknown]

const another = h.keys.stranger
const pairs = (count: number): typeof mission =>
  Array.from({ length: count }, (_, at) => ({ action: `orders.a${at}`, target: 'https://api.example.com/*' }))
const origins = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `https://a${at}.b`)

const ROWS: readonly Row[] = [
  ['AHP-PASS-21 by another key', 'the signer does not hold the key', () => first({ signer: another }), () => first()],
  [
    'AHP-PASS-21 by the agent that handed off, in place of the one that got it',
    'the signer does not hold the key',
    () => second({ signer: h.keys.agent }),
    () => second({ signer: h.keys.worker }),
  ],
  ['AHP-PASS-28 to itself', 'is in the chain already', () => first({ to: did(0) }), () => first({ to: did(1) })],
  ['AHP-PASS-28 back to the first', 'is in the chain already', () => second({ to: did(0) }), () => second({ to: did(2) })],
  [
    'AHP-PASS-22 to no agent',
    "to: not a did:key of Ed25519; write the agent's did:key",
    () => first({ to: 'did:web:a.example' }),
    () => first(),
  ],
  [
    'AHP-PASS-26 of a passport that allows none',
    'the chain allows no further hand-off',
    () => first({ chain: passport(0, { maxDepth: 0 }), maxDepth: 0 }),
    () => first({ chain: passport(0, { maxDepth: 1 }), maxDepth: 0 }),
  ],
  [
    'AHP-PASS-26 after one that allows none',
    'the chain allows no further hand-off',
    () => second({}, { maxDepth: 0 }),
    () => second({}, { maxDepth: 1 }),
  ],
  [
    'AHP-PASS-26 with more after it than the passport has',
    'maxDepth 2 is more than the chain allows; write at most 1',
    () => first({ maxDepth: 2 }),
    () => first({ maxDepth: 1 }),
  ],
  [
    'AHP-PASS-26 a third',
    'the chain allows no further hand-off',
    async () =>
      first({
        chain: takeOver((await second()).handOff, passport(2, { maxDepth: 2 })).chain,
        signer: h.keys.helper,
        to: formatDidKey(another.publicKey),
        maxDepth: 0,
      }),
    () => second(),
  ],
  [
    'AHP-PASS-18 of a passport for delegation only',
    'for delegation only',
    () => first({ chain: passport(0, { delegatedOnly: true }) }),
    () => first(),
  ],
  [
    'AHP-PASS-30 for another task than the one before',
    'the hand-off before is for task 01KAHV3G9X5N8Q2T7W4Y6Z1B3C; leave txn out',
    () => second({ txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3D' }, { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }),
    () => second({ txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }, { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C' }),
  ],
  [
    'AHP-PASS-22 for a task without the form',
    '"txn" does not have its form',
    () => first({ txn: 'a b' }),
    () => first({ txn: 'a'.repeat(16) }),
  ],
  [
    'AHP-PASS-29 for a receiver that the one before does not name',
    'the hand-off before is not for https://other.example',
    () => second({ audience: [h.audience, 'https://other.example'] }),
    () => second({ audience: [h.audience] }, { audience: [h.audience, 'https://other.example'] }),
  ],
  [
    'AHP-PASS-22 for nine receivers',
    '"aud" is not a list of 1 to 8',
    () => first({ audience: origins(9) }),
    () => first({ audience: origins(8) }),
  ],
  ['AHP-PASS-22 for none', '"aud" is not a list of 1 to 8', () => first({ audience: [] }), () => first()],
  ['AHP-PASS-22 for a URL', '"aud": not scheme, host and port alone', () => first({ audience: `${h.audience}/` }), () => first()],
  [
    'AHP-PASS-22 for one twice',
    '"aud" names an origin twice',
    () => first({ audience: [h.audience, h.audience] }),
    () => first(),
  ],
  [
    'AHP-PASS-22 of a mission with a star within',
    'handOff: "mission": not the name of an action; no receiver reads such a delegation',
    () => first({ mission: [{ action: 'orders*', target: '*' }] }),
    () => first({ mission: [{ action: 'orders.*', target: 'https://api.example.com/*' }] }),
  ],
  ['AHP-PASS-22 of no mission', '"mission": a mission has 1 to 16 pairs', () => first({ mission: [] }), () => first()],
  [
    'AHP-PASS-22 of a mission with another member',
    '"mission": a pair has exactly',
    () => first({ mission: mission.map((pair) => ({ ...pair, until: 'tomorrow' })) }),
    () => first(),
  ],
  [
    'AHP-PASS-20 of more than 1,100 characters',
    'characters, receivers read 1100; shorten the mission',
    () => first({ mission: pairs(4) }),
    () => first({ mission: pairs(2) }),
  ],
  ...[0, -1, 1.5, 86_401, Number.NaN].map((lifetimeSeconds): Row => [
    `AHP-TIME-15 for ${lifetimeSeconds} s`,
    `lifetimeSeconds ${lifetimeSeconds}; write whole seconds from 1 to 86400`,
    () => first({ lifetimeSeconds }),
    () => first({ lifetimeSeconds: 86_400 }),
  ]),
  [
    'AHP-PASS-27 of a chain that has ended',
    'the chain has ended',
    () => first({ now: () => h.clock.now() + 86_400_000 }),
    () => first({ now: () => h.clock.now() + 86_399_000 }),
  ],
  [
    'AHP-PASS-4 of something else',
    'the chain: a JWS without exactly three segments',
    () => first({ chain: 'passport' }),
    () => first(),
  ],
  [
    'AHP-PASS-1 of a hand-off that was not taken over',
    'a chain has one, three or five parts',
    async () => second({ chain: (await first()).handOff }),
    () => second(),
  ],
  ['AHP-PASS-1 of a reference', 'a reference in its place', () => first({ chain: `sha-256=${'A'.repeat(43)}` }), () => first()],
]

describe('what receivers would refuse is not made', () => {
  test.each(ROWS)('%s', async (_title, sentence, attempt, twin) => {
    expect(await problem(attempt)).toContain(sentence)
    expect(await problem(twin)).toBe('no problem')
  })
})
