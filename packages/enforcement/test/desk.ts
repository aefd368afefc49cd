/** A server over HTTP with a clock of its own, its operator, and agents that get a passport from it. @module */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, encodeBase64url, formatDidKey, isObject, utf8, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import { parseFlags } from '../src/config.ts'
import type { EnforcementOptions } from '../src/enforcement.ts'
import { startServer, type RunningServer } from '../src/start.ts'
import { API, NOW, text } from './scene.ts'

/** What came back. */
export interface Got {
  readonly status: number
  readonly json: JsonObject
  readonly headers: Headers
}

/** The server of the moment; `restart` gives it another process's memory. */
export interface Desk {
  readonly server: () => RunningServer
  readonly origin: () => string
  readonly state: string
  readonly clock: { now: number }
  readonly faults: string[]
  /** The operator's key. */
  readonly operator: string
  /** POST with JSON, or with these bytes; `bearer` null sends none. */
  post(path: string, body: unknown, bearer?: string | null): Promise<Got>
  /** A code for a passport with `wanted` beside a mission for the whole API. */
  enrol(wanted?: JsonObject): Promise<string>
  challenge(code: string): Promise<{ readonly id: string; readonly nonce: string }>
  /** From code to passport. */
  issue(key: SyncSigner, code: string): Promise<Got>
  restart(): Promise<void>
  close(): Promise<void>
}

/** The mission that `enrol` asks for. */
export const MISSION: JsonObject[] = [{ action: '*', target: `${API}/*` }]

/** Starts a server on a free port. */
export async function createDesk(extra: Partial<EnforcementOptions> = {}): Promise<Desk> {
  const state = join(mkdtempSync(join(tmpdir(), 'aiegis-desk-')), 'state')
  const clock = { now: NOW }
  const faults: string[] = []
  const flags = ['--state', state, '--did', 'did:web:harness.example', '--issuer', 'did:web:identity.example']
  flags.push('--log-origin', 'ledger.example/aiegis/1')
  const start = (port: number): Promise<RunningServer> =>
    startServer(parseFlags(['--port', String(port), ...flags]), {
      now: () => clock.now,
      onFault: (message, cause) => faults.push(cause instanceof Error ? `${message}: ${cause.message}` : message),
      ...extra,
    })
  let server = await start(0)
  const operator = readFileSync(join(state, 'operator-token'), 'utf8').trim()
  const origin = (): string => `http://127.0.0.1:${server.port}`

  async function post(path: string, body: unknown, bearer: string | null = operator): Promise<Got> {
    const isBytes = body instanceof Uint8Array
    const response = await fetch(origin() + path, {
      method: 'POST',
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
      headers: { 'Content-Type': 'application/json', ...(bearer === null ? {} : { Authorization: `Bearer ${bearer}` }) },
    })
    const json: unknown = await response.json()
    if (!isObject(json)) throw new Error('no object')
    return { status: response.status, json, headers: response.headers }
  }

  async function challenge(code: string): Promise<{ readonly id: string; readonly nonce: string }> {
    const { json } = await post('/api/agent/issue/challenge', undefined, code)
    return { id: text(json['challenge_id']), nonce: text(json['challenge_nonce_hex']) }
  }

  return {
    server: () => server,
    origin,
    state,
    clock,
    faults,
    operator,
    post,
    async enrol(wanted = {}) {
      return text((await post('/api/agent/enrol', { mission: MISSION, ...wanted })).json['enrolment'])
    },
    challenge,
    async issue(key, code) {
      const { id, nonce } = await challenge(code)
      return post('/api/agent/issue', claim(key, id, challengeText(key, id, nonce)), code)
    },
    async restart() {
      const { port } = server
      await server.close()
      // Passports name the address of their list.
      server = await start(port)
    },
    async close() {
      await server.close()
      rmSync(join(state, '..'), { recursive: true, force: true })
    },
  }
}

/** The key of an agent. */
export function agentKey(seed: number): SyncSigner {
  return createSigner(new Uint8Array(32).fill(seed), 'agent')
}

/** The text that the chapter says, written down here once more. */
export function challengeText(key: SyncSigner, id: string, nonce: string, issuer = 'did:web:identity.example'): string {
  return ['aegis-issue/v1', issuer, formatDidKey(key.publicKey), id, nonce, ''].join('\n')
}

/** Body of POST /api/agent/issue. */
export function claim(key: SyncSigner, challengeId: string, signed: string, signer = key): JsonObject {
  return {
    agent_pubkey: formatDidKey(key.publicKey),
    challenge_id: challengeId,
    challenge_signature: encodeBase64url(signer.sign(utf8(signed))),
  }
}

/** `200`, or status and code of a refusal. */
export function said({ status, json }: Got): string {
  return status === 200 ? '200' : `${status} ${text(json['code'])}`
}
