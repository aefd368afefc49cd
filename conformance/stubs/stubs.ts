/** Receivers that do nothing of what they must: none of them may obtain a level (conformance/README.md). @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

type Answer = (request: IncomingMessage, response: ServerResponse, effects: Map<string, number>) => void

const SHOWN = 'application/json'

/** Some rows of the registry. */
const CODES = [
  [401, 'untrusted'],
  [401, 'token_expired'],
  [403, 'action_mismatch'],
  [400, 'request_malformed'],
  [503, 'replay_unavailable'],
] as const

/** Each stub by its name. */
export const STUBS: Readonly<Record<string, Answer>> = {
  'always-200': (_request, response) => json(response, 200, { ok: true, count: 0 }),
  'always-401': fixture((_request, response) => refuse(response, 401, 'untrusted')),
  'always-503': fixture((_request, response) => refuse(response, 503, 'replay_unavailable')),
  'always-malformed': fixture((_request, response) => refuse(response, 401, 'token_malformed')),
  /** A code that there is, another one for each request. */
  'random-code': fixture((request, response) => {
    const [status, code] = CODES[(request.headers['x-aegis-token']?.length ?? 0) % CODES.length] ?? CODES[0]
    refuse(response, status, code)
  }),
  /** The handler without a gate. */
  'echo-without-gate': fixture((request, response, effects) => {
    count(request, effects)
    json(response, 200, {
      nonce: request.headers['x-conformance-nonce'],
      agent: null,
      action: null,
      contentSha256: null,
      seen: [],
    })
  }),
  /** A gate that only looks whether there is a token. */
  'presence-only': fixture((request, response, effects) => {
    if (request.headers['x-aegis-token'] === undefined) return refuse(response, 401, 'token_missing')
    count(request, effects)
    json(response, 200, {
      nonce: request.headers['x-conformance-nonce'],
      agent: null,
      action: null,
      contentSha256: null,
      seen: [],
    })
  }),
  html: (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Welcome</title><p>It works')
  },
  hang: () => undefined,
  'hang-at-the-gate': fixture(() => undefined),
  'close-at-once': (request) => void request.socket.destroy(),
  'not-http': (request) => void request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  /** Ends its process at the first request with evidence. */
  'crash-at-the-gate': fixture(() => {
    process.exitCode = 7
    process.exit(7)
  }),
}

/** A server that answers as the stub does. Throws `TypeError` for a name that no stub has. */
export function createStub(name: string): Server {
  const answer = STUBS[name]
  if (answer === undefined) throw new TypeError(`no stub is called '${name}'; there are ${Object.keys(STUBS).join(', ')}`)
  const effects = new Map<string, number>()
  return createServer((request, response) => answer(request, response, effects))
}

/** The routes that no gate guards, honest; all else is the stub's. */
function fixture(gated: Answer): Answer {
  return (request, response, effects) => {
    const path = request.url ?? ''
    if (path === '/conformance/open') return json(response, 200, { ok: true })
    if (path.startsWith('/conformance/effects/')) return json(response, 200, { count: effects.get(path.slice(21)) ?? 0 })
    gated(request, response, effects)
  }
}

function count(request: IncomingMessage, effects: Map<string, number>): void {
  const nonce = String(request.headers['x-conformance-nonce'] ?? 'none')
  effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': SHOWN }).end(JSON.stringify(value))
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const now = Math.floor(Date.now() / 1000)
  const problem = { type: `urn:ahp-receiver:0.1:${code}`, title: 'No', status, code, retry: 'never', executed: 'no', now }
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(problem))
}
