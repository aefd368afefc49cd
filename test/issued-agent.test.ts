/** The life of an agent over real HTTP: enrolled, issued, served, handed off to, suspended, revoked. @module */
import { evidenceHeaders, signAsk } from '@aiegis/agent'
import { requireAiegisToken, getAiegis } from '@aiegis/express'
import { isObject, utf8, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { problemOf, sendRaw, type RawResponse } from '@aiegis/testing'
import { createVerifier, type AiegisContext, type Verifier } from '@aiegis/verifier'
import express from 'express'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { agentKey, createDesk, type Desk } from '../packages/enforcement/test/desk.ts'
import { API, handOff, shows, TASK, text, trustIn } from '../packages/enforcement/test/scene.ts'
import { listen } from './receiver.ts'

/** What an agent holds. */
interface Agent {
  readonly key: SyncSigner
  readonly passport: string
}

/** An answer of the harness, and the request that it is about. */
interface Decided {
  readonly status: number
  readonly json: JsonObject
  readonly agent: Agent
}

let desk: Desk
let verifier: Verifier
let receiver: { readonly port: number; close(): Promise<void> }
const contexts: AiegisContext[] = []

beforeAll(async () => {
  desk = await createDesk()
  verifier = createVerifier({
    trust: trustIn(desk.server().enforcement),
    get: async (url) => {
      const response = await fetch(url, { redirect: 'manual' })
      const contentType = response.headers.get('content-type') ?? ''
      return { status: response.status, contentType, body: new Uint8Array(await response.arrayBuffer()) }
    },
    inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
    now: () => desk.clock.now,
  })
  await verifier.warm()
  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use((request, response) => {
    contexts.push(getAiegis(request))
    response.json({ served: true })
  })
  receiver = await listen(app)
})
afterAll(async () => {
  verifier.close()
  await receiver.close()
  await desk.close()
  if (desk.faults.length > 0) throw new Error(desk.faults.join('; '))
})
beforeEach(async () => {
  // The receiver's memory of used tokens begins with its start, and lists are read every minute.
  desk.clock.now += 6_000
  await verifier.warm()
})

/** Enrols an agent and has it prove its key. */
async function newAgent(seed: number, wanted: JsonObject = {}): Promise<Agent> {
  const key = agentKey(seed)
  const { json } = await desk.issue(key, await desk.enrol(wanted))
  return { key, passport: text(json['passport']) }
}

/** Asks the harness about GET /orders. */
async function ask(agent: Agent): Promise<Decided> {
  const content = utf8(JSON.stringify(shows('GET', '/orders')))
  const url = `${desk.origin()}/api/protect`
  const created = Math.floor(desk.clock.now / 1000)
  const signed = await signAsk(agent.key, { url, content, passport: agent.passport, created, nonce: crypto.randomUUID() })
  const headers = { ...signed, 'Content-Type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(content) })
  const json: unknown = await response.json()
  if (!isObject(json)) throw new Error('no answer')
  return { status: response.status, json, agent }
}

/** Sends GET /orders with what the harness gave. */
async function use({ json, agent }: Decided): Promise<RawResponse> {
  const evidence = await evidenceHeaders(agent.key, {
    method: 'GET',
    url: `${API}/orders`,
    token: text(json['token']),
    passport: agent.passport,
    proof: text(json['proof']),
    created: Math.floor(desk.clock.now / 1000),
  })
  const lines = [['Host', 'api.example.com'] as const, ...Object.entries(evidence)]
  return sendRaw(receiver.port, { method: 'GET', target: '/orders', lines, body: new Uint8Array() })
}

const said = (response: RawResponse): string =>
  response.status === 200 ? '200' : `${response.status} ${text(problemOf(response)['code'])}`

test('AHP-ISSUE-6 an agent that was enrolled and proved its key is served', async () => {
  const decided = await ask(await newAgent(71))
  expect([decided.status, said(await use(decided)), said(await use(decided))]).toEqual([200, '200', '409 token_replayed'])
})

test('AHP-ASK-25 an agent that got a task handed off is served under it, on the authority of the other', async () => {
  const parent = await newAgent(72, { maxDepth: 2 })
  const child = await newAgent(73, { delegatedOnly: true })
  expect((await ask(child)).json['reason']).toBe('delegated_only')
  const agent = { key: child.key, passport: await handOff(parent.passport, parent.key, child) }
  expect(said(await use(await ask(agent)))).toBe('200')
  expect(contexts.at(-1)).toMatchObject({ depth: 1, task: TASK, principal: { issuer: 'did:web:identity.example' } })
})

test('AHP-STATUS-4 a revoked agent is refused by the harness at once and by a receiver after its next reading', async () => {
  const agent = await newAgent(74)
  const [first, second] = [await ask(agent), await ask(agent)]
  const revoked = await desk.post('/api/agent/revoke', { passport: agent.passport })
  expect([revoked.json['changed'], (await ask(agent)).json['code']]).toEqual([true, 'ask_untrusted'])
  expect(said(await use(first))).toBe('200')
  await verifier.warm()
  expect(said(await use(second))).toBe('401 passport_revoked')
})

test('AHP-ASK-28 a suspended agent gets nothing from the harness; what it got before ends with its time, and not before', async () => {
  const agent = await newAgent(75)
  const [first, second] = [await ask(agent), await ask(agent)]
  const { enforcement } = desk.server()
  const name = { issuer: enforcement.issuerDid, did: text(first.json['agent_did']) }
  await desk.post('/api/agent/suspend', { agent: name, reason: 'asks for too much' })
  const stopped = await ask(agent)
  expect([stopped.status, stopped.json['reason'], stopped.json['token']]).toEqual([401, 'agent_suspended', undefined])
  desk.clock.now += 59_000
  expect(said(await use(first))).toBe('200')
  desk.clock.now += 1_000
  expect(said(await use(second))).toBe('401 token_expired')
  await desk.restart()
  await desk.post('/api/agent/resume', { agent: name })
  expect(said(await use(await ask(agent)))).toBe('200')
})
