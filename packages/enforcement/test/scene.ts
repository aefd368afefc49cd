/** An enforcement point in a directory of its own, an agent with a passport, and questions as agents send them. @module */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signAsk } from '@aiegis/agent'
import {
  AHP_VERSION,
  createSigner,
  decodeJws,
  defaultCrypto,
  DELEGATION_TYPE,
  encodeBase64url,
  formatDidKey,
  hashText,
  isObject,
  nobleCrypto,
  parseEd25519Jwk,
  parseJson,
  signJws,
  utf8,
  verifyJws,
  type JsonObject,
  type SyncSigner,
} from '@aiegis/protocol'
import type { HttpAnswer } from '../src/answer.ts'
import type { AskRequest } from '../src/ask.ts'
import { createEnforcement, type Enforcement, type EnforcementOptions } from '../src/enforcement.ts'
import type { PassportRequest } from '../src/passports.ts'

/** The task of every hand-off. */
export const TASK = '01SCENETASK000000000000000'
/** 2026-11-20T22:00:00.123Z in milliseconds. */
export const NOW = 1_795_212_000_123
export const URL = 'https://harness.example'
export const API = 'https://api.example.com'

/** A server, its clock, and what it was told of defects. */
export interface Scene {
  readonly enforcement: Enforcement
  readonly agent: SyncSigner
  readonly passport: string
  readonly statusIndex: number
  readonly state: string
  readonly faults: string[]
  readonly clock: { now: number }
  /** Asks signed; `change` goes over the parts that are signed, `spoil` over the lines that were. */
  ask(body: JsonObject, change?: Partial<Signed>): Promise<Answered>
  /** Asks without passport and signature. */
  askUnsigned(body: JsonObject | Uint8Array, headers?: readonly string[]): Promise<Answered>
  issue(change?: Partial<PassportRequest>): Promise<string>
  close(): Promise<void>
}

/** What an agent signs, and what is sent. */
export interface Signed {
  readonly signer: SyncSigner
  readonly url: string
  readonly passport: string
  readonly created: number
  readonly nonce: string
  readonly idempotencyKey: string
  readonly spoil: (lines: readonly string[]) => readonly string[]
  readonly content: Uint8Array
}

/** An answer with its JSON. */
export interface Answered extends HttpAnswer {
  readonly json: JsonObject
}

let nonces = 0

/** Starts a scene; the agent's mission covers the whole API. */
export async function createScene(
  options: Partial<EnforcementOptions> & { readonly mission?: PassportRequest['mission'] } = {},
): Promise<Scene> {
  const state = mkdtempSync(join(tmpdir(), 'aiegis-scene-'))
  const clock = { now: NOW }
  const faults: string[] = []
  const enforcement = await createEnforcement({
    url: URL,
    did: 'did:web:harness.example',
    issuer: 'did:web:identity.example',
    state,
    now: () => clock.now,
    onFault: (message, cause) => faults.push(cause instanceof Error ? `${message}: ${cause.message}` : message),
    ...options,
  })
  const agent = createSigner(new Uint8Array(32).fill(9), 'agent')
  const mission = options.mission ?? [{ action: '*', target: `${API}/*` }]
  const { passport, statusIndex } = await enforcement.issuePassport({ agent: agent.publicKey, mission, jurisdiction: 'EU' })

  async function send(request: AskRequest): Promise<Answered> {
    const answer = await enforcement.protect(request)
    const json = parseJson(answer.body, { maxBytes: 65_536 })
    if (!isObject(json)) throw new Error('the answer is no object')
    return { ...answer, json }
  }

  return {
    enforcement,
    agent,
    passport,
    statusIndex,
    state,
    faults,
    clock,
    async ask(body, change = {}) {
      const content = change.content ?? utf8(JSON.stringify(body))
      const headers = await signAsk(change.signer ?? agent, {
        url: change.url ?? enforcement.endpoint,
        content,
        passport: change.passport ?? passport,
        created: change.created ?? Math.floor(clock.now / 1000),
        nonce: change.nonce ?? `nonce-${(nonces += 1)}`,
        ...(change.idempotencyKey === undefined ? {} : { idempotencyKey: change.idempotencyKey }),
      })
      const lines = ['Content-Type', 'application/json', ...Object.entries(headers).flat()]
      return send({ headers: change.spoil?.(lines) ?? lines, content })
    },
    askUnsigned: (body, headers = ['Content-Type', 'application/json']) =>
      send({ headers, content: body instanceof Uint8Array ? body : utf8(JSON.stringify(body)) }),
    issue: async (change = {}) => (await enforcement.issuePassport({ agent: agent.publicKey, mission, ...change })).passport,
    async close() {
      await enforcement.close()
      rmSync(state, { recursive: true, force: true })
    },
  }
}

