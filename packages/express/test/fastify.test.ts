/** As a hook of Fastify: what it covers, and what its tests make up (spec chapters 7 and 10). @module */
import type { AddressInfo } from 'node:net'
import { createMockHarness, lineOf, problemOf, sendRaw, withLine, type MockHarness } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { fastify, type FastifyInstance } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { requireAiegisToken } from '../src/index.ts'

const URL = 'https://api.example.com/orders'

interface Scene {
  readonly harness: MockHarness
  readonly app: FastifyInstance
  readonly lines: string[]
  hook(this: void): void
}

async function scene(): Promise<Scene> {
  const harness = createMockHarness({ logSize: 10 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const lines: string[] = []
  const aiegis = requireAiegisToken({ verifier, log: (line) => lines.push(line) })
  const app = fastify()
  onTestFinished(async () => {
    verifier.close()
    await app.close()
  })
  const hook = (): void => void app.addHook('onRequest', ({ raw }, reply, done) => void aiegis(raw, reply.raw, done))
  return { harness, app, lines, hook }
}

test('AHP-ROAD-1 the hook covers routes, plugins and handlers of what is not found, also those that were there before it', async () => {
  const { harness, app, hook } = await scene()
  app.get('/early', async () => 'served')
  app.register(async (plugin) => {
    plugin.get('/plugin/early', async () => 'served')
    plugin.setNotFoundHandler(async () => 'served')
  })
  hook()
  app.register(async (plugin) => void plugin.get('/plugin/late', async () => 'served'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = app.server.address() as AddressInfo
  for (const path of ['/early', '/plugin/early', '/plugin/late', '/none']) {
    const request = harness.mint({ method: 'GET', url: `https://api.example.com${path}`, action: 'http.get' })
    expect(problemOf(await sendRaw(port, withLine(request, 'X-AEGIS-Token')))).toMatchObject({ code: 'token_missing' })
    expect((await sendRaw(port, request)).text).toBe('served')
  }
})

test('AHP-ROAD-6 a request that inject() makes up is refused at once, and the log says why', async () => {
  const { harness, app, lines, hook } = await scene()
  hook()
  app.post('/orders', async () => 'served')
  const content = '{}'
  const request = harness.mint({ method: 'POST', url: URL, contentType: 'application/json', content })
  const injected = async (headers: Record<string, string>): Promise<unknown> =>
    (await app.inject({ method: 'POST', url: '/orders', headers, payload: content })).json()
  const host = { host: lineOf(request, 'Host') ?? '' }
  expect(await injected(host)).toMatchObject({ code: 'token_missing' })
  expect(await injected(Object.fromEntries(request.lines))).toMatchObject({ code: 'misconfigured', status: 500 })
  expect(lines).toEqual([expect.stringContaining('no server has received this request')])
})
