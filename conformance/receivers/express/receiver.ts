/** The fixture of the suite on our Express adapter: what the author of a receiver writes (conformance/README.md). @module */
import { createHash } from 'node:crypto'
import { createNodeVerifier, getAiegis, requireAiegisToken, type Verifier } from '@aiegis/express'
import express, { type Express, type Request, type Response } from 'express'

/** What no handler may see. */
const WATCHED = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature', 'cookie', 'authorization']

/** Actions that routes declare; other methods of these paths are not mapped. */
const ACTIONS = { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' }
const TARGET = 'https://target.conformance.example/thing'

/** The fixture's verifier; reads the bundle from `AIEGIS_TRUST`. */
export function createFixtureVerifier(): Verifier {
  return createNodeVerifier({ actions: ACTIONS })
}

/** The fixture around a verifier that knows its actions. */
export function createReceiver(verifier: Verifier): Express {
  const effects = new Map<string, number>()
  const app = express()
  app.disable('x-powered-by')
  app.get('/conformance/open', (_request, response) => void response.json({ ok: true }))
  app.get('/conformance/effects/:nonce', ({ params }, response) => void response.json({ count: effects.get(params.nonce) ?? 0 }))

  const content = express.raw({ type: () => true, limit: '2mb' })
  const echo = (request: Request, response: Response): void => {
    const nonce = request.get('x-conformance-nonce') ?? 'none'
    effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
    response.json(echoOf(request, nonce))
  }
  app.use('/conformance/aimed', requireAiegisToken({ verifier, target: TARGET }), content, echo)
  app.use(requireAiegisToken({ verifier }), content)
  app.post('/conformance/declared', echo)
  app.all('/conformance/echo{/*rest}', echo)
  return app
}

function echoOf(request: Request, nonce: string): Readonly<Record<string, unknown>> {
  const { principal, presenter, path, depth, action, target, decision, receiptId, task, ledger } = getAiegis(request)
  const bytes: Uint8Array = Buffer.isBuffer(request.body) ? request.body : new Uint8Array()
  return {
    nonce,
    agent: presenter.did,
    principal: principal.did,
    path: path.map(({ did }) => did),
    depth,
    action,
    target,
    decision,
    receiptId,
    task,
    // Indexes and sizes are decimal text: numbers of JSON end at 2^53 in most languages.
    ledger: { ...ledger, index: String(ledger.index), size: String(ledger.size) },
    contentSha256: createHash('sha256').update(bytes).digest('base64url'),
    contentType: request.get('content-type') ?? null,
    seen: WATCHED.filter((name) => request.headers[name] !== undefined),
  }
}
