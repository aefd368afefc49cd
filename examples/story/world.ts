/** Starts everything that the story needs: the harness, the receiver, an agent, each with keys of its own. @module */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadKey, parseFlags, startServer, type RunningServer } from '@aiegis/enforcement'
import {
  createSigner,
  didKeyUrl,
  encodeBase64url,
  formatDidKey,
  jwkOf,
  type Ed25519PublicKey,
  type JsonObject,
  type SyncSigner,
} from '@aiegis/protocol'
import { listen } from '@aiegis/testing'
import { createNodeVerifier, describeTrust, loadTrust } from '@aiegis/verifier/node'
import type { Actor } from './attempt.ts'
import { ACTIONS, createOrdersApi } from './orders-api.ts'

/** Everything that a scene may use. */
export interface World {
  readonly harness: RunningServer
  /** Origin of the orders API. */
  readonly orders: string
  /** The agent with a good passport. */
  readonly agent: Actor
  /** A second harness: the receiver trusts it, the agent's passport does not name it. */
  readonly otherHarness: SyncSigner
  /** The line with which the receiver says whom it trusts. */
  readonly trustLine: string
  readonly trustFile: string
  /** How often handlers of the orders API ran. */
  readonly effects: () => number
  newAgent(): Promise<{ readonly actor: Actor; revoke(): Promise<void> }>
  /** An agent at the same harness, on a server whose clock is 90 seconds behind. */
  withLateHarness<T>(run: (actor: Actor) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Where the story keeps its keys and its ledger, and on which ports it listens; 0 takes free ones. */
export interface Stage {
  readonly state: string
  readonly harnessPort: number
  readonly ordersPort: number
}

const DIDS = [
  '--did',
  'did:web:harness.example',
  '--issuer',
  'did:web:identity.example',
  '--log-origin',
  'ledger.example/aiegis/1',
]
const LATE_MS = 90_000

/** Starts the harness and the receiver and issues a passport. Rejects with one sentence when a port is taken or the state is not usable. */
export async function createWorld({ state, harnessPort, ordersPort }: Stage): Promise<World> {
  const harness = await startServer(parseFlags(['--port', String(harnessPort), '--state', state, ...DIDS]))
  const { enforcement } = harness
  const receiver = createServer()
  const port = await listen(receiver, ordersPort).catch(async (error: unknown) => {
    await harness.close()
    throw error
  })
  const orders = `http://127.0.0.1:${port}`
  const otherHarness = createSigner(randomBytes(32), 'did:web:other.example#1')
  const trustFile = writeTrust(state, bundleOf(enforcement.trustFragment(), orders, otherHarness))
  const file = loadTrust(trustFile)
  const verifier = createNodeVerifier({ trust: file.bundle, actions: ACTIONS })
  await verifier.warm()
  const api = createOrdersApi(verifier)
  receiver.on('request', api.app)
  const issue = (server: RunningServer, key: Ed25519PublicKey) =>
    server.enforcement.issuePassport({
      agent: key,
      mission: [
        { action: '*', target: `${orders}/*` },
        { action: 'orders.read', target: 'https://api.example.com/*' },
      ],
      attestations: {
        human: {
          grade: 'asserted',
          type: 'fido2',
          time: '2026-11-01T00:00:00Z',
          digest: encodeBase64url(randomBytes(32)),
          id: 'did:web:acme.example:people:7f3a',
        },
      },
      jurisdiction: 'EU',
      risk: 'limited',
    })
  const signer = loadKey(join(state, 'agent.key'), kidOf)
  const { passport } = await issue(harness, signer.publicKey)
  writeFileSync(join(state, 'agent-passport.jwt'), passport)
  // Tokens of the second in which the receiver started are refused: it cannot know what came before.
  await sleep(1000 - (Date.now() % 1000) + 10)

  return {
    harness,
    orders,
    agent: { protect: enforcement.url, passport, signer },
    otherHarness,
    trustLine: describeTrust(verifier.trust, {
      ...file,
      store: 'memory of this one process',
      lists: 'known as long as this process lives',
    }),
    trustFile,
    effects: api.effects,
    async newAgent() {
      const key = createSigner(randomBytes(32), kidOf)
      const issued = await issue(harness, key.publicKey)
      return {
        actor: { protect: enforcement.url, passport: issued.passport, signer: key },
        async revoke() {
          enforcement.revoke(issued.statusIndex)
          // Once for a reading that may be under way since before, once for one that is not.
          await verifier.warm()
          await verifier.warm()
        },
      }
    },
    async withLateHarness(run) {
      const folder = mkdtempSync(join(tmpdir(), 'aiegis-late-'))
      for (const name of ['harness.key', 'issuer.key', 'status.key', 'status.json', 'interrupts.json'])
        copyFileSync(join(state, name), join(folder, name))
      const now = (): number => Date.now() - LATE_MS
      const late = await startServer(parseFlags(['--port', '0', '--state', folder, ...DIDS]), { now })
      try {
        const issued = await issue(late, signer.publicKey)
        return await run({ protect: late.enforcement.url, passport: issued.passport, signer, now })
      } finally {
        await late.close()
        rmSync(folder, { recursive: true })
      }
    },
    async close() {
      verifier.close()
      receiver.closeAllConnections()
      await new Promise((closed) => receiver.close(closed))
      await harness.close()
    },
  }
}

function bundleOf(fragment: JsonObject, orders: string, otherHarness: SyncSigner): JsonObject {
  const harnesses = Array.isArray(fragment['harnesses']) ? fragment['harnesses'] : []
  return {
    ahp: 'ahp-receiver/0.1',
    audience: orders,
    bases: [{ public: orders, mount: '/', authority: 'match' }],
    ...fragment,
    harnesses: [
      ...harnesses,
      {
        did: 'did:web:other.example',
        keys: [{ kid: otherHarness.kid, jwk: { ...jwkOf(otherHarness.publicKey) } }],
        ledgers: ['ledger.example/aiegis/1'],
      },
    ],
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: 0 },
  }
}

function writeTrust(state: string, bundle: JsonObject): string {
  mkdirSync(state, { recursive: true, mode: 0o700 })
  const path = resolve(state, 'aiegis-trust.json')
  writeFileSync(path, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600 })
  return path
}

/** The key id of an agent. */
export function kidOf(key: Ed25519PublicKey): string {
  return didKeyUrl(formatDidKey(key))
}
