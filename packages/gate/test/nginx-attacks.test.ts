/** Ways around a gate behind a real nginx, each tried; and what nginx does with a request after the verdict (spec chapter 21). @module */
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { problemOf, sendRaw, withLine, type RawRequest } from '@aiegis/testing'
import { createSigner, jwkOf } from '@aiegis/protocol'
import { createContextVerifier } from '@aiegis/verifier'
import { describe, expect, onTestFinished, test } from 'vitest'
import { headOf, inChunks } from '../../../test/raw.ts'
import { configuration, NGINX } from './nginx.ts'
import { BOTH, overHttp2, scene } from './nginx-scene.ts'

const RECEIVER = `did:web:api.example.com:${'r'.repeat(60)}:${'s'.repeat(60)}`
const SIGNER = createSigner(new Uint8Array(32).fill(7), `${RECEIVER}#context-1`)

describe.skipIf(NGINX === undefined)('nginx (skipped where AIEGIS_TEST_NGINX is not set)', () => {
  test.each(BOTH)('%s: AHP-GATE-3 what a client says in the fields of the proxy changes nothing', async (proxy) => {
    const { harness, received, send } = await scene({ proxy })
    const spoofed = (request: RawRequest): RawRequest =>
      withLine(
        withLine(withLine(request, 'X-Aiegis-Original-URI', '/orders/7', '/orders/7'), 'x-aiegis-original-method', 'GET'),
        'X-AIEGIS-ORIGINAL-CONTENT',
        'length=; coding=',
        'forwarded',
      )
    // Decided on GET /orders/7, sent as DELETE /orders/8.
    const other = { ...spoofed(harness.mint()), method: 'DELETE', target: '/orders/8' }
    expect(await send(other)).toBe(proxy === 'auth-request' ? 'method_mismatch' : 'override_header')
    expect(received).toEqual([])
    expect(await send(spoofed(harness.mint()))).toBe(proxy === 'auth-request' ? 200 : 'override_header')
    expect(received.flatMap(({ headers }) => Object.keys(headers).filter((name) => name.startsWith('x-aiegis')))).toEqual([])
  })

  test.each(BOTH)(
    '%s: AHP-GATE-6 the application gets the context that the gate signed, however long, and nobody else does',
    async (proxy) => {
      const audience = 'a'.repeat(256)
      const { harness, received, nginx } = await scene({ proxy, context: { signer: SIGNER, audience } })
      const url = `https://api.example.com/${'x'.repeat(950)}`
      const answer = await sendRaw(nginx.port, harness.mint({ url, handOffs: 2 }))
      expect([answer.status, answer.headers]).toEqual([
        200,
        expect.not.objectContaining({ 'x-aegis-context': expect.anything() }),
      ])
      expect(received[0]?.headers.host).toBe('api.example.com')
      const said = String(received[0]?.headers['x-aegis-context'])
      // Longer than the page of memory that nginx would have for it.
      expect(said.length).toBeGreaterThan(4000)
      const receivers = [{ did: RECEIVER, keys: [{ kid: SIGNER.kid, jwk: jwkOf(SIGNER.publicKey) }] }]
      const service = createContextVerifier({ audience, receivers, now: harness.clock.now })
      const own = { method: 'GET', target: received[0]?.target ?? '', headers: ['X-AEGIS-Context', said] }
      expect(await service.verify(own)).toMatchObject({ target: url })
    },
  )

  test.each(BOTH)('%s: AHP-CTX-1 a context that a client sends is refused', async (proxy) => {
    const { harness, received, send } = await scene({ proxy })
    expect(await send(withLine(harness.mint(), 'X-AEGIS-Context', 'a.b.c'))).toBe('override_header')
    expect(received).toEqual([])
  })

  test.each(BOTH)('%s: a verdict is for one request, also over HTTP/2, where content needs no length', async (proxy) => {
    const { harness, received, nginx } = await scene({ proxy })
    const session = connectHttp2(`http://127.0.0.1:${nginx.http2}`)
    onTestFinished(() => {
      session.close()
    })
    expect(await overHttp2(session, harness.mint())).toBe('200')
    // Decided without content; the content that comes all the same reaches nobody.
    expect(await overHttp2(session, harness.mint({ method: 'POST' }), '{"amount":999}')).toBe(
      proxy === 'auth-request' ? '200' : 'content_mismatch',
    )
    expect(received.map(({ content }) => content)).toEqual(proxy === 'auth-request' ? ['', ''] : [''])
    const order = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }
    expect(await overHttp2(session, harness.mint(order), order.content)).toBe(
      proxy === 'auth-request' ? 'content_mismatch' : '200',
    )
  })

  test('auth-request: AHP-GATE-4 content that is announced is refused, with a length and in chunks', async () => {
    const { harness, received, send } = await scene({ proxy: 'auth-request' })
    const order = harness.mint({ method: 'POST', contentType: 'application/json', content: '{"item":7}' })
    expect(await send(order)).toBe('content_too_large')
    expect(await send(inChunks(order, 3))).toBe('content_too_large')
    const empty = harness.mint({ method: 'POST' })
    expect(await send(inChunks({ ...empty, body: Buffer.from('{}') }, 3))).toBe('content_too_large')
    expect(received).toEqual([])
    expect(await send(withLine(empty, 'Content-Length', '0'))).toBe(200)
  })

  test('accel-redirect: the application gets the bytes that were decided, however they were framed', async () => {
    const { harness, received, send } = await scene({ proxy: 'accel-redirect' })
    const order = (): RawRequest =>
      harness.mint({ method: 'PUT', contentType: 'application/json', content: JSON.stringify('x'.repeat(200_000)) })
    expect([await send(order()), await send(inChunks(order(), 10_000))]).toEqual([200, 200])
    expect(received.map(({ method, content }) => `${method} ${content.length}`)).toEqual(['PUT 200002', 'PUT 200002'])
  })

  test('accel-redirect: AHP-GATE-4 a gate that is not sent the content refuses, whatever nginx was told to leave out', async () => {
    const leftOut = (gate: string, app: string): string => `
      location / { include aiegis/ask-by-redirect.conf; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass ${gate}; }
      location @aiegis_allowed { include aiegis/allowed-by-redirect.conf; proxy_pass ${app}; }`
    const { harness, received, send } = await scene({ proxy: 'accel-redirect', only: leftOut })
    const empty = harness.mint({ method: 'POST' })
    const smuggled = { ...empty, body: Buffer.from('{"amount":999}') }
    expect(await send(withLine(smuggled, 'Content-Length', '14'))).toBe('content_incomplete')
    expect(await send(inChunks(smuggled, 5))).toBe('content_incomplete')
    expect(received).toEqual([])
  })

  test.each(BOTH)('%s: AHP-GATE-2 a configuration that leaves the fields out serves nothing', async (proxy) => {
    const bare = (gate: string, app: string): string =>
      proxy === 'accel-redirect'
        ? `location / { proxy_set_header Host $http_host; proxy_pass ${gate}; } location @aiegis_allowed { proxy_pass ${app}; }`
        : `location / { auth_request /_aiegis; proxy_pass ${app}; }
           location = /_aiegis { proxy_set_header Host $http_host; proxy_pass ${gate}; }`
    const { harness, received, send } = await scene({ proxy, only: bare })
    expect(await send(harness.mint())).toBe(proxy === 'accel-redirect' ? 'misconfigured' : 403)
    expect(received).toEqual([])
  })

  test.each(BOTH)('%s: when the gate is down nothing is served', async (proxy) => {
    const { harness, gate, received, send } = await scene({ proxy })
    expect(await send(harness.mint())).toBe(200)
    await gate.close()
    expect(await send(harness.mint())).toBe(proxy === 'accel-redirect' ? 502 : 500)
    expect(received).toHaveLength(1)
  })

  test.each(BOTH)('%s: the gate and its location cannot be reached past it', async (proxy) => {
    const { received, nginx, send } = await scene({ proxy })
    const ask = (target: string): Promise<unknown> =>
      send({ method: 'GET', target, lines: [['Host', 'api.example.com']], body: new Uint8Array() })
    expect(await ask('/_aiegis')).toBe(proxy === 'auth-request' ? 404 : 'token_missing')
    for (const target of ['/@aiegis_allowed', '/@aiegis_refused', '@aiegis_allowed']) {
      expect([400, 'token_missing', 'target_invalid']).toContain(await ask(target))
    }
    expect(received).toEqual([])
    expect(nginx.port).toBeGreaterThan(0)
  })

  test.each(BOTH)('%s: AHP-GATE-7 what was decided once is done once, though nginx has a second server to try', async (proxy) => {
    const { harness, received, send } = await scene({
      proxy,
      http: (app) => `upstream both { server ${app.slice(7)}; server ${app.slice(7)} backup; }`,
      only: (gate) => configuration(proxy, gate, 'http://both'),
      replyTo: () => 'nothing',
    })
    expect(await send(harness.mint({ method: 'DELETE' }))).toBe(502)
    expect(received).toHaveLength(1)
  })

  test.each(BOTH)('%s: the application cannot send nginx elsewhere with a request that was decided', async (proxy) => {
    const { harness, received, send } = await scene({
      proxy,
      more: (_gate, app) => `location /inside { internal; proxy_pass ${app}; }`,
      replyTo: (target) => (target.startsWith('/orders') ? { headers: { 'X-Accel-Redirect': '/inside' } } : {}),
    })
    expect(await send(harness.mint())).toBe(200)
    expect(received.map(({ target }) => target)).toEqual(['/orders/7'])
  })

  test('auth-request: an internal redirect asks the gate again, and its token is used by then', async () => {
    const { harness, received, send } = await scene({
      proxy: 'auth-request',
      extra: 'proxy_intercept_errors on; error_page 503 /sorry;',
      replyTo: (target) => (target === '/sorry' ? {} : { status: 503 }),
    })
    expect(await send(harness.mint())).toBe(403)
    expect(received.map(({ target }) => target)).toEqual(['/orders/7'])
  })

  test.each(BOTH)('%s: refusals of the application are its own', async (proxy) => {
    const { harness, send } = await scene({ proxy, replyTo: () => ({ status: 403 }) })
    expect(await send(harness.mint())).toBe(403)
  })

  test.each(BOTH)('%s: AHP-GATE-5 a refusal has its status, its challenge and its wait', async (proxy) => {
    const { harness, nginx } = await scene({ proxy })
    const unsigned = await sendRaw(nginx.port, withLine(harness.mint(), 'X-AEGIS-Token'))
    expect([unsigned.status, unsigned.headers['www-authenticate'], unsigned.headers['cache-control']]).toEqual([
      401,
      'AEGIS aud="https://api.example.com", harness="did:web:harness.example", ahp="ahp-receiver/0.1"',
      'no-store',
    ])
    harness.replay.fail('down')
    const unmeasured = await sendRaw(nginx.port, harness.mint())
    expect([unmeasured.status, problemOf(unmeasured)['code']]).toEqual([503, 'replay_unavailable'])
    expect(unmeasured.headers['retry-after']).toMatch(/^[0-9]+$/)
    const head = await sendRaw(nginx.port, withLine(harness.mint({ method: 'HEAD' }), 'X-AEGIS-Proof'))
    expect([head.status, head.headers['content-type'], head.text]).toEqual([401, 'application/problem+json', ''])
  })

  test.each(BOTH)('%s: evidence lines up to 8,000 bytes pass, and what is larger is refused by somebody', async (proxy) => {
    const { harness, received, send } = await scene({ proxy })
    const long = (size: number): RawRequest => withLine(harness.mint(), 'X-AEGIS-Proof', 'A'.repeat(size))
    expect(await send(long(4096))).toBe('proof_malformed')
    expect(await send(long(7900))).toBe('evidence_too_large')
    expect(await send(long(9000))).toBe(400)
    // Cookies beside the evidence: more in all than Node reads by itself.
    const beside = withLine(harness.mint(), 'Cookie', ...Array.from({ length: 3 }, () => 'c'.repeat(7000)))
    expect(await send(beside)).toBe(200)
    expect(received).toHaveLength(1)
  })

  test.each(BOTH)('%s: content that waits for an invitation gets one from nginx', async (proxy) => {
    const { harness, nginx } = await scene({ proxy })
    const order = withLine(
      harness.mint({ method: 'POST', contentType: 'application/json', content: '{"item":7}' }),
      'Expect',
      '100-continue',
    )
    const answer = await new Promise<string>((resolve) => {
      let all = ''
      const socket = connect(nginx.port, '127.0.0.1', () =>
        socket.write(headOf(withLine(order, 'Connection', 'close')), 'latin1'),
      )
      socket
        .on('close', () => resolve(all))
        .on('data', (bytes) => {
          all += bytes.toString('latin1')
          if (all.startsWith('HTTP/1.1 100')) socket.write(order.body)
        })
    })
    expect([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual([
      '100',
      proxy === 'accel-redirect' ? '200' : '413',
    ])
  })
})
