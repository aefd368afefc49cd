import { startGate } from '@aiegis/gate'
import { contextKeyFile } from '@aiegis/verifier/node'

// Trust comes from the file that AIEGIS_TRUST names.
const gate = await startGate({
  proxy: 'accel-redirect',
  listen: { path: '/run/aiegis/gate.sock' },
  actions: { 'POST /orders': 'orders.create' },
  context: {
    signer: contextKeyFile('/etc/aiegis/context.key', 'did:web:api.example.com#context-1'),
    audience: 'orders.internal',
  },
})
process.once('SIGTERM', () => void gate.close())
