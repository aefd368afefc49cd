import express from 'express'
import { getAiegis, requireAiegisToken } from '@aiegis/express'

const app = express()

app.get('/health', (_request, response) => void response.json({ up: true })) // above the check: for everybody

// Trust comes from aiegis-trust.json beside package.json. Everything below this line needs evidence.
app.use(
  requireAiegisToken({
    actions: { 'POST /orders': 'orders.create' },
    onVerdict: ({ verdict, code }) => console.log(verdict, code ?? ''), // the exact code, which callers are not always shown
  }),
)
app.use(express.json())

app.post('/orders', (request, response) => {
  response.status(201).json({ ordered: request.body, by: getAiegis(request).presenter.did })
})

app.listen(3000, '127.0.0.1', () => console.log('the API listens'))
