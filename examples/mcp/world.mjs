/** Starts a harness with the policy of this folder, the MCP server, and an agent with a passport. @module */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseFlags, signPack, startServer } from '@aiegis/enforcement'
import { createNodeVerifier } from '@aiegis/express'
import { createSigner, formatDidKey } from '@aiegis/protocol'
import { listen } from '@aiegis/testing'
import { kidOf } from '../dist/story/world.js'
import { ACTIONS, createMcpApp } from './server.mjs'

const NAMES = ['--did=did:web:harness.example', '--issuer=did:web:identity.example', '--log-origin=ledger.example/aiegis/1']

/** Everything on free ports, with keys that live as long as the process. */
export async function createWorld() {
  const state = mkdtempSync(`${tmpdir()}/aiegis-mcp-`)
  const harness = await startServer(parseFlags(['--port', '0', '--state', state, ...NAMES]), await policy())
  const { enforcement } = harness
  const server = createServer()
  const origin = `http://127.0.0.1:${await listen(server)}`
  const trust = {
    ahp: 'ahp-receiver/0.1',
    audience: origin,
    bases: [{ public: origin, mount: '/', authority: 'match' }],
    ...enforcement.trustFragment(),
    replay: { memory: { singleProcess: true } },
    time: { skewSeconds: 0 },
  }
  const verifier = createNodeVerifier({ trust, actions: ACTIONS })
  await verifier.warm()
  const calls = []
  server.on(
    'request',
    createMcpApp(verifier, (tool, by) => calls.push({ tool, by })),
  )
  const signer = createSigner(randomBytes(32), kidOf)
  const mission = [{ action: 'mcp.*', target: `${origin}/mcp` }]
  const { passport } = await enforcement.issuePassport({ agent: signer.publicKey, mission })
  // Tokens of the second in which the receiver started are refused: it cannot know what came before.
  await sleep(1010 - (Date.now() % 1000))
  return {
    url: `${origin}/mcp`,
    agent: { protect: enforcement.url, passport, signer },
    /** Which tools ran. */
    calls,
    async close() {
      verifier.close()
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await harness.close()
      rmSync(state, { recursive: true })
    },
  }
}

/** One pack, signed by a key of its own. */
async function policy() {
  const signer = createSigner(randomBytes(32), kidOf)
  const module = readFileSync(new URL('policy.rego', import.meta.url), 'utf8')
  const manifest = {
    spec_version: 'ahp-policy-pack/0.1',
    pack_id: 'mcp-tools',
    pack_name: 'Tools that agents may call',
    issuer: formatDidKey(signer.publicKey),
    issued_at: '2026-01-01T00:00:00Z',
    expires_at: '2036-01-01T00:00:00Z',
    jurisdictions: ['*'],
    rules: [
      {
        rule_id: 'listed',
        match: { action: '*', fields: ['action'] },
        policy: { language: 'rego', rego_version: 'v1', module },
        deny_reason: 'tool not listed',
        layer: 'L8-Tool-Sandbox',
      },
    ],
    default_decision: 'DENY',
  }
  return {
    packs: [{ name: 'mcp-tools.json', bytes: await signPack(manifest, signer) }],
    packKeys: [{ kid: signer.kid, key: signer.publicKey }],
  }
}
