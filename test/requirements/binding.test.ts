/** Chapter 7 of the specification, seen by a receiver: the request that was decided is the one that is served. @module */
import { createHash } from 'node:crypto'
import { requireAiegisToken } from '@aiegis/express'
import { Refusal } from '@aiegis/protocol'
import { createMockHarness, lineOf, receivedFrom, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type ReceivedRequest } from '@aiegis/verifier'
import express from 'express'
import { describe, expect, test } from 'vitest'
import { listen, startReceiver } from '../receiver.ts'
import { changed, claims, line, ORDER, without, type Case } from './edits.ts'
import { verdictOf, type Make } from './verdict.ts'

const target =
  (raw: string): Make =>
  (h) => ({ ...h.mint(), target: raw })
/** The same request and token, for a target in normal form. */
const asked =
  (path: string): Make =>
  (h) =>
    h.mint({ url: h.audience + path })

const EVIDENCE: readonly Case[] = [
  ['AHP-BIND-1 no token', 'token_missing', without('X-AEGIS-Token')],
  [
    'AHP-BIND-1 nothing at all',
    'token_missing',
    without('X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature-Input', 'Signature'),
  ],
  ['AHP-BIND-1 no passport', 'passport_missing', without('X-AEGIS-Passport')],
  ['AHP-BIND-1 no proof', 'proof_missing', without('X-AEGIS-Proof')],
  ['AHP-BIND-1 no Signature-Input', 'possession_missing', without('Signature-Input')],
  ['AHP-BIND-1 no Signature', 'possession_missing', without('Signature')],
  ['AHP-BIND-2 a token in two lines', 'evidence_repeated', (h) => twice(h.mint(), 'X-AEGIS-Token')],
  ['AHP-BIND-2 a passport in two lines', 'evidence_repeated', (h) => twice(h.mint(), 'X-AEGIS-Passport')],
  ['AHP-BIND-2 a proof as a list', 'evidence_repeated', changed('X-AEGIS-Proof', (value) => `${value}, ${value}`)],
  ['AHP-BIND-3 a token in the query', 'token_missing', (h) => inQuery(h.mint())],
  ['AHP-BIND-3 a token in a cookie', 'token_missing', (h) => inCookie(h.mint())],
  ['AHP-BIND-4 a line of more than 8,000 bytes', 'evidence_too_large', changed('Signature', () => 'A'.repeat(7990))],
  ['AHP-BIND-4 a line of 8,000 bytes is looked at', 'possession_malformed', changed('Signature', () => 'A'.repeat(7989))],
  [
    'AHP-BIND-4 more than 12,288 bytes together',
    'evidence_too_large',
    (h) => withLine(withLine(h.mint(), 'X-AEGIS-Passport', 'A'.repeat(7900)), 'X-AEGIS-Proof', 'A'.repeat(4000)),
  ],
  ['AHP-BIND-4 a token of 4,097 characters', 'evidence_too_large', changed('X-AEGIS-Token', () => 'A'.repeat(4097))],
  ['AHP-BIND-4 a proof of 4,097 characters', 'evidence_too_large', changed('X-AEGIS-Proof', () => 'A'.repeat(4097))],
]

