/** The fixture of the suite on our Express adapter: what the author of a receiver writes (conformance/README.md). @module */
import { createNodeVerifier, getAiegis, requireAiegisToken, type Verifier } from '@aiegis/express'
import express, { type Express, type Request, type Response } from 'express'
import { ACTIONS, createEffects, TARGET } from '../echo.ts'

/** The fixture's verifier; reads the bundle from `AIEGIS_TRUST`. */
export function createFixtureVerifier(): Verifier {
  return createNodeVerifier({ actions: ACTIONS })
}

/** The fixture around a verifier that knows its actions. */
export function createReceiver(verifier: Verifier): Express {
  const effects = createEffects()
  const app = express()
  app.disable('x-powered-by')
  app.get('/conformance/open', (_request, response) => void response.json({ ok: true }))
  app.get('/conformance/effects/:nonce', ({ params }, response) => void response.json({ count: effects.count(params.nonce) }))

  const content = express.raw({ type: () => true, limit: '2mb' })
  const echo = (request: Request, response: Response): void => {
    const bytes: Uint8Array = Buffer.isBuffer(request.body) ? request.body : new Uint8Array()
    response.json(
      effects.echo(
        () => getAiegis(request),
        bytes,
        (name) => request.get(name),
      ),
    )
  }
  app.use('/conformance/aimed', requireAiegisToken({ verifier, target: TARGET }), content, echo)
  app.use(requireAiegisToken({ verifier }), content)
  app.post('/conformance/declared', echo)
  app.all('/conformance/echo{/*rest}', echo)
  return app
}
