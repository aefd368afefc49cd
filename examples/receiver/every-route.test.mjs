import assert from 'node:assert/strict'
import { test } from 'vitest' // or from 'node:test', or from '@jest/globals'
import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'
import { routesOf, unprotectedRoutes } from '@aiegis/express/routes'
import { createMockHarness } from '@aiegis/testing'
import express from 'express'

test('every route of the app is behind the check, but /health', () => {
  const verifier = createNodeVerifier(createMockHarness().receiver())
  const app = express().get('/health', (_request, response) => void response.send('up'))
  app.use(requireAiegisToken({ verifier }))
  app.get('/orders/:id', (_request, response) => void response.send('an order'))
  assert.deepEqual(unprotectedRoutes(routesOf(app), ['GET /health']), [])
  assert.deepEqual(unprotectedRoutes(routesOf(express().post('/orders', () => {}))), ['POST /orders'])
  verifier.close()
})
