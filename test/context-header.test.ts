/** A handler of each adapter that calls a service behind it and says for whom (spec chapter 20). @module */
import { createServer, type RequestListener } from 'node:http'
import { createContextSigner as ofExpress, getAiegis as contextOnExpress, requireAiegisToken as onExpress } from '@aiegis/express'
import { createContextSigner as ofFetch, withAiegis } from '@aiegis/fetch'
import { honoAiegis } from '@aiegis/fetch/hono-node'
import { createContextSigner as ofKoa, getAiegis as contextOnKoa, requireAiegisToken as onKoa } from '@aiegis/koa'
import { createSigner, formatSeconds, jwkOf } from '@aiegis/protocol'
import { createMockHarness, listen, sendRaw, withLine } from '@aiegis/testing'
import { createContextVerifier, createVerifier, type AiegisContext, type Verifier } from '@aiegis/verifier'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import { expect, onTestFinished, test } from 'vitest'

const RECEIVER = 'did:web:api.example.com'
const SIGNER = createSigner(new Uint8Array(32).fill(7), `${RECEIVER}#context-1`)

/** Calls the service for a request, and gives what it answers. */
type Ask = (context: AiegisContext) => Promise<string>

const ADAPTERS: Readonly<Record<string, (verifier: Verifier, ask: Ask) => RequestListener>> = {
  Express: (verifier, ask) =>
    express().use(onExpress({ verifier }), async (request, response) => {
      response.end(await ask(contextOnExpress(request)))
    }),
  Koa: (verifier, ask) => {
    const callback = new Koa()
      .use(onKoa({ verifier }))
      .use(async (ctx) => {
        ctx.body = await ask(contextOnKoa(ctx))
      })
      .callback()
    return (request, response) => void callback(request, response)
  },
  Hono: (verifier, ask) => {
    const app = new Hono().use(honoAiegis({ verifier })).get('*', async (c) => c.text(await ask(c.var.aiegis)))
    const listener = getRequestListener(app.fetch)
    return (request, response) => void listener(request, response)
  },
  fetch: (verifier, ask) => {
    const checked = withAiegis({ verifier }, async (_request, context) => new Response(await ask(context)))
    // Nothing but the request: as on runtimes that give nothing else.
    const listener = getRequestListener(async (request: Request) => checked(request))
    return (request, response) => void listener(request, response)
  },
}

/** Applications that note which context they are shown. */
const SEEING: Readonly<
  Record<string, (verifier: Verifier, note: (value: string | null | undefined) => void) => RequestListener>
> = {
  Express: (verifier, note) =>
    express().use(onExpress({ verifier }), (request, response) => {
      note(request.get('X-AEGIS-Context'))
      response.end()
    }),
  Koa: (verifier, note) => {
    const callback = new Koa()
      .use(onKoa({ verifier }))
      .use((ctx) => {
        note(ctx.get('X-AEGIS-Context') || undefined)
        ctx.body = ''
      })
      .callback()
    return (request, response) => void callback(request, response)
  },
  Hono: (verifier, note) => {
    const app = new Hono().use(honoAiegis({ verifier })).get('*', (c) => {
      note(c.req.header('X-AEGIS-Context'))
      return c.text('')
    })
    const listener = getRequestListener(app.fetch)
    return (request, response) => void listener(request, response)
  },
  fetch: (verifier, note) => {
    const checked = withAiegis({ verifier }, async (request) => {
      note(request.headers.get('X-AEGIS-Context'))
      return new Response('')
    })
    const listener = getRequestListener(async (request: Request) => checked(request))
    return (request, response) => void listener(request, response)
  },
}

test.each(Object.keys(ADAPTERS))(
  'AHP-CTX-5 a handler on %s tells a service who acts, and the service believes the receiver only',
  async (name) => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    await verifier.warm()
    harness.clock.advance(6)
    const receivers = [{ did: RECEIVER, keys: [{ kid: SIGNER.kid, jwk: jwkOf(SIGNER.publicKey) }] }]
    const service = createContextVerifier({ audience: 'billing.internal', receivers, now: harness.clock.now })
    const billing = createServer(({ method = '', url: target = '', rawHeaders: headers }, response) => {
      service.verify({ method, target, headers }).then(
        ({ presenter, action }) => response.end(`${action} ${presenter.did}`),
        ({ code }: { code?: string }) => response.end(code),
      )
    })
    const billed = await listen(billing)
    const contexts = ofExpress({ signer: SIGNER, verifier })
    const ask: Ask = async (context) => {
      const url = `http://127.0.0.1:${billed}/charges?for=7`
      const said = await contexts.sign(context, { audience: 'billing.internal', method: 'POST', target: '/charges?for=7' })
      const [good, bare] = await Promise.all([
        fetch(url, { method: 'POST', headers: { 'X-AEGIS-Context': said } }),
        fetch(url, { method: 'POST' }),
      ])
      return `${await good.text()} ${await bare.text()}`
    }
    const server = createServer(ADAPTERS[name]?.(verifier, ask))
    const port = await listen(server)
    onTestFinished(() => {
      verifier.close()
      for (const each of [server, billing]) each.close().closeAllConnections()
    })
    const { text } = await sendRaw(port, harness.mint())
    expect(text).toMatch(/http\.get did:key:z6Mk\w+ context_missing/)
  },
)

test('the adapters have one way of signing', () => {
  expect([ofKoa, ofFetch]).toEqual([ofExpress, ofExpress])
})

test.each(Object.keys(ADAPTERS))(
  'AHP-CTX-1 a handler on %s that is reached by a receiver that only reports sees no context of a client',
  async (name) => {
    const harness = createMockHarness({ logSize: 20 })
    const reportOnly = { serveUnverifiedUntil: formatSeconds(harness.clock.seconds() + 86_400), onWouldRefuse: () => {} }
    const verifier = createVerifier({ ...harness.receiver(), log: () => {}, reportOnly })
    await verifier.warm()
    harness.clock.advance(6)
    const seen: unknown[] = []
    const app = SEEING[name]?.(verifier, (value) => seen.push(value ?? 'nothing'))
    const server = createServer(app)
    const port = await listen(server)
    onTestFinished(() => {
      verifier.close()
      server.close().closeAllConnections()
    })
    await sendRaw(port, withLine(harness.mint(), 'X-AEGIS-Context', 'a.b.c'))
    expect(seen).toEqual(['nothing'])
  },
)
