/** Mistakes of other key stores and chains, tried on a receiver: rows K01 to C04 of test/README.md (spec chapters 1, 2, 8, 14). @module */
import { formatDidKey, formatSeconds, jwkOf, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { agentAt, createMockHarness, lineOf, NAMES, namedSigner, receivedFrom, withLine, type MockHarness } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { inside, type Case } from './edits.ts'
import { verdictOf, type Make, type Shape } from './verdict.ts'

const SECOND = 'did:web:second.example'
const second = namedSigner('second issuer', `${SECOND}#1`)

const pin = (signer: SyncSigner, kid = signer.kid): JsonObject => ({ kid, jwk: { ...jwkOf(signer.publicKey) } })
const issuer = (did: string, keys: readonly JsonObject[], h: MockHarness): JsonObject => ({
  did,
  keys,
  roles: ['root', 'hop'],
  status: did === NAMES.issuer ? { lists: [NAMES.statusList], keys: [pin(h.keys.status)] } : 'unrevocable',
})

/** A receiver that trusts a second issuer, whose key has the same fragment. */
const twoIssuers: Shape = {
  trust: (h) => ({ issuers: [issuer(NAMES.issuer, [pin(h.keys.issuer)], h), issuer(SECOND, [pin(second)], h)] }),
}

/** Starts a receiver with members of its bundle replaced. */
function start(change: (h: MockHarness) => JsonObject): void {
  const h = createMockHarness({ logSize: 20 })
  createVerifier(h.receiver(change(h))).close()
}

const harnessWith = (keys: readonly JsonObject[]): JsonObject => ({
  harnesses: [{ did: NAMES.harness, keys, ledgers: [NAMES.log] }],
})

describe('K keys that the bundle may not have', () => {
  test.each<[string, (h: MockHarness) => JsonObject]>([
    ['K04 two keys under one kid', (h) => harnessWith([pin(h.keys.harness), pin(h.keys.stranger, h.keys.harness.kid)])],
    ['K05 a key under the kid of another issuer', (h) => ({ issuers: [issuer(SECOND, [pin(second, h.keys.issuer.kid)], h)] })],
    [
      'K06 one key for the harness and for an issuer',
      (h) => ({ issuers: [issuer(SECOND, [pin(h.keys.harness, second.kid)], h)] }),
    ],
    ['K06 one key for a log and for a harness', (h) => harnessWith([pin(h.keys.harness), pin(h.keys.log, `${NAMES.harness}#2`)])],
    [
      'K07 a private key',
      (h) => harnessWith([{ ...pin(h.keys.harness), jwk: { ...jwkOf(h.keys.harness.publicKey), d: 'A'.repeat(43) } }]),
    ],
  ])('%s', (_title, change) => {
    expect(() => start(change)).toThrow(TypeError)
  })

  test('K04 K05 two keys under two kids, and two issuers whose keys have one fragment, are right', () => {
    expect(() => start((h) => harnessWith([pin(h.keys.harness), pin(h.keys.stranger, `${NAMES.harness}#2`)]))).not.toThrow()
    expect(() => start((h) => twoIssuers.trust?.(h) ?? {})).not.toThrow()
  })
})

/** A chain of two hand-offs with its parts in another arrangement. */
const arranged =
  (...order: readonly number[]): Make =>
  (h) =>
    h.mint({ handOffs: 2 }, { chain: (text) => order.map((at) => text.split('~')[at]).join('~') })

/** A chain of two hand-offs in which one passport ends now. */
const endedAt =
  (place: number): Make =>
  (h) =>
    h.mint(
      { handOffs: 2 },
      { passport: (vc, at) => (at === place ? { ...vc, validUntil: formatSeconds(h.clock.seconds()) } : vc) },
    )

const passportBy =
  (signer: SyncSigner, kid: string, did: string): Make =>
  (h) =>
    h.mint(
      {},
      {
        passportHeader: (header) => ({ ...header, kid }),
        passport: ({ credentialStatus: status, ...vc }) => ({
          ...vc,
          issuer: did,
          ...(did === SECOND ? {} : { credentialStatus: status ?? null }),
        }),
        passportSigner: signer,
      },
    )

const KEYS: readonly Case[] = [
  ['K05 a passport of the second issuer under its own name', 'served', passportBy(second, second.kid, SECOND)],
  [
    'K05 a passport of the second issuer in the name of the first',
    'passport_signature_invalid',
    passportBy(second, `${NAMES.issuer}#1`, NAMES.issuer),
  ],
  [
    'K05 a passport of the second issuer that names the first in its claims',
    'passport_claims_invalid',
    passportBy(second, second.kid, NAMES.issuer),
  ],
  [
    'K06 a passport signed by the status key of its issuer',
    'passport_key_unknown',
    (h) => passportBy(h.keys.status, h.keys.status.kid, NAMES.issuer)(h),
  ],
  [
    'K06 a passport signed by the harness',
    'passport_issuer_unknown',
    (h) => passportBy(h.keys.harness, h.keys.harness.kid, NAMES.harness)(h),
  ],
  ['K06 a token signed by the log', 'token_signature_invalid', (h) => h.mint({}, { tokenSigner: h.keys.log })],
  [
    'K06 a head signed by the harness',
    'checkpoint_signature_invalid',
    (h) => h.mint({}, { logSigner: { ...h.keys.harness, kid: NAMES.log } }),
  ],
  ['K06 possession signed by the harness', 'possession_invalid', (h) => h.mint({}, { possessionSigner: h.keys.harness })],
]

const CHAINS: readonly Case[] = [
  ['C01 the chain as it was made', 'served', arranged(0, 1, 2, 3, 4)],
  ['C01 the two hand-offs in the other order', 'delegation_signer_mismatch', arranged(0, 3, 2, 1, 4)],
  ['C01 first and last passport exchanged', 'delegation_signer_mismatch', arranged(4, 1, 2, 3, 0)],
  ['C01 the agent in between left out', 'delegation_signer_mismatch', arranged(0, 3, 4)],
  ['C01 the second hand-off under the first agent alone', 'delegation_subject_mismatch', arranged(0, 1, 4)],
  ['C01 the principal cut off', 'delegation_parent_mismatch', arranged(2, 3, 4)],
  ['C01 the presenter cut off', 'subject_mismatch', arranged(0, 1, 2)],
  ['C01 the last passport alone', 'served', arranged(4)],
  ['C01 two parts', 'passport_malformed', arranged(0, 1)],
  ['C01 a chain of seven parts', 'passport_malformed', (h) => h.mint({}, { chain: () => 'A~A~A~A~A~A~A' })],
  [
    'C01 a passport that the agent issued to itself',
    'passport_issuer_unknown',
    (h) => passportBy(h.keys.agent, h.keys.agent.kid, formatDidKey(agentAt(h, 0).publicKey))(h),
  ],
  ['C01 the last passport has ended', 'passport_expired', endedAt(2)],
  ['C01 the passport in between has ended, and with it what it handed off', 'delegation_outlives_parent', endedAt(1)],
  [
    'C01 the agent in between has less, the last one more',
    'mission_exceeded',
    (h) =>
      h.mint(
        { handOffs: 2 },
        {
          passport: (vc, at) =>
            at === 1 ? inside(vc, 'credentialSubject', { mission: [{ action: 'http.post', target: `${h.audience}/*` }] }) : vc,
        },
      ),
  ],
]

describe('K C keys and chains that a receiver does not take', () => {
  test.each([...KEYS, ...CHAINS])('%s: %s', async (_title, code, make) => {
    expect(await verdictOf(make, twoIssuers)).toBe(code)
  })

  test('C04 each byte of a chain that was served is part of its name: no other chain gets its verdict', async () => {
    const h = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(h.receiver())
    await verifier.warm()
    h.clock.advance(6)
    const served = h.mint({ handOffs: 1 })
    await verifier.verify(receivedFrom(served))
    const chain = lineOf(served, 'X-AEGIS-Passport') ?? ''
    for (let at = 0; at < chain.length; at += 29) {
      const other = `${chain.slice(0, at)}${chain[at] === 'Q' ? 'g' : 'Q'}${chain.slice(at + 1)}`
      // The token is made for the changed chain, so that only the chain itself can be wrong.
      const request = h.mint({ handOffs: 1 }, { chain: () => other })
      await expect(verifier.verify(receivedFrom(withLine(request, 'X-AEGIS-Passport', other)))).rejects.toThrow(
        /^(?:passport|delegation)_/,
      )
    }
    verifier.close()
  })
})
