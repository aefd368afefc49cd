// The Worker of this folder on workerd: an order that was decided is served, once, and everything else is refused.
// Installs workerd. Exit codes: 0 all as expected, 1 a surprise, 3 workerd could not be installed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClock, createMockHarness, problemOf, sendRaw, withLine } from '@aiegis/testing'
import { isRuntimeMachine } from '../../scripts/installed.mjs'
import { bundle, serve } from '../../scripts/workerd.mjs'

const ORDER = { method: 'POST', url: 'https://api.example.com/orders', contentType: 'application/json', content: '{"item":7}' }
const here = fileURLToPath(new URL('.', import.meta.url))

if (!isRuntimeMachine()) {
  console.log('Workers: not shown, since workerd is installed on Linux x64 only.')
  process.exit(0)
}
const harness = createMockHarness({ clock: createClock(Date.now()) })
// An issuer that never revokes: this example has no server for its list.
const issuers = harness.trust().issuers.map((issuer) => ({ ...issuer, status: 'unrevocable' }))
const passport = (credential) => Object.fromEntries(Object.entries(credential).filter(([name]) => name !== 'credentialStatus'))
const order = () => harness.mint(ORDER, { passport })
const copied = order()
const SCENES = [
  { name: 'an order that was decided', sent: copied, ends: '200' },
  { name: 'the same request again', sent: copied, ends: 'token_replayed' },
  {
    name: 'another order than was decided',
    sent: { ...order(), body: new TextEncoder().encode('{"item":8}') },
    ends: 'content_mismatch',
  },
  { name: 'no evidence', sent: withLine(order(), 'X-AEGIS-Token'), ends: 'token_missing' },
]

process.env.TRUST = JSON.stringify(harness.trust({ issuers }))
await bundle(`${here}../dist/workers/worker.js`, `${here}dist/worker.js`)
const disk = mkdtempSync(join(tmpdir(), 'aiegis-workers-'))
const { ports, end } = await serve(`${here}workerd.capnp`, ['http'], ['--directory-path', `disk=${disk}`])
console.log('\nA Worker, with used tokens in a Durable Object')
let surprises = 0
for (const { name, sent, ends } of SCENES) {
  const response = await sendRaw(ports.http, sent)
  const { code } = problemOf(response)
  const answer = typeof code === 'string' ? code : String(response.status)
  if (answer !== ends) surprises++
  console.log(`  ${name}: ${answer}${answer === ends ? '' : `, and not ${ends}`}`)
}
await end()
rmSync(disk, { recursive: true })
process.exit(surprises === 0 ? 0 : 1)
