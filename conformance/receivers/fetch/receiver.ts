/** The fixture of the suite on our adapter for Hono on Node (conformance/README.md). @module */
import { honoAiegis, type AiegisEnv, type Verifier } from '@aiegis/fetch/hono-node'
import { Hono, type Context } from 'hono'
import { createEffects, isAimed, TARGET } from '../echo.ts'

/** The fixture around a verifier that knows its actions. */
export function createReceiver(verifier: Verifier): Hono<AiegisEnv> {
  const effects = createEffects()
  const [plain, aimed] = [honoAiegis({ verifier }), honoAiegis({ verifier, target: TARGET })]
  const echo = async (c: Context<AiegisEnv>): Promise<Response> => {
    const content = new Uint8Array(await c.req.arrayBuffer())
    return c.json(
      effects.echo(
        () => c.var.aiegis,
        content,
        (name) => c.req.header(name),
      ),
    )
  }
  const app = new Hono<AiegisEnv>()
  app.get('/conformance/open', (c) => c.json({ ok: true }))
  app.get('/conformance/effects/:nonce', (c) => c.json({ count: effects.count(c.req.param('nonce')) }))
  app.use(async (c, next) => (isAimed(c.req.path) ? aimed : plain)(c, next))
  app.post('/conformance/declared', echo).post('/conformance/aimed', echo)
  app.all('/conformance/echo', echo).all('/conformance/echo/*', echo)
  return app
}
