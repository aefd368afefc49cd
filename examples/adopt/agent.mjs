import { readFileSync } from 'node:fs'
import { harnessFetch } from '@aiegis/agent'
import { createSigner, didKeyUrl, formatDidKey } from '@aiegis/protocol'

const call = harnessFetch({
  protect: 'http://127.0.0.1:18081',
  passport: readFileSync('agent-passport.jwt', 'utf8'),
  signer: createSigner(readFileSync('agent.seed'), (key) => didKeyUrl(formatDidKey(key))),
  action: 'orders.create', // as the route says
})
const headers = { 'Content-Type': 'application/json' }
const response = await call('http://127.0.0.1:3000/orders', { method: 'POST', headers, body: '{"item":"book"}' })
console.log(response.status, await response.text())