const FRAMING: readonly Case[] = [
  ['AHP-BIND-5 CONNECT', 'method_invalid', (h) => ({ ...h.mint(), method: 'CONNECT' })],
  ['AHP-BIND-5 TRACE', 'method_invalid', (h) => ({ ...h.mint(), method: 'TRACE' })],
  ['AHP-BIND-5 lower case', 'method_invalid', (h) => ({ ...h.mint(), method: 'get' })],
  ['AHP-BIND-5 21 characters', 'method_invalid', (h) => ({ ...h.mint(), method: 'A'.repeat(21) })],
  ['AHP-BIND-5 20 characters are a method', 'served', (h) => h.mint({ method: 'A'.repeat(20) })],
  ['AHP-BIND-6 absolute form', 'target_invalid', target('https://api.example.com/orders/7')],
  ['AHP-BIND-6 no slash', 'target_invalid', target('orders/7')],
  ['AHP-BIND-6 two slashes', 'target_invalid', target('/orders//7')],
  ['AHP-BIND-6 a dot segment', 'target_invalid', target('/orders/./7')],
  ['AHP-BIND-6 an escaped dot segment', 'target_invalid', target('/orders/%2E%2E/7')],
  ['AHP-BIND-6 a dot segment before a semicolon', 'target_invalid', target('/orders/..;a/7')],
  ['AHP-BIND-6 a backslash', 'target_invalid', target('/orders\\7')],
  ['AHP-BIND-6 an escaped dot segment behind an escaped backslash', 'target_invalid', target('/orders/%5C..%5C7')],
  ['AHP-BIND-6 a lower-case escape', 'target_invalid', target('/orders/%c3%a9')],
  ['AHP-BIND-6 an escape of an unreserved character', 'target_invalid', target('/%6Frders/7')],
  ['AHP-BIND-6 an escaped NUL', 'target_invalid', target('/orders/%00')],
  ['AHP-BIND-6 a fragment', 'target_invalid', target('/orders/7#x')],
  ['AHP-BIND-6 escapes in upper case are in normal form', 'served', asked('/orders/%C3%A9?q=%20&r=a+b')],
  ['AHP-BIND-7 two Host lines', 'request_malformed', (h) => twice(h.mint(), 'Host')],
  ['AHP-BIND-7 no Host', 'request_malformed', without('Host')],
  ['AHP-BIND-7 a Host that is no authority', 'request_malformed', line('Host', 'api.example.com/x')],
  [
    'AHP-BIND-8 X-Forwarded-Host does not name the receiver',
    'authority_unknown',
    (h) => withLine(withLine(h.mint(), 'X-Forwarded-Host', 'api.example.com'), 'Host', 'other.example'),
  ],
  [
    'AHP-BIND-8 X-Forwarded-Host and Forwarded do not disturb',
    'served',
    (h) => withLine(withLine(h.mint(), 'X-Forwarded-Host', 'other.example'), 'Forwarded', 'host=other.example;proto=http'),
  ],
  ...[
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Original-URL',
    'X-Original-URI',
    'X-Rewrite-URL',
    'X-Aiegis-Original-Method',
    'X-Aiegis-Original-URI',
  ].map((name): Case => [`AHP-BIND-9 ${name}`, 'override_header', line(name, 'x')]),
  ['AHP-BIND-10 Trailer', 'trailer_refused', line('Trailer', 'X-Checksum')],
  [
    'AHP-BIND-11 two Content-Type lines, also equal ones',
    'content_type_repeated',
    line('Content-Type', 'application/json', 'application/json'),
  ],
  ['AHP-BIND-12 Content-Encoding', 'content_encoding_refused', line('Content-Encoding', 'gzip')],
  ['AHP-BIND-12 Content-Encoding: identity', 'content_encoding_refused', line('Content-Encoding', 'identity')],
  ['AHP-BIND-13 Early-Data', 'early_data_refused', line('Early-Data', '1')],
]

