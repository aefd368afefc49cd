import { evidenceHeaders } from '@aiegis/agent'
import {
  createSigner,
  defaultCrypto,
  encodeBase64url,
  formatDidKey,
  isObject,
  signatureBase,
  thumbprint,
  utf8,
  type JsonObject,
} from '@aiegis/protocol'
import { createVerifier } from '@aiegis/verifier'
import { anything, assert as holds, asyncProperty, constantFrom, dictionary, oneof, string, uint8Array } from 'fast-check'
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { API, claimsOf, createScene, NOW, shows, text, trustIn, URL, type Answered, type Scene, type Signed } from './scene.ts'

let scene: Scene
const SECONDS = Math.floor(NOW / 1000)

beforeAll(async () => {
  scene = await createScene()
})
afterAll(() => scene.close())
beforeEach(() => {
  scene.clock.now = NOW
})
afterEach(() => {
  if (scene.faults.length > 0) throw new Error(scene.faults.join('; '))
})

const hash = (content: string): string => createHash('sha256').update(content).digest('base64url')
const code = (answer: Answered): string => `${answer.status} ${text(answer.json['code'])}`

describe('an allowed request', () => {
  test('AHP-ASK-17 AHP-TOKEN-15 AHP-TOKEN-16 gets a token that binds exactly what was shown', async () => {
    const shown = shows('POST', '/orders?dry=1', '{"item":"book"}', 'application/json; charset=utf-8')
    const answer = await scene.ask({ ...shown, action: 'orders.create' })
    const claims = await claimsOf(scene, answer.json['token'], 'aegis-token+jwt')
    const agentDid = formatDidKey(scene.agent.publicKey)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'X-AEGIS-Token': answer.json['token'],
      'X-AEGIS-Proof': answer.json['proof'],
      'Cache-Control': 'no-store',
    })
    expect(claims).toEqual({
      ahp: 'ahp-receiver/0.1',
      iss: 'did:web:harness.example',
      sub: agentDid,
      aud: API,
      iat: SECONDS,
      exp: SECONDS + 60,
      jti: answer.json['receipt_id'],
      txn: expect.stringMatching(/^[0-9A-Z]{26}$/),
      cnf: { jkt: thumbprint(defaultCrypto(), scene.agent.publicKey) },
      htm: 'POST',
      htu: `${API}/orders?dry=1`,
      htc: 'application/json; charset=utf-8',
      htd: hash('{"item":"book"}'),
      psp: hash(scene.passport),
      salt: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      obl: [],
      entry: {
        ts: '2026-11-20T22:00:00.123Z',
        action: 'orders.create',
        target: `${API}/orders`,
        decision: 'ALLOW',
        deciding_pack: null,
        deciding_rule: null,
        deciding_layer: null,
        deny_reason: null,
        decision_ms: 0,
      },
    })
    expect(answer.json).toMatchObject({
      decision: 'ALLOW',
      reason: null,
      layer: null,
      agent_did: agentDid,
      decision_ms: 0,
      obligations: [],
    })
  })

  test('is served by a receiver that trusts this harness, with the token, the proof and the passport as they are', async () => {
    const content = utf8('{"item":"book"}')
    const asked = await scene.ask({ ...shows('POST', '/orders', '{"item":"book"}'), action: 'http.post' })
    expect(code(asked)).toBe('401 -')
    const allowed = await scene.ask({ ...shows('POST', '/orders', '{"item":"book"}'), action: 'orders.create' })
    const verifier = createVerifier({
      trust: trustIn(scene.enforcement),
      get: async () => ({ status: 200, contentType: 'application/vc+jwt', body: utf8(await scene.enforcement.statusList()) }),
      inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
      actions: { 'POST /orders': 'orders.create' },
      now: () => scene.clock.now,
    })
    // The store in memory does not know what came before it.
    scene.clock.now += 6_000
    await verifier.warm()
    const fresh = await scene.ask({ ...shows('POST', '/orders', '{"item":"book"}'), action: 'orders.create' })
    const served = async (answer: Answered): Promise<string> => {
      const evidence = await evidenceHeaders(scene.agent, {
        method: 'POST',
        url: `${API}/orders`,
        token: text(answer.json['token']),
        passport: scene.passport,
        proof: text(answer.json['proof']),
        created: SECONDS,
      })
      const headers = ['Host', 'api.example.com', 'Content-Type', 'application/json', ...Object.entries(evidence).flat()]
      return verifier.verify({ method: 'POST', target: '/orders', headers, content: () => content }).then(
        () => 'served',
        (error: unknown) => (isObject(error) ? text(error['code']) : String(error)),
      )
    }
    scene.clock.now += 1_000
    expect([await served(allowed), await served(fresh), await served(fresh)]).toEqual([
      'replay_warming',
      'served',
      'token_replayed',
    ])
    verifier.close()
  })

  test('AHP-TOKEN-17 two answers to the same question share neither jti nor salt', async () => {
    const answers = [await scene.ask(shows('GET', '/a')), await scene.ask(shows('GET', '/a'))]
    const [one, two] = await Promise.all(answers.map(({ json }) => claimsOf(scene, json['token'], 'aegis-token+jwt')))
    expect(one?.['jti']).not.toBe(two?.['jti'])
    expect(one?.['salt']).not.toBe(two?.['salt'])
  })

  test('keeps the task that the question names', async () => {
    const body = shows('GET', '/a')
    const answer = await scene.ask({ ...body, context: { ...(body['context'] as JsonObject), txn: 'task-0123456789ab' } })
    expect((await claimsOf(scene, answer.json['token'], 'aegis-token+jwt'))['txn']).toBe('task-0123456789ab')
  })

  test('AHP-ASK-14 gets a token that does not outlive the passport', async () => {
    const passport = await scene.issue({ lifetimeSeconds: 30 })
    const answer = await scene.ask(shows('GET', '/a'), { passport })
    expect((await claimsOf(scene, answer.json['token'], 'aegis-token+jwt'))['exp']).toBe(SECONDS + 30)
  })
})

