/** What only the Koa adapter can get wrong: the target, the stream, what middleware in front does with a refusal (spec chapters 7, 10 and 11). @module */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Router } from '@koa/router'
import { utf8 } from '@aiegis/protocol'
import { createMockHarness, listen, problemOf, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type Verifier } from '@aiegis/verifier'
import express from 'express'
import Koa, { type Context, type Next } from 'koa'
import { expect, onTestFinished, test } from 'vitest'
import { inChunks } from '../../../test/raw.ts'
import { getAiegis, requireAiegisToken, type AiegisState } from '../src/index.ts'

const ORDER = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

/** What Koa and Express give for a server. */
type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

interface Scene {
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly served: unknown[]
  /** Notes the decided target and the content that a parser would get. */
  readonly seen: (ctx: { req: AsyncIterable<unknown>; body: unknown } & Parameters<typeof getAiegis>[0]) => Promise<void>
  /** Starts a server. The result gives the code of a refusal, or the status. */
  readonly start: (listener: Listener) => Promise<(request: RawRequest) => Promise<unknown>>
}

async function scene(): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const served: unknown[] = []
  return {
    harness,
    verifier,
    served,
    async seen(ctx) {
      let content = ''
      for await (const chunk of ctx.req) content += String(chunk)
      served.push([getAiegis(ctx).target.slice(harness.audience.length), content])
      ctx.body = 'served'
    },
    async start(listener) {
      const server = createServer((request, response) => void listener(request, response))
      const port = await listen(server)
      onTestFinished(() => void server.close())
      return async (request) => {
        const response = await sendRaw(port, request)
        return problemOf(response)['code'] ?? response.status
      }
    },
  }
}

test.each([
  ['with a length', (request: RawRequest) => request],
  ['in chunks', (request: RawRequest) => inChunks(request, 3)],
])('AHP-BIND-19 what reads the stream behind the check finds every byte of content %s', async (_what, shape) => {
  const { harness, verifier, served, seen, start } = await scene()
  const app = new Koa().use(requireAiegisToken({ verifier })).use(seen)
  const send = await start(app.callback())
  const long = JSON.stringify('x'.repeat(200_000))
  expect(await send(shape(harness.mint(ORDER)))).toBe(200)
  expect(await send(shape(harness.mint({ ...ORDER, content: long })))).toBe(200)
  expect(await send(shape({ ...harness.mint(ORDER), body: utf8('{"item":8}') }))).toBe('content_mismatch')
  expect(served).toEqual([
    ['/orders/7', '{"item":7}'],
    ['/orders/7', long],
  ])
})

test('AHP-BIND-22 a stream that something in front has read is a 500, also for a token of empty content', async () => {
  const { harness, verifier, served, seen, start } = await scene()
  const app = new Koa()
  app.use(async (ctx: Context, next: Next) => {
    for await (const chunk of ctx.req) ctx.state['content'] = chunk
    await next()
  })
  app.use(requireAiegisToken({ verifier, log: () => {} })).use(seen)
  const send = await start(app.callback())
  expect(await send(harness.mint(ORDER))).toBe('misconfigured')
  const empty = harness.mint({ ...ORDER, content: '' })
  expect(await send({ ...withLine(empty, 'Content-Length', '10'), body: utf8('{"item":7}') })).toBe('misconfigured')
  expect(served).toEqual([])
})

test('AHP-BIND-23 AHP-BIND-24 no view that Koa gives of a request keeps evidence, cookies or authorization', async () => {
  const { harness, verifier, start } = await scene()
  const seen: string[] = []
  const app = new Koa()
  app.use(async (ctx: Context, next: Next) => {
    // Koa makes its view of cookies at the first use.
    expect(ctx.cookies.get('session')).toBe('1')
    await next()
  })
  app.use(requireAiegisToken({ verifier, passHeaders: ['authorization'] })).use((ctx) => {
    const { req, headers, header, request, cookies } = ctx
    const views = [req.headers, req.rawHeaders, req.headersDistinct, headers, header, request.headers, request.toJSON()]
    seen.push(JSON.stringify([...views, ctx.toJSON(), cookies.get('session'), ctx.get('X-AEGIS-Token')]).toLowerCase())
    ctx.body = ''
  })
  const send = await start(app.callback())
  await send(withLine(withLine(harness.mint(), 'Cookie', 'session=1'), 'Authorization', 'Basic abc'))
  expect(seen).toHaveLength(1)
  for (const gone of ['x-aegis', 'signature', 'cookie', 'session=1', 'eyj']) expect(seen[0]).not.toContain(gone)
  for (const kept of ['authorization', 'basic abc', 'host']) expect(seen[0]).toContain(kept)
})