const COMPARISON: readonly Case[] = [
  ['AHP-BIND-14 a Host that no base has', 'authority_unknown', line('Host', 'other.example')],
  ['AHP-BIND-14 the Host with a port', 'authority_unknown', line('Host', 'api.example.com:8443')],
  ['AHP-BIND-14 the Host in upper case is the same', 'served', line('Host', 'API.example.com')],
  ['AHP-BIND-15 another method', 'method_mismatch', (h) => ({ ...h.mint(), method: 'PUT' })],
  ['AHP-BIND-15 HEAD for GET', 'method_mismatch', (h) => ({ ...h.mint(), method: 'HEAD' })],
  ['AHP-BIND-16 another path', 'uri_mismatch', target('/orders/8')],
  ['AHP-BIND-16 a slash more', 'uri_mismatch', target('/orders/7/')],
  ['AHP-BIND-16 a query more', 'uri_mismatch', target('/orders/7?x=1')],
  ['AHP-BIND-16 an empty query more', 'uri_mismatch', target('/orders/7?')],
  [
    'AHP-BIND-16 parameters in another order',
    'uri_mismatch',
    (h) => ({ ...asked('/orders?a=1&b=2')(h), target: '/orders?b=2&a=1' }),
  ],
  ['AHP-BIND-17 another content type', 'content_type_mismatch', line('Content-Type', 'text/plain')],
  ['AHP-BIND-17 a parameter more', 'content_type_mismatch', line('Content-Type', 'application/json; charset=utf-8')],
  ['AHP-BIND-17 none where one was decided', 'content_type_mismatch', line('Content-Type')],
  ['AHP-BIND-17 one where none was decided', 'content_type_mismatch', (h) => withLine(h.mint(), 'Content-Type', 'text/plain')],
  ['AHP-BIND-18 other content', 'content_mismatch', (h) => ({ ...h.mint(ORDER), body: Buffer.from('{"item":8}') })],
  ['AHP-BIND-18 content where there was none', 'content_mismatch', (h) => ({ ...h.mint(), body: Buffer.from('x') })],
  ['AHP-BIND-18 no content where there was some', 'content_mismatch', (h) => ({ ...h.mint(ORDER), body: new Uint8Array() })],
  ['AHP-BIND-20 1 MiB of content', 'served', (h) => h.mint({ ...ORDER, content: 'x'.repeat(1_048_576) })],
  ['AHP-BIND-20 one byte more', 'content_too_large', (h) => h.mint({ ...ORDER, content: 'x'.repeat(1_048_577) })],
]

describe.each([
  ['evidence', EVIDENCE],
  ['framing', FRAMING],
  ['comparison', COMPARISON],
])('%s', (_name, cases) => {
  test.each(cases)('%s: %s', async (_title, expected, make) => {
    expect(await verdictOf(make)).toBe(expected)
  })
})

describe('bases', () => {
  test.each([
    [
      'AHP-BIND-14 a path of public stands before that of the request',
      { public: 'https://api.example.com/v1' },
      '/v1/orders/7',
      '/orders/7',
      'api.example.com',
      'served',
    ],
    ['AHP-BIND-14 mount is taken away', { mount: '/internal' }, '/orders/7', '/internal/orders/7', 'api.example.com', 'served'],
    [
      'AHP-BIND-14 a path outside of mount has no base',
      { mount: '/internal' },
      '/orders/7',
      '/orders/7',
      'api.example.com',
      'authority_unknown',
    ],
    [
      'AHP-BIND-14 a path that only begins like mount has no base',
      { mount: '/internal' },
      '/s/7',
      '/internals/7',
      'api.example.com',
      'authority_unknown',
    ],
    [
      'AHP-BIND-14 a fixed authority does not look at Host',
      { authority: 'fixed' },
      '/orders/7',
      '/orders/7',
      'backend:3000',
      'served',
    ],
  ] as const)('%s', async (_title, members, decided, sent, host, expected) => {
    const make: Make = (h) => withLine({ ...h.mint({ url: h.audience + decided }), target: sent }, 'Host', host)
    expect(await verdictOf(make, { trust: base(members) as never })).toBe(expected)
  })
})

