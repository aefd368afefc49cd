/** The receiver of evidence from scratch: an Express app, a trust bundle, and a host for the status list. @module */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'
import { listen } from '@aiegis/testing'
import express from 'express'
import { HARNESS, HARNESS_KID } from './harness.ts'
import { createStatusList, ISSUER } from './issuer.ts'
import { vkeyOf, type Pair } from './keys.ts'
import { ORIGIN } from './log.ts'

/** Everything that listens. */
export interface Receiver {
  /** Origin of the receiver. */
  readonly url: string
  /** URL of the status list. */
  readonly list: string
  /** How often a handler ran. */
  readonly effects: () => number
  readonly close: () => Promise<void>
}

/** Starts it; it trusts these keys. */
export async function startReceiver(keys: Readonly<Record<'harness' | 'issuer' | 'status' | 'log', Pair>>): Promise<Receiver> {
  const server = createServer()
  const url = `http://127.0.0.1:${await listen(server)}`
  const list = `${url}/status/1`
  const pin = (kid: string, { jwk }: Pair): object => ({ kid, jwk })
  const verifier = createNodeVerifier({
    trust: {
      ahp: 'ahp-receiver/0.1',
      audience: url,
      bases: [{ public: url, mount: '/', authority: 'match' }],
      harnesses: [{ did: HARNESS, keys: [pin(HARNESS_KID, keys.harness)], ledgers: [ORIGIN] }],
      issuers: [
        {
          did: ISSUER,
          keys: [pin(`${ISSUER}#1`, keys.issuer)],
          roles: ['root'],
          status: { lists: [list], keys: [pin(`${ISSUER}#status-1`, keys.status)] },
        },
      ],
      ledgers: [{ origin: ORIGIN, vkey: vkeyOf(ORIGIN, keys.log), assurance: 'proof' }],
      replay: { memory: { singleProcess: true } },
      time: { skewSeconds: 0 },
    },
    actions: { 'POST /orders': 'orders.create' },
  })
  let effects = 0
  const statusList = await createStatusList(keys.status, list)
  const app = express()
  app.get('/status/1', (_request, response) => void response.type('application/vc+jwt').send(Buffer.from(statusList)))
  app.use(requireAiegisToken({ verifier }))
  app.post('/orders', (_request, response) => {
    effects++
    response.sendStatus(201)
  })
  server.on('request', app)
  await verifier.warm()
  // Tokens of the second in which the receiver started are refused: it cannot know what came before.
  await sleep(1010 - (Date.now() % 1000))
  return {
    url,
    list,
    effects: () => effects,
    close: async () => {
      verifier.close()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
