/** Chapters 8 to 10 of the specification about chains: who vouches where, status, references, grades and the context of a handler. @module */
import { encodeBase64url, formatDidKey, hashText, Refusal, utf8, type JsonObject, type JsonValue } from '@aiegis/protocol'
import {
  agentAt,
  createMockHarness,
  lineOf,
  NAMES,
  receivedFrom,
  TASK,
  withLine,
  type Changes,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier, type AiegisContext } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { inside } from './edits.ts'
import { outcomeOf, verdictOf, type Make, type Shape } from './verdict.ts'

const chain =
  (handOffs: number, changes: (harness: MockHarness) => Changes = () => ({})): Make =>
  (h) =>
    h.mint({ handOffs }, changes(h))

const did = (h: MockHarness, place: number): string => formatDidKey(agentAt(h, place).publicKey)

/** A chain of two hand-offs with other members in the subject of the passport in one place. */
const subjectAt = (place: number, members: JsonObject): Make =>
  chain(2, () => ({ passport: (vc, at) => (at === place ? inside(vc, 'credentialSubject', members) : vc) }))

const roles = (root: readonly string[], hop: readonly string[]): Shape => ({
  trust: (h) => ({
    issuers: [
      { ...firstIssuer(h), roles: root },
      {
        ...firstIssuer(h),
        did: h.keys.stranger.kid.split('#')[0] ?? '',
        keys: [
          { kid: h.keys.stranger.kid, jwk: { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(h.keys.stranger.publicKey.bytes) } },
        ],
        roles: hop,
        status: 'unrevocable',
      },
    ],
  }),
})

describe('issuers vouch in their place', () => {
  test('AHP-PASS-17 the issuer of a later passport needs the role hop, that of the first the role root', async () => {
    expect(await verdictOf(chain(1), roles(['root'], ['hop']))).toBe('issuer_role_missing')
    expect(await verdictOf(chain(1), roles(['hop'], ['root']))).toBe('issuer_role_missing')
    expect(await verdictOf(chain(1), roles(['root', 'hop'], ['hop']))).toBe('served')
    expect(await verdictOf(chain(0), roles(['root'], ['hop']))).toBe('served')
  })
})

describe('length and reference', () => {
  test('AHP-PASS-3 a receiver accepts as many hand-offs as its bundle says, and none without a word', async () => {
    const limited = (delegations: number): Shape => ({ trust: () => ({ limits: { delegations } }) })
    expect(await verdictOf(chain(2), limited(1))).toBe('chain_too_long')
    expect(await verdictOf(chain(1), limited(1))).toBe('served')
    expect(await verdictOf(chain(1), { trust: () => ({ limits: {} }) })).toBe('chain_too_long')
  })

  test.each([0, 1, 2])(
    'AHP-PASS-2 a chain with %i hand-offs that is held is served by its digest, with the same context',
    async (handOffs) => {
      const { served, byDigest } = await referenced(handOffs, () => {})
      expect(byDigest).toBe('served')
      expect(served).toHaveLength(2)
      expect(served[1]?.path).toEqual(served[0]?.path)
    },
  )

  test('AHP-PASS-2 a chain that is not held is asked for, and the same token is good with it', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const request = harness.mint({ handOffs: 2 })
    const short = withLine(request, 'X-AEGIS-Passport', digestOf(harness, request))
    await expect(verifier.verify(receivedFrom(short))).rejects.toMatchObject({ code: 'passport_required' })
    await expect(verifier.verify(receivedFrom(request))).resolves.toMatchObject({ depth: 2 })
    verifier.close()
  })

  test.each([
    ['passport_revoked', (h: MockHarness) => h.status.revoke(94_568)],
    ['delegation_expired', (h: MockHarness) => h.clock.advance(3600)],
    ['passport_expired', (h: MockHarness) => h.clock.advance(90_000)],
  ])('AHP-PASS-2 AHP-ROAD-7 a chain by digest is judged anew: %s', async (code, happens) => {
    const { byDigest } = await referenced(1, happens)
    expect(byDigest).toBe(code)
  })

  test('AHP-ROAD-7 one byte less than a chain that is held is another chain', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const request = harness.mint({ handOffs: 1 })
    await verifier.verify(receivedFrom(request))
    // The same end, another beginning: a cache that looked at the end alone would serve it.
    const other = harness.mint(
      { handOffs: 1 },
      { chain: (text) => `${text.slice(0, 40)}${text[40] === 'A' ? 'B' : 'A'}${text.slice(41)}` },
    )
    await expect(verifier.verify(receivedFrom(other))).rejects.toMatchObject({ code: 'passport_malformed' })
    verifier.close()
  })
})

