import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'vitest' // or from 'node:test', or from '@jest/globals'
import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'
import { createMockHarness, listen } from '@aiegis/testing'
import express from 'express'

test('no route of the app serves without evidence, but /health', async () => {
  const verifier = createNodeVerifier(createMockHarness().receiver())
  const app = express().get('/health', (_request, response) => void response.send('up'))
  app.use(requireAiegisToken({ verifier }))
  app.get('/orders/:id', (_request, response) => void response.send('an order'))
  app.post('/orders', (_request, response) => void response.sendStatus(201))
  const server = createServer(app)
  const origin = `http://127.0.0.1:${await listen(server)}`
  const answers = []
  for (const { route } of app.router.stack.filter((layer) => layer.route))
    for (const { method } of route.stack) {
      const { status } = await fetch(origin + route.path.replace(':id', '7'), { method: method.toUpperCase() })
      answers.push(`${method} ${route.path} ${status}`)
    }
  await new Promise((closed) => server.close(closed))
  verifier.close()
  assert.deepEqual(answers, ['get /health 200', 'get /orders/:id 401', 'post /orders 401'])
})
