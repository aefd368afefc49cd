import { createServer } from 'node:http'
import { contextOf } from '@aiegis/verifier'
import { mountOf, passes } from '@aiegis/verifier/node'

// Trust comes from aiegis-trust.json beside package.json.
const mount = mountOf({ actions: { 'POST /orders': 'orders.create' } })

createServer((request, response) => {
  void passes(mount, request, response).then((passed) => {
    if (passed) response.end(`ordered by ${contextOf(request).presenter.did}\n`) // otherwise the refusal has been sent
  })
}).listen(18082, '127.0.0.1')
