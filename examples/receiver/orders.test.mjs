import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'vitest' // or from 'node:test', or from '@jest/globals'
import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'
import { createMockHarness, listen, problemOf, sendRaw } from '@aiegis/testing'
import express from 'express'

test('an order needs evidence, and each token orders once', async () => {
  const harness = createMockHarness() // real keys, a real log, and a clock that stands
  const verifier = createNodeVerifier({ ...harness.receiver(), actions: { 'POST /orders': 'orders.create' } })
  await verifier.warm()
  harness.clock.advance(6) // past the start, before which tokens could have been used
  const app = express().use(requireAiegisToken({ verifier }))
  const server = createServer(app.post('/orders', (_request, response) => response.sendStatus(201)))
  const port = await listen(server)
  const outcome = async (request) => problemOf(await sendRaw(port, request)).code ?? 'served'
  const order = () => harness.mint({ method: 'POST', url: 'https://api.example.com/orders', action: 'orders.create' })
  const [first, late] = [order(), order()]
  assert.equal(await outcome(first), 'served')
  assert.equal(await outcome(first), 'token_replayed')
  assert.equal(await outcome(harness.breakIt('possession_invalid').request), 'possession_invalid')
  harness.clock.advance(60)
  assert.equal(await outcome(late), 'token_expired')
  await new Promise((closed) => server.close(closed))
  verifier.close()
})
