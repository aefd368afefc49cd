import express from 'express'
import { z } from 'zod'
import { findAiegis, getAiegis, requireAiegisToken } from '@aiegis/express'

const app = express()
const claims = z.object({ tenant: z.string() })
const closed = new Set(['acme'])

app.use('/status', requireAiegisToken({ presence: 'optional' }), (request, response) => {
  response.json({ agent: findAiegis(request)?.presenter.did ?? null })
})

app.use(
  requireAiegisToken({
    actions: {
      'GET /orders/:id': 'orders.read',
      'POST /orders': {
        action: 'orders.create',
        require: { human: { asserted: 'live' } },
        maxDepth: 1,
        body: { presence: 'required', maxBytes: 10_000, mediaTypes: ['application/json'] },
      },
    },
    claims,
    check: async (context) => !closed.has(context.claims.tenant),
  }),
)

app.get('/orders/:id', (request, response) => {
  response.json({ tenant: getAiegis(request, claims).claims.tenant })
})
