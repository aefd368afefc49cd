/** The fixture of the suite on our Koa adapter (conformance/README.md). @module */
import { getAiegis, requireAiegisToken, type AiegisState, type Verifier } from '@aiegis/koa'
import { Router } from '@koa/router'
import Koa from 'koa'
import { createEffects, isAimed, TARGET } from '../echo.ts'

/** The fixture around a verifier that knows its actions. */
export function createReceiver(verifier: Verifier): Koa {
  const effects = createEffects()
  const open = new Router({ prefix: '/conformance' })
    .get('/open', (ctx) => void (ctx.body = { ok: true }))
    .get('/effects/:nonce', (ctx) => void (ctx.body = { count: effects.count(ctx.params['nonce'] ?? '') }))

  const [plain, aimed] = [requireAiegisToken({ verifier }), requireAiegisToken({ verifier, target: TARGET })]
  const echo = async (ctx: Koa.ParameterizedContext<AiegisState>): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of ctx.req) chunks.push(chunk)
    ctx.body = effects.echo(
      () => getAiegis(ctx),
      Buffer.concat(chunks),
      (name) => (name in ctx.headers ? ctx.get(name) : undefined),
    )
  }
  const gated = new Router<AiegisState>({ prefix: '/conformance' })
    .post('/declared', echo)
    .post('/aimed', echo)
    .all('/echo', echo)
    .all('/echo/{*rest}', echo)

  const app = new Koa<AiegisState>()
  app.use(open.routes())
  app.use(async (ctx, next) => (isAimed(ctx.path) ? aimed : plain)(ctx, next))
  app.use(gated.routes())
  return app
}