describe('a question that gets a decision and no token', () => {
  test('AHP-ASK-7 unsigned: the agent it names is echoed, and stands neither in the entry nor before policy', async () => {
    const did = formatDidKey(createSigner(new Uint8Array(32).fill(1), 'x').publicKey)
    const answer = await scene.askUnsigned({ ...shows('GET', '/a'), context: { agent_did: did } })
    expect([
      answer.status,
      answer.json['decision'],
      answer.json['agent_did'],
      answer.json['token'],
      answer.headers['X-AEGIS-Token'],
    ]).toEqual([200, 'ALLOW', did, undefined, undefined])
    const decision = await claimsOf(scene, answer.headers['X-AEGIS-Decision'], 'aegis-decision+jwt')
    expect(Object.keys(decision).toSorted()).toEqual(['ahp', 'entry', 'iat', 'iss', 'jti', 'salt', 'txn'])
  })

  test('AHP-ASK-18 AHP-TOKEN-18 AHP-TOKEN-19 a BLOCK is 401, signed and logged as what nobody can take for a token', async () => {
    const size = scene.enforcement.log.size()
    const answer = await scene.ask(shows('GET', '/a?to=ann@example.com'))
    expect(answer.status).toBe(401)
    expect(answer.headers['WWW-Authenticate']).toBe(
      'AEGIS error="decision_block", harness="did:web:harness.example", ahp="ahp-receiver/0.1"',
    )
    expect(answer.json).toEqual({
      decision: 'BLOCK',
      reason: 'e-mail address in the request',
      layer: 'L3-Compliance',
      deciding_pack: 'pii-block',
      deciding_rule: 'pii-email',
      decision_ms: 0,
      agent_did: formatDidKey(scene.agent.publicKey),
      receipt_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
    })
    const decision = await claimsOf(scene, answer.headers['X-AEGIS-Decision'], 'aegis-decision+jwt')
    expect(Object.keys(decision).toSorted()).toEqual(['ahp', 'entry', 'iat', 'iss', 'jti', 'salt', 'sub', 'txn'])
    expect(scene.enforcement.log.size()).toBe(size + 1n)
  })

  test('AHP-ASK-13 signed, but no request was shown', async () => {
    const answer = await scene.ask({ action: 'http.get', target: `${API}/a`, input: 'hello' })
    expect([answer.status, answer.json['decision'], answer.json['token']]).toEqual([200, 'ALLOW', undefined])
    expect((await claimsOf(scene, answer.headers['X-AEGIS-Decision'], 'aegis-decision+jwt'))['sub']).toBe(
      formatDidKey(scene.agent.publicKey),
    )
  })

  test('AHP-ASK-13 signed, but the passport names another harness', async () => {
    const passport = await scene.issue({ harness: ['did:web:other.example'] })
    const answer = await scene.ask(shows('GET', '/a'), { passport })
    expect([answer.status, answer.json['decision'], answer.json['token']]).toEqual([200, 'ALLOW', undefined])
  })

  test('a mission that does not cover action or target, and an agent that acts only for others, are BLOCK', async () => {
    const narrow = await scene.issue({ mission: [{ action: 'orders.read', target: `${API}/orders/*` }] })
    const blocked = async (body: JsonObject, passport: string): Promise<unknown> =>
      (await scene.ask(body, { passport })).json['reason']
    expect(await blocked(shows('GET', '/orders/7'), narrow)).toBe('mission_exceeded')
    expect(await blocked({ ...shows('GET', '/orders/7'), action: 'orders.read' }, narrow)).toBe(null)
    expect(await blocked({ ...shows('GET', '/users/7'), action: 'orders.read' }, narrow)).toBe('mission_exceeded')
    expect(await blocked(shows('GET', '/a'), await scene.issue({ delegatedOnly: true }))).toBe('delegated_only')
  })
})

