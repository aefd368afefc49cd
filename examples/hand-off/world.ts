/** Starts everything: a harness, two receivers, a planner, a worker that listens for tasks, and a stranger. @module */
import { createServer, type RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { handOff, type HandOff, type HandOffOptions } from '@aiegis/agent'
import { createNodeVerifier, type Verifier } from '@aiegis/express'
import { parseFlags, startServer } from '@aiegis/enforcement'
import type { JsonObject, JsonValue } from '@aiegis/protocol'
import { listen } from '@aiegis/testing'
import { ACTIONS } from '../story/orders-api.ts'
import { createAgent, type Agent } from './agents.ts'
import { createCareless, type Careless } from './careless.ts'
import { policy } from './policy.ts'
import { createReceiver } from './receiver.ts'
import { createWorker, GIVE } from './worker.ts'

/** Everything that a scene may use. */
export interface World {
  /** Origin of the harness. */
  readonly protect: string
  readonly careless: Careless
  /** Origin of the receiver for which the planner hands off. */
  readonly orders: string
  /** Origin of a receiver that no hand-off names. */
  readonly elsewhere: string
  readonly planner: Agent
  readonly worker: Agent
  /** A third agent, with a good passport: it may send tasks to the worker, and has seen what others send. */
  readonly stranger: Agent
  /** Where the worker listens. */
  readonly tasks: string
  /** The planner hands the reading of orders to the worker, in a task of its own each time. */
  handOff(changes?: Partial<HandOffOptions>): Promise<HandOff>
  /** How often handlers of both receivers ran. */
  readonly effects: () => number
  /** How much evidence the last request to a receiver had, and whether it had the chain itself. */
  readonly evidence: () => string
  close(): Promise<void>
}

const NAMES = [
  '--did=did:web:harness.acme.example',
  '--issuer=did:web:identity.acme.example',
  '--log-origin=ledger.acme.example/aiegis/1',
]

/** Starts it on free ports, with keys that live as long as the process. */
export async function createWorld(state: string): Promise<World> {
  const harness = await startServer(parseFlags(['--port', '0', '--state', state, ...NAMES]), await policy())
  const { enforcement } = harness
  const careless = createCareless()
  const closing: (() => Promise<void>)[] = [() => harness.close()]
  let effects = 0
  let evidence = ''

  /** An origin to which an app is given once its address is known. */
  async function serve(appFor: (origin: string) => RequestListener | Promise<RequestListener>): Promise<string> {
    const server = createServer()
    const origin = `http://127.0.0.1:${await listen(server)}`
    closing.push(async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    })
    server.on('request', await appFor(origin))
    return origin
  }

  const startReceiver = (
    trusted: JsonObject,
    actions: object,
    appFor: (verifier: Verifier) => RequestListener,
  ): Promise<string> =>
    serve(async (origin) => {
      const trust = bundleOf(origin, enforcement.trustFragment(), trusted)
      const verifier = createNodeVerifier({ trust, actions: { ...actions } })
      closing.push(async () => verifier.close())
      await verifier.warm()
      return appFor(verifier)
    })
  const startOrders = (): Promise<string> =>
    startReceiver(careless.trust, ACTIONS, (verifier) => {
      const app = createReceiver(verifier, () => effects++)
      return (request, response) => {
        evidence = evidenceIn(request.rawHeaders)
        app(request, response)
      }
    })

  const orders = await startOrders()
  const elsewhere = await startOrders()
  const mission = [orders, elsewhere].map((origin) => ({ action: 'orders.*', target: `${origin}/*` }))
  const named = [enforcement.did, careless.did]
  // The worker never acts for itself.
  const worker = await createAgent('worker', enforcement, { mission, harness: named, delegatedOnly: true })
  const tasks = await startReceiver({}, { 'POST /tasks': GIVE }, (verifier) => createWorker(worker, enforcement.url, verifier))
  const sending = { action: GIVE, target: `${tasks}/tasks` }
  const planner = await createAgent('planner', enforcement, { mission: [...mission, sending], harness: named, maxDepth: 1 })
  const stranger = await createAgent('stranger', enforcement, { mission: [sending], harness: named })
  // Tokens of the second in which a receiver started are refused: it cannot know what came before.
  await sleep(1000 - (Date.now() % 1000) + 10)

  return {
    protect: enforcement.url,
    careless,
    orders,
    elsewhere,
    planner,
    worker,
    stranger,
    tasks,
    handOff: (changes = {}) =>
      handOff({
        chain: planner.passport,
        signer: planner.signer,
        to: worker.did,
        audience: orders,
        // Wider than the audience, which holds all the same.
        mission: [orders, elsewhere].map((origin) => ({ action: 'orders.read', target: `${origin}/*` })),
        ...changes,
      }),
    effects: () => effects,
    evidence: () => evidence,
    async close() {
      for (const end of closing.toReversed()) await end()
    },
  }
}

function bundleOf(audience: string, fragment: JsonObject, careless: JsonObject): JsonObject {
  const both = (name: string): JsonValue => [fragment, careless].flatMap((part) => part[name] ?? [])
  return {
    ahp: 'ahp-receiver/0.1',
    audience,
    bases: [{ public: audience, mount: '/', authority: 'match' }],
    ...fragment,
    harnesses: both('harnesses'),
    ledgers: both('ledgers'),
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: 0 },
    limits: { delegations: 2 },
  }
}

function evidenceIn(raw: readonly string[]): string {
  const lines = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}\r\n`] : []))
  const evidence = lines.filter((line) => /^(?:x-aegis-|signature)/i.test(line)).join('')
  return `${evidence.length} bytes of evidence with ${/^x-aegis-passport: sha-256=/im.test(evidence) ? 'a reference' : 'the chain itself'}`
}
