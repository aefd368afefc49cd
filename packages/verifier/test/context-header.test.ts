/** What a receiver says to services behind it, and the ways in which somebody else tries to say it (spec chapter 20). @module */
import {
  createSigner,
  encodeBase64url,
  formatDidKey,
  jwkOf,
  parseJson,
  signJws,
  utf8,
  type JsonObject,
  type Signer,
} from '@aiegis/protocol'
import { createMockHarness, lineOf, receivedFrom, withLine } from '@aiegis/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createContextSigner,
  createContextVerifier,
  createVerifier,
  type AiegisContext,
  type ContextVerifierOptions,
  type Refusal,
} from '../src/index.ts'

const RECEIVER = 'did:web:api.example.com'
const AGENT = 'did:key:z6MkfAJeVpZGN2VAJ9CWPkhrWqqRGRMLaMCXru92LtL7NBhi'
const CALL = { audience: 'billing.internal', method: 'POST', target: '/charges?dry=1' } as const
const key = (byte: number, kid: string = `${RECEIVER}#context-1`): Signer => createSigner(new Uint8Array(32).fill(byte), kid)
const pin = (signer: Signer): JsonObject => ({ kid: signer.kid, jwk: { ...jwkOf(signer.publicKey) } })

/** A receiver that signs contexts, and a service that believes it. */
async function scene(options: Partial<ContextVerifierOptions> = {}) {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const signer = key(7)
  const contexts = createContextSigner({ signer, verifier })
  const receivers = [{ did: RECEIVER, keys: [{ kid: signer.kid, jwk: jwkOf(signer.publicKey) }] }]
  const service = createContextVerifier({ audience: CALL.audience, receivers, now: harness.clock.now, ...options })
  const context = await verifier.verify(receivedFrom(harness.mint()))
  const made = await contexts.sign(context, CALL)
  /** The code with which the service refuses, or what it believes. */
  const sent = async (text: string, more: { method?: string; target?: string; headers?: readonly string[] } = {}) => {
    const headers = more.headers ?? ['X-AEGIS-Context', text]
    return service.verify({ method: CALL.method, target: CALL.target, ...more, headers }).catch(({ code }: Refusal) => code)
  }
  /** The claims of `made`, changed and signed by `by`. */
  const forged = async (changes: (claims: JsonObject) => JsonObject, by: Signer = signer, typ = 'aegis-context+jwt') =>
    signJws(by, { typ }, changes(claimsOf(made)))
  return { harness, verifier, signer, contexts, context, made, sent, forged }
}

function claimsOf(text: string): JsonObject {
  return parseJson(Buffer.from(text.split('.')[1] ?? '', 'base64url'), { maxBytes: 8000 }) as JsonObject
}

function without(claims: JsonObject, name: string): JsonObject {
  const { [name]: _left, ...rest } = claims
  return rest
}

describe('a context', () => {
  test('tells a service who acts, on whose authority, and what was decided', async () => {
    const { harness, context, made, sent } = await scene()
    expect(await sent(made)).toEqual({
      receiver: RECEIVER,
      principal: { did: context.principal.did, issuer: 'did:web:identity.example' },
      presenter: { did: context.presenter.did, issuer: 'did:web:identity.example' },
      path: [{ did: context.presenter.did, issuer: 'did:web:identity.example' }],
      action: 'http.get',
      target: 'https://api.example.com/orders/7',
      decision: 'ALLOW',
      obligations: [],
      harness: 'did:web:harness.example',
      receiptId: context.receiptId,
      task: context.task,
      id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      expires: harness.clock.seconds() + 30,
    })
  })

  test('of a hand-off names everybody between principal and presenter', async () => {
    const { harness, verifier, contexts, sent } = await scene()
    const context = await verifier.verify(receivedFrom(harness.mint({ handOffs: 2 })))
    const said = await sent(await contexts.sign(context, CALL))
    expect(said).toMatchObject({ path: context.path.map(({ did, issuer }) => ({ did, issuer })) })
    expect(context.path).toHaveLength(3)
  })

  test('AHP-CTX-2 holds nothing of the evidence', async () => {
    const { harness, verifier, contexts } = await scene()
    const request = harness.mint()
    const made = await contexts.sign(await verifier.verify(receivedFrom(request)), CALL)
    const all = `${Buffer.from(made.split('.')[0] ?? '', 'base64url').toString()}${JSON.stringify(claimsOf(made))}`
    for (const name of ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature']) {
      const parts = (lineOf(request, name) ?? '').split(/[.~:]/).filter((part) => part.length > 40)
      expect(parts.length).toBeGreaterThan(0)
      expect(parts.filter((part) => all.includes(part) || made.includes(part))).toEqual([])
    }
    for (const name of ['cnf', 'salt', 'htd', 'psp', 'passport', 'token']) expect(all).not.toContain(`"${name}"`)
  })

  test('AHP-CTX-5 differs for each call, and ends after 30 seconds', async () => {
    const { harness, context, contexts, made, sent } = await scene()
    const other = await contexts.sign(context, { ...CALL, target: '/charges/2' })
    expect(claimsOf(other)['jti']).not.toBe(claimsOf(made)['jti'])
    expect(await sent(other)).toBe('context_mismatch')
    expect(await sent(other, { target: '/charges/2' })).toMatchObject({ receiver: RECEIVER })
    harness.clock.advance(29)
    expect(await sent(made)).toMatchObject({ receiver: RECEIVER })
    harness.clock.advance(1)
    expect(await sent(made)).toBe('context_expired')
  })
})

