import { readFileSync } from 'node:fs'
import { HarnessBlocked, harnessFetch } from '@aiegis/agent'
import { createSigner, didKeyUrl, formatDidKey } from '@aiegis/protocol'

const call = harnessFetch({
  protect: 'http://127.0.0.1:18081',
  passport: readFileSync('agent-passport.jwt', 'utf8'),
  signer: createSigner(readFileSync('agent.seed'), (key) => didKeyUrl(formatDidKey(key))), // 32 bytes
  action: 'orders.create',
})
try {
  const body = JSON.stringify({ item: 'book' })
  const headers = { 'Content-Type': 'application/json' }
  const response = await call('http://127.0.0.1:18082/orders', { method: 'POST', headers, body })
  console.log(response.status, await response.text())
} catch (error) {
  if (!(error instanceof HarnessBlocked)) throw error
  console.log('not sent:', error.decision.reason)
}
