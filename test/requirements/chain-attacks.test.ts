/** Chapters 8 and 10 of the specification, attacked: keys of two roles, questions about who has been here, memory that is pushed out. @module */
import { formatDidKey, hashText, jwkOf, Refusal, thumbprint, utf8, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import {
  createMockHarness,
  documentOf,
  lineOf,
  NAMES,
  namedSigner,
  receivedFrom,
  withLine,
  type Changes,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { changeFirst, inside } from './edits.ts'

async function started(harness: MockHarness, options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const verifier = createVerifier({ ...harness.receiver(), ...options })
  await verifier.warm()
  harness.clock.advance(6)
  return verifier
}

async function verdict(verifier: Verifier, request: RawRequest): Promise<string> {
  try {
    await verifier.verify(receivedFrom(request))
    return 'served'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

function reference(harness: MockHarness, request: RawRequest): string {
  return `sha-256=${hashText(harness.crypto, utf8(lineOf(request, 'X-AEGIS-Passport') ?? ''))}`
}

/** Evidence of an agent that acts with `signer`. */
function actingAs(harness: MockHarness, signer: SyncSigner): Changes {
  const sub = formatDidKey(signer.publicKey)
  return {
    passport: (vc) => ({ ...inside(vc, 'credentialSubject', { id: sub }), cnf: { jwk: { ...jwkOf(signer.publicKey) } } }),
    claims: (claims) => ({ ...claims, sub, cnf: { jkt: thumbprint(harness.crypto, signer.publicKey) } }),
    possessionSigner: signer,
  }
}

describe('AHP-PASS-35 one key, one role', () => {
  test.each(['harness', 'issuer', 'status', 'log'] as const)('an agent with the key that the bundle pins as %s', async (role) => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness)
    expect(await verdict(verifier, harness.mint({}, actingAs(harness, harness.keys[role])))).toBe('key_role_conflict')
    expect(await verdict(verifier, harness.mint({}, actingAs(harness, harness.keys.helper)))).toBe('served')
    verifier.close()
  })

  test.each([
    ['the key of a document that signed the token, for a passport', 'key_role_conflict', { harness: true, issuer: true }],
    ['the same for the token alone', 'served', { harness: true, issuer: false }],
    ['the same for the passport alone', 'served', { harness: false, issuer: true }],
  ])('%s: %s', async (_title, code, uses) => {
    const harness = createMockHarness({ logSize: 20 })
    const { keys } = harness
    const shared = (did: string): SyncSigner => ({ ...namedSigner('shared', `${did}#9`) })
    const documents = new Map<string, JsonObject>([
      [NAMES.harness, documentOf(NAMES.harness, [keys.harness, shared(NAMES.harness)])],
      [NAMES.issuer, documentOf(NAMES.issuer, [keys.issuer, shared(NAMES.issuer)])],
    ])
    const trust = {
      ...harness.trust(),
      harnesses: [{ did: NAMES.harness, didWeb: true, ledgers: [NAMES.log] }],
      issuers: changeFirst(harness.trust()['issuers'], { keys: undefined as never, didWeb: true }),
    }
    const verifier = await started(harness, {
      trust: JSON.parse(JSON.stringify(trust)),
      resolver: { resolve: async (did) => ({ didResolutionMetadata: {}, didDocument: documents.get(did) ?? null }) },
    })
    const token: Changes = {
      tokenHeader: (header: JsonObject) => ({ ...header, kid: `${NAMES.harness}#9` }),
      tokenSigner: shared(NAMES.harness),
    }
    const passport: Changes = {
      passportHeader: (header: JsonObject) => ({ ...header, kid: `${NAMES.issuer}#9` }),
      passportSigner: shared(NAMES.issuer),
    }
    const request = harness.mint({}, { ...(uses.harness ? token : {}), ...(uses.issuer ? passport : {}) })
    expect(await verdict(verifier, request)).toBe(code)
    verifier.close()
  })
})

describe('AHP-PASS-2 who has been here', () => {
  test('is not told to whoever has no token for that chain, held or not', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness)
    const good = harness.mint()
    const digest = reference(harness, good)
    const forged = (): RawRequest =>
      withLine(harness.mint({}, { tokenSigner: harness.keys.stranger }), 'X-AEGIS-Passport', digest)
    // A good token, for another chain.
    const foreign = (): RawRequest => withLine(harness.mint({}, { chain: (text) => `${text}~other` }), 'X-AEGIS-Passport', digest)
    const before = [await verdict(verifier, forged()), await verdict(verifier, foreign())]
    expect(await verdict(verifier, good)).toBe('served')
    const after = [await verdict(verifier, forged()), await verdict(verifier, foreign())]
    expect(before).toEqual(['token_signature_invalid', 'passport_digest_mismatch'])
    expect(after).toEqual(before)
    verifier.close()
  })

  test('chains that no token names push nothing out of memory', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness)
    const held = harness.mint()
    expect(await verdict(verifier, held)).toBe('served')
    const own = harness.mint()
    for (let made = 0; made < 2100; made++) {
      const chain = harness.mint({}, { passport: (vc) => inside(vc, 'credentialStatus', { statusListIndex: String(made) }) })
      await verdict(verifier, withLine(own, 'X-AEGIS-Passport', lineOf(chain, 'X-AEGIS-Passport') ?? ''))
    }
    const again = withLine(
      harness.mint({}, { chain: () => lineOf(held, 'X-AEGIS-Passport') ?? '' }),
      'X-AEGIS-Passport',
      reference(harness, held),
    )
    expect(await verdict(verifier, again)).toBe('served')
    verifier.close()
  }, 60_000)
})

