// An agent and a receiver against the handlers for msw, with whichever msw is found from where this file lies (scripts/runners.mjs).
import assert from 'node:assert/strict'
import { harnessFetch } from '@aiegis/agent'
import { createMockHarness, lineOf, NAMES } from '@aiegis/testing'
import { mswHandlers, PROTECT_URL } from '@aiegis/testing/msw'
import { http } from 'msw'
import { setupServer } from 'msw/node'

const harness = createMockHarness({ logSize: 20 })
const sent = []
const server = setupServer(
  ...mswHandlers(http, harness, {
    decide: ({ method }) => ({ decision: method === 'DELETE' ? 'BLOCK' : 'ALLOW', reason: 'of the test' }),
  }),
  http.get('https://api.example.com/orders/7', ({ request }) => {
    sent.push(request.headers.get('x-aegis-token'))
    return new Response('served')
  }),
)
server.listen({ onUnhandledRequest: 'error' })

const call = harnessFetch({
  protect: PROTECT_URL,
  passport: lineOf(harness.mint(), 'X-AEGIS-Passport'),
  signer: harness.keys.agent,
  now: harness.clock.now,
})
assert.equal(await (await call('https://api.example.com/orders/7')).text(), 'served')
assert.equal(sent[0].split('.').length, 3)
await assert.rejects(
  call('https://api.example.com/orders/7', { method: 'DELETE' }),
  /the harness blocked the request: of the test/,
)
assert.equal((await fetch(NAMES.statusList)).headers.get('content-type'), 'application/vc+jwt')
assert.equal((await (await fetch('https://harness.example/.well-known/did.json')).json()).id, NAMES.harness)
assert.equal(await (await fetch(`${NAMES.logUrl}/checkpoint`)).text(), harness.log.checkpoint())
assert.equal((await (await fetch(`${NAMES.logUrl}/tile/0/000.p/20`)).arrayBuffer()).byteLength, 640)
harness.status.set('down')
await assert.rejects(fetch(NAMES.statusList), TypeError)
server.close()