describe('AHP-ASK-3 a question that tries to be signed is never taken for an unsigned one', () => {
  const other = createSigner(new Uint8Array(32).fill(8), 'other')
  /** Signs again, with the agent's key, what `change` makes of the parameters. */
  const signAnew =
    (change: (params: string) => string) =>
    (lines: readonly string[]): readonly string[] => {
      const valueOf = (name: string): string => lines[lines.indexOf(name) + 1] ?? ''
      const params = change(valueOf('Signature-Input').replace('aegis=', ''))
      const components = [
        ['@method', 'POST'],
        ['@target-uri', scene.enforcement.endpoint],
        ['content-digest', valueOf('Content-Digest')],
        ['x-aegis-passport', valueOf('X-AEGIS-Passport')],
      ] as const
      const signature = Buffer.from(scene.agent.sign(signatureBase(components, params))).toString('base64')
      return replace('Signature', `aegis=:${signature}:`)(replace('Signature-Input', `aegis=${params}`)(lines))
    }
  const replace = (name: string, value: string | undefined) => (lines: readonly string[]) => {
    const pairs: (readonly [string, string])[] = []
    for (let at = 0; at < lines.length; at += 2) pairs.push([lines[at] ?? '', lines[at + 1] ?? ''])
    return pairs.flatMap(([key, old]) => (key === name ? (value === undefined ? [] : [key, value]) : [key, old]))
  }

  test.each<[string, Partial<Signed>]>([
    ['another key', { signer: other }],
    ['a question to another harness', { url: 'https://other.example/api/protect' }],
    ['the passport left out', { spoil: replace('X-AEGIS-Passport', undefined) }],
    ['the signature left out', { spoil: replace('Signature-Input', undefined) }],
    ['the signature value left out', { spoil: replace('Signature', undefined) }],
    ['no Content-Digest', { spoil: replace('Content-Digest', undefined) }],
    [
      'a digest of other content',
      { spoil: replace('Content-Digest', `sha-256=:${createHash('sha256').update('x').digest('base64')}:`) },
    ],
    ['a signature that is no dictionary', { spoil: replace('Signature-Input', 'aegis=(') }],
    ['a signature of zeros', { spoil: replace('Signature', `aegis=:${Buffer.alloc(64).toString('base64')}:`) }],
    ['an idempotency key that was not signed', { spoil: (lines) => [...lines, 'Idempotency-Key', 'k'] }],
    ['a passport by reference', { passport: `sha-256=${'A'.repeat(43)}` }],
    ['a chain', { passport: 'a~b~c' }],
    ['no passport at all', { passport: 'nothing' }],
    ['an empty nonce', { nonce: '' }],
  ])('%s', async (_, change) => {
    const size = scene.enforcement.log.size()
    const answer = await scene.ask(shows('GET', '/a'), change)
    expect(code(answer)).toBe('401 ask_untrusted')
    expect(answer.headers['WWW-Authenticate']).toBe(
      'AEGIS error="ask_untrusted", harness="did:web:harness.example", ahp="ahp-receiver/0.1"',
    )
    expect(scene.enforcement.log.size()).toBe(size)
  })

  test('a passport that was changed, is of an unknown issuer, not in force or revoked', async () => {
    const passports = [
      scene.passport.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
      scene.passport.replace(
        /^[^.]+/,
        encodeBase64url(utf8('{"alg":"Ed25519","cty":"vc","kid":"did:web:other.example#1","typ":"vc+jwt"}')),
      ),
      scene.passport.replace(
        /^[^.]+/,
        encodeBase64url(utf8('{"alg":"Ed25519","cty":"vc","kid":"did:web:identity.example#2","typ":"vc+jwt"}')),
      ),
      scene.passport.replace(
        /^[^.]+/,
        encodeBase64url(utf8('{"alg":"none","cty":"vc","kid":"did:web:identity.example#issuer","typ":"vc+jwt"}')),
      ),
    ]
    for (const passport of passports) expect(code(await scene.ask(shows('GET', '/a'), { passport }))).toBe('401 ask_untrusted')
    const short = await scene.issue({ lifetimeSeconds: 10 })
    scene.clock.now = NOW + 9_000
    expect((await scene.ask(shows('GET', '/a'), { passport: short })).status).toBe(200)
    scene.clock.now = NOW + 9_877
    expect(code(await scene.ask(shows('GET', '/a'), { passport: short }))).toBe('401 ask_untrusted')
    scene.clock.now = NOW
    const { passport, statusIndex } = await scene.enforcement.issuePassport({
      agent: scene.agent.publicKey,
      mission: [{ action: '*', target: `${API}/*` }],
    })
    expect((await scene.ask(shows('GET', '/a'), { passport })).status).toBe(200)
    scene.enforcement.revoke(statusIndex)
    expect(code(await scene.ask(shows('GET', '/a'), { passport }))).toBe('401 ask_untrusted')
  })

  test('AHP-ASK-4 more than 60 seconds from the clock, on either side', async () => {
    const at = async (created: number): Promise<string> => code(await scene.ask(shows('GET', '/a'), { created }))
    expect([await at(SECONDS - 60), await at(SECONDS + 60)]).toEqual(['200 -', '200 -'])
    expect([await at(SECONDS - 61), await at(SECONDS + 61)]).toEqual(['401 ask_stale', '401 ask_stale'])
  })

  test('AHP-ASK-3 another "keyid" than that of the passport, under a signature that verifies', async () => {
    const jkt = thumbprint(defaultCrypto(), scene.agent.publicKey)
    const signed = (keyid: string): Promise<Answered> =>
      scene.ask(shows('GET', '/a'), { spoil: signAnew((params) => params.replace(jkt, keyid)) })
    expect(code(await signed(jkt))).toBe('200 -')
    expect(code(await signed(thumbprint(defaultCrypto(), other.publicKey)))).toBe('401 ask_untrusted')
  })

  test('AHP-ASK-4 a signature that ends now, and not one that ends in a second', async () => {
    const ends = (seconds: number): Promise<Answered> =>
      scene.ask(shows('GET', '/a'), {
        created: SECONDS - 1,
        spoil: signAnew((params) => params.replace(/;created=\d+/, (created) => `${created};expires=${SECONDS + seconds}`)),
      })
    expect([code(await ends(1)), code(await ends(0))]).toEqual(['200 -', '401 ask_stale'])
  })

  test('AHP-ASK-5 the same nonce again, also when the first use is 120 seconds ago', async () => {
    const first = await scene.ask(shows('GET', '/a'), { nonce: 'once-only-1', created: SECONDS + 60 })
    expect([first.status, code(await scene.ask(shows('GET', '/b'), { nonce: 'once-only-1' }))]).toEqual([200, '409 ask_replayed'])
    scene.clock.now = NOW + 120_000
    expect(code(await scene.ask(shows('GET', '/a'), { nonce: 'once-only-1', created: SECONDS + 60 }))).toBe('409 ask_replayed')
  })

  test('AHP-ASK-6 another agent in the context', async () => {
    const body = shows('GET', '/a')
    const named = (agent_did: string): JsonObject => ({ ...body, context: { ...(body['context'] as JsonObject), agent_did } })
    expect(code(await scene.ask(named(formatDidKey(other.publicKey))))).toBe('401 ask_untrusted')
    expect((await scene.ask(named(formatDidKey(scene.agent.publicKey)))).status).toBe(200)
  })
})

