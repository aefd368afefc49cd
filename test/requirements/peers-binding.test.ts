/** What other middleware let pass between the request that was checked and the one that was served; rows B and R06 of the list in test/README.md (spec chapter 7). @module */
import { gzipSync } from 'node:zlib'
import { captureRawBody, requireAiegisToken } from '@aiegis/express'
import { formatContentDigest, utf8 } from '@aiegis/protocol'
import { sendRaw, withLine, type MockHarness, type RawRequest, type Wanted } from '@aiegis/testing'
import type { Request, Response, Router } from 'express'
import { describe, expect, test, vi } from 'vitest'
import { drip } from '../drip.ts'
import { FRAMEWORKS } from '../receiver.ts'
import { headOf, inChunks } from '../raw.ts'
import { onOneConnection, scene } from '../scene.ts'
import { claims, line, ORDER, type Case } from './edits.ts'
import { verdictOf, type Make } from './verdict.ts'

/** Decided on one target, sent to another. */
const instead =
  (decided: string, sent: string): Make =>
  (h) => ({ ...h.mint({ url: h.audience + decided }), target: sent })
const jti = (value: unknown): Make => claims((before) => ({ ...before, jti: value as string }))
const digest = (h: MockHarness, content: string): string => formatContentDigest(h.crypto.sha256(utf8(content)))

const CASES: readonly Case[] = [
  ['R06 jti that is empty', 'token_claims_invalid', jti('')],
  ['R06 jti of 15 characters', 'token_claims_invalid', jti('a'.repeat(15))],
  ['R06 jti of 16 characters', 'served', jti('a'.repeat(16))],
  ['R06 jti of 64 characters', 'served', jti('a'.repeat(64))],
  ['R06 jti of 65 characters', 'token_claims_invalid', jti('a'.repeat(65))],
  ['R06 jti of other letters', 'token_claims_invalid', jti('é'.repeat(20))],
  ['R06 jti with a line end', 'token_claims_invalid', jti(`${'a'.repeat(20)}\n`)],
  ['R06 jti that is a number', 'token_claims_invalid', jti(1234567890123456)],
  ['B01 a GET that was decided as HEAD', 'method_mismatch', (h) => ({ ...h.mint({ method: 'HEAD' }), method: 'GET' })],
  ['B01 a method in lower case', 'method_invalid', (h) => ({ ...h.mint({ method: 'DELETE' }), method: 'delete' })],
  ['B01 a method that only begins alike', 'method_mismatch', (h) => ({ ...h.mint(), method: 'GETX' })],
  ['B02 the path in another case', 'uri_mismatch', instead('/orders/7', '/Orders/7')],
  ['B02 a slash at the end', 'uri_mismatch', instead('/orders/7', '/orders/7/')],
  [
    'B02 two slashes in front, which is another host to some parsers',
    'target_invalid',
    instead('/orders/7', '//evil.example/orders/7'),
  ],
  ['B02 a parameter of a segment', 'uri_mismatch', instead('/orders/7', '/orders/7;v=1')],
  ['B02 an escaped slash is no slash', 'uri_mismatch', instead('/orders/7', '/orders%2F7')],
  ['B02 an escape for a letter', 'target_invalid', instead('/orders/7', '/%6Frders/7')],
  ['B02 an escape that is none', 'target_invalid', instead('/orders/7', '/orders/7%')],
  ['B02 an escape that is no UTF-8 is other bytes', 'uri_mismatch', instead('/orders/7', '/orders/7%E0%A4%A0')],
  ['B02 a tab in the target', 'target_invalid', instead('/orders/7', '/orders/7\t')],
  ['B03 a parameter taken away', 'uri_mismatch', instead('/orders?dry=1', '/orders')],
  ['B03 a parameter twice', 'uri_mismatch', instead('/orders?id=7', '/orders?id=7&id=8')],
  ['B03 plus for an escaped space', 'uri_mismatch', instead('/orders?q=a%20b', '/orders?q=a+b')],
  ['B03 an empty query', 'uri_mismatch', instead('/orders', '/orders?')],
  ['B04 the absolute form of the very same URL', 'target_invalid', instead('/orders/7', 'https://api.example.com/orders/7')],
  ['B04 the absolute form of another host', 'target_invalid', instead('/orders/7', 'http://evil.example/orders/7')],
  ['B04 the authority form', 'target_invalid', instead('/orders/7', 'api.example.com:443')],
  ['B04 the asterisk form', 'target_invalid', (h) => ({ ...h.mint({ method: 'OPTIONS' }), target: '*' })],
  ['B05 user information in Host', 'request_malformed', line('Host', 'evil.example:x@api.example.com')],
  ['B05 a question mark in Host', 'request_malformed', line('Host', 'api.example.com?x=')],
  ['B05 a fragment in Host', 'request_malformed', line('Host', 'api.example.com#')],
  ['B05 a dot after Host', 'authority_unknown', line('Host', 'api.example.com.')],
  ['B05 the default port in Host', 'authority_unknown', line('Host', 'api.example.com:443')],
  ['B05 Host in letters that are no ASCII', 'request_malformed', line('Host', 'äpi.example.com')],
  ['B05 an empty Host', 'request_malformed', line('Host', '')],
  ['B05 a list of hosts', 'request_malformed', line('Host', 'api.example.com, evil.example')],
  ['B07 content truncated', 'content_mismatch', (h) => ({ ...h.mint(ORDER), body: utf8('{"item":7') })],
  ['B07 content with more behind it', 'content_mismatch', (h) => ({ ...h.mint(ORDER), body: utf8('{"item":7} ') })],
  ['B07 content in a GET that was decided so', 'served', (h) => h.mint({ ...ORDER, method: 'GET' })],
  ['B07 content in a GET that was decided without', 'content_mismatch', (h) => ({ ...h.mint(), body: utf8('{}') })],
  ...['gzip', 'deflate', 'br', 'identity', 'aws-chunked', ''].map((coding): Case => [
    `B09 Content-Encoding ${coding || 'empty'}`,
    'content_encoding_refused',
    line('Content-Encoding', coding),
  ]),
  ['B13 a digest that agrees', 'served', (h) => withLine(h.mint(ORDER), 'Content-Digest', digest(h, '{"item":7}'))],
  ['B13 a digest of other content', 'content_digest_mismatch', (h) => withLine(h.mint(ORDER), 'Content-Digest', digest(h, '{}'))],
  [
    'B13 two digests, of which one agrees',
    'content_digest_malformed',
    (h) => withLine(h.mint(ORDER), 'Content-Digest', `${digest(h, '{"item":7}')}, sha-512=:AAAA:`),
  ],
  [
    'B13 a digest that agrees, over other content',
    'content_mismatch',
    (h) => ({ ...withLine(h.mint(ORDER), 'Content-Digest', digest(h, '{"item":7}')), body: utf8('{"item":8}') }),
  ],
]