describe('AHP-ROAD-7 AHP-ROAD-9 a chain that is remembered', () => {
  const twoKeys = (harness: MockHarness, validUntil: string): JsonObject => {
    const second = namedSigner('second issuer key', `${NAMES.issuer}#2`)
    return {
      ...harness.trust(),
      issuers: changeFirst(harness.trust()['issuers'], {
        keys: [
          { kid: harness.keys.issuer.kid, jwk: { ...jwkOf(harness.keys.issuer.publicKey) } },
          { kid: second.kid, jwk: { ...jwkOf(second.publicKey) }, validUntil },
        ],
      }),
    }
  }

  test.each([0, 1, 2])(
    'AHP-PASS-7 ends with the key of the passport in place %i, at the cost of a bad signature',
    async (place) => {
      const harness = createMockHarness({ logSize: 20 })
      let verified = 0
      const crypto = {
        ...harness.crypto,
        verifyEd25519: (...input: Parameters<typeof harness.crypto.verifyEd25519>) => (
          verified++,
          harness.crypto.verifyEd25519(...input)
        ),
      }
      const end = harness.clock.seconds() + 60
      const trust = twoKeys(harness, new Date(end * 1000).toISOString().replace('.000Z', 'Z'))
      const verifier = await started(harness, { trust, crypto })
      const second = namedSigner('second issuer key', `${NAMES.issuer}#2`)
      const first = harness.mint(
        { handOffs: 2 },
        {
          passportHeader: (header, at) => (at === place ? { ...header, kid: second.kid } : header),
          passportSigner: (at) => (at === place ? second : undefined),
        },
      )
      const chain = lineOf(first, 'X-AEGIS-Passport') ?? ''
      expect(await verdict(verifier, first)).toBe('served')
      harness.clock.advance(60)
      await verifier.warm()
      const again = harness.mint({ handOffs: 2 }, { chain: () => chain })
      const before = verified
      expect(await verdict(verifier, again)).toBe('passport_key_unknown')
      expect(verified - before).toBe(2)
      verifier.close()
    },
  )
})