test('AHP-BIND-16 the target is that of the request line, whatever was written into the context or stands in front of Koa', async () => {
  const { harness, verifier, served, seen, start } = await scene()
  const rewriting = new Koa()
  rewriting.use(async (ctx: Context, next: Next) => {
    ctx.url = '/orders/8'
    await next()
  })
  rewriting.use(requireAiegisToken({ verifier })).use(seen)
  const below = express().use('/api', new Koa().use(requireAiegisToken({ verifier })).use(seen).callback())
  const [rewritten, mounted] = [await start(rewriting.callback()), await start(below)]
  const at = (path: string): RawRequest => harness.mint({ url: `${harness.audience}${path}` })
  expect(await rewritten(at('/orders/7'))).toBe(200)
  expect(await rewritten({ ...at('/orders/8'), target: '/orders/7' })).toBe('uri_mismatch')
  expect(await mounted(at('/api/orders/7?x=1'))).toBe(200)
  expect(await mounted({ ...at('/orders/7'), target: '/api/orders/7' })).toBe('uri_mismatch')
  expect(served.map((each) => (each as string[])[0])).toEqual(['/orders/7', '/api/orders/7'])
})

test('AHP-BIND-8 behind `proxy: true` nothing of X-Forwarded is read', async () => {
  const { harness, verifier, served, seen, start } = await scene()
  const app = new Koa({ proxy: true })
  const send = await start(app.use(requireAiegisToken({ verifier })).use(seen).callback())
  const forwarded = (host: string, claimed: string): RawRequest =>
    withLine(withLine(harness.mint(), 'Host', host), 'X-Forwarded-Host', claimed)
  expect(await send(forwarded('evil.example', 'api.example.com'))).toBe('authority_unknown')
  expect(await send(forwarded('evil.example:x@api.example.com', 'api.example.com'))).toBe('request_malformed')
  expect(await send(forwarded('api.example.com', 'evil.example'))).toBe(200)
  expect(served).toHaveLength(1)
})

test('AHP-ROAD-6 middleware in front that swallows errors, sets bodies and turns statuses round serves no refused request', async () => {
  const { harness, verifier, served, seen, start } = await scene()
  const log: string[] = []
  const broken: Verifier = { ...verifier, verify: () => Promise.reject(new RangeError('a defect')) }
  const kind = (inner: Verifier): Koa => {
    const app = new Koa()
    app.silent = true
    app.use(async (ctx: Context, next: Next) => {
      try {
        await next()
      } catch {
        await seen(ctx)
      }
      ctx.status = 200
      ctx.body = 'all is well'
    })
    app.use(requireAiegisToken({ verifier: inner, log: (line) => log.push(line) })).use(seen)
    return app
  }
  const send = await start(kind(verifier).callback())
  expect(await send(withLine(harness.mint(), 'X-AEGIS-Token'))).toBe('token_missing')
  expect(await send({ ...harness.mint(), method: 'DELETE' })).toBe('method_mismatch')
  expect(await (await start(kind(broken).callback()))(harness.mint())).toBe('misconfigured')
  expect(served).toEqual([])
  expect(log.join()).toContain('a defect')
  expect(await send(harness.mint())).toBe(200)
  expect(served).toHaveLength(1)
})

test('a response that was begun in front is cut off, and the next request is served', async () => {
  const { harness, verifier, served, seen, start } = await scene()
  const app = new Koa()
  app.use(async (ctx: Context, next: Next) => {
    if (ctx.get('X-Early') !== '') ctx.res.write('hello')
    await next()
  })
  const send = await start(app.use(requireAiegisToken({ verifier })).use(seen).callback())
  const refused = withLine(withLine(harness.mint(), 'X-AEGIS-Token'), 'X-Early', '1')
  expect(await send(refused).catch(() => 'cut')).not.toBe('served')
  expect(served).toEqual([])
  expect(await send(harness.mint())).toBe(200)
})

test('AHP-REQ-12 AHP-REQ-13 a route repeats the action of its mount and narrows; without a mount there is no context', async () => {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(), actions: { 'POST /orders/:id': 'orders.create' } })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const { start } = await scene()
  const served: string[] = []
  const router = new Router<AiegisState>({ prefix: '/orders' })
  router.post('/:id', requireAiegisToken({ action: 'orders.create', maxDepth: 0 }), (ctx) => {
    served.push(getAiegis(ctx).action)
    ctx.body = ''
  })
  router.get('/:id', requireAiegisToken({ require: { human: { asserted: 'live' } } }), () => void served.push('graded'))
  const open = new Router<AiegisState>()
  open.get('/open', (ctx) => {
    expect(() => getAiegis(ctx)).toThrow('no AiEGIS context')
    ctx.status = 204
  })
  const app = new Koa().use(open.routes()).use(requireAiegisToken({ verifier })).use(router.routes())
  const send = await start(app.callback())
  expect(await send({ ...harness.mint(), target: '/open' })).toBe(204)
  expect(await send(harness.mint({ ...ORDER, action: 'orders.create' }))).toBe(200)
  expect(await send(harness.mint(ORDER))).toBe('action_mismatch')
  expect(await send(harness.mint())).toBe('action_unmapped')
  expect(served).toEqual(['orders.create'])
})
