/** The parts of a decision with a hand on each of them: what a test cannot reach in a whole server. @module */
import { signAsk } from '@aiegis/agent'
import {
  createSigner,
  defaultCrypto,
  parseEd25519Jwk,
  parseJson,
  utf8,
  type JsonObject,
  type JsonValue,
  type SyncSigner,
} from '@aiegis/protocol'
import type { Log } from '@aiegis/ledger'
import { createChains } from '../src/chains.ts'
import { createIssue } from '../src/issue.ts'
import { createNonceGuard } from '../src/nonces.ts'
import { createProtect, type ProtectOptions } from '../src/protect.ts'
import { NOW, type Scene } from './scene.ts'

/** What happens on the way of a question. */
export interface Hands {
  readonly isRevoked?: () => boolean
  readonly interrupts?: ProtectOptions['interrupts']
  readonly policy?: ProtectOptions['policy']
  /** Epoch milliseconds; `NOW` when absent. */
  readonly now?: () => number
  /** Runs before an entry is written. */
  readonly beforeAppend?: (clear: JsonValue) => void
}

/** The answer to a signed question at a harness made of the scene's issuer and log. Rejects with the refusal. */
export async function askParts(
  scene: Scene,
  hands: Hands,
  asked: { readonly body: JsonObject; readonly passport: string; readonly signer: SyncSigner; readonly idempotencyKey?: string },
): Promise<{ readonly status: number; readonly json: JsonValue }> {
  const { body, signer, ...rest } = asked
  const content = utf8(JSON.stringify(body))
  const url = scene.enforcement.endpoint
  const fields = await signAsk(signer, { url, content, created: Math.floor(NOW / 1000), nonce: crypto.randomUUID(), ...rest })
  const headers = ['Content-Type', 'application/json', ...Object.entries(fields).flat()]
  const { status, body: answer } = await protectOf(scene, hands)({ headers, content })
  return { status, json: parseJson(answer, { maxBytes: 65_536 }) }
}

function protectOf(
  scene: Scene,
  { isRevoked, interrupts, policy, beforeAppend, now = () => NOW }: Hands,
): ReturnType<typeof createProtect> {
  const port = defaultCrypto()
  const did = 'did:web:harness.example'
  const append: Log['append'] = (leaf, key, clear) => {
    beforeAppend?.(parseJson(clear ?? new Uint8Array(), { maxBytes: 65_536 }))
    return scene.enforcement.log.append(leaf, key, clear)
  }
  return createProtect({
    did,
    blockStatus: 401,
    endpoint: scene.enforcement.endpoint,
    chains: createChains([issuerOf(scene, isRevoked ?? (() => false))], port),
    crypto: port,
    now,
    policy: policy ?? { decide: () => Promise.resolve(ALLOWED) },
    interrupts: interrupts ?? { reasonFor: () => undefined },
    nonces: createNonceGuard(now, port),
    afterRestart: () => undefined,
    issue: createIssue({
      signer: createSigner(new Uint8Array(32).fill(1), `${did}#1`),
      did,
      tokenSeconds: 60,
      crypto: port,
      now,
      log: { append },
    }),
  })
}

function issuerOf(scene: Scene, isRevoked: () => boolean): Parameters<typeof createChains>[0][number] {
  const [issuer] = scene.enforcement.trustFragment()['issuers'] as unknown as readonly Pinned[]
  const pinned = issuer?.keys[0]
  if (issuer === undefined || pinned === undefined) throw new Error('no issuer')
  const keys = [{ kid: pinned.kid, key: parseEd25519Jwk(pinned.jwk) }]
  return { did: issuer.did, keys, roles: ['root', 'hop'], lists: issuer.status.lists, isRevoked }
}

/** What policy says when it has nothing against it. */
export const ALLOWED = {
  decision: 'ALLOW',
  deciding_pack: null,
  deciding_rule: null,
  deciding_layer: null,
  deny_reason: null,
} as const

interface Pinned {
  readonly did: string
  readonly keys: readonly { readonly kid: string; readonly jwk: unknown }[]
  readonly status: { readonly lists: readonly string[] }
}
