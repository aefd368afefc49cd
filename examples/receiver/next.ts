import { createRedisReplayStore, type RedisClient } from '@aiegis/verifier'
import { withAiegis, type TrustInput } from '@aiegis/fetch'

/** `app/orders/route.ts` exports `POST = ordersRoute(trust, client)`. */
export function ordersRoute(trust: TrustInput, client: RedisClient) {
  const options = { trust, replay: createRedisReplayStore({ client }), action: 'orders.create' }
  return withAiegis(options, async (request, { presenter, receiptId }, _route: { params: Promise<object> }) => {
    return Response.json({ ordered: await request.json(), by: presenter.did, receipt: receiptId }, { status: 201 })
  })
}
