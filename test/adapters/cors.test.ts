/** A script in a browser can send evidence and read refusals where the application allows it in front of the check (spec chapters 7 and 13). @module */
import { createServer, type RequestListener } from 'node:http'
import * as onExpress from '@aiegis/express'
import { honoAiegis } from '@aiegis/fetch/hono-node'
import * as onKoa from '@aiegis/koa'
import { createMockHarness, listen, sendRaw, withLine, type RawRequest, type RawResponse } from '@aiegis/testing'
import { CORS_FIELDS, createVerifier, type Verifier } from '@aiegis/verifier'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import express4 from 'express4'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import Koa from 'koa'
import { expect, onTestFinished, test } from 'vitest'
import { bare } from '../raw.ts'

const ORIGIN = 'https://app.example'
const ALLOWED = {
  'Access-Control-Allow-Origin': ORIGIN,
  'Access-Control-Allow-Headers': CORS_FIELDS.allow.join(', '),
  'Access-Control-Expose-Headers': CORS_FIELDS.expose.join(', '),
}

const onFramework =
  (framework: typeof express) =>
  (verifier: Verifier): RequestListener =>
    framework()
      .use((request, response, next) => {
        response.set(ALLOWED)
        if (request.method === 'OPTIONS') response.status(204).end()
        else next()
      })
      .use(onExpress.requireAiegisToken({ verifier }))
      .use((_request, response) => void response.send('served'))

const ADAPTERS: Readonly<Record<string, (verifier: Verifier) => RequestListener>> = {
  'Express 5': onFramework(express),
  'Express 4': onFramework(express4),
  Koa(verifier) {
    const app = new Koa()
    app.use(async (ctx, next) => {
      ctx.set(ALLOWED)
      if (ctx.method === 'OPTIONS') ctx.status = 204
      else await next()
    })
    app.use(onKoa.requireAiegisToken({ verifier })).use((ctx) => void (ctx.body = 'served'))
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
  Hono(verifier) {
    const allow = cors({ origin: ORIGIN, allowHeaders: [...CORS_FIELDS.allow], exposeHeaders: [...CORS_FIELDS.expose] })
    const app = new Hono()
      .use(allow)
      .use(honoAiegis({ verifier }))
      .all('*', (c) => c.text('served'))
    const listener = getRequestListener(app.fetch)
    return (request, response) => void listener(request, response)
  },
}

test.each(Object.entries(ADAPTERS))(
  'AHP-REFUSE-3 AHP-REFUSE-4 %s: preflights are answered in front, and every answer of the check can be read',
  async (_name, make) => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier({ ...harness.receiver(), log: () => {} })
    onTestFinished(() => verifier.close())
    await verifier.warm()
    harness.clock.advance(6)
    const server = createServer(make(verifier))
    const port = await listen(server)
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const send = (request: RawRequest): Promise<RawResponse> => sendRaw(port, withLine(request, 'Origin', ORIGIN))
    const good = harness.mint({ method: 'POST', contentType: 'application/json', content: '{}' })
    const names = good.lines
      .map(([field]) => field.toLowerCase())
      .filter((field) => field !== 'host' && field !== 'content-length')
    const asked = withLine(
      withLine(bare('OPTIONS'), 'Access-Control-Request-Method', 'POST'),
      'Access-Control-Request-Headers',
      names.join(','),
    )

    const preflight = await send(asked)
    const allowed = (preflight.headers['access-control-allow-headers'] ?? '').toLowerCase().split(/, ?/)
    expect([preflight.status, names.filter((field) => !allowed.includes(field))]).toEqual([204, []])

    harness.replay.fail('down')
    const unavailable = await send(harness.mint())
    harness.replay.fail(undefined)
    for (const [{ status, headers }, expected, field] of [
      [await send(good), 200, undefined],
      [await send(bare('GET')), 401, 'www-authenticate'],
      [unavailable, 503, 'retry-after'],
    ] as const) {
      expect([status, headers['access-control-allow-origin']]).toEqual([expected, ORIGIN])
      const exposed = (headers['access-control-expose-headers'] ?? '').toLowerCase().split(/, ?/)
      expect(field === undefined || (field in headers && exposed.includes(field))).toBe(true)
    }
  },
)
