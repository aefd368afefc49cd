/** The handlers for msw: an agent and a receiver work against them as against the network (spec chapters 2.7, 5.5, 9 and 15). @module */
import { harnessFetch, HarnessBlocked, HarnessFailed } from '@aiegis/agent'
import { createVerifier, type HttpGet, type Verifier } from '@aiegis/verifier'
import { http } from 'msw'
import { setupServer } from 'msw/node'
import { expect, onTestFinished, test } from 'vitest'
import { createMockHarness, lineOf, NAMES, receivedFrom, type MockHarness, type RawRequest } from '../src/index.ts'
import { mswHandlers, PROTECT_URL, type MswOptions } from '../src/msw.ts'

/** A harness behind msw, and a receiver that reads everything over `fetch`. */
async function scene(options: MswOptions = {}) {
  const harness = createMockHarness({ logSize: 20 })
  const server = setupServer(...mswHandlers(http, harness, options))
  server.listen({ onUnhandledRequest: 'error' })
  onTestFinished(() => server.close())
  return { harness, verifier: await receiverOf(harness) }
}

/** Reads everything over `fetch`, and is past its start. */
async function receiverOf(harness: MockHarness): Promise<Verifier> {
  const verifier = createVerifier({ ...harness.receiver(), get: overFetch })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return verifier
}

const overFetch: HttpGet = async (url) => {
  const response = await fetch(url)
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: new Uint8Array(await response.arrayBuffer()),
  }
}

/** Sends with `fetch` of the agent; what would go to the receiver is kept. */
function agentOf(harness: MockHarness, handOffs?: number) {
  const sent: Request[] = []
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    if (request.url === PROTECT_URL) return fetch(request)
    sent.push(request)
    return new Response('served')
  }
  const example = harness.mint(handOffs === undefined ? {} : { handOffs })
  const signer = [harness.keys.agent, harness.keys.worker, harness.keys.helper][handOffs ?? 0] ?? harness.keys.agent
  const passport = lineOf(example, 'X-AEGIS-Passport') ?? ''
  return { sent, call: harnessFetch({ protect: PROTECT_URL, passport, signer, fetch: send, now: harness.clock.now }) }
}

async function rawOf(request: Request): Promise<RawRequest> {
  const { host, pathname, search } = new URL(request.url)
  const body = new Uint8Array(await request.arrayBuffer())
  const length = body.length === 0 ? [] : ([['Content-Length', String(body.length)]] as const)
  return { method: request.method, target: pathname + search, lines: [['Host', host], ...length, ...request.headers], body }
}

test.each([undefined, 1, 2])('an agent asks, and what it sends then is served, with %s hand-offs', async (handOffs) => {
  const { harness, verifier } = await scene()
  const { call, sent } = agentOf(harness, handOffs)
  await call('https://api.example.com/orders?dry=1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: new Uint8Array([0, 255, 1]),
  })
  const [request] = sent
  const context = await verifier.verify(receivedFrom(await rawOf(request ?? new Request('about:blank'))))
  expect([context.action, context.depth]).toEqual(['http.post', handOffs ?? 0])
})

test('what the test decides reaches the agent: BLOCK before anything is sent, WARN in the token', async () => {
  const { harness, verifier } = await scene({
    decide: ({ method }) => ({ decision: method === 'GET' ? 'WARN' : 'BLOCK', reason: 'of the test' }),
  })
  const { call, sent } = agentOf(harness)
  await expect(call('https://api.example.com/orders', { method: 'DELETE' })).rejects.toThrow(HarnessBlocked)
  expect(sent).toEqual([])
  await call('https://api.example.com/orders')
  await expect(verifier.verify(receivedFrom(await rawOf(sent[0] ?? new Request('about:blank'))))).rejects.toMatchObject({
    code: 'warn_not_accepted',
  })
})

test('a question without passport, signature or request gets a decision and no token', async () => {
  await scene()
  const answer = await fetch(PROTECT_URL, {
    method: 'POST',
    body: JSON.stringify({
      action: 'http.get',
      target: 'https://api.example.com/orders',
      context: { agent_did: 'did:key:z6Mk' },
    }),
  })
  expect([answer.status, await answer.json()]).toMatchObject([200, { decision: 'ALLOW', agent_did: 'did:key:z6Mk' }])
  expect(answer.headers.has('x-aegis-token')).toBe(false)
})

test.each(['', '{}', '[]', '{"action":1,"target":"a"}', '{"action":"a","target":"b","context":{"request":{}}}'])(
  'a question %s without its form is 400',
  async (body) => {
    await scene()
    expect((await fetch(PROTECT_URL, { method: 'POST', body })).status).toBe(400)
  },
)

test('status list, DID documents, checkpoint and tiles are where a receiver looks for them', async () => {
  const { harness } = await scene()
  for (const [url, type] of [
    [NAMES.statusList, 'application/vc+jwt'],
    ['https://harness.example/.well-known/did.json', 'application/did+json'],
    ['https://identity.example/.well-known/did.json', 'application/did+json'],
  ] as const) {
    const answer = await fetch(url)
    expect([url, answer.status, answer.headers.get('content-type')]).toEqual([url, 200, type])
  }
  expect(await (await fetch(`${NAMES.logUrl}/checkpoint`)).text()).toBe(harness.log.checkpoint())
  expect(new Uint8Array(await (await fetch(`${NAMES.logUrl}/tile/0/000.p/20`)).arrayBuffer())).toEqual(
    harness.log.tile(0, 0n, 20),
  )
  expect((await fetch(`${NAMES.logUrl}/tile/0/000.p/21`)).status).toBe(404)
  harness.status.revoke(94_567)
  const verifier = await receiverOf(harness)
  await expect(verifier.verify(receivedFrom(harness.mint()))).rejects.toMatchObject({ code: 'passport_revoked' })
})

test.each(['status', 'published', 'documents'] as const)('a host of %s that is down is a network error', async (name) => {
  const { harness } = await scene()
  const url = {
    status: NAMES.statusList,
    published: `${NAMES.logUrl}/checkpoint`,
    documents: 'https://harness.example/.well-known/did.json',
  }[name]
  expect((await fetch(url)).status).toBe(200)
  harness[name].set('down')
  await expect(fetch(url)).rejects.toThrow(TypeError)
})

test('an agent whose harness answers something else is told that there is no decision', async () => {
  const { harness } = await scene()
  const { keys, clock } = harness
  const call = harnessFetch({ protect: 'https://harness.example', passport: 'none', signer: keys.agent, now: clock.now })
  await expect(call('https://api.example.com/orders')).rejects.toThrow(HarnessFailed)
})
