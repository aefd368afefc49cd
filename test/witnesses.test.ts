/** A harness whose log has witnesses, and a receiver that asks for their signatures: the whole way over real HTTP (spec chapters 5.4 and 17.11). @module */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { evidenceHeaders, signAsk } from '@aiegis/agent'
import { requireAiegisToken } from '@aiegis/express'
import { createWitness, openWitnessStore, serveWitness, type WitnessPolicy } from '@aiegis/ledger'
import { createSigner, defaultCrypto, isObject, parseVkey, utf8, type JsonObject } from '@aiegis/protocol'
import { problemOf, sendRaw } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { agentKey, createDesk, type Desk } from '../packages/enforcement/test/desk.ts'
import { parseFlags } from '../packages/enforcement/src/config.ts'
import type { EnforcementOptions } from '../packages/enforcement/src/enforcement.ts'
import { startServer } from '../packages/enforcement/src/start.ts'
import { API, shows, text, trustIn } from '../packages/enforcement/test/scene.ts'
import { listen } from './receiver.ts'

const engine = defaultCrypto()

interface RunningWitness {
  readonly url: string
  readonly vkey: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** A witness of the log of a desk, in its own directory, with the desk's clock. */
async function witnessOf(desk: Desk, name: string): Promise<RunningWitness> {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-witness-'))
  const signer = createSigner(engine.sha256(utf8(name)), name)
  const logs = [parseVkey(desk.server().enforcement.log.vkey, engine)]
  let port = 0
  let vkey = ''
  let end = async (): Promise<void> => undefined
  async function start(): Promise<void> {
    const store = await openWitnessStore(join(directory, 'witness.db'))
    const witness = createWitness({ name, signer, logs, store, crypto: engine, now: () => desk.clock.now })
    const server = await serveWitness(witness, { port })
    ;({ port } = server)
    ;({ vkey } = witness)
    end = async () => {
      await server.close()
      store.close()
    }
  }
  await start()
  const stop = async (): Promise<void> => {
    const ending = end
    end = async () => undefined
    await ending()
  }
  onTestFinished(async () => {
    await stop()
    rmSync(directory, { recursive: true })
  })
  return { url: `http://127.0.0.1:${port}`, vkey, start, stop }
}

/** A receiver that takes what the trust of a desk says. */
async function receiverOf(desk: Desk, trust: JsonObject, codes: unknown[] = []): Promise<number> {
  const verifier = createVerifier({
    trust,
    get: async (url) => {
      const response = await fetch(url, { redirect: 'manual' })
      const contentType = response.headers.get('content-type') ?? ''
      return { status: response.status, contentType, body: new Uint8Array(await response.arrayBuffer()) }
    },
    inflate: (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes }),
    now: () => desk.clock.now,
    onVerdict: (event) => void codes.push('code' in event ? event.code : 'served'),
  })
  await verifier.warm()
  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use((_request, response) => void response.json({ served: true }))
  const server = await listen(app)
  onTestFinished(async () => {
    verifier.close()
    await server.close()
  })
  desk.clock.now += 6_000
  return server.port
}

