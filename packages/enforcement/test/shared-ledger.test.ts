/** Several processes that are one harness over one ledger in PostgreSQL (spec chapters 15.10 and 17.5). @module */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { signAsk } from '@aiegis/agent'
import {
  createSigner,
  decodeBase64url,
  decodeUtf8,
  defaultCrypto,
  hashLeaf,
  parseProof,
  parseVkey,
  utf8,
  verifyInclusion,
} from '@aiegis/protocol'
import { logHttp, verifyLog, type Log } from '@aiegis/ledger'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createTestDatabase, POSTGRES_URL, type TestDatabase } from '../../../test/postgres.ts'
import { createProxy } from '../../../test/redis.ts'
import { createEnforcement, type Enforcement } from '../src/enforcement.ts'
import { API, createScene, shows, URL as HARNESS, type Scene } from './scene.ts'

const NAMES = {
  did: 'did:web:harness.example',
  issuer: 'did:web:identity.example',
  logOrigin: 'harness.example/aiegis/1',
} as const
const QUESTIONS = 90
const crypto = defaultCrypto()

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  beforeEach(() => database.reset())
  afterAll(() => database.drop())

  const open = (state: string, more: object = {}): Promise<Enforcement> =>
    createEnforcement({ url: HARNESS, ...NAMES, state, auditDb: database.writerUrl, ...more })

  async function sceneOver(auditDb: string = database.writerUrl): Promise<Scene> {
    const scene = await createScene({ ...NAMES, auditDb })
    onTestFinished(() => scene.close())
    return scene
  }

  /** A process of its own, as an operator starts it; the password is in its environment. */
  async function start(state: string): Promise<Process> {
    const url = new URL(database.writerUrl)
    const { password } = url
    url.password = ''
    const port = await freePort()
    const { did, issuer, logOrigin } = NAMES
    const flags = { port: String(port), state, url: HARNESS, did, issuer, 'log-origin': logOrigin, 'audit-db': url.href }
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
    const child = spawn(process.execPath, [main, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PGPASSWORD: password },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (data) => (said += String(data)))
    const [line]: unknown[] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')])
    expect(said).toMatch(/^the ledger is shared: interrupts, revocations and counters are of this process alone/)
    expect(String(line)).toContain('/api/protect answers for')
    expect(said + String(line)).not.toContain(password)
    return { child, port, answered: 0 }
  }

  test('AHP-LEDGER-13 AHP-ASK-16 three processes, one killed under load: every token that left has its entry, none twice, no question two tokens', async () => {
    const home = temporaryDirectory()
    const first = join(home, '0')
    const agent = createSigner(new Uint8Array(32).fill(9), 'agent')
    const issuing = await open(first)
    const { passport } = await issuing.issuePassport({
      agent: agent.publicKey,
      mission: [{ action: '*', target: `${API}/*` }],
      jurisdiction: 'EU',
    })
    await issuing.close()
    for (const name of ['1', '2']) cpSync(first, join(home, name), { recursive: true })
    const processes = await Promise.all(['0', '1', '2'].map((name) => start(join(home, name))))

    // Each question goes to two processes at once, with the same signature; the last process dies in the middle of it.
    let next = 0
    const released: Released[] = []
    const refusals = new Set<string | undefined>()
    async function ask(): Promise<void> {
      while (next < QUESTIONS) {
        const number = next++
        const content = utf8(JSON.stringify(shows('GET', `/orders/${number}`)))
        const asked = {
          url: `${HARNESS}/api/protect`,
          content,
          passport,
          created: Math.floor(Date.now() / 1000),
          nonce: `shared-${number}`,
        }
        const headers = { 'Content-Type': 'application/json', ...(await signAsk(agent, asked)) }
        const answers = await Promise.all([number, number + 1].map(async (turn) => post(processes[turn % 3], headers, content)))
        for (const { token, proof, refusal } of answers) {
          if (token !== undefined && proof !== undefined) released.push({ number, token, proof })
          else refusals.add(refusal)
        }
        const [, , third] = processes
        if (third !== undefined && third.answered >= 20) third.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 6 }, ask))
    expect(processes.map(({ child }) => child.signalCode)).toEqual([null, null, 'SIGKILL'])
    for (const { child } of processes.slice(0, 2)) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }

    expect([...refusals].filter((one) => one !== 'ask_replayed' && one !== 'gone')).toEqual([])
    expect(released.length).toBeGreaterThan(QUESTIONS / 2)
    expect(new Set(released.map(({ number }) => number)).size).toBe(released.length)
    const again = await open(first)
    const entries = await entriesOf(again.log)
    expect(new Set(entries.map(({ jti }) => jti)).size).toBe(entries.length)
    for (const { token, proof } of released) {
      const { index, path, checkpoint } = parseProof(decodeUtf8(decodeBase64url(proof)))
      const entry = entries[Number(index)]
      expect(entry?.jti).toBe(jtiOf(token))
      const { size, root } = checkpoint
      const leafHash = hashLeaf(crypto, entry?.leaf ?? new Uint8Array(0))
      expect(verifyInclusion(crypto, { index, size, leafHash, path, root })).toBe(true)
    }
    const heads = [...new Set(released.map(({ proof }) => parseProof(decodeUtf8(decodeBase64url(proof))).checkpoint.raw))]
    expect(await verifyAll(again.log, heads)).toBe(entries.length)
    await again.close()
  })

  test('AHP-ASK-34 a question with Idempotency-Key is refused, for another process may have answered it', async () => {
    const scene = await sceneOver()
    const { status, json } = await scene.ask(shows('GET', '/a'), { idempotencyKey: 'once' })
    expect([status, json['code']]).toEqual([422, 'idempotency_unavailable'])
    expect((await scene.ask(shows('GET', '/a'))).status).toBe(200)
    expect(scene.enforcement.log.size()).toBe(1n)
  })

  test('AHP-ASK-34 after a restart nothing is refused as stale: the log knows every nonce, also that of another process', async () => {
    const scene = await sceneOver()
    await scene.ask(shows('GET', '/a'), { nonce: 'used' })
    const state = temporaryDirectory()
    cpSync(scene.state, state, { recursive: true })
    const other = await open(state, { now: () => scene.clock.now })
    onTestFinished(() => other.close())
    const created = Math.floor(scene.clock.now / 1000) - 5
    const content = utf8(JSON.stringify(shows('GET', '/a')))
    for (const [nonce, status] of [
      ['used', 409],
      ['fresh', 200],
    ] as const) {
      const headers = await signAsk(scene.agent, { url: other.endpoint, content, passport: scene.passport, created, nonce })
      const answer = await other.protect({
        headers: ['Content-Type', 'application/json', ...Object.entries(headers).flat()],
        content,
      })
      expect([nonce, answer.status]).toEqual([nonce, status])
    }
  })

  test('AHP-LEDGER-8 AHP-LEDGER-14 without its database a harness releases nothing and is not ready, and goes on when it is back', async () => {
    const proxy = await createProxy(database.writerUrl)
    onTestFinished(() => proxy.close())
    const scene = await sceneOver(proxy.url)
    proxy.cut()
    const refused = await scene.ask(shows('GET', '/a'))
    expect([refused.status, refused.json['code'], refused.json['token']]).toEqual([503, 'ledger_unavailable', undefined])
    await expect(scene.enforcement.log.newest()).rejects.toMatchObject({ code: 'ledger_unavailable' })
    proxy.mend()
    expect((await scene.ask(shows('GET', '/a'))).status).toBe(200)
    expect(scene.enforcement.log.size()).toBe(1n)
  })

  test('AHP-LEDGER-12 a new process over a log that others began is told what to copy, before it makes a key', async () => {
    await sceneOver()
    const state = temporaryDirectory()
    await expect(open(state)).rejects.toThrow(
      /^--audit-db: another process began log harness\.example\/aiegis\/1 there; copy the state directory of that process/,
    )
    expect(existsSync(join(state, 'log.key'))).toBe(false)
  })

  test('a database that is not there ends the start with a sentence that has no password', async () => {
    const url = new URL(database.writerUrl)
    url.port = '1'
    const failure: unknown = await createEnforcement({
      url: HARNESS,
      ...NAMES,
      state: temporaryDirectory(),
      auditDb: url.href,
    }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: expect.stringMatching(/^ledger: the database refused or did not answer/) })
    expect(JSON.stringify(failure) + String(failure instanceof Error && failure.message)).not.toContain(url.password)
  })
})

