import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseFlags, startServer } from '@aiegis/enforcement'
import { createSigner, didKeyUrl, formatDidKey } from '@aiegis/protocol'

const api = 'http://127.0.0.1:3000' // as agents call it
const names = ['--did', 'did:web:harness.example', '--issuer', 'did:web:identity.example']
const { enforcement } = await startServer(parseFlags(['--port', '18081', '--state', '.aiegis', ...names]))

// Whom the API trusts: this harness, its issuer and its log.
const trust = {
  ahp: 'ahp-receiver/0.1',
  audience: api,
  bases: [{ public: api, mount: '/', authority: 'match' }],
  ...enforcement.trustFragment(),
  replay: { memory: { singleProcess: true } },
}
writeFileSync('aiegis-trust.json', JSON.stringify(trust, null, 2), { mode: 0o600 })

// An agent: a key, and a passport that says what it may do.
const seed = randomBytes(32)
const { publicKey } = createSigner(seed, (key) => didKeyUrl(formatDidKey(key)))
const mission = [{ action: 'orders.*', target: `${api}/*` }]
const { passport } = await enforcement.issuePassport({ agent: publicKey, mission })
writeFileSync('agent.seed', seed, { mode: 0o600 })
writeFileSync('agent-passport.jwt', passport, { mode: 0o600 })
console.log('the harness listens')
