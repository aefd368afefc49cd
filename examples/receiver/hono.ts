import { honoAiegis } from '@aiegis/fetch/hono-node'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
  .use(honoAiegis({ actions: { 'POST /orders': 'orders.create' } })) // trust comes from aiegis-trust.json
  .post('/orders', async (c) => {
    const { presenter, receiptId } = c.var.aiegis
    return c.json({ ordered: await c.req.json(), by: presenter.did, receipt: receiptId }, 201)
  })

serve({ fetch: app.fetch, port: 18082, hostname: '127.0.0.1' })