test.each(CASES)('%s: %s', async (_title, code, make) => {
  expect(await verdictOf(make)).toBe(code)
})

describe.each(Object.entries(FRAMEWORKS))('%s', (_name, framework) => {
  const url = (path: string): Wanted => ({ url: `https://api.example.com${path}` })
  const order: Wanted = { ...ORDER, content: '{"item":7}' }

  test('B01 B02 what a router takes for the same is not the same here: nothing is served but the one spelling', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    const router: Router = framework.Router()
    router.all('/a', seen)
    app.use(requireAiegisToken({ verifier }), router)
    app.use('/api', router)
    const { port, send } = await start(app)
    const at = (target: string): Promise<unknown> => send({ ...harness.mint(url('/api/a')), target })
    const others = [
      '/api/%61',
      '/API/a',
      '/api/a/',
      '/api/./a',
      '/api/b/../a',
      '/api/a#f',
      '/api\\a',
      '//api/a',
      '/api//a',
      '/api/a?',
    ]
    const refusals = new Set(await Promise.all(others.map((target) => at(target))))
    for (const code of refusals) expect(['target_invalid', 'uri_mismatch', 400]).toContain(code)
    expect(await at('http://evil.example/api/a')).toBe('target_invalid')
    expect((await sendRaw(port, { ...harness.mint(url('/api/a')), method: 'HEAD' })).status).toBe(401)
    expect(served).toEqual([])
    expect(await at('/api/a')).toBe(200)
    expect(served).toEqual(['https://api.example.com/api/a'])
  })

  test('B05 a forwarded host does not count, whatever the application trusts', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.set('trust proxy', true)
    app.use(requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    const forwarded = (host: string, named: string): RawRequest =>
      withLine(withLine(withLine(harness.mint(), 'Host', host), 'X-Forwarded-Host', named), 'X-Forwarded-Proto', 'http')
    expect(await send(forwarded('evil.example', 'api.example.com'))).toBe('authority_unknown')
    expect(await send(forwarded('api.example.com', 'evil.example'))).toBe(200)
    expect(served).toHaveLength(1)
  })

  test('B05 two Host lines reach nobody', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    for (const hosts of [
      ['api.example.com', 'evil.example'],
      ['evil.example', 'api.example.com'],
    ])
      expect([400, 'request_malformed']).toContain(await send(withLine(harness.mint(), 'Host', ...hosts)))
    expect(served).toEqual([])
  })

  test('B06 in a router of a router, and in an application of an application, the whole path is compared', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const [app, inner] = [framework(), framework()]
    const router: Router = framework.Router()
    router.use('/orders', requireAiegisToken({ verifier }), seen)
    inner.use('/v1', router)
    app.use('/api', inner)
    const { send } = await start(app)
    for (const decided of ['/orders/7', '/7', '/', '/v1/orders/7'])
      expect(await send({ ...harness.mint(url(decided)), target: '/api/v1/orders/7' })).toBe('uri_mismatch')
    expect(served).toEqual([])
    expect(await send(harness.mint(url('/api/v1/orders/7?x=1')))).toBe(200)
    expect(served).toEqual(['https://api.example.com/api/v1/orders/7'])
  })

  test('B06 a URL that was rewritten in front of the application is the one that is compared', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), seen)
    const rewriting = framework()
    rewriting.use((request, response) => {
      Object.assign(request, { url: '/admin', originalUrl: '/admin' })
      app(request, response)
    })
    const { send } = await start(rewriting)
    expect(await send(harness.mint(url('/orders/7')))).toBe('uri_mismatch')
    expect(served).toEqual([])
  })

  test('B07 content in chunks, announced with Expect, or after a pause is one content', async () => {
    const { harness, verifier, served, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), framework.json(), (request: Request, response: Response) => {
      served.push(request.body)
      response.end()
    })
    const { port, send } = await start(app)
    expect(await send(inChunks(harness.mint(order), 3))).toBe(200)
    expect((await sendRaw(port, withLine(harness.mint(order), 'Expect', '100-continue'))).text).toContain('HTTP/1.1 200')
    expect(await drip(port, harness.mint(order)).end()).toBe(200)
    expect(served).toEqual([{ item: 7 }, { item: 7 }, { item: 7 }])
    expect(await send(inChunks({ ...harness.mint(order), body: utf8('{"item":8}') }, 3))).toBe('content_mismatch')
    expect(await send(withLine(inChunks(harness.mint(order), 3), 'Content-Length', '10'))).toBe(400)
    expect(await send(withTrailer(inChunks(harness.mint(order), 3)))).toBe('trailer_refused')
    expect(served).toHaveLength(3)
  })

  test('B08 a token for no content never lets content through that a parser took in front', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    for (const parser of [
      framework.json(),
      framework.text(),
      framework.raw({ type: '*/*' }),
      framework.urlencoded({ extended: true }),
    ]) {
      const app = framework()
      app.use(parser, requireAiegisToken({ verifier, log: () => {} }), seen)
      const { send } = await start(app)
      for (const contentType of [
        'application/json',
        'text/plain',
        'application/octet-stream',
        'application/x-www-form-urlencoded',
      ]) {
        const empty = harness.mint({ method: 'POST', contentType })
        const more = { ...withLine(empty, 'Content-Length', '10'), body: utf8('{"item":7}') }
        expect(['misconfigured', 'content_mismatch']).toContain(await send(more))
      }
    }
    expect(served).toEqual([])
  })

  test('B08 captured bytes are those of the request, also for a parser that unpacked them', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(framework.json({ verify: captureRawBody }), requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    const packed = gzipSync('{"item":7}')
    const request = withLine(harness.mint(order), 'Content-Length', String(packed.length))
    expect(await send({ ...withLine(request, 'Content-Encoding', 'gzip'), body: packed })).toBe('content_encoding_refused')
    expect(served).toEqual([])
  })

  test('B10 who reads the stream behind the check, such as a parser of forms in parts, finds every byte', async () => {
    const { harness, verifier, served, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), (request: Request, response: Response) => {
      const parts: Buffer[] = []
      request
        .on('data', (chunk: Buffer) => parts.push(chunk))
        .on('end', () => {
          served.push(Buffer.concat(parts).toString('latin1'))
          response.end()
        })
    })
    const { send } = await start(app)
    const content = `--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n${'\0ÿ'.repeat(40_000)}\r\n--x--\r\n`
    const form: Wanted = { method: 'POST', contentType: 'multipart/form-data; boundary=x', content }
    expect(await send(harness.mint(form))).toBe(200)
    expect(await send(inChunks(harness.mint(form), 1000))).toBe(200)
    const expected = Buffer.from(content).toString('latin1')
    expect(served).toEqual([expected, expected])
  })

  test.each([
    ['with a length', (request: RawRequest) => request],
    ['in chunks', (request: RawRequest) => inChunks(request, 100_000)],
  ])('B11 content over the limit %s runs nothing, and no part of it is read as the next request', async (_framing, framed) => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), seen)
    const { port } = await start(app)
    const hidden = headOf(harness.mint())
    const text = hidden.repeat(Math.ceil(1_048_577 / hidden.length))
    const over = harness.mint({ method: 'POST', contentType: 'text/plain', content: text })
    expect(await onOneConnection(port, [framed(over)], 2)).toEqual(['413'])
    expect(served).toEqual([])
  })

  test('B12 no handler has begun before the last byte of the content was there and agreed', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    let arrived = 0
    app.use((_request, _response, next) => {
      arrived++
      next()
    })
    app.use(requireAiegisToken({ verifier }), seen)
    const { port } = await start(app)
    const good = drip(port, harness.mint(order))
    const other = drip(port, { ...harness.mint(order), body: utf8('{"item":8}') })
    await vi.waitFor(() => expect(arrived).toBe(2))
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(served).toEqual([])
    expect(await good.end()).toBe(200)
    expect(await other.end()).toBe(401)
    expect(served).toHaveLength(1)
  })
})

/** The request, in chunks, with a field behind its content. */
function withTrailer(request: RawRequest): RawRequest {
  const body = Buffer.concat([Buffer.from(request.body).subarray(0, -2), Buffer.from('X-More: 1\r\n\r\n')])
  return { ...request, body }
}