describe('what was decided is what is served', () => {
  const asked = async (change: JsonObject, input?: JsonObject): Promise<Answered> => {
    const body = shows('POST', '/orders', '{"item":"book"}')
    const request = { ...((body['context'] as JsonObject)['request'] as JsonObject), ...change }
    return scene.ask({ ...body, action: 'orders.create', context: { request }, ...input })
  }
  const b64 = (content: string): string => encodeBase64url(utf8(content))

  test('AHP-ASK-11 an input that is not the content is refused, the same value in other white space is not', async () => {
    expect(code(await asked({}, { input: { item: 'other' } }))).toBe('422 input_mismatch')
    expect(code(await asked({}, { input: '{"item":"book"}' }))).toBe('422 input_mismatch')
    expect(code(await asked({}, { input: null as unknown as JsonObject }))).toBe('422 input_mismatch')
    expect((await asked({ content: b64('{ "item" : "book" }') }, { input: { item: 'book' } })).status).toBe(200)
  })

  test('AHP-ASK-9 policy reads JSON as its value: an escape does not hide an address', async () => {
    expect((await asked({ content: b64('{"to":"ann\\u0040example.com"}') })).json['deciding_rule']).toBe('pii-email')
    expect((await asked({ content: b64('ann@example.com'), contentType: 'text/plain' })).json['deciding_rule']).toBe('pii-email')
  })

  test('AHP-ASK-9 AHP-ASK-12 content that policy could not read is an obligation', async () => {
    const obligations = async (change: JsonObject): Promise<unknown> =>
      (await claimsOf(scene, (await asked(change)).json['token'], 'aegis-token+jwt'))['obl']
    expect(
      await obligations({ content: encodeBase64url(new Uint8Array([0xff, 0xfe])), contentType: 'application/octet-stream' }),
    ).toEqual(['content_unseen'])
    expect(await obligations({ content: b64('a\0n\0'), contentType: 'text/plain; charset="UTF-16LE"' })).toEqual([
      'content_unseen',
    ])
    expect(await obligations({ content: '', contentType: 'application/json' })).toEqual([])
    const { contentDigest, answer } = await (async () => {
      const digest = hash('secret')
      const body = shows('POST', '/orders')
      const { content: _, ...request } = (body['context'] as JsonObject)['request'] as JsonObject
      return {
        contentDigest: digest,
        answer: await scene.ask({
          ...body,
          action: 'orders.create',
          context: { request: { ...request, contentDigest: digest } },
        }),
      }
    })()
    expect(answer.json['obligations']).toEqual(['content_unseen'])
    expect(await claimsOf(scene, answer.json['token'], 'aegis-token+jwt')).toMatchObject({
      htd: contentDigest,
      obl: ['content_unseen'],
    })
  })

  test.each<[string, JsonObject]>([
    ['a member twice', { content: b64('{"a":1,"a":2}') }],
    ['no JSON', { content: b64('{"a":') }],
    ['a lone surrogate', { content: b64('{"a":"\\ud800"}') }],
    ['__proto__', { content: b64('{"__proto__":{}}') }],
    ['another charset', { contentType: 'application/json; charset=utf-16' }],
    ['JSON of another kind that is none', { content: b64('{'), contentType: 'APPLICATION/Problem+JSON ; x=1' }],
  ])('AHP-ASK-10 JSON with %s is refused: a receiver might read it in another way', async (_, change) => {
    expect(code(await asked(change))).toBe('422 request_unacceptable')
  })

  test.each<[string, JsonObject, string]>([
    ['a method in lower case', { method: 'post' }, '422 request_unacceptable'],
    ['CONNECT', { method: 'CONNECT' }, '422 request_unacceptable'],
    ['a URL with a fragment', { url: `${API}/orders#x` }, '422 request_unacceptable'],
    ['a URL with dot segments', { url: `${API}/a/../orders` }, '422 request_unacceptable'],
    ['a URL with an escaped letter', { url: `${API}/%61` }, '422 request_unacceptable'],
    ['a URL without path', { url: API }, '422 request_unacceptable'],
    ['http to a foreign host', { url: 'http://api.example.com/orders' }, '422 request_unacceptable'],
    ['a URL that is too long', { url: `${API}/${'a'.repeat(1_024)}` }, '422 request_unacceptable'],
    ['a content type with a line break', { contentType: 'text/plain\r\nX: y' }, '422 request_unacceptable'],
    ['a content type that is too long', { contentType: `text/${'x'.repeat(128)}` }, '422 request_unacceptable'],
    ['content in another alphabet', { content: 'a+/=' }, '400 ask_malformed'],
    ['content with padding', { content: 'YQ==' }, '400 ask_malformed'],
    ['content with spare bits', { content: 'YR' }, '400 ask_malformed'],
    ['content and a digest', { contentDigest: hash('x') }, '400 ask_malformed'],
    ['an unknown member', { headers: {} }, '400 ask_malformed'],
    ['a method that is no text', { method: 1 }, '400 ask_malformed'],
  ])('AHP-ASK-8 %s is refused and not repaired', async (_, change, expected) => {
    expect(code(await asked(change))).toBe(expected)
  })

  test('AHP-ASK-15 a token that would be too long is refused, and nothing is logged', async () => {
    // Characters that JSON escapes: a target within its limit that is twice as long in the token.
    const target = (length: number): string => '"'.repeat(length)
    const ask = async (length: number): Promise<Answered> => {
      const passport = await scene.issue({ mission: [{ action: 'orders.create', target: target(length) }] })
      const request = { method: 'POST', url: `${API}/${'a'.repeat(990)}`, contentType: '', content: '' }
      return scene.ask({ action: 'orders.create', target: target(length), context: { request } }, { passport })
    }
    const size = scene.enforcement.log.size()
    expect([code(await ask(800)), scene.enforcement.log.size() - size]).toEqual(['422 request_too_large', 0n])
    expect([code(await ask(300)), scene.enforcement.log.size() - size]).toEqual(['200 -', 1n])
  })
})

