/** The receiver of the story: an orders API that a team already had, and one line that protects it. @module */
import { getAiegis, requireAiegisToken, type Verifier } from '@aiegis/express'
import express, { type Express } from 'express'

/** What the API keeps. */
export interface Order {
  readonly id: number
  readonly item: string
  readonly by: string
}

/** The API, and how often any of its handlers ran: the number that no attack may change. */
export interface OrdersApi {
  readonly app: Express
  readonly effects: () => number
}

/** Builds the API. Everything behind the first line needs evidence. */
export function createOrdersApi(verifier: Verifier): OrdersApi {
  const orders: Order[] = [{ id: 7, item: 'a lamp', by: 'the shop' }]
  let effects = 0
  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use(express.json())

  app.get('/orders/:id', (request, response) => {
    effects++
    const order = orders.find(({ id }) => id === Number(request.params.id))
    response.status(order ? 200 : 404).json(order ?? { title: 'no such order' })
  })
  app.post('/orders', (request, response) => {
    effects++
    const order = { id: orders.length + 7, item: String(request.body?.item), by: getAiegis(request).presenter.did }
    orders.push(order)
    response.status(201).json(order)
  })
  app.delete('/orders/:id', (_request, response) => {
    effects++
    response.status(204).end()
  })
  return { app, effects: () => effects }
}

/** What each route needs to have been decided. */
export const ACTIONS = {
  'GET /orders/:id': 'orders.read',
  'POST /orders': 'orders.create',
  'DELETE /orders/:id': 'orders.delete',
} as const

/** The action of a request, as `ACTIONS` names it. */
export function actionOf(method: string, path: string): string {
  if (method === 'POST' && path === '/orders') return ACTIONS['POST /orders']
  if (method === 'DELETE' && path.startsWith('/orders/')) return ACTIONS['DELETE /orders/:id']
  if (method === 'GET' && path.startsWith('/orders/')) return ACTIONS['GET /orders/:id']
  return `http.${method.toLowerCase()}`
}
