/** The audit over real sockets: a log as the ledger publishes it, what can be wrong with its host, and logs that lie, with evidence that a separate command checks. @module */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { logHttp, openLog, type Log } from '@aiegis/ledger'
import { encodeBase64url, utf8, type JsonObject } from '@aiegis/protocol'
import {
  createInventedLog,
  createLogHost,
  createMemoryLog,
  createMockHarness,
  NAMES,
  namedSigner,
  problemOf,
  sendRaw,
  withLine,
  type LogHost,
  type MemoryLog,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createNodeVerifier, httpGet } from '@aiegis/verifier/node'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCommand } from '../packages/ledger/src/cli/command.ts'
import { startServer, type Handler, type TestServer } from '../packages/verifier/test/http-server.ts'
import { startReceiver, type Receiver } from './receiver.ts'
import { changeFirst } from './requirements/edits.ts'

/** A directory that is removed when the test is over. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-audit-'))
  // What is being written when a test is over is removed at the next attempt.
  onTestFinished(async () => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

async function serve(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler)
  onTestFinished(() => server.close())
  return server
}

/** A log in SQLite, with a key that the mock harness's bundle pins. */
async function realLog(harness: MockHarness): Promise<Log> {
  const log = await openLog({ file: join(temporaryDirectory(), 'ledger.db'), origin: NAMES.log, signer: harness.keys.log })
  onTestFinished(() => log.close().catch(() => undefined))
  return log
}

function answerFrom(log: Log): Handler {
  const find = logHttp(log)
  return (request, response) => {
    void (async () => {
      const { status, headers, body } = (await find(request.method ?? '', request.url ?? '')) ?? {
        status: 404,
        headers: {},
        body: utf8(''),
      }
      response.writeHead(status, headers).end(body)
    })()
  }
}

function answerAs(host: LogHost): Handler {
  return (request, response) => {
    const limits = { maxBytes: 0, timeoutMs: 0, accept: '' }
    void host.get(`${NAMES.logUrl}${request.url}`, limits).then(({ status, body }) => response.writeHead(status).end(body))
  }
}

/** A request whose decision is in a real log: minted for a log that only takes the leaf, then given the proof of the real one. */
async function mintIn(harness: MockHarness, log: Log, key: string): Promise<RawRequest> {
  let leaf: Uint8Array = new Uint8Array(0)
  const taking: MemoryLog = {
    ...harness.log,
    append(bytes) {
      leaf = bytes
      return 0
    },
    prove: () => '',
  }
  const request = harness.mint({}, { log: taking })
  const { proof } = await log.append(leaf, utf8(key))
  return withLine(request, 'X-AEGIS-Proof', encodeBase64url(utf8(proof)))
}

const OTHER = 'ledger.example/other'
const otherLog = (harness: MockHarness): MemoryLog => createMemoryLog(harness.crypto, OTHER, namedSigner('other log', OTHER), 5)

/** A receiver that audits the log at `url`, and has another one without a URL. Each `warm` of its verifier is a round. */
async function receiverOf(harness: MockHarness, url: string): Promise<Receiver> {
  const [log = null] = changeFirst(harness.trust()['ledgers'], { url }) as readonly JsonObject[]
  const receiver = await startReceiver(harness, {
    trust: harness.trust({
      time: { maxStalenessSeconds: 3600 },
      ledgers: [log, { origin: OTHER, vkey: otherLog(harness).vkey, assurance: 'proof' }],
      harnesses: changeFirst(harness.trust()['harnesses'], { ledgers: [NAMES.log, OTHER] }),
    }),
    options: {
      get: (address, limits) => (address.startsWith(url) ? httpGet : harness.status.get)(address, limits),
      log: () => {},
    },
  })
  onTestFinished(() => receiver.close())
  return receiver
}