/** Asks the harness about GET /orders, then sends it to a receiver. Says what each answered. */
async function journey(desk: Desk, port: number, passport: string): Promise<string> {
  const key = agentKey(71)
  const content = utf8(JSON.stringify(shows('GET', '/orders')))
  const url = `${desk.origin()}/api/protect`
  const created = Math.floor(desk.clock.now / 1000)
  const signed = await signAsk(key, { url, content, passport, created, nonce: crypto.randomUUID() })
  const headers = { ...signed, 'Content-Type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(content) })
  const json: unknown = await response.json()
  if (!isObject(json) || response.status !== 200) return `harness: ${isObject(json) ? text(json['code']) : response.status}`
  const [token, proof] = [text(json['token']), text(json['proof'])]
  const evidence = await evidenceHeaders(key, { method: 'GET', url: `${API}/orders`, token, passport, proof, created })
  const lines = [['Host', 'api.example.com'] as const, ...Object.entries(evidence)]
  const answer = await sendRaw(port, { method: 'GET', target: '/orders', lines, body: new Uint8Array() })
  return `receiver: ${answer.status === 200 ? '200' : text(problemOf(answer)['code'])}`
}

/** A desk whose log has three witnesses, two of which must sign, and an agent of it. */
async function witnessed(
  onMissing: WitnessPolicy['onMissing'] & string,
): Promise<{ desk: Desk; witnesses: RunningWitness[]; passport: string; extra: Partial<EnforcementOptions> }> {
  const extra: { -readonly [Name in keyof EnforcementOptions]?: EnforcementOptions[Name] } = {}
  const desk = await createDesk(extra)
  onTestFinished(() => desk.close())
  const witnesses: RunningWitness[] = []
  for (const name of ['one.example', 'two.example', 'three.example']) witnesses.push(await witnessOf(desk, name))
  extra.witnesses = {
    quorum: 2,
    onMissing,
    witnesses: witnesses.map(({ url, vkey }) => ({ url, vkey: parseVkey(vkey, engine) })),
  }
  await desk.restart()
  desk.clock.now += 400_000
  const { json } = await desk.issue(agentKey(71), await desk.enrol())
  return { desk, witnesses, passport: text(json['passport']), extra }
}

const trustOf = (desk: Desk): JsonObject => trustIn(desk.server().enforcement)

test('AHP-WITNESS-4 AHP-PROOF-12 what a quorum of witnesses signed is served by a receiver that asks for them', async () => {
  const { desk, witnesses, passport } = await witnessed('refuse')
  expect(trustOf(desk)['ledgers']).toMatchObject([{ assurance: 'cosigned', witnesses: { quorum: 2 } }])
  const port = await receiverOf(desk, trustOf(desk))
  expect(await journey(desk, port, passport)).toBe('receiver: 200')
  await witnesses[2]?.stop()
  expect(await journey(desk, port, passport)).toBe('receiver: 200')
})

test('AHP-WITNESS-5 without a quorum the harness gives no token, and does when the witnesses are back', async () => {
  const { desk, witnesses, passport } = await witnessed('refuse')
  const port = await receiverOf(desk, trustOf(desk))
  for (const witness of witnesses.slice(1)) await witness.stop()
  expect(await journey(desk, port, passport)).toBe('harness: ledger_unavailable')
  for (const witness of witnesses.slice(1)) await witness.start()
  expect(await journey(desk, port, passport)).toBe('receiver: 200')
})

test('AHP-WITNESS-5 AHP-PROOF-12 what is released uncosigned is refused by that receiver, and served by one that asks for the log alone', async () => {
  const { desk, witnesses, passport } = await witnessed('release-uncosigned')
  const codes: unknown[] = []
  const strict = await receiverOf(desk, trustOf(desk), codes)
  const { vkey } = desk.server().enforcement.log
  const lenient = await receiverOf(desk, {
    ...trustOf(desk),
    ledgers: [{ origin: 'ledger.example/aiegis/1', vkey, assurance: 'proof' }],
  })
  for (const witness of witnesses.slice(1)) await witness.stop()
  expect(await journey(desk, strict, passport)).toBe('receiver: untrusted')
  expect(codes).toEqual(['witness_quorum_missing'])
  expect(await journey(desk, lenient, passport)).toBe('receiver: 200')
})

test('AHP-WITNESS-6 a server whose whole state was restored from an old copy does not start', async () => {
  const { desk, passport, extra } = await witnessed('refuse')
  const copy = mkdtempSync(join(tmpdir(), 'aiegis-old-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  cpSync(desk.state, copy, { recursive: true, filter: (path) => !path.endsWith('lock') })
  const port = await receiverOf(desk, trustOf(desk))
  expect(await journey(desk, port, passport)).toBe('receiver: 200')
  const flags = ['--port', '0', '--state', copy, '--did', 'did:web:harness.example', '--log-origin', 'ledger.example/aiegis/1']
  await expect(startServer(parseFlags(flags), extra)).rejects.toThrow(
    /the head that a witness remembers is over \d+; going on with an old copy would fork the log/,
  )
})

test('witnesses are named in a file, and a file that is not understood stops the start', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'aiegis-policy-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'witnesses.json')
  const flags = parseFlags(['--port', '0', '--state', join(directory, 'state'), '--witnesses', file])
  await expect(startServer(flags)).rejects.toThrow(/^--witnesses .*: it cannot be read \(ENOENT\)/)
  for (const [content, reason] of [
    ['{', /"quorum": 1/],
    ['{"quorum":1}', /"witnesses" is no list/],
    ['{"quorum":"1","witnesses":[]}', /"quorum" is no number/],
    ['{"quorum":1,"witnesses":[],"onMissing":"ignore"}', /neither "refuse" nor/],
    ['{"quorum":1,"witnesses":[],"quorums":1}', /no member is called "quorums"/],
    ['{"quorum":1,"witnesses":[{"url":"x","vkey":"y"}]}', /an URL and a verifier key/],
    ['{"quorum":1,"witnesses":[{"url":"https://witness.example","vkey":"y"}]}', /not a verifier key/],
  ] as const) {
    writeFileSync(file, content)
    await expect(startServer(flags)).rejects.toThrow(reason)
  }
})
