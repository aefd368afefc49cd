/** Chains as this harness judges them: issuers in their roles, their lists and the bits in them, and ends (spec chapters 8, 9 and 15.8). @module */
import { defaultCrypto, formatSeconds, isObject, Refusal, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, NAMES, type Changes } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { createChains, type Chains, type KnownIssuer } from '../src/chains.ts'

const harness = createMockHarness({ logSize: 1 })
const now = harness.clock.seconds()
/** Of the agent, of the worker and of the helper. */
const INDEXES = [94_567, 94_568, 94_569]

function chainsOf(changes: Partial<KnownIssuer> = {}): Chains {
  const { publicKey, kid } = harness.keys.issuer
  const issuer: KnownIssuer = {
    did: NAMES.issuer,
    keys: [{ kid, key: publicKey }],
    roles: ['root', 'hop'],
    lists: [NAMES.statusList],
    isRevoked: () => false,
    ...changes,
  }
  return createChains([issuer], defaultCrypto())
}

const textOf = (handOffs: number, changes: Changes = {}): string =>
  lineOf(harness.mint({ handOffs }, changes), 'X-AEGIS-Passport') ?? ''

/** Whether the harness stands by a chain `seconds` from now. */
async function standing(chains: Chains, text: string, seconds = 0): Promise<void> {
  chains.checkStanding(await chains.read(text, now), now + seconds)
}

type Change = (credential: JsonObject, at: number) => JsonObject

const withStatus =
  (change: (status: JsonObject) => JsonObject | undefined): Change =>
  (credential) => {
    const { credentialStatus, ...others } = credential
    const changed = change(isObject(credentialStatus) ? credentialStatus : {})
    return changed === undefined ? others : { ...others, credentialStatus: changed }
  }
const onlyAt =
  (place: number, change: Change): Change =>
  (credential, at) =>
    at === place ? change(credential, at) : credential

describe('a chain', () => {
  test.each([0, 1, 2])('of %i hand-offs stands while no issuer says otherwise', async (handOffs) => {
    await expect(standing(chainsOf(), textOf(handOffs))).resolves.toBeUndefined()
  })

  test.each([0, 1, 2])("AHP-STATUS-2 whose passport %i names a list that is not its issuer's stands no more", async (place) => {
    const elsewhere = `${NAMES.statusList}0`
    const asked: string[] = []
    const chains = chainsOf({ isRevoked: (list) => asked.push(list) === 0 })
    const text = textOf(2, {
      passport: onlyAt(
        place,
        withStatus((status) => ({ ...status, statusListCredential: elsewhere })),
      ),
    })
    await expect(standing(chains, text)).rejects.toMatchObject({ code: 'status_not_listed' })
    // No list is asked that a passport brings.
    expect(asked).not.toContain(elsewhere)
    await expect(standing(chainsOf({ lists: [NAMES.statusList, elsewhere] }), text)).resolves.toBeUndefined()
  })

  test.each([0, 1, 2])('AHP-STATUS-1 whose passport %i has no status stands no more', async (place) => {
    const text = textOf(2, {
      passport: onlyAt(
        place,
        withStatus(() => undefined),
      ),
    })
    await expect(standing(chainsOf(), text)).rejects.toMatchObject({ code: 'status_not_listed' })
  })

  test.each([0, 1, 2])('AHP-STATUS-3 whose passport %i has an index outside its list stands no more', async (place) => {
    const chains = chainsOf({ isRevoked: (_, index) => (index === INDEXES[place] ? undefined : false) })
    await expect(standing(chains, textOf(2))).rejects.toMatchObject({ code: 'status_not_listed' })
  })

  test.each([0, 1, 2])('AHP-STATUS-4 whose passport %i is revoked stands no more', async (place) => {
    const chains = chainsOf({ isRevoked: (list, index) => list === NAMES.statusList && index === INDEXES[place] })
    await expect(standing(chains, textOf(2))).rejects.toMatchObject({ code: 'passport_revoked' })
  })

  test.each([0, 1, 2])('AHP-ASK-27 of which passport %i ends while its question is decided stands no more', async (place) => {
    const end = (credential: JsonObject): JsonObject => ({ ...credential, validUntil: formatSeconds(now + 10) })
    // The hand-offs end first, or they would be longer than the passport that they begin with.
    const delegation = (claims: JsonObject): JsonObject => ({ ...claims, exp: now + 10 })
    const text = textOf(2, { passport: onlyAt(place, end), ...(place === 2 ? {} : { delegation }) })
    const code = place === 2 ? 'passport_expired' : /^(?:passport|delegation)_expired$/
    await expect(standing(chainsOf(), text, 9)).resolves.toBeUndefined()
    await expect(standing(chainsOf(), text, 10)).rejects.toMatchObject({ code: expect.stringMatching(code) })
  })

  test.each([1, 2])('AHP-ASK-27 of which hand-off %i ends while its question is decided stands no more', async (ended) => {
    const delegation = (claims: JsonObject, depth: number): JsonObject => (depth >= ended ? { ...claims, exp: now + 10 } : claims)
    const text = textOf(2, { delegation })
    await expect(standing(chainsOf(), text, 9)).resolves.toBeUndefined()
    await expect(standing(chainsOf(), text, 10)).rejects.toMatchObject({ code: 'delegation_expired' })
  })

  test.each<[KnownIssuer['roles'], number, string]>([
    [['root'], 0, 'accepted'],
    [['hop'], 0, 'issuer_role_missing'],
    [['root'], 1, 'issuer_role_missing'],
    [['root', 'hop'], 1, 'accepted'],
    [[], 0, 'issuer_role_missing'],
  ])('AHP-ASK-24 of issuers with roles %j and %i hand-offs is %s', async (roles, handOffs, expected) => {
    const chains = chainsOf({ roles })
    const chain = await chains.read(textOf(handOffs), now)
    const checking = Promise.resolve().then(() => chains.checkRoles(chain))
    expect(
      await checking.then(
        () => 'accepted',
        (error: unknown) => error instanceof Refusal && error.code,
      ),
    ).toBe(expected)
  })

  test('that is named by its digest is asked for, whether it is known or not', async () => {
    const chains = chainsOf()
    const chain = await chains.read(textOf(0), now)
    for (const digest of [chain.digest, 'A'.repeat(43)])
      await expect(chains.read(`sha-256=${digest}`, now)).rejects.toMatchObject({ code: 'passport_required' })
  })

  test('AHP-ASK-24 of 7,981 characters is not read', async () => {
    const chains = chainsOf()
    await expect(chains.read('x'.repeat(7980), now)).rejects.not.toMatchObject({ code: 'evidence_too_large' })
    await expect(chains.read('x'.repeat(7981), now)).rejects.toMatchObject({ code: 'evidence_too_large' })
  })
})