/** What the client sees: `served`, or code and retry. */
async function send(receiver: Receiver, request: RawRequest): Promise<string> {
  const response = await sendRaw(receiver.port, request)
  if (response.status === 200) return 'served'
  const { code, retry } = problemOf(response)
  return typeof code === 'string' && typeof retry === 'string' ? `${response.status} ${code} ${retry}` : `${response.status}`
}

const last = (receiver: Receiver): string | undefined => receiver.contexts.at(-1)?.ledger.assurance

describe('a log as the ledger publishes it', () => {
  test('AHP-PROOF-14 AHP-PROOF-16 is audited within rounds, over days', async () => {
    const harness = createMockHarness({ logSize: 1 })
    const log = await realLog(harness)
    const server = await serve(answerFrom(log))
    const receiver = await receiverOf(harness, server.origin.concat('/'))
    for (let day = 0; day < 5; day++) {
      await Promise.all(Array.from({ length: 90 }, (_, at) => log.append(utf8(`day ${day} ${at}`), utf8(`key ${day} ${at}`))))
      const first = await mintIn(harness, log, `first ${day}`)
      expect(await send(receiver, first)).toBe('served')
      expect(last(receiver)).toBe('asserted')
      const second = await mintIn(harness, log, `second ${day}`)
      await receiver.verifier.warm()
      expect(await send(receiver, second)).toBe('served')
      expect(last(receiver)).toBe('audited')
      harness.clock.advance(901)
      await receiver.verifier.warm()
    }
    expect(server.requests.filter((line) => !/^GET \/(checkpoint|tile\/[0-9])/.test(line))).toEqual([])
  })
})

