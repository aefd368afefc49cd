import { getAiegis, requireAiegisToken } from '@aiegis/express'
import Fastify from 'fastify'

const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })

// Trust comes from aiegis-trust.json beside package.json. Every route of this server needs evidence, its plugins' too.
const aiegis = requireAiegisToken({ actions: { 'POST /orders': 'orders.create' } })
app.addHook('onRequest', (request, reply, done) => void aiegis(request.raw, reply.raw, done))

app.post('/orders', async (request, reply) => {
  const { presenter, receiptId } = getAiegis(request.raw)
  return reply.code(201).send({ ordered: request.body, by: presenter.did, receipt: receiptId })
})

await app.listen({ port: 18082, host: '127.0.0.1' })
