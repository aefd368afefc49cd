/** One receiver for each adapter, all alike: the check in front, a router mounted at `/api` and a handler for all else behind it (spec chapters 7 and 11). @module */
import { createServer, type RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import * as expressAdapter from '@aiegis/express'
import { findAiegis } from '@aiegis/fetch'
import { honoAiegis, type AiegisEnv } from '@aiegis/fetch/hono-node'
import * as koaAdapter from '@aiegis/koa'
import { listen } from '@aiegis/testing'
import type { AiegisContext } from '@aiegis/verifier'
import { getRequestListener } from '@hono/node-server'
import { Router as KoaRouter } from '@koa/router'
import express, { type Request as ExpressRequest, type Response as ExpressResponse } from 'express'
import express4 from 'express4'
import { fastify, type FastifyRequest } from 'fastify'
import { Hono, type Context as HonoContext } from 'hono'
import Koa from 'koa'
import { fetchReceiver } from './fetch-receiver.ts'
import { askedOf, effectOf, mayBeWithout, quiet, type Effect, type Note, type Shape } from './shape.ts'

/** A receiver that listens on loopback. */
export interface Server {
  readonly port: number
  readonly effects: readonly Effect[]
  close(): void
}

const onExpress =
  (framework: typeof express) =>
  ({ verifier, route, receiver, reportsOnly }: Shape, note: Note): RequestListener => {
    const { requireAiegisToken } = expressAdapter
    const contextOf = mayBeWithout({ route, reportsOnly }) ? expressAdapter.findAiegis : expressAdapter.getAiegis
    const handler = (request: ExpressRequest, response: ExpressResponse): void => {
      const content: unknown = request.body
      const asked = `${request.method} ${request.originalUrl}`
      note(contextOf(request), Buffer.isBuffer(content) ? content : new Uint8Array(), (name) => name in request.headers, asked)
      response.send('served')
    }
    const app = framework()
    if (receiver === 'parser-first') app.use(framework.json())
    app.use(requireAiegisToken({ verifier, ...quiet, ...route }))
    if (receiver === 'narrowing-route') app.use(requireAiegisToken({ action: 'orders.read', ...quiet }))
    if (receiver === 'checked-twice') app.use(requireAiegisToken({ maxDepth: 0 }))
    app.use(framework.raw({ type: () => true, limit: '2mb' }))
    const router = framework.Router()
    router.use('/orders/:id', handler)
    return app.use('/api', router).use(handler)
  }

/** The check of Express as a hook: it needs nothing but Node's request and response. */
function onFastify({ verifier, route, receiver, reportsOnly }: Shape, note: Note): RequestListener {
  const { requireAiegisToken, getAiegis } = expressAdapter
  const contextOf = mayBeWithout({ route, reportsOnly }) ? expressAdapter.findAiegis : getAiegis
  const handler = async ({ body, headers, method, originalUrl, raw }: FastifyRequest): Promise<string> => {
    const content = Buffer.isBuffer(body) ? body : new Uint8Array()
    note(contextOf(raw), content, (name) => name in headers, `${method} ${originalUrl}`)
    return 'served'
  }
  const app = fastify({ bodyLimit: 2_000_000 })
  const check = (asked: expressAdapter.RequireOptions): void => {
    const aiegis = requireAiegisToken(asked)
    app.addHook('onRequest', (request, reply, done) => void aiegis(request.raw, reply.raw, done))
  }
  if (receiver === 'parser-first')
    app.addHook('onRequest', async ({ raw }) => {
      await buffer(raw)
    })
  check({ verifier, ...quiet, ...route })
  if (receiver === 'narrowing-route') check({ action: 'orders.read', ...quiet })
  if (receiver === 'checked-twice') check({ maxDepth: 0 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.all('/api/orders/:id', handler)
  app.all('*', handler)
  const ready = app.ready()
  return (request, response) => void ready.then(() => app.routing(request, response))
}

function onKoa({ verifier, route, receiver, reportsOnly }: Shape, note: Note): RequestListener {
  const { requireAiegisToken } = koaAdapter
  const contextOf = mayBeWithout({ route, reportsOnly }) ? koaAdapter.findAiegis : koaAdapter.getAiegis
  const handler = async (
    ctx: Parameters<typeof contextOf>[0] & { body: unknown; method: string; originalUrl: string },
  ): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of ctx.req) chunks.push(chunk)
    note(contextOf(ctx), Buffer.concat(chunks), (name) => name in ctx.req.headers, `${ctx.method} ${ctx.originalUrl}`)
    ctx.body = 'served'
  }
  const app = new Koa()
  if (receiver === 'parser-first')
    app.use(async (ctx, next) => {
      for await (const chunk of ctx.req) ctx.state['content'] = chunk
      await next()
    })
  const checked = app.use(requireAiegisToken({ verifier, ...quiet, ...route }))
  if (receiver === 'narrowing-route') app.use(requireAiegisToken({ action: 'orders.read', ...quiet }))
  if (receiver === 'checked-twice') app.use(requireAiegisToken({ maxDepth: 0 }))
  const router = new KoaRouter<koaAdapter.AiegisState>({ prefix: '/api' }).all('/orders/:id', handler)
  const callback = checked.use(router.routes()).use(handler).callback()
  return (request, response) => void callback(request, response)
}

function onHono({ verifier, route, receiver, reportsOnly }: Shape, note: Note): RequestListener {
  const handler = async (c: HonoContext<AiegisEnv<AiegisContext | undefined>>): Promise<Response> => {
    const content = new Uint8Array(await c.req.arrayBuffer())
    note(
      mayBeWithout({ route, reportsOnly }) ? findAiegis(c.req.raw) : c.var.aiegis,
      content,
      (name) => c.req.header(name) !== undefined,
      askedOf(c.req.raw),
    )
    return c.text('served')
  }
  const app = new Hono()
  if (receiver === 'parser-first')
    app.use(async (c, next) => {
      await c.req.json()
      await next()
    })
  app.use(honoAiegis({ verifier, ...quiet, ...route }))
  if (receiver === 'narrowing-route') app.use(honoAiegis({ action: 'orders.read', ...quiet }))
  if (receiver === 'checked-twice') app.use(honoAiegis({ maxDepth: 0 }))
  app.route('/api', new Hono<AiegisEnv<AiegisContext | undefined>>().all('/orders/:id', handler))
  app.all('*', handler)
  return asListener(app.fetch)
}

const onFetch = (shape: Shape, note: Note): RequestListener => {
  const receiver = fetchReceiver(shape, note)
  // Nothing but the request: as on runtimes that give nothing else.
  return asListener((request: Request) => receiver(request))
}

function asListener(handler: Parameters<typeof getRequestListener>[0]): RequestListener {
  const listener = getRequestListener(handler)
  return (request, response) => void listener(request, response)
}

/** Each adapter, on a real server. */
export const ADAPTERS = {
  'Express 5': onExpress(express),
  'Express 4': onExpress(express4),
  Fastify: onFastify,
  Koa: onKoa,
  Hono: onHono,
  fetch: onFetch,
} as const

export type AdapterName = keyof typeof ADAPTERS

/** Starts the receiver of one adapter. */
export async function startAdapter(name: AdapterName, shape: Shape): Promise<Server> {
  const effects: Effect[] = []
  const listener = ADAPTERS[name](shape, (...did) => void effects.push(effectOf(...did)))
  const server = createServer(listener)
  const port = await listen(server)
  return {
    port,
    effects,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