/** What a receiver says when it gets a chain, then after something has happened only its digest under another token. */
async function referenced(
  handOffs: number,
  happens: (harness: MockHarness) => void,
): Promise<{ readonly served: readonly AiegisContext[]; readonly byDigest: string }> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const first = harness.mint({ handOffs })
  const chainText = lineOf(first, 'X-AEGIS-Passport') ?? ''
  const served = [await verifier.verify(receivedFrom(first))]
  happens(harness)
  await verifier.warm()
  const reference = digestOf(harness, first)
  const again = harness.mint({ handOffs }, { chain: () => chainText })
  try {
    served.push(await verifier.verify(receivedFrom(withLine(again, 'X-AEGIS-Passport', reference))))
    return { served, byDigest: 'served' }
  } catch (error) {
    if (error instanceof Refusal) return { served, byDigest: error.code }
    throw error
  } finally {
    verifier.close()
  }
}

function digestOf(harness: MockHarness, request: RawRequest): string {
  return `sha-256=${hashText(harness.crypto, utf8(lineOf(request, 'X-AEGIS-Passport') ?? ''))}`
}

describe('status of a chain', () => {
  test.each([0, 1, 2])('AHP-STATUS-4 a revoked passport in place %i ends the chain', async (place) => {
    const revoked = (index: number): Shape => ({ options: (h) => (h.status.revoke(index), {}) })
    expect(await verdictOf(chain(2), revoked(94_567 + place))).toBe('passport_revoked')
    expect(await verdictOf(chain(2), revoked(94_570))).toBe('served')
  })
})

describe('what a handler gets', () => {
  test('AHP-ROAD-10 principal, presenter and path of a chain of three, each with its issuer', async () => {
    const { context } = await outcomeOf(chain(2))
    const agents = (h: MockHarness): JsonValue => [0, 1, 2].map((place) => ({ issuer: NAMES.issuer, did: did(h, place) }))
    let expected: JsonValue = []
    await verdictOf((h) => ((expected = agents(h)), h.mint()))
    const named = context?.path.map(({ issuer, did: name }) => ({ issuer, did: name }))
    expect(named).toEqual(expected)
    expect([context?.principal, context?.presenter]).toEqual([context?.path[0], context?.path[2]])
    expect([context?.depth, context?.task, Object.isFrozen(context?.path)]).toEqual([2, TASK, true])
  })

  test('AHP-PASS-33 the grades of a chain are the weakest of all its passports, also for what a route requires', async () => {
    const weak = subjectAt(1, {
      attestations: { hardware: { grade: 'none' }, human: { grade: 'none' }, runtime: { grade: 'none' } },
    })
    const route = { require: { human: { asserted: 'asserted' } } } as const
    expect(await verdictOf(weak, { route })).toBe('grade_insufficient')
    expect(await verdictOf(chain(2), { route })).toBe('served')
    const { context } = await outcomeOf(weak)
    expect(context?.grades.human).toEqual({ asserted: 'none', checked: 'none' })
    expect(context?.path.map(({ grades }) => grades.human.asserted)).toEqual(['asserted', 'none', 'asserted'])
  })

  test('AHP-PASS-32 what a plug-in checked is told apart from what an issuer asserts', async () => {
    const asked: string[] = []
    const checking: Shape = {
      options: () => ({
        checkEvidence: ({ fact, agent }) => {
          asked.push(`${fact} ${agent.slice(0, 12)}`)
          return fact === 'hardware' ? 'evidence_checked' : 'none'
        },
      }),
    }
    const { context } = await outcomeOf(chain(0), checking)
    expect(context?.grades).toEqual({
      hardware: { asserted: 'asserted', checked: 'evidence_checked' },
      human: { asserted: 'asserted', checked: 'none' },
      runtime: { asserted: 'asserted', checked: 'none' },
    })
    expect(asked).toEqual(['hardware did:key:z6Mk', 'human did:key:z6Mk', 'runtime did:key:z6Mk'])
    const route = { require: { hardware: { checked: 'evidence_checked' } } } as const
    expect(await verdictOf(chain(0), { ...checking, route })).toBe('served')
    expect(await verdictOf(chain(0), { route })).toBe('grade_insufficient')
  })

  test('AHP-PASS-32 a plug-in that answers something else serves nobody', async () => {
    const shape: Shape = { options: () => ({ checkEvidence: () => 'live' as never }) }
    await expect(verdictOf(chain(0), shape)).rejects.toThrow("checkEvidence: answered 'live' about hardware")
  })
})

function firstIssuer(h: MockHarness): JsonObject {
  const [issuer] = h.trust()['issuers'] as readonly JsonObject[]
  return issuer ?? {}
}
