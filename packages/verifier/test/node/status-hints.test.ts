import { createServer, request as requestOf, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { captureRawBody, getAiegis, requireAiegisToken, statusHints, type Verifier } from '@aiegis/express'
import { createMockHarness, NAMES, problemOf, sendRaw } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const GOOD = JSON.stringify({ list: NAMES.statusList })
const JSON_TYPE = { 'content-type': 'application/json' }

let hints: (string | undefined)[]
let verifier: Verifier
const servers: Server[] = []

beforeEach(() => {
  hints = []
  const made = createVerifier(createMockHarness({ logSize: 5 }).receiver())
  verifier = { ...made, statusChanged: (url) => void hints.push(url) }
  made.close()
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})

async function listen(listener: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

async function send(init: RequestInit, port?: number): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port ?? (await listen(statusHints(verifier)))}/`, init)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE): Promise<Answer> =>
  send({ method: 'POST', body, headers })

describe('AHP-STATUS-17 the handler for hints', () => {
  test('answers 202 without content and tells the verifier', async () => {
    const { status, text } = await post(GOOD)
    expect([status, text, hints]).toEqual([202, '', [NAMES.statusList]])
  })

  test('answers the same for a list that nobody knows', async () => {
    const known = await post(GOOD)
    const unknown = await post('{"list":"https://identity.example/status/revocation/2"}')
    const shown = ({ status, text, headers }: Answer): unknown => [status, text, [...headers.keys()]]
    expect(shown(unknown)).toEqual(shown(known))
  })

  test.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8'])('takes %s', async (type) => {
    expect((await post(GOOD, { 'content-type': type })).status).toBe(202)
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('answers %s with 405', async (method) => {
    const { status, text, headers } = await send({ method })
    expect([status, text, headers.get('allow'), hints]).toEqual([405, '', 'POST', []])
  })

  test.each<[string, Record<string, string>]>([
    ['no type', { 'content-type': '' }],
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another kind of JSON', { 'content-type': 'application/ld+json' }],
    ['a content coding', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ])('answers %s with 415', async (_, headers) => {
    const { status, text } = await post(GOOD, headers)
    expect([status, text, hints]).toEqual([415, '', []])
  })

  const padded = (bytes: number): string => `${GOOD}${' '.repeat(bytes - GOOD.length)}`
  test('takes 2,048 bytes and answers one more with 413', async () => {
    expect((await post(padded(2048))).status).toBe(202)
    const { status, text } = await post(padded(2049))
    expect([status, text, hints.length]).toEqual([413, '', 1])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', 'list'],
    ['a list', '["https://identity.example/status/revocation/1"]'],
    ['no list', '{}'],
    ['a number', '{"list":1}'],
    ['an address that is none', '{"list":"status/revocation/1"}'],
    ['an address in another spelling', '{"list":"https://IDENTITY.example/status/revocation/1"}'],
    ['an address with a query', '{"list":"https://identity.example/status/revocation/1?x"}'],
    ['an address of another scheme', '{"list":"file:///etc/passwd"}'],
    ['a member more', GOOD.replace('}', ',"revoked":[7]}')],
    ['a member twice', GOOD.replace('{', '{"list":"https://identity.example/status/revocation/2",')],
    ['a byte order mark', `\u{feff}${GOOD}`],
  ])('answers content that is %s with 400', async (_, body) => {
    const { status, text } = await post(body)
    expect([status, text, hints]).toEqual([400, '', []])
  })

  test('answers bytes that are no UTF-8 with 400', async () => {
    expect((await post(Uint8Array.of(0x22, 0xff, 0x22))).status).toBe(400)
  })

  test.each([
    ['another type', { 'content-type': 'text/plain', 'content-length': 100 }],
    ['too much content', { ...JSON_TYPE, 'content-length': 2049 }],
  ])('closes the connection where it did not read the content: %s', async (_, headers) => {
    const port = await listen(statusHints(verifier))
    const early = requestOf({ port, host: '127.0.0.1', method: 'POST', headers })
    early.write('{')
    const response = await new Promise<IncomingMessage>((resolve) => early.on('response', resolve))
    expect(response.headers.connection).toBe('close')
    early.on('error', () => {})
    early.destroy()
  })

  test('asks for content that waits to be asked for, where the server leaves that to it', async () => {
    const handler = statusHints(verifier)
    const port = await listen(handler)
    servers.at(-1)?.on('checkContinue', handler)
    const headers = { ...JSON_TYPE, 'content-length': GOOD.length, expect: '100-continue' }
    const waiting = requestOf({ port, host: '127.0.0.1', method: 'POST', headers })
    waiting.on('continue', () => waiting.end(GOOD))
    const { statusCode } = await new Promise<IncomingMessage>((resolve) => waiting.on('response', resolve))
    expect([statusCode, hints]).toEqual([202, [NAMES.statusList]])
  })

  test('goes on after many hints on one connection and after senders that leave', async () => {
    const port = await listen(statusHints(verifier))
    for (let sent = 0; sent < 20; sent++)
      expect((await send({ method: 'POST', body: GOOD, headers: JSON_TYPE }, port)).status).toBe(202)
    const leaving = requestOf({ port, host: '127.0.0.1', method: 'POST', headers: { ...JSON_TYPE, 'content-length': 100 } })
    leaving.on('error', () => {})
    leaving.write('{', () => leaving.destroy())
    await new Promise((resolve) => leaving.on('close', resolve))
    expect((await send({ method: 'POST', body: GOOD, headers: JSON_TYPE }, port)).status).toBe(202)
  })
})

describe('the handler for hints in an application', () => {
  test('stands in front of requireAiegisToken, which guards everything else', async () => {
    const harness = createMockHarness({ logSize: 5 })
    const real = createVerifier(harness.receiver())
    await real.warm()
    harness.clock.advance(6)
    const app = express()
    app.post('/status-hints', statusHints(real))
    app.use(requireAiegisToken({ verifier: real }))
    app.use((request, response) => void response.json({ by: getAiegis(request).presenter.did }))
    const port = await listen(app)
    const served = await sendRaw(port, harness.mint())
    expect(served.status).toBe(200)
    harness.status.revoke(94_567)
    const hint = await fetch(`http://127.0.0.1:${port}/status-hints`, { method: 'POST', body: GOOD, headers: JSON_TYPE })
    expect(hint.status).toBe(202)
    const codeNow = async (): Promise<unknown> => problemOf(await sendRaw(port, harness.mint()))['code']
    await expect.poll(codeNow, { timeout: 5000 }).toBe('passport_revoked')
    expect((await fetch(`http://127.0.0.1:${port}/status-hints/other`, { method: 'POST' })).status).toBe(401)
    real.close()
  })

  test('finds the bytes that a parser in front has kept, and answers 500 where it kept none', async () => {
    for (const [parser, expected] of [
      [express.json({ verify: captureRawBody }), 202],
      [express.json(), 500],
    ] as const) {
      const app = express()
      app.use(parser, statusHints(verifier))
      expect((await send({ method: 'POST', body: GOOD, headers: JSON_TYPE }, await listen(app))).status).toBe(expected)
    }
  })
})