interface Process {
  readonly child: ChildProcess
  readonly port: number
  answered: number
}

interface Released {
  readonly number: number
  readonly token: string
  readonly proof: string
}

/** Asks a process; `gone` when it does not answer. */
async function post(
  process: Process | undefined,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<{ token?: string; proof?: string; refusal?: string }> {
  if (process === undefined) throw new Error('no process')
  try {
    const response = await fetch(`http://127.0.0.1:${process.port}/api/protect`, {
      method: 'POST',
      headers,
      body: Buffer.from(body),
    })
    const json = (await response.json()) as { token?: string; proof?: string; code?: string }
    process.answered++
    if (response.status === 200 && json.token !== undefined && json.proof !== undefined)
      return { token: json.token, proof: json.proof }
    return { refusal: json.code ?? String(response.status) }
  } catch {
    return { refusal: 'gone' }
  }
}

async function entriesOf(log: Log): Promise<readonly { leaf: Uint8Array; jti: string }[]> {
  const found: { leaf: Uint8Array; jti: string }[] = []
  for (let index = 0n; index < log.size(); index++) {
    const entry = await log.entry(index)
    if (entry?.clear === undefined) throw new Error(`entry ${index} is missing`)
    const { jti } = JSON.parse(decodeUtf8(entry.clear)) as { jti: string }
    found.push({ leaf: entry.leaf, jti })
  }
  return found
}

async function verifyAll(log: Log, remembered: readonly string[]): Promise<number> {
  const serve = logHttp(log)
  const get = async (path: string): Promise<Uint8Array> => (await serve('GET', path))?.body ?? new Uint8Array(0)
  const { size } = await verifyLog(get, { origin: log.origin, vkey: parseVkey(log.vkey), remembered })
  return Number(size)
}

function jtiOf(token: string): string {
  const { jti } = JSON.parse(decodeUtf8(decodeBase64url(token.split('.')[1] ?? ''))) as { jti: string }
  return jti
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-shared-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
