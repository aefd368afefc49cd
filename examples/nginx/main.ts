/** An application behind nginx and a gate: what agents send reaches it only when it was decided. Any surprise ends with exit code 1. @module */
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startGate } from '@aiegis/gate'
import { createSigner, jwkOf, utf8 } from '@aiegis/protocol'
import { createMockHarness, listen, problemOf, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { heading, scene } from '../story/print.ts'
import { locationsOf, NGINX, startNginx } from './nginx.ts'
import { orders } from './service.ts'

const RECEIVER = 'did:web:api.example.com'
const ORDER = { method: 'POST', url: 'https://api.example.com/orders', contentType: 'application/json', content: '{"item":7}' }
const CONF = fileURLToPath(new URL('../../nginx/redirect.conf', import.meta.url))

interface Scene {
  readonly name: string
  readonly sends: (harness: MockHarness) => RawRequest
  readonly ends: string | number
}

let copied: RawRequest | undefined
const SCENES: readonly Scene[] = [
  { name: 'an order that was decided', sends: (harness) => (copied = harness.mint(ORDER)), ends: 200 },
  { name: 'the same request again', sends: (harness) => copied ?? harness.mint(ORDER), ends: 'token_replayed' },
  {
    name: 'another order than was decided',
    sends: (harness) => ({ ...harness.mint(ORDER), body: utf8('{"item":8}') }),
    ends: 'content_mismatch',
  },
  { name: 'no evidence', sends: (harness) => withLine(harness.mint(ORDER), 'X-AEGIS-Token'), ends: 'token_missing' },
  {
    name: 'a path that leads elsewhere',
    sends: (harness) => ({ ...harness.mint(ORDER), target: '/public/../orders' }),
    ends: 'target_invalid',
  },
  {
    name: 'a statement of the receiver, invented',
    sends: (harness) => withLine(harness.mint(ORDER), 'X-AEGIS-Context', 'a.b.c'),
    ends: 'override_header',
  },
  {
    name: 'words of the proxy, from a client',
    sends: (harness) => withLine(harness.mint(ORDER), 'X-Aiegis-Original-URI', '/public'),
    ends: 'override_header',
  },
]

if (NGINX === undefined)
  throw new Error('AIEGIS_TEST_NGINX is not set: write node scripts/nginx.mjs node examples/dist/nginx/main.js')
const harness = createMockHarness()
const verifier = createVerifier(harness.receiver())
await verifier.warm()
harness.clock.advance(6)
const signer = createSigner(crypto.getRandomValues(new Uint8Array(32)), `${RECEIVER}#context-1`)
const receivers = [{ did: RECEIVER, keys: [{ kid: signer.kid, jwk: jwkOf(signer.publicKey) }] }]
const application = createServer(orders(receivers, harness.clock.now))
const app = `http://127.0.0.1:${await listen(application)}`
const context = { signer, audience: 'orders.internal' }
const gate = await startGate({ proxy: 'accel-redirect', listen: { port: 0 }, verifier, context })
const nginx = await startNginx(NGINX, locationsOf(CONF, gate.address, app))
try {
  heading('An application behind nginx and a gate')
  let good = true
  for (const { name, sends, ends } of SCENES) {
    const response = await sendRaw(nginx.port, sends(harness))
    const { code = response.status } = problemOf(response)
    // The application answers with what the gate told it.
    const [told = ''] = /http\.post by did:key:z6Mk\w{4}/.exec(response.text) ?? []
    const expected = code === ends && (told !== '') === (ends === 200)
    good &&= expected
    scene(name, { status: response.status, code: typeof code === 'string' ? code : 'done' }, told, expected)
  }
  console.log(good ? '\nEvery scene ended as it must.' : '\nSomething ended otherwise than it must.')
  process.exitCode = good ? 0 : 1
} finally {
  await nginx.close()
  await gate.close()
  application.close()
  verifier.close()
}
