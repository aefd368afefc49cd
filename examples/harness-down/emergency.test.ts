/** The way in beside the check opens for one secret, until its end, and tells of every attempt. @module */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { listen } from '@aiegis/testing'
import express from 'express'
import { expect, test } from 'vitest'
import { emergency } from './emergency.ts'

test.each([
  ['the secret, before the end', 'open', 999, 200],
  ['another secret', 'opened', 999, 404],
  ['no secret', undefined, 999, 404],
  ['the secret, at the end', 'open', 1000, 404],
])('%s', async (_, secret, now, status) => {
  const told: object[] = []
  const secretHash = createHash('sha256').update('open').digest()
  const app = express()
  app.use('/emergency', emergency({ secretHash, until: 1000, log: (attempt) => told.push(attempt), now: () => now }))
  app.post('/emergency/stop', (_request, response) => void response.sendStatus(200))
  const server = createServer(app)
  const url = `http://127.0.0.1:${await listen(server)}/emergency/stop`
  const headers: Record<string, string> = secret === undefined ? {} : { 'x-emergency-secret': secret }
  const response = await fetch(url, { method: 'POST', headers })
  await new Promise((closed) => server.close(closed))
  expect([response.status, told]).toEqual([status, [{ admitted: status === 200, method: 'POST', url: '/emergency/stop' }]])
})
