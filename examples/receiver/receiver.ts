import express from 'express'
import { getAiegis, requireAiegisToken } from '@aiegis/express'

const app = express()

// Trust comes from aiegis-trust.json beside package.json. Everything below this line needs evidence.
app.use(requireAiegisToken({ actions: { 'POST /orders': 'orders.create' } }))
app.use(express.json())

app.post('/orders', (request, response) => {
  const { presenter, receiptId } = getAiegis(request)
  response.status(201).json({ ordered: request.body, by: presenter.did, receipt: receiptId })
})

app.listen(18082, '127.0.0.1')
