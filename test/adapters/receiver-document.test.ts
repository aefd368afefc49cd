/** What a receiver tells of itself, on each adapter over real sockets (spec chapter 11.4). @module */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as onExpress from '@aiegis/express'
import { honoAiegis, describeReceiver } from '@aiegis/fetch/hono-node'
import * as onKoa from '@aiegis/koa'
import { createMockHarness, listen, sendRaw, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type Verifier } from '@aiegis/verifier'
import { getRequestListener } from '@hono/node-server'
import { Router } from '@koa/router'
import { Ajv2020 } from 'ajv/dist/2020.js'
import express from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bare } from '../raw.ts'

const PATH = '/.well-known/aiegis-receiver'
const ACTIONS = { 'POST /orders/:id': 'orders.create', 'GET /orders{/*rest}': 'orders.read' }
const BASES = [
  { public: 'https://api.example.com', mount: '/', authority: 'match' },
  { public: 'https://other.example/v1', mount: '/internal', authority: 'match' },
]

const folder = new URL('../../spec/schemas/', import.meta.url)
const ajv = new Ajv2020({ strict: false })
for (const name of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

const ADAPTERS: Readonly<Record<string, (verifier: Verifier) => Listener>> = {
  Express: (verifier) =>
    express().use(PATH, onExpress.receiverDocument(verifier)).use(onExpress.requireAiegisToken({ verifier })),
  Koa(verifier) {
    const document = onKoa.receiverDocument(verifier)
    const open = new Router().all(PATH, (ctx) => document(ctx.req, ctx.res))
    return new Koa().use(open.routes()).use(onKoa.requireAiegisToken({ verifier })).callback()
  },
  Hono(verifier) {
    const app = new Hono().get(PATH, (c) => c.json(describeReceiver(verifier))).use(honoAiegis({ verifier }))
    return getRequestListener(app.fetch)
  },
}

async function scene(listener: (verifier: Verifier) => Listener): Promise<{
  readonly harness: MockHarness
  readonly verdicts: string[]
  readonly send: (request: RawRequest) => ReturnType<typeof sendRaw>
}> {
  const harness = createMockHarness({ logSize: 20 })
  const verdicts: string[] = []
  const verifier = createVerifier({
    ...harness.receiver({ bases: BASES }),
    actions: ACTIONS,
    onVerdict: ({ verdict }) => verdicts.push(verdict),
  })
  const handle = listener(verifier)
  const server = createServer((request, response) => void handle(request, response))
  const port = await listen(server)
  onTestFinished(() => {
    verifier.close()
    server.close()
  })
  return { harness, verdicts, send: (request) => sendRaw(port, request) }
}

describe.each(Object.entries(ADAPTERS))('%s', (_name, listener) => {
  test('AHP-REQ-14 tells audience, bases, harnesses and the whole map of actions, and nothing else that it knows', async () => {
    const { harness, send } = await scene(listener)
    const { status, headers, text } = await send(bare('GET', PATH))
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    const document: unknown = JSON.parse(text)
    expect(document).toEqual({
      ahp: 'ahp-receiver/0.1',
      audience: 'https://api.example.com',
      bases: BASES.map(({ public: own, mount }) => ({ public: own, mount })),
      harnesses: ['did:web:harness.example'],
      actions: ACTIONS,
    })
    expect(ajv.validate('receiver.schema.json', document)).toBe(true)
    const trust = JSON.stringify(harness.trust())
    for (const secret of trust.match(/"(?:x|vkey|kid)":"[^"]+"|did:web:identity[^"]*/g) ?? []) expect(text).not.toContain(secret)
  })

  test('AHP-REQ-15 verifies and claims nothing, also with evidence, and other methods and paths do not reach it', async () => {
    const { harness, verdicts, send } = await scene(listener)
    harness.clock.advance(6)
    const minted = harness.mint({ url: `https://api.example.com${PATH}` })
    expect([(await send(minted)).status, (await send(minted)).status]).toEqual([200, 200])
    expect((await send(bare('HEAD', PATH))).text).toBe('')
    expect(verdicts).toEqual([])
    expect([401, 405]).toContain((await send(bare('POST', PATH))).status)
    expect((await send(bare('GET', '/.well-known/other'))).status).toBe(401)
  })
})
