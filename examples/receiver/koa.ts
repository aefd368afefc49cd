import { getAiegis, requireAiegisToken, type AiegisState } from '@aiegis/koa'
import { Router } from '@koa/router'
import Koa from 'koa'

const router = new Router<AiegisState>()
router.post('/orders', (ctx) => {
  const { presenter, receiptId } = getAiegis(ctx)
  ctx.status = 201
  ctx.body = { by: presenter.did, receipt: receiptId }
})

const app = new Koa()

// Trust comes from aiegis-trust.json beside package.json. Everything below this line needs evidence.
app.use(requireAiegisToken({ actions: { 'POST /orders': 'orders.create' } }))
app.use(router.routes())

app.listen(18082, '127.0.0.1')