describe('parts of a chain that only one check looks at', () => {
  const pairs = (action: string): JsonObject => ({ mission: [{ action, target: 'https://api.example.com/*' }] })

  test.each([
    ['AHP-PASS-13 the mission of the last passport', 'mission_exceeded', { passport: { at: 2, members: pairs('http.post') } }],
    ['AHP-PASS-13 the same mission, that covers', 'served', { passport: { at: 2, members: pairs('http.get') } }],
    ['AHP-PASS-21 another name of the right key', 'delegation_signer_mismatch', { fragment: '1' }],
  ])(
    '%s: %s',
    async (_title, code, { passport, fragment }: { passport?: { at: number; members: JsonObject }; fragment?: string }) => {
      const harness = createMockHarness({ logSize: 20 })
      const verifier = await started(harness)
      const request = harness.mint(
        { handOffs: 2 },
        {
          passport: (vc, at) => (at === passport?.at ? inside(vc, 'credentialSubject', passport.members) : vc),
          delegationHeader: (header) =>
            fragment === undefined ? header : { ...header, kid: `${formatDidKey(harness.keys.agent.publicKey)}#${fragment}` },
        },
      )
      expect(await verdict(verifier, request)).toBe(code)
      verifier.close()
    },
  )

  test('AHP-TOKEN-11 with two bases a token is for the audience alone, and its URI lies in it', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const bases = [
      { public: 'https://api.example.com', mount: '/', authority: 'match' },
      { public: 'https://other.example', mount: '/', authority: 'match' },
    ]
    const verifier = await started(harness, { trust: { ...harness.trust(), bases } })
    const other = { url: 'https://other.example/orders/7' }
    const mission: Changes = {
      passport: (vc) => inside(vc, 'credentialSubject', { mission: [{ action: '*', target: 'https://other.example/*' }] }),
    }
    const named = (aud: string): RawRequest => harness.mint(other, { ...mission, claims: (claims) => ({ ...claims, aud }) })
    expect(await verdict(verifier, named('https://other.example'))).toBe('audience_mismatch')
    expect(await verdict(verifier, named('https://api.example.com'))).toBe('audience_mismatch')
    expect(await verdict(verifier, harness.mint())).toBe('served')
    verifier.close()
  })

  test.each([
    ['delegation_expired', { delegation: 30, passport: 3600 }],
    ['passport_expired', { delegation: 3600, passport: 30 }],
    ['served', { delegation: 3600, passport: 3600 }],
  ])('AHP-TIME-9 a part that ends while content arrives: %s', async (code, ends) => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness)
    const at = (seconds: number): number => harness.clock.seconds() + seconds
    const raw = harness.mint(
      { method: 'POST', contentType: 'text/plain', content: 'slow', handOffs: 1 },
      {
        delegation: (claims) => ({ ...claims, exp: at(ends.delegation) }),
        passport: (vc, place) =>
          place === 1 ? { ...vc, validUntil: new Date(at(ends.passport) * 1000).toISOString().replace('.000Z', 'Z') } : vc,
      },
    )
    const request = receivedFrom(raw)
    const slow = {
      ...request,
      content: (...limits: Parameters<typeof request.content>) => (harness.clock.advance(30), request.content(...limits)),
    }
    const answer = await verifier.verify(slow).then(
      () => 'served',
      (error: unknown) => (error instanceof Refusal ? error.code : error),
    )
    expect(answer).toBe(code)
    verifier.close()
  })

  test('AHP-PASS-33 what was checked is the weakest of the chain too, and nobody is asked about what nobody attests', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const asked: string[] = []
    const worker = formatDidKey(harness.keys.worker.publicKey)
    const verifier = await started(harness, {
      checkEvidence: ({ fact, agent }) => {
        asked.push(fact)
        return agent === worker ? 'none' : 'evidence_checked'
      },
    })
    const none = { hardware: { grade: 'none' }, human: { grade: 'none' }, runtime: { grade: 'none' } }
    const context = await verifier.verify(receivedFrom(harness.mint({ handOffs: 1 })))
    expect(context.grades.hardware).toEqual({ asserted: 'asserted', checked: 'none' })
    expect(context.path.map(({ grades }) => grades.hardware.checked)).toEqual(['evidence_checked', 'none'])
    expect(asked).toHaveLength(6)
    await verifier.verify(
      receivedFrom(harness.mint({}, { passport: (vc) => inside(vc, 'credentialSubject', { attestations: none }) })),
    )
    expect(asked).toHaveLength(6)
    verifier.close()
  })

  test('AHP-ROAD-10 the risk of a chain is its highest, and each agent keeps its own', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness)
    const risks = ['critical', 'minimal', 'limited']
    const context = await verifier.verify(
      receivedFrom(
        harness.mint(
          { handOffs: 2 },
          {
            passport: (vc, at) =>
              inside(vc, 'credentialSubject', { risk: risks[at] ?? '', jurisdiction: ['EU', 'US', 'IE'][at] ?? '' }),
          },
        ),
      ),
    )
    expect([context.risk, context.jurisdiction]).toEqual(['critical', 'IE'])
    expect(context.path.map(({ risk, jurisdiction }) => [risk, jurisdiction])).toEqual([
      ['critical', 'EU'],
      ['minimal', 'US'],
      ['limited', 'IE'],
    ])
    verifier.close()
  })
})