describe('a receiver', () => {
  test('AHP-CTX-1 refuses a context that comes from outside, good or not, before it looks at anything else', async () => {
    const { harness, verifier, made } = await scene()
    const verdict = (value: string) =>
      verifier.verify(receivedFrom(withLine(harness.mint(), 'X-AEGIS-Context', value))).catch(({ code }: Refusal) => code)
    expect(await verdict(made)).toBe('override_header')
    expect(await verdict('')).toBe('override_header')
    const bare = { method: 'GET', target: '/', lines: [['x-aegis-CONTEXT', made]] as const, body: new Uint8Array() }
    expect(await verifier.verify(receivedFrom(bare)).catch(({ code }: Refusal) => code)).toBe('override_header')
  })

  test('AHP-CTX-3 says nothing of itself: a context is made by a call that names the service', async () => {
    const { contexts, context } = await scene()
    for (const audience of ['', 'two words', 'a,b', 'x'.repeat(257)])
      await expect(contexts.sign(context, { ...CALL, audience })).rejects.toThrow('audience: write the name of one service')
    await expect(contexts.sign(context, { ...CALL, method: 'post' })).rejects.toThrow('method: write the method')
    for (const target of ['charges', '//evil', '/a/../b', '/%41', 'https://billing.internal/charges'])
      await expect(contexts.sign(context, { ...CALL, target })).rejects.toThrow('write path and query in normal form')
  })

  test.each(['harness', 'issuer', 'status', 'log'] as const)('AHP-CTX-4 does not start with the key of the %s', async (role) => {
    const { harness, verifier } = await scene()
    const signer = { ...harness.keys[role], kid: `${RECEIVER}#context-1` }
    expect(() => createContextSigner({ signer, verifier })).toThrow(`its key has the role ${role} in the trust bundle`)
  })

  test('AHP-CTX-4 signs nothing more once its trust bundle has the key in another role', async () => {
    const { harness, verifier, contexts, context, signer } = await scene()
    const bundle = harness.trust()
    const other = { ...signer, kid: 'did:web:other.example#1' }
    const known = Array.isArray(bundle['issuers']) ? bundle['issuers'] : []
    const issuers = [...known, { did: 'did:web:other.example', roles: ['root'], status: 'unrevocable', keys: [pin(other)] }]
    await verifier.reload({ ...bundle, issuers })
    await expect(contexts.sign(context, CALL)).rejects.toThrow('its key has the role issuer in the trust bundle')
  })

  test('AHP-CTX-4 does not start with a key whose name is no DID URL', async () => {
    const { verifier } = await scene()
    for (const kid of ['context-1', 'https://api.example.com#1', RECEIVER])
      expect(() => createContextSigner({ signer: key(7, kid), verifier })).toThrow('its kid is no DID URL')
  })

  test('AHP-CTX-5 signs nothing that it did not verify, however much it looks like it', async () => {
    const { contexts, context } = await scene()
    const invented: AiegisContext = { ...context, action: 'orders.delete' }
    await expect(contexts.sign(invented, CALL)).rejects.toThrow('context: no verifier made it')
    await expect(contexts.sign(structuredClone({ ...context, receipt: undefined }) as never, CALL)).rejects.toThrow(
      'no verifier made it',
    )
  })

  test('AHP-CTX-6 says nothing beyond the end of the token', async () => {
    const { harness, context, contexts, sent } = await scene()
    harness.clock.advance(context.expires - harness.clock.seconds() - 10)
    const late = await contexts.sign(context, CALL)
    expect(claimsOf(late)['exp']).toBe(context.expires)
    harness.clock.advance(9)
    expect(await sent(late)).toMatchObject({ receiver: RECEIVER })
    harness.clock.advance(1)
    expect(await sent(late)).toBe('context_expired')
    await expect(contexts.sign(context, CALL)).rejects.toThrow('the token of this request has ended')
  })
})

