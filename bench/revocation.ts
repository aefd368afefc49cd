/** How long a revoked or suspended agent is still served, end to end over HTTP, as a share of what bounds it. @module */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { harnessFetch } from '@aiegis/agent'
import { parseFlags, startServer, type RunningServer } from '@aiegis/enforcement'
import { requireAiegisToken } from '@aiegis/express'
import { createSigner, didKeyUrl, formatDidKey, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { listen } from '@aiegis/testing'
import { createNodeVerifier, statusHints } from '@aiegis/verifier/node'
import express from 'express'
import { report } from './measure.ts'

/** Seconds between two readings of the status list, which follows a hint within one. */
const REFRESH = 5
/** Seconds that a token of the second harness lives. */
const LIFETIME = 3
/** Odd, so that the median is one of them. */
const ROUNDS = 3
/** Requests of one agent that are allowed before it is stopped; the reference packs allow 60 a minute. */
const REQUESTS = 45

/** An agent whose requests were all allowed before it was stopped. */
interface Agent {
  readonly did: string
  readonly statusIndex: number
  /** Sends the next request that was allowed; true when it was served. */
  next(): Promise<boolean>
}

/**
 * `poll`: from the answer of `revoke` to the first refusal, over the interval of reading. `push`: the same with a hint, over the same
 * interval. `interrupt`: from the answer of `suspend` to the first refusal of tokens made before, over the lifetime of a token.
 * The worst of three rounds each, because a bound is what no round exceeds.
 */
export async function benchRevocation(json: boolean): Promise<void> {
  const poll = await measureStop([], REFRESH, async (server, { statusIndex }) => void server.enforcement.revoke(statusIndex))
  const push = await measureStop(
    ['notify'],
    REFRESH,
    async (server, { statusIndex }) => void server.enforcement.revoke(statusIndex),
  )
  const interrupt = await measureStop(['--token-seconds', String(LIFETIME)], LIFETIME, async (server, { did }) => {
    await server.enforcement.suspend({ agent: { issuer: server.enforcement.issuerDid, did } }, 'measured')
  })
  const worst = (times: readonly number[], seconds: number): number => Math.round(Math.max(...times) / seconds / 10) / 100
  report(
    'revocation',
    {
      poll_over_refresh: worst(poll, REFRESH),
      push_over_refresh: worst(push, REFRESH),
      interrupt_over_token: worst(interrupt, LIFETIME),
    },
    json,
    ROUNDS,
  )
}

/** Milliseconds from the end of `stop` to the first refusal, for each round. `bound` is in seconds. */
async function measureStop(
  flags: readonly string[],
  bound: number,
  stop: (server: RunningServer, agent: Agent) => Promise<void>,
): Promise<readonly number[]> {
  const state = mkdtempSync(join(tmpdir(), 'aiegis-bench-'))
  const receiver = createServer()
  const orders = `http://127.0.0.1:${await listen(receiver)}`
  const notify = flags.includes('notify') ? ['--notify', `${orders}/hints`] : []
  const server = await startServer(
    parseFlags(['--port', '0', '--state', state, ...flags.filter((flag) => flag !== 'notify'), ...notify]),
  )
  const verifier = createNodeVerifier({ trust: bundleOf(server.enforcement.trustFragment(), orders) })
  const app = express()
  app.post('/hints', statusHints(verifier))
  app.use(requireAiegisToken({ verifier, action: 'orders.read' }))
  app.use((_request, response) => void response.json({ served: true }))
  receiver.on('request', app)
  await verifier.warm()
  // Tokens of the second in which the receiver started are refused: it cannot know what came before.
  await sleep(1000 - (Date.now() % 1000) + 10)
  const times: number[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const agent = await prepare(server, orders)
      if (!(await agent.next())) throw new Error('an agent in good standing was refused')
      await stop(server, agent)
      const stopped = performance.now()
      while (await agent.next()) await sleep((1400 * bound) / REQUESTS)
      times.push(performance.now() - stopped)
    }
  } finally {
    verifier.close()
    receiver.closeAllConnections()
    await new Promise((closed) => receiver.close(closed))
    await server.close()
    rmSync(state, { recursive: true })
  }
  return times
}

/** Has as many requests allowed as can be sent until the worst bound is over. */
async function prepare({ enforcement }: RunningServer, orders: string): Promise<Agent> {
  const signer: SyncSigner = createSigner(randomBytes(32), (key) => didKeyUrl(formatDidKey(key)))
  const { passport, agentDid, statusIndex } = await enforcement.issuePassport({
    agent: signer.publicKey,
    mission: [{ action: 'orders.read', target: `${orders}/*` }],
  })
  const sends: (() => Promise<Response>)[] = []
  const act = harnessFetch({
    protect: enforcement.url,
    passport,
    signer,
    action: 'orders.read',
    fetch: async (input, init) => {
      if (new Request(input).url.startsWith(enforcement.url)) return fetch(input, init)
      sends.push(() => fetch(input, init))
      return new Response()
    },
  })
  for (let count = 0; count < REQUESTS; count++) await act(`${orders}/orders/7`)
  return {
    did: agentDid,
    statusIndex,
    async next() {
      const response = await sends.shift()?.()
      if (response === undefined) throw new Error('the agent was served until its last token')
      await response.arrayBuffer()
      return response.status === 200
    },
  }
}

function bundleOf(fragment: JsonObject, audience: string): JsonObject {
  return {
    ahp: 'ahp-receiver/0.1',
    audience,
    bases: [{ public: audience, mount: '/', authority: 'match' }],
    ...fragment,
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: 0, statusRefreshSeconds: REFRESH },
  }
}