describe('content', () => {
  test('AHP-BIND-18 the hash of no bytes is that of the chapter', () => {
    expect(createHash('sha256').digest('base64url')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
  })

  test('AHP-BIND-19 the handler gets the bytes that were digested', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const receiver = await startReceiver(harness)
    expect(
      (await sendRaw(receiver.port, harness.mint({ ...ORDER, contentType: 'text/plain', content: 'as sent\r\n' }))).status,
    ).toBe(200)
    expect(receiver.bodies).toEqual(['as sent\r\n'])
    await receiver.close()
  })

  test('AHP-BIND-19 content is not read before everything cheaper has passed', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    let reads = 0
    const counted = (request: RawRequest): ReceivedRequest => ({
      ...receivedFrom(request),
      content: () => ((reads += 1), request.body),
    })
    const early: readonly Make[] = [
      without('X-AEGIS-Token'),
      claims((before) => ({ ...before, aud: 'https://other.example' }), ORDER),
      line('Content-Type', 'text/plain'),
    ]
    for (const make of early) await expect(verifier.verify(counted(make(harness)))).rejects.toBeInstanceOf(Refusal)
    expect(reads).toBe(0)
    await verifier.verify(counted(harness.mint(ORDER)))
    expect(reads).toBe(1)
    verifier.close()
  })

  test.each([
    ['AHP-BIND-21 content may take until the token ends', 7, 7_000],
    ['AHP-BIND-21 content may take 30 seconds at most', 60, 30_000],
  ])('%s', async (_title, lifetime, timeoutMs) => {
    const limits: { readonly timeoutMs: number }[] = []
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const request = harness.mint(ORDER, { claims: (before) => ({ ...before, exp: harness.clock.seconds() + lifetime }) })
    await verifier.verify({ ...receivedFrom(request), content: (given) => (limits.push(given), request.body) })
    expect(limits[0]?.timeoutMs).toBe(timeoutMs)
    verifier.close()
  })

  test('AHP-BIND-22 content that a parser has taken is not digested again', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const receiver = await startReceiver(harness, { receiver: 'parser-first' })
    const { status, text } = await sendRaw(receiver.port, harness.mint(ORDER))
    expect([status, JSON.parse(text).code]).toEqual([500, 'misconfigured'])
    expect(receiver.contexts).toEqual([])
    await receiver.close()
  })
})

describe('behind the check', () => {
  test('AHP-BIND-23 the handler sees no evidence', async () => {
    const names = await seen({})
    expect(names).toContain('content-type')
    expect(names.filter((name) => /^(x-aegis-|signature)/.test(name))).toEqual([])
  })

  test('AHP-BIND-24 the handler sees Cookie and Authorization only where the configuration names them', async () => {
    expect((await seen({})).filter((name) => ['cookie', 'authorization'].includes(name))).toEqual([])
    expect(new Set(await seen({ passHeaders: ['cookie'] }))).toContain('cookie')
    expect(new Set(await seen({ passHeaders: ['cookie'] }))).not.toContain('authorization')
  })
})

function twice(request: RawRequest, name: string): RawRequest {
  const value = lineOf(request, name) ?? ''
  return withLine(request, name, value, value)
}

function inQuery(request: RawRequest): RawRequest {
  return withLine(
    { ...request, target: `${request.target}?X-AEGIS-Token=${lineOf(request, 'X-AEGIS-Token')}`.slice(0, 1000) },
    'X-AEGIS-Token',
  )
}

function inCookie(request: RawRequest): RawRequest {
  return withLine(withLine(request, 'Cookie', `X-AEGIS-Token=${lineOf(request, 'X-AEGIS-Token')}`), 'X-AEGIS-Token')
}

/** A bundle with one base. */
const base =
  (members: object): (() => { bases: [object] }) =>
  () => ({ bases: [{ public: 'https://api.example.com', mount: '/', authority: 'match', ...members }] })

/** Names of the header fields that a handler sees. */
const seen = async (options: object): Promise<readonly string[]> => {
  const harness: MockHarness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const app = express()
  app.use(requireAiegisToken({ verifier, ...options }))
  const names: string[] = []
  app.use((request, response) => {
    names.push(
      ...Object.keys(request.headers),
      ...request.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()),
    )
    response.end()
  })
  const server = await listen(app)
  const request = withLine(withLine(harness.mint(ORDER), 'Cookie', 'a=1'), 'Authorization', 'Basic YTpi')
  expect((await sendRaw(server.port, request)).status).toBe(200)
  await server.close()
  verifier.close()
  return names
}