describe('a service', () => {
  test('AHP-CTX-7 refuses a request without a context, with two, and with a list', async () => {
    const { made, sent } = await scene()
    expect(await sent('', { headers: ['Authorization', made, 'X-AEGIS-Contexts', made] })).toBe('context_missing')
    expect(await sent('', { headers: ['X-AEGIS-Context', made, 'x-aegis-context', made] })).toBe('context_invalid')
    expect(await sent(`${made}, ${made}`)).toBe('context_invalid')
    expect(await sent(made, { headers: ['x-AEGIS-context', made] })).toMatchObject({ receiver: RECEIVER })
  })

  test('AHP-CTX-8 refuses what is not the text of a context', async () => {
    const { made, sent, forged, harness } = await scene()
    const [header = '', payload = '', signature = ''] = made.split('.')
    const wrong = [
      '',
      'null',
      `${header}.${payload}`,
      `${made}.`,
      `${header}.${payload}.${signature}=`,
      `${encodeBase64url(utf8('{"alg":"none","kid":"did:web:api.example.com#context-1","typ":"aegis-context+jwt"}'))}.${payload}.${signature}`,
      await forged((claims) => claims, undefined, 'aegis-token+jwt'),
      await forged((claims) => claims, undefined, 'JWT'),
      lineOf(harness.mint(), 'X-AEGIS-Token') ?? '',
      await forged((claims) => ({ ...claims, action: 'x'.repeat(8000) })),
    ]
    for (const text of wrong) expect([text.slice(0, 40), await sent(text)]).toEqual([text.slice(0, 40), 'context_invalid'])
  })

  const CLAIMS: readonly (readonly [string, JsonObject])[] = [
    ['a claim that is unknown', { admin: true }],
    ['another version', { ahp: 'ahp-receiver/0.2' }],
    ['the receiver of somebody else', { iss: 'did:web:other.example' }],
    ['services as a list', { aud: ['billing.internal'] }],
    ['a time that is text', { iat: '1' }],
    ['an end before the beginning', { exp: 0 }],
    ['a method in lower case', { htm: 'post' }],
    ['a target that is a URL', { htt: 'https://billing.internal/charges?dry=1' }],
    ['a target that is not in normal form', { htt: '/charges/../charges?dry=1' }],
    ['nobody', { path: [] }],
    ['four agents', { path: Array.from({ length: 4 }, () => ({ did: AGENT, issuer: RECEIVER })) }],
    ['an agent without issuer', { path: [{ did: AGENT }] }],
    ['an agent that is no did:key', { path: [{ did: RECEIVER, issuer: RECEIVER }] }],
    ['an issuer that is no DID', { path: [{ did: AGENT, issuer: 'me' }] }],
    ['a decision that is none to serve by', { decision: 'BLOCK' }],
    ['an obligation that nobody knows', { obl: ['dance'] }],
    ['an obligation twice', { obl: ['log_full', 'log_full'] }],
    ['a harness that is no DID', { harness: 'harness' }],
    ['a short identifier', { receipt: 'x' }],
  ]
  test.each(CLAIMS)('AHP-CTX-8 refuses %s, though the receiver signed it', async (_what, changes) => {
    const { sent, forged } = await scene()
    expect(await sent(await forged((claims) => ({ ...claims, ...changes })))).toBe('context_invalid')
  })

  test('AHP-CTX-8 refuses a context that lacks any claim', async () => {
    const { made, sent, forged } = await scene()
    const names = Object.keys(claimsOf(made))
    expect(names).toHaveLength(16)
    for (const name of names)
      expect([name, await sent(await forged((claims) => without(claims, name)))]).toEqual([name, 'context_invalid'])
  })

  test('AHP-CTX-6 refuses a context that lives longer than 30 seconds', async () => {
    const { harness, sent, forged } = await scene()
    const now = harness.clock.seconds()
    expect(await sent(await forged((claims) => ({ ...claims, iat: now, exp: now + 30 })))).toMatchObject({ receiver: RECEIVER })
    expect(await sent(await forged((claims) => ({ ...claims, iat: now, exp: now + 31 })))).toBe('context_invalid')
  })

  test('AHP-CTX-9 believes nobody but the receivers whose keys it was given', async () => {
    const { harness, made, sent, forged } = await scene()
    const same = (claims: JsonObject): JsonObject => claims
    // Another key under the same name, another name, a receiver that nobody named, and the parties of the evidence.
    expect(await sent(await forged(same, key(8)))).toBe('context_untrusted')
    expect(await sent(await forged(same, key(7, `${RECEIVER}#context-2`)))).toBe('context_untrusted')
    const stranger = key(9, 'did:web:evil.example#context-1')
    expect(await sent(await forged((claims) => ({ ...claims, iss: 'did:web:evil.example' }), stranger))).toBe('context_untrusted')
    const own = formatDidKey(stranger.publicKey)
    const self = { ...stranger, kid: `${own}#${own.slice(8)}` }
    expect(await sent(await forged((claims) => ({ ...claims, iss: own }), self))).toBe('context_untrusted')
    expect(await sent(await forged(same, harness.keys.harness))).toBe('context_untrusted')
    const last = made.at(-1) === 'A' ? 'Q' : 'A'
    expect(await sent(`${made.slice(0, -1)}${last}`)).toBe('context_untrusted')
  })

  test('AHP-CTX-9 uses a key only while it is valid, and forgets nothing of it between requests', async () => {
    const signer = key(7)
    const at = new Date('2026-11-20T22:00:00Z').getTime()
    const { harness, made, sent } = await scene({
      receivers: [
        { did: RECEIVER, keys: [{ kid: signer.kid, jwk: jwkOf(signer.publicKey), validUntil: '2020-01-01T00:00:00Z' }] },
      ],
    })
    expect(harness.clock.now()).toBeGreaterThan(at - 1e12)
    expect(await sent(made)).toBe('context_untrusted')
  })

  test('AHP-CTX-10 refuses a context from further ahead than its skew, on both sides of it', async () => {
    const { harness, sent, forged } = await scene({ skewSeconds: 2 })
    const now = harness.clock.seconds()
    const from = (iat: number) => forged((claims) => ({ ...claims, iat, exp: iat + 20 }))
    expect(await sent(await from(now + 2))).toMatchObject({ receiver: RECEIVER })
    expect(await sent(await from(now + 3))).toBe('context_not_yet_valid')
    expect(await sent(await from(now - 20))).toBe('context_expired')
    expect(await sent(await from(now - 19))).toMatchObject({ receiver: RECEIVER })
  })

  test('AHP-CTX-11 takes no context for another service, method or target', async () => {
    const { context, contexts, made, sent } = await scene()
    expect(await sent(made, { method: 'GET' })).toBe('context_mismatch')
    for (const target of [
      '/charges',
      '/charges?dry=0',
      '/charges?dry=1&dry=1',
      '/Charges?dry=1',
      '/charges/?dry=1',
      '//charges?dry=1',
    ])
      expect([target, await sent(made, { target })]).toEqual([target, 'context_mismatch'])
    for (const audience of ['billing.internal2', 'billing', 'Billing.internal'])
      expect(await sent(await contexts.sign(context, { ...CALL, audience }))).toBe('context_mismatch')
  })

  test('does not start with options that cannot work', () => {
    const receivers = [{ did: RECEIVER, keys: [{ kid: `${RECEIVER}#1`, jwk: jwkOf(key(7).publicKey) }] }]
    const start = (options: Partial<ContextVerifierOptions>) => () =>
      createContextVerifier({ audience: CALL.audience, receivers, ...options })
    expect(start({})).not.toThrow()
    expect(start({ audience: '' })).toThrow('audience: write the name of one service')
    expect(start({ receivers: [] })).toThrow('receivers: a list of 0, not of 1 to 64 values')
    expect(start({ receivers: [...receivers, ...receivers] })).toThrow('receivers')
    expect(start({ receivers: [{ did: 'api.example.com', keys: [] }] })).toThrow('receivers[0].did')
    expect(start({ receivers: [{ did: RECEIVER, keys: [] }] })).toThrow('receivers[0].keys')
    expect(start({ receivers: [{ did: RECEIVER, keys: [pin(key(7, 'did:web:evil.example#1')) as never] }] })).toThrow(
      'a key of another DID',
    )
    for (const skewSeconds of [-1, 31, 1.5])
      expect(start({ skewSeconds })).toThrow('skewSeconds: write a whole number from 0 to 30')
  })
})