describe('form', () => {
  const raw = (content: string): Uint8Array => utf8(content)
  const ok = '{"action":"http.get","target":"x"}'

  test.each<[string, readonly string[], string]>([
    ['text/plain', ['Content-Type', 'text/plain'], '415 ask_media_type'],
    ['nothing', [], '415 ask_media_type'],
    [
      'application/json with content coding',
      ['Content-Type', 'application/json', 'Content-Encoding', 'identity'],
      '415 ask_media_type',
    ],
    ['application/json twice', ['Content-Type', 'application/json', 'content-type', 'application/json'], '400 ask_malformed'],
    ['application/json with a parameter', ['Content-Type', 'Application/JSON; charset=utf-8'], '200 -'],
    [
      'two idempotency keys',
      ['Content-Type', 'application/json', 'Idempotency-Key', 'a', 'Idempotency-Key', 'a'],
      '400 ask_malformed',
    ],
    ['an idempotency key with a space', ['Content-Type', 'application/json', 'Idempotency-Key', 'a b'], '400 ask_malformed'],
  ])('AHP-ASK-1 %s', async (_, headers, expected) => {
    expect(code(await scene.askUnsigned(raw(ok), headers))).toBe(expected)
  })

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no action', '{"target":"x"}'],
    ['no target', '{"action":"http.get"}'],
    ['an empty target', '{"action":"http.get","target":""}'],
    ['a long target', `{"action":"http.get","target":"${'é'.repeat(513)}"}`],
    ['an action with a capital', '{"action":"HTTP.get","target":"x"}'],
    ['an action that ends in a dot', '{"action":"http.","target":"x"}'],
    ['a member twice', '{"action":"http.get","target":"x","target":"y"}'],
    ['an unknown member', '{"action":"http.get","target":"x","payload":1}'],
    ['__proto__', '{"action":"http.get","target":"x","__proto__":{}}'],
    ['a context that is a list', '{"action":"http.get","target":"x","context":[]}'],
    ['an agent that is no did:key', '{"action":"http.get","target":"x","context":{"agent_did":"did:web:x.example"}}'],
    ['a jurisdiction in words', '{"action":"http.get","target":"x","context":{"jurisdiction":"Europe"}}'],
    ['a short task', '{"action":"http.get","target":"x","context":{"txn":"1"}}'],
    ['a request that is text', '{"action":"http.get","target":"x","context":{"request":"GET /"}}'],
    ['JSON 17 deep', `{"action":"http.get","target":"x","input":${'['.repeat(16)}${']'.repeat(16)}}`],
    ['a lone surrogate', '{"action":"http.get","target":"x","input":"\\ud800"}'],
    ['an integer that doubles cannot hold', '{"action":"http.get","target":"x","input":9007199254740993}'],
  ])('AHP-ASK-2 %s is refused', async (_, content) => {
    expect(code(await scene.askUnsigned(raw(content)))).toBe('400 ask_malformed')
  })

  test('AHP-ASK-1 1,572,864 bytes are read, one more is refused', async () => {
    const pad = (length: number): Uint8Array => raw(ok.padEnd(length))
    expect((await scene.askUnsigned(pad(1_572_864))).status).toBe(200)
    expect(code(await scene.askUnsigned(pad(1_572_865)))).toBe('413 ask_too_large')
  })

  test('AHP-REFUSE-5 a refusal says nothing of what was sent', async () => {
    const answer = await scene.askUnsigned(raw('{"action":"http.get","target":"secret-target","x":1}'))
    expect(answer.json).toEqual({
      type: 'urn:ahp-receiver:0.1:ask_malformed',
      title: 'The question is not acceptable',
      status: 400,
      code: 'ask_malformed',
      retry: 'never',
      executed: 'no',
      now: SECONDS,
    })
  })
})