/** The chain with one hand-off more; `change` goes over the delegation before `parent` signs it. Honest for who signs at `NOW`. */
export async function handOff(
  chain: string,
  parent: SyncSigner,
  child: { readonly key: SyncSigner; readonly passport: string },
  change: JsonObject = {},
): Promise<string> {
  const iat = Math.floor(NOW / 1000)
  const depth = (chain.split('~').length + 1) / 2
  const did = formatDidKey(parent.publicKey)
  const claims = {
    ahp: AHP_VERSION,
    iss: did,
    sub: formatDidKey(child.key.publicKey),
    aud: [API],
    iat,
    exp: iat + 3_600,
    jti: `01SCENEHANDOFF0000000000${depth}`,
    txn: TASK,
    par: hashText(defaultCrypto(), utf8(chain)),
    depth,
    maxDepth: 2 - depth,
    mission: [{ action: '*', target: `${API}/*` }],
    ...change,
  }
  const kid = `${did}#${did.slice('did:key:'.length)}`
  return `${chain}~${await signJws({ ...parent, kid }, { typ: DELEGATION_TYPE }, claims)}~${child.passport}`
}

/** The trust bundle of a receiver at `API` that believes this harness, its issuer and its log. */
export function trustIn(enforcement: Pick<Enforcement, 'trustFragment'>): JsonObject {
  return {
    ahp: AHP_VERSION,
    audience: API,
    bases: [{ public: API, mount: '/', authority: 'match' }],
    ...enforcement.trustFragment(),
    replay: { memory: { singleProcess: true } },
    limits: { delegations: 2 },
  }
}

/** A question that shows a request; `content` is its text. */
export function shows(
  method: string,
  path: string,
  content = '',
  contentType = content === '' ? '' : 'application/json',
): JsonObject {
  return {
    action: `http.${method.toLowerCase()}`,
    target: `${API}${path.split('?')[0] ?? ''}`,
    context: { request: { method, url: `${API}${path}`, contentType, content: encodeBase64url(utf8(content)) } },
  }
}

/** A member that is text, for sentences; `-` for any other value. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '-'
}

/** The verified payload of a JWS that the harness signed. */
export async function claimsOf(scene: Scene, jws: unknown, typ: string): Promise<JsonObject> {
  const decoded = decodeJws(text(jws), { typ, maxBytes: 4_096 })
  const [harness] = scene.enforcement.trustFragment()['harnesses'] as unknown as readonly PinnedHarness[]
  const pinned = harness?.keys[0]
  if (pinned === undefined) throw new Error('no harness key')
  const payload = await verifyJws(nobleCrypto(), decoded, parseEd25519Jwk(pinned.jwk))
  if (payload === undefined || decoded.kid !== pinned.kid) throw new Error('the signature does not verify')
  const claims = parseJson(payload, { maxBytes: 4_096 })
  if (!isObject(claims)) throw new Error('no claims')
  return claims
}

interface PinnedHarness {
  readonly keys: readonly { readonly kid: string; readonly jwk: unknown }[]
}
