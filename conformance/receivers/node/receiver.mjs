/**
 * The fixture of the suite on node:http, at level Standard: what the author of a receiver writes (conformance/README.md).
 * Reads PORT, AIEGIS_TRUST and AIEGIS_STATE from the environment and listens on 127.0.0.1. @module
 */
import { createServer } from 'node:http'
import { hashOf } from './lib/encoding.mjs'
import { EVIDENCE, valuesOf } from './lib/extract.mjs'
import { createDocuments } from './lib/did-web.mjs'
import { Malformed, Refusal, responseOf } from './lib/refusal.mjs'
import { requestOf } from './lib/request.mjs'
import { createReceiver } from './lib/road.mjs'
import { createStatus } from './lib/status.mjs'
import { createStatusFiles } from './lib/status-files.mjs'
import { readTrust } from './lib/trust.mjs'
import { readTrusted } from './lib/trust-file.mjs'

const HIDDEN = [...EVIDENCE, 'cookie', 'authorization']
const ROUTES = new Map([
  ['/conformance/declared', { action: 'conformance.run' }],
  ['/conformance/aimed', { action: 'conformance.aim', target: 'https://target.conformance.example/thing' }],
])
const MAX_HEAD = 32_768

/** A server that is not listening yet. Throws `Malformed` with a sentence when it must not start. */
export async function createFixture({
  trustPath,
  stateDirectory,
  clock = () => Date.now() / 1000,
  steady = () => performance.now() / 1000,
}) {
  const trust = readTrust(readTrusted(trustPath, 'AIEGIS_TRUST'))
  const documents = createDocuments(trust.didWeb)
  const status = createStatus(trust, createStatusFiles(stateDirectory), clock, steady)
  await status.start()
  const receiver = createReceiver({ trust, documents, status, clock, steady })
  const party = { audience: trust.audience, harnesses: [...trust.harnesses.keys()] }
  const effects = new Map()

  const refuse = (refusal) => {
    console.error(JSON.stringify({ verdict: 'refused', code: refusal.code, stage: refusal.row.stage, now: receiver.now() }))
    return responseOf(refusal, party, receiver.now())
  }
  const answer = async (request) => {
    const [path] = request.target.split('?')
    if (request.method === 'GET' && path === '/conformance/open') return json({ ok: true })
    if (request.method === 'GET' && path.startsWith('/conformance/effects/'))
      return json({ count: effects.get(path.slice('/conformance/effects/'.length)) ?? 0 })
    try {
      return handle(request, path, await receiver.verify(request, requirementOf(request.method, path)), effects)
    } catch (error) {
      if (error instanceof Refusal) return refuse(error)
      console.error(error) // AHP-ROAD-6: what nobody thought of is not served
      return refuse(new Refusal('misconfigured'))
    }
  }
  const serve = async (incoming, response, isWaiting) => {
    const request = requestOf(incoming, response, isWaiting)
    const { status: code, fields, content } = await answer(request)
    if (response.destroyed) return
    // What was not read must not be taken for the next request.
    const closing = request.isRead ? {} : { Connection: 'close' }
    response.writeHead(code, { ...fields, 'Content-Length': Buffer.byteLength(content), ...closing }).end(content)
  }

  const server = createServer({
    maxHeaderSize: MAX_HEAD,
    requireHostHeader: false,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
  })
  server.maxHeadersCount = 0 // all lines are shown
  server.on('request', (incoming, response) => void serve(incoming, response, false))
  server.on('checkContinue', (incoming, response) => void serve(incoming, response, true))
  server.on('connect', (_incoming, socket) => writeRaw(socket, refuse(new Refusal('method_invalid'))))
  server.on('clientError', (_error, socket) => writeRaw(socket, refuse(new Refusal('request_malformed'))))
  return server
}

/** As widely as anything here routes: without regard to case and to a slash at the end (AHP-REQ-5). */
function plain(path) {
  return path.toLowerCase().replace(/\/$/, '')
}

function requirementOf(method, path) {
  const declared = ROUTES.get(plain(path))
  if (declared === undefined) return {}
  return method === 'POST' ? declared : { isUnmapped: true } // AHP-REQ-7
}

/** Runs only behind the check; the first thing it does is the effect that the suite counts. */
function handle(request, path, { claims, chain, proof, content }, effects) {
  const nonce = valuesOf(request, 'x-conformance-nonce').find((value) => /^[\w-]{8,64}$/.test(value)) ?? 'none'
  effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
  const visible = request.fields.filter(([name]) => !HIDDEN.includes(name)) // AHP-BIND-23, AHP-BIND-24
  if (!ROUTES.has(plain(path)) && !/^\/conformance\/echo(?:\/|$)/.test(plain(path)))
    return { status: 404, fields: { 'Content-Type': 'text/plain' }, content: 'There is nothing here\n' }
  const { entry, jti, txn } = claims
  const agents = chain.passports.map(({ agent }) => agent)
  return json({
    nonce,
    agent: agents.at(-1),
    principal: agents[0],
    path: agents,
    depth: agents.length - 1,
    action: entry.action,
    target: entry.target,
    decision: entry.decision,
    receiptId: jti,
    task: txn,
    ledger: { origin: proof.origin, index: String(proof.index), size: String(proof.size), assurance: 'asserted' },
    contentSha256: hashOf(content),
    contentType: valuesOf(request, 'content-type')[0] ?? null,
    seen: HIDDEN.filter((name) => visible.some(([shown]) => shown === name)),
  })
}

function json(value) {
  return { status: 200, fields: { 'Content-Type': 'application/json' }, content: JSON.stringify(value) }
}

/** An answer to bytes that are no request; nothing more is read. */
function writeRaw(socket, { status, fields, content }) {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const all = { ...fields, 'Content-Length': Buffer.byteLength(content), Connection: 'close', Date: new Date().toUTCString() }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${content}`, () => socket.destroy())
}

if (import.meta.url === `file://${process.argv[1]}`) {
  try {
    const server = await createFixture({ trustPath: process.env.AIEGIS_TRUST, stateDirectory: process.env.AIEGIS_STATE })
    server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