describe('AHP-ASK-19 a repeated question', () => {
  const key = { idempotencyKey: 'order-1' }

  test('gets the same answer, token and entry while the token lives, and a new one afterwards', async () => {
    const first = await scene.ask(shows('GET', '/a'), key)
    const size = scene.enforcement.log.size()
    scene.clock.now = NOW + 59_000
    expect((await scene.ask(shows('GET', '/a'), key)).json).toEqual(first.json)
    expect(scene.enforcement.log.size()).toBe(size)
    scene.clock.now = NOW + 60_000
    expect((await scene.ask(shows('GET', '/a'), key)).json['receipt_id']).not.toBe(first.json['receipt_id'])
  })

  test('with other content is refused', async () => {
    await scene.ask(shows('GET', '/a'), { idempotencyKey: 'order-2' })
    expect(code(await scene.ask(shows('GET', '/b'), { idempotencyKey: 'order-2' }))).toBe('422 idempotency_conflict')
  })

  test('under another chain of the same agent is refused: a token for the first would be of no use with it', async () => {
    const first = await scene.ask(shows('GET', '/a'), { idempotencyKey: 'order-6' })
    const passport = await scene.issue()
    expect([first.status, code(await scene.ask(shows('GET', '/a'), { idempotencyKey: 'order-6', passport }))]).toEqual([
      200,
      '422 idempotency_conflict',
    ])
  })

  test('of another agent is another question', async () => {
    const other = createSigner(new Uint8Array(32).fill(7), 'other')
    const { passport } = await scene.enforcement.issuePassport({
      agent: other.publicKey,
      mission: [{ action: '*', target: `${API}/*` }],
    })
    const mine = await scene.ask(shows('GET', '/a'), { idempotencyKey: 'order-3' })
    const theirs = await scene.ask(shows('GET', '/b'), { idempotencyKey: 'order-3', signer: other, passport })
    expect([mine.status, theirs.status]).toEqual([200, 200])
    expect(theirs.json['receipt_id']).not.toBe(mine.json['receipt_id'])
  })

  test('that comes at the same time gets one answer', async () => {
    const size = scene.enforcement.log.size()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => scene.ask(shows('GET', '/a'), { idempotencyKey: 'order-4' })),
    )
    expect(new Set(answers.map(({ json }) => json['token'])).size).toBe(1)
    expect(scene.enforcement.log.size()).toBe(size + 1n)
  })

  test('needs a nonce of its own, and a BLOCK is repeated too', async () => {
    const first = await scene.ask(shows('GET', '/a?x=ann@example.com'), { idempotencyKey: 'order-5', nonce: 'n-1' })
    expect(code(await scene.ask(shows('GET', '/a?x=ann@example.com'), { idempotencyKey: 'order-5', nonce: 'n-1' }))).toBe(
      '409 ask_replayed',
    )
    expect((await scene.ask(shows('GET', '/a?x=ann@example.com'), { idempotencyKey: 'order-5' })).json).toEqual(first.json)
  })
})

test('the endpoint that is signed is the one of the configuration', () => {
  expect(scene.enforcement.endpoint).toBe(`${URL}/api/protect`)
})

test('whatever is asked, the answer is a decision or a refusal of the registry, and never a defect', async () => {
  const names = constantFrom('action', 'target', 'input', 'context', '__proto__')
  const values = oneof(
    anything({ maxDepth: 3 }),
    constantFrom(
      'http.get',
      `${API}/a`,
      {},
      { request: {} },
      { request: { method: 'GET', url: API, contentType: '', content: '' } },
    ),
  )
  const body = oneof(dictionary(names, values), anything(), string())
  await holds(
    asyncProperty(oneof(body, uint8Array({ maxLength: 64 })), async (value) => {
      const content = value instanceof Uint8Array ? value : utf8(printed(value))
      const { status } = await scene.askUnsigned(content)
      expect([200, 400, 401, 422]).toContain(status)
    }),
    { numRuns: 300 },
  )
})

function printed(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return '{'
  }
}