describe('a host of an honest log that', () => {
  const noise = Buffer.alloc(8192, 7)
  const onTiles =
    (other: Handler) =>
    (usual: Handler): Handler =>
    (request, response) =>
      (request.url?.startsWith('/tile/') === true ? other : usual)(request, response)
  const onCheckpoint =
    (other: Handler) =>
    (usual: Handler): Handler =>
    (request, response) =>
      (request.url === '/checkpoint' ? other : usual)(request, response)

  test.each<[string, (usual: Handler) => Handler]>([
    ['closes every connection', () => (request) => void request.socket.destroy()],
    ['never answers', onCheckpoint(() => {})],
    ['answers 500', () => (_, response) => void response.writeHead(500).end('no')],
    ['has nothing', () => (_, response) => void response.writeHead(404).end()],
    [
      'sends elsewhere, where everything is right',
      (usual) => (request, response) => {
        if (request.url?.startsWith('/elsewhere') === true) {
          request.url = request.url.slice('/elsewhere'.length)
          usual(request, response)
        } else response.writeHead(302, { location: `/elsewhere${request.url}` }).end()
      },
    ],
    ['sends noise as checkpoint', onCheckpoint((_, response) => void response.end(noise))],
    ['sends a checkpoint without end', onCheckpoint((_, response) => void response.end(Buffer.alloc(1_000_000, 'a')))],
    [
      'sends the checkpoint of another log',
      onCheckpoint((_, response) => void response.end(otherLog(createMockHarness({ logSize: 1 })).checkpoint())),
    ],
    [
      'sends a checkpoint that somebody else signed',
      onCheckpoint((_, response) => void response.end(createMockHarness().log.checkpoint(namedSigner('stranger')))),
    ],
    [
      'encodes what it sends',
      () => (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a')),
    ],
    ['has no tiles', onTiles((_, response) => void response.writeHead(404).end())],
    ['sends tiles of noise', onTiles((_, response) => void response.end(noise.subarray(0, 45 * 32)))],
    ['sends tiles that are too long', onTiles((_, response) => void response.end(Buffer.alloc(100_000)))],
    ['sends tiles that are a byte short', onTiles((_, response) => void response.end(noise.subarray(1)))],
    ['sends empty tiles', onTiles((_, response) => void response.end())],
  ])('AHP-PROOF-19 AHP-PROOF-16 %s closes it after 15 minutes, and no earlier, until it is back', async (_title, break_) => {
    const harness = createMockHarness({ logSize: 300 })
    const usual = answerAs(harness.published)
    const server = await serve(usual)
    const receiver = await receiverOf(harness, server.origin.concat('/'))
    server.answer(break_(usual))
    expect(await send(receiver, harness.mint())).toBe('served')
    await receiver.verifier.warm()
    harness.clock.advance(900)
    expect(await send(receiver, harness.mint())).toBe('served')
    harness.clock.advance(1)
    const response = await sendRaw(receiver.port, harness.mint())
    expect([response.status, problemOf(response)['code'], problemOf(response)['retry']]).toEqual([
      503,
      'ledger_unproven',
      'same-token',
    ])
    expect(Number(response.headers['retry-after'])).toBeGreaterThanOrEqual(30)
    expect(await send(receiver, harness.mint({}, { log: otherLog(harness) }))).toBe('served')
    server.answer(usual)
    await receiver.verifier.warm()
    expect(await send(receiver, harness.mint())).toBe('served')
    expect(receiver.contexts.map(({ ledger }) => ledger.assurance)).not.toContain('audited')
  })
})

describe('a log that lies', () => {
  test('AHP-PROOF-16 inventing its siblings is served as asserted, and its origin closed within 15 minutes, others open', async () => {
    const harness = createMockHarness({ logSize: 1 })
    const log = createInventedLog(harness.crypto, NAMES.log, harness.keys.log, 70_000)
    const server = await serve(answerAs(createLogHost(NAMES.logUrl, log)))
    const receiver = await receiverOf(harness, server.origin.concat('/'))
    expect(await send(receiver, harness.mint({}, { log }))).toBe('served')
    expect(last(receiver)).toBe('asserted')
    await receiver.verifier.warm()
    harness.clock.advance(901)
    await receiver.verifier.warm()
    expect(await send(receiver, harness.mint({}, { log }))).toBe('503 ledger_unproven same-token')
    expect(await send(receiver, harness.mint({}, { log: otherLog(harness) }))).toBe('served')
  })

  test.each<[string, string, (harness: MockHarness) => { readonly given: MemoryLog; readonly later: MemoryLog }]>([
    [
      'inventing siblings beside a published tree',
      'signed heads over 201 and 300 entries that no tree has both',
      (h) => ({ given: createInventedLog(h.crypto, NAMES.log, h.keys.log, 200), later: h.log }),
    ],
    [
      'showing this receiver a tree of its own',
      'signed heads over 301 and 320 entries that no tree has both',
      (h) => ({ given: createMemoryLog(h.crypto, NAMES.log, h.keys.log, 300), later: grown(h, 320) }),
    ],
  ])('AHP-PROOF-17 %s is closed for good, with a file that a command checks', async (_title, expected, make) => {
    const harness = createMockHarness({ logSize: 300 })
    const { given, later } = make(harness)
    const { origin } = await serve(answerAs(createLogHost(NAMES.logUrl, later)))
    const { send: ask, round, evidence, directory } = inDirectory(harness, origin)
    expect(await ask(() => harness.mint({}, { log: given }))).toBe('asserted')
    await round()
    expect(await ask(() => harness.mint({}, { log: given }))).toBe('ledger_inconsistent')
    const { code, text } = await check(await evidence(), harness.trust())
    expect([code, text]).toEqual([0, expect.stringContaining(expected)])
    // After a restart.
    const again = inDirectory(harness, origin, directory)
    expect(await again.send(() => harness.mint())).toBe('ledger_inconsistent')
  })

  test('AHP-PROOF-18 going back is closed for good, with a file that a command checks, also over a restart', async () => {
    const harness = createMockHarness({ logSize: 300 })
    const host = createLogHost(NAMES.logUrl, harness.log)
    const { origin } = await serve(answerAs(host))
    const before = inDirectory(harness, origin)
    await before.round()
    await kept(before.directory, 'ledger-head-')
    host.show(createMemoryLog(harness.crypto, NAMES.log, harness.keys.log, 250))
    const { send: ask, round, evidence } = inDirectory(harness, origin, before.directory)
    await round()
    harness.clock.advance(901)
    await round()
    expect(await ask(() => harness.mint())).toBe('ledger_inconsistent')
    const found = await evidence()
    const { code, text } = await check(found, harness.trust())
    expect(code).toBe(0)
    expect(text).toContain('signed heads over 300 and 250 entries')
    expect(text).toContain("the receiver's word: it was shown the smaller one later")
    // Somebody who trusts another key is told so, and a changed file shows nothing.
    const stranger = createMemoryLog(harness.crypto, NAMES.log, namedSigner('stranger', NAMES.log), 1)
    const others = changeFirst(harness.trust()['ledgers'], { vkey: stranger.vkey })
    expect(await check(found, harness.trust({ ledgers: others }))).toMatchObject({ code: 1 })
    writeFileSync(found.file, readFileSync(found.file, 'utf8').replace('300', '301'))
    expect(await check(found, harness.trust())).toMatchObject({ code: 1 })
  })
})

/** The log of the harness, grown to `size`. */
function grown({ log }: MockHarness, size: number): MemoryLog {
  while (log.size < size) log.append(utf8(`public ${log.size}`))
  return log
}

interface Kept {
  readonly directory: string
  readonly file: string
}

/** A receiver as Node has it, with a state directory. */
function inDirectory(
  harness: MockHarness,
  origin: string,
  directory: string = temporaryDirectory(),
): {
  readonly directory: string
  readonly send: (mint: () => RawRequest) => Promise<string>
  readonly round: () => Promise<void>
  /** The evidence, once it is on disk. */
  readonly evidence: () => Promise<Kept>
} {
  const verifier = createNodeVerifier({
    ...harness.receiver({
      time: { maxStalenessSeconds: 3600, skewSeconds: 0 },
      ledgers: changeFirst(harness.trust()['ledgers'], { url: `${origin}/` }),
    }),
    get: (address, limits) => (address.startsWith(origin) ? httpGet : harness.status.get)(address, limits),
    log: () => {},
    stateDirectory: directory,
  })
  onTestFinished(() => verifier.close())
  const ready = verifier.warm().then(() => harness.clock.advance(6))
  return {
    directory,
    send: async (mint) => {
      await ready
      return verifyRaw(verifier, mint())
    },
    round: async () => {
      await ready
      await verifier.warm()
    },
    evidence: async () => ({ directory, file: await kept(directory, 'ledger-evidence-') }),
  }
}

/** The file whose name begins so; what is kept is written in the background. */
function kept(directory: string, start: string): Promise<string> {
  return vi.waitFor(() => {
    const name = readdirSync(directory).find((found) => found.startsWith(start) && !found.endsWith('.new'))
    if (name === undefined) throw new Error(`no file ${start}`)
    return join(directory, name)
  })
}

async function verifyRaw(verifier: ReturnType<typeof createNodeVerifier>, request: RawRequest): Promise<string> {
  const { method, target, lines, body } = request
  const received = { method, target, headers: lines.flat(), content: () => body }
  return verifier.verify(received).then(
    ({ ledger }) => ledger.assurance,
    (error: unknown) => String(Reflect.get(Object(error), 'code')),
  )
}

/** What the command says about a file, under a trust bundle. */
async function check({ directory, file }: Kept, trust: JsonObject): Promise<{ readonly code: number; readonly text: string }> {
  const bundle = join(directory, 'trust')
  writeFileSync(bundle, JSON.stringify(trust))
  const lines: string[] = []
  const push = (line: string): void => void lines.push(line)
  const code = await runCommand(['check', file, '--trust', bundle], { print: push, complain: push })
  return { code, text: lines.join('\n') }
}
