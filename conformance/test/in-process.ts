/** Our verifier as the receiver of the suite, on a clock of the test's own: what the builder makes is judged with exact codes. @module */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'
import { getAiegis, requireAiegisToken } from '@aiegis/express'
import { Refusal } from '@aiegis/protocol'
import type { AiegisContext, Verifier, VerifierOptions } from '@aiegis/verifier'
import { createNodeVerifier } from '@aiegis/verifier/node'
import {
  build,
  resourceOf,
  serialise,
  trustBundle,
  type BuildOptions,
  type Built,
  type Change,
  type Level,
  type World,
} from '../src/build/index.ts'
import { startHost } from '../src/host/host.ts'

/** 2026-11-20, with milliseconds that show where somebody forgets them. */
const START = Date.UTC(2026, 10, 20, 22, 0, 0, 123)

export interface Answer {
  /** The exact code, `served`, or `framing` when the parser of Node refused. */
  readonly code: string
  /** As the fixture of the suite would show it. */
  readonly echo?: Readonly<Record<string, unknown>>
}

export interface Bench {
  readonly world: World
  readonly verifier: Verifier
  /** Moves the clock, milliseconds. */
  sleep(milliseconds: number): void
  make(base: string, change?: readonly Change[], options?: Partial<BuildOptions>): Built
  /** Through a server when the request is more than fields and content, or when asked for. */
  send(built: Built, throughServer?: boolean): Promise<Answer>
  close(): Promise<void>
}

/** A receiver of one level that started long enough ago. */
export async function createBench(level: Level, options: Partial<VerifierOptions> = {}): Promise<Bench> {
  let now = START
  let runs = 0
  const host = level === 'basic' ? undefined : await startHost({ port: 0, resources: (path) => resourceOf(world, path) })
  const world: World = {
    seed: 'bench',
    url: new URL('http://127.0.0.1:3000'),
    level,
    hostUrl: host === undefined ? null : new URL(`http://127.0.0.1:${new URL(host.origin).port}`),
    skew: 5,
    now: () => now,
  }
  let last: { code: string | undefined } = { code: undefined }
  const verifier = createNodeVerifier({
    trust: trustBundle(world),
    log: () => {},
    now: () => now,
    actions: { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' },
    onVerdict: ({ code }) => {
      last = { code }
    },
    ...options,
  })
  await verifier.warm()
  now += 60_000
  let server: Server | undefined
  let served: Answer | undefined

  async function sendRaw(built: Built): Promise<Answer> {
    server ??= await startServer(verifier, (answer) => {
      served = answer
    })
    served = undefined
    last = { code: undefined }
    await talk((server.address() as AddressInfo).port, built, serialise(world, built.wire))
    if (served !== undefined) return served
    return { code: last.code ?? 'framing' }
  }

  return {
    world,
    verifier,
    sleep(milliseconds) {
      now += milliseconds
    },
    make: (base, change = [], more = {}) => build(world, base, change, { caseId: 'bench', run: (runs += 1), ...more }),
    async send(built, throughServer = false) {
      // Only a server bounds what it reads.
      if (throughServer || built.wire.raw !== undefined || built.wire.content.length > 65_536) return await sendRaw(built)
      const { method, target, content } = built.wire
      const headers = headersOf(world, built)
      try {
        const context = await verifier.verify({ method, target, headers, content: () => content }, routeOf(target))
        return { code: 'served', echo: echoOf(context, content, headers) }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return { code: error.code }
      }
    },
    async close() {
      verifier.close()
      server?.closeAllConnections()
      server?.close()
      await host?.close()
    },
  }
}

/** What the fixture tells whether its handler still sees it. */
const SEEN = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature', 'signature-input', 'cookie', 'authorization']

function routeOf(target: string): { readonly target?: string } {
  return /^\/conformance\/aimed\/?(?:\?|$)/i.test(target) ? { target: 'https://target.conformance.example/thing' } : {}
}

function echoOf(context: AiegisContext, content: Uint8Array, headers: readonly string[]): Readonly<Record<string, unknown>> {
  const line = (name: string): string | null => {
    const index = headers.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name)
    return index === -1 ? null : (headers[index + 1] ?? null)
  }
  const { origin, index, size, assurance } = context.ledger
  return {
    nonce: line('x-conformance-nonce'),
    agent: context.presenter.did,
    principal: context.principal.did,
    path: context.path.map(({ did }) => did),
    depth: context.depth,
    action: context.action,
    target: context.target,
    decision: context.decision,
    receiptId: context.receiptId,
    task: context.task,
    ledger: { origin, index: String(index), size: String(size), assurance },
    contentSha256: createHash('sha256').update(content).digest('base64url'),
    contentType: line('content-type'),
  }
}

function headersOf(world: World, built: Built): readonly string[] {
  const head = Buffer.from(serialise(world, { ...built.wire, content: new Uint8Array(0) })).toString('latin1')
  return head
    .split('\r\n')
    .slice(1)
    .filter((line) => line !== '')
    .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
}

async function startServer(verifier: Verifier, serve: (answer: Answer) => void): Promise<Server> {
  const gate = requireAiegisToken({ verifier })
  const aimed = requireAiegisToken({ verifier, target: 'https://target.conformance.example/thing' })
  const server = createServer((request, response) => {
    const chosen = routeOf(request.url ?? '').target === undefined ? gate : aimed
    void chosen(request, response, () => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const seen = SEEN.filter((name) => request.headers[name] !== undefined || request.rawHeaders.includes(name))
        serve({ code: 'served', echo: { ...echoOf(getAiegis(request), Buffer.concat(parts), request.rawHeaders), seen } })
        response.end('{}')
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function talk(port: number, built: Built, bytes: Uint8Array): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.resume()
  const closed = once(socket, 'close')
  let at = 0
  for (const { upTo, pauseMs } of built.wire.fragments ?? []) {
    socket.write(bytes.subarray(at, upTo))
    at = upTo
    // Who is refused before has nothing more to wait for.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, pauseMs).unref())])
  }
  socket.write(bytes.subarray(at))
  if (built.wire.end === true) socket.end()
  await closed
}
