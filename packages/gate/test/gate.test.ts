/** Where a gate listens, what stops its start, what it says to the application, and its command (spec chapters 20 and 21). @module */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, formatSeconds, jwkOf, REASONS } from '@aiegis/protocol'
import { createMockHarness, problemOf, sendRaw, withLine, type RawRequest } from '@aiegis/testing'
import { createContextVerifier, createVerifier, type Signer } from '@aiegis/verifier'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RECEIVER_CODES } from '../../../test/provoke.ts'
import { runGate } from '../src/command.ts'
import { startGate, type GateOptions, type Listen, type Proxy } from '../src/index.ts'

const RECEIVER = 'did:web:api.example.com'
const SIGNER = createSigner(new Uint8Array(32).fill(7), `${RECEIVER}#context-1`)
const AUDIENCE = 'orders.internal'

/** What the shipped configuration makes nginx say of a request without content. */
function asked(proxy: Proxy, request: RawRequest): RawRequest {
  const said = withLine(request, 'X-Aiegis-Original-Content', proxy === 'ext-authz' ? 'forwarded' : 'length=; coding=')
  if (proxy !== 'auth-request') return said
  const named = withLine(withLine(said, 'X-Aiegis-Original-Method', request.method), 'X-Aiegis-Original-URI', request.target)
  return { ...named, method: 'GET', target: '/' }
}

async function scene(options: Partial<GateOptions> = {}) {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const told: unknown[] = []
  const gate = await startGate({
    proxy: 'accel-redirect',
    listen: { port: 0 },
    verifier,
    log: (line) => told.push(line),
    ...options,
  })
  onTestFinished(async () => {
    await gate.close()
    verifier.close()
  })
  return { harness, verifier, gate, told, port: Number(new URL(gate.address).port) }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aiegis-gate-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('a gate', () => {
  test('AHP-GATE-1 starts nowhere but on loopback or a local socket', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    onTestFinished(() => verifier.close())
    for (const host of ['0.0.0.0', '::', '10.0.0.5', 'localhost', '127.0.0.2', '', null]) {
      const listen = { host, port: 0 } as Listen
      await expect(startGate({ proxy: 'ext-authz', verifier, listen })).rejects.toThrow('listen.host: write 127.0.0.1 or ::1')
    }
    await expect(startGate({ proxy: 'ext-authz', verifier, listen: { path: 'gate.sock' } })).rejects.toThrow(
      'write an absolute path',
    )
    for (const port of [-1, 65_536, 1.5])
      await expect(startGate({ proxy: 'ext-authz', verifier, listen: { port } })).rejects.toThrow('listen.port: write a number')
    const six = await startGate({ proxy: 'ext-authz', verifier, listen: { host: '::1', port: 0 } })
    expect(six.address).toMatch(/^http:\/\/\[::1\]:[0-9]+$/)
    await six.close()
    const path = join(folder(), 'gate.sock')
    const local = await startGate({ proxy: 'ext-authz', verifier, listen: { path } })
    expect([local.address, statSync(path).isSocket()]).toEqual([`unix:${path}`, true])
    await local.close()
  })

  test('does not start with a way of asking that it does not know', async () => {
    const proxy = 'nginx' as Proxy
    await expect(startGate({ proxy })).rejects.toThrow('proxy: write one of auth-request, accel-redirect, ext-authz')
  })

  test('does not start where evidence would be optional: the application could not tell who has some', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    onTestFinished(() => verifier.close())
    const options = { proxy: 'ext-authz', verifier, listen: { port: 0 }, presence: 'optional' } as never
    await expect(startGate(options)).rejects.toThrow('presence: a gate lets nothing through without evidence')
  })

  test('AHP-CTX-1 a gate that only reports says nothing of a request, and removes what a client says', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const reportOnly = { serveUnverifiedUntil: formatSeconds(harness.clock.seconds() + 86_400), onWouldRefuse: () => {} }
    const verifier = createVerifier({ ...harness.receiver(), log: () => {}, reportOnly })
    onTestFinished(() => verifier.close())
    await verifier.warm()
    harness.clock.advance(6)
    const options = { verifier, listen: { port: 0 }, context: { signer: SIGNER, audience: AUDIENCE }, log: () => {} } as const
    await expect(startGate({ ...options, proxy: 'auth-request' })).rejects.toThrow(
      'reportOnly: with auth-request the application',
    )
    const gate = await startGate({ ...options, proxy: 'ext-authz' })
    onTestFinished(() => gate.close())
    const port = Number(new URL(gate.address).port)
    for (const request of [harness.mint(), withLine(harness.mint(), 'X-AEGIS-Context', 'a.b.c')]) {
      const { status, headers } = await sendRaw(port, asked('ext-authz', request))
      expect([status, headers['x-aegis-context']]).toEqual([200, undefined])
      expect(headers['x-envoy-auth-headers-to-remove']?.split(',')).toContain('x-aegis-context')
      expect(headers['x-envoy-auth-headers-to-remove']?.split(',')).not.toContain('cookie')
    }
  })

  test('AHP-GATE-9 refuses a request that asks for another protocol, however that is written', async () => {
    const { harness, port } = await scene({ proxy: 'ext-authz' })
    for (const name of ['upgrade', 'Upgrade', 'UPGRADE'])
      expect((await sendRaw(port, asked('ext-authz', withLine(harness.mint(), name, 'websocket')))).status).toBe(413)
  })

  test('has one way of asking: the fields of another are no questions', async () => {
    const { harness, port } = await scene({ proxy: 'auth-request' })
    const direct = await sendRaw(port, asked('accel-redirect', harness.mint()))
    expect([direct.status, direct.headers['x-aiegis-status']]).toEqual([403, '500'])
    const other = withLine(asked('auth-request', harness.mint()), 'X-Aiegis-Original-Content', 'forwarded')
    expect((await sendRaw(port, other)).headers['x-aiegis-status']).toBe('500')
    expect((await sendRaw(port, asked('auth-request', harness.mint()))).status).toBe(200)
  })

  test.each(['auth-request', 'accel-redirect', 'ext-authz'] as const)(
    'AHP-CTX-3 with %s nothing is said of a request unless a signer is given, and then to one service',
    async (proxy) => {
      const silent = await scene({ proxy })
      const { headers } = await sendRaw(silent.port, asked(proxy, silent.harness.mint()))
      expect(headers).not.toHaveProperty('x-aegis-context')

      const { harness, port } = await scene({ proxy, context: { signer: SIGNER, audience: AUDIENCE } })
      const service = createContextVerifier({
        audience: AUDIENCE,
        receivers: [{ did: RECEIVER, keys: [{ kid: SIGNER.kid, jwk: jwkOf(SIGNER.publicKey) }] }],
        now: harness.clock.now,
      })
      const request = harness.mint({ method: 'DELETE', url: 'https://api.example.com/orders/7?hard=1' })
      const answer = await sendRaw(port, asked(proxy, request))
      const said = ['X-AEGIS-Context', answer.headers['x-aegis-context'] ?? '']
      const own = { method: 'DELETE', target: '/orders/7?hard=1', headers: said }
      expect(await service.verify(own)).toMatchObject({ receiver: RECEIVER, action: 'http.delete' })
      expect(answer.headers['x-envoy-auth-headers-to-remove'] ?? '').not.toContain('x-aegis-context')
      await expect(service.verify({ ...own, target: '/orders/7' })).rejects.toMatchObject({ code: 'context_mismatch' })
      const refusal = await sendRaw(port, asked(proxy, request))
      expect(refusal.headers).not.toHaveProperty('x-aegis-context')
    },
  )

  test('AHP-CTX-4 does not start with a key of contexts that the trust bundle has in another role', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = createVerifier(harness.receiver())
    onTestFinished(() => verifier.close())
    const signer = { ...harness.keys.issuer, kid: `${RECEIVER}#context-1` }
    const options = { proxy: 'accel-redirect', verifier, listen: { port: 0 } } as const
    await expect(startGate({ ...options, context: { signer, audience: AUDIENCE } })).rejects.toThrow('has the role issuer')
    await expect(startGate({ ...options, context: { signer: SIGNER, audience: 'two words' } })).rejects.toThrow('audience: write')
  })

  test('refuses a request whose context it cannot sign, and tells the operator why', async () => {
    const broken: Signer = { ...SIGNER, sign: () => Promise.reject(new Error('the vault is sealed')) }
    const { harness, port, told } = await scene({ context: { signer: broken, audience: AUDIENCE } })
    const response = await sendRaw(port, asked('accel-redirect', harness.mint()))
    expect([response.status, problemOf(response)['code'], response.headers['x-accel-redirect']]).toEqual([
      500,
      'misconfigured',
      undefined,
    ])
    expect(told.join()).toContain('the vault is sealed')
    expect(response.text).not.toContain('vault')
  })

  test('reads content that it refuses to its end, so that a proxy that is still sending hears the answer', async () => {
    const { port } = await scene()
    const head = 'POST /orders HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 60000000\r\nConnection: close\r\n\r\n'
    let sent = false
    const answer = await new Promise<string>((resolve) => {
      let all = ''
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(head)
        socket.write(Buffer.alloc(60_000_000), (error) => {
          sent = !error
        })
      })
      socket.on('error', () => {}).on('close', () => resolve(all))
      socket.on('data', (bytes) => {
        all += bytes.toString('latin1')
        socket.end()
      })
    })
    expect([sent, answer.slice(0, 12)]).toEqual([true, 'HTTP/1.1 500'])
  })
})

test('AHP-GATE-5 nginx knows every status with which a receiver can refuse a request without content', () => {
  const conf = readFileSync(new URL('../nginx/refused-by-subrequest.conf', import.meta.url), 'utf8')
  const known = [...conf.matchAll(/if \(\$aiegis_status = (\d+)\) \{ return (\d+) \$aiegis_problem; \}/g)]
  expect(known.map(([, status]) => status)).toEqual(known.map(([, , returned]) => returned))
  expect(conf).toMatch(/\nreturn 403 \$aiegis_problem;\n$/)
  const statuses = new Set(RECEIVER_CODES.map((code) => REASONS[code].status).filter((status) => status !== 403))
  // Content that a gate is not sent cannot be late.
  statuses.delete(REASONS.content_timeout.status)
  expect(known.map(([, status]) => Number(status))).toEqual([...statuses].toSorted((left, right) => left - right))
})

describe('aiegis-gate', () => {
  /** What the command does with these flags and a trust bundle, and what it says. */
  async function called(args: readonly string[], bundle?: object) {
    const directory = folder()
    const said: string[] = []
    const before = process.env['AIEGIS_TRUST']
    onTestFinished(() => {
      if (before === undefined) delete process.env['AIEGIS_TRUST']
      else process.env['AIEGIS_TRUST'] = before
    })
    process.env['AIEGIS_TRUST'] = join(directory, 'aiegis-trust.json')
    if (bundle !== undefined) writeFileSync(process.env['AIEGIS_TRUST'], JSON.stringify(bundle), { mode: 0o600 })
    writeFileSync(join(directory, 'actions.json'), '{ "POST /orders": "orders.create" }')
    writeFileSync(join(directory, 'list.json'), '["orders.create"]')
    writeFileSync(join(directory, 'number.json'), '{ "POST /orders": 1 }')
    writeFileSync(
      join(directory, 'rules.json'),
      '{ "POST /orders": { "action": "orders.create", "body": { "presence": "required" } } }',
    )
    writeFileSync(join(directory, 'wrong.json'), '{ "POST /orders": { "action": "orders.create", "bodies": {} } }')
    const say = (line: string): void => void said.push(line)
    const gate = await runGate(args, { print: say, complain: say, directory })
    if (typeof gate === 'object') onTestFinished(() => gate.close())
    return { gate, said: said.join('\n'), directory }
  }
  const bundle = (): object => createMockHarness({ logSize: 1, audience: 'https://gate.example' }).trust()

  test.each([
    [[]],
    [['--proxy', 'nginx']],
    [['--proxy', 'ext-authz', '--port', 'x']],
    [['--proxy', 'ext-authz', '--port', '0', '--socket', 'a.sock']],
    [['--proxy', 'ext-authz', '--host', '0.0.0.0']],
    [['--proxy', 'ext-authz', '--context-key', 'a.key']],
    [['--proxy', 'ext-authz', 'more']],
  ])('ends with 2 and how it is called for %j', async (args) => {
    const { gate, said } = await called(args, bundle())
    expect([gate, said]).toEqual([2, expect.stringContaining('usage: aiegis-gate')])
  })

  test('ends with 1 and one sentence when it cannot start', async () => {
    const port = ['--proxy', 'ext-authz', '--port', '0']
    expect(await called(port)).toMatchObject({ gate: 1, said: expect.stringContaining('does not exist') })
    expect(await called(port, {})).toMatchObject({ gate: 1, said: expect.stringContaining('lacks "ahp"') })
    for (const file of ['none.json', 'list.json', 'number.json', 'wrong.json']) {
      const { gate, said } = await called([...port, '--actions', file], bundle())
      expect([file, gate, said]).toEqual([file, 1, expect.stringMatching(/--actions|^actions/)])
    }
    const flags = ['--context-key', 'none.key', '--context-kid', SIGNER.kid, '--context-audience', AUDIENCE]
    expect(await called([...port, ...flags], bundle())).toMatchObject({ gate: 1, said: expect.stringContaining('context key') })
    const { gate, said } = await called(['--proxy', 'ext-authz', '--socket', 'nowhere/gate.sock'], bundle())
    expect([gate, said]).toEqual([1, expect.stringMatching(/listen (?:ENOENT|EACCES)/)])
  })

  test('says where it listens, on a port and on a socket', async () => {
    const one = await called(['--proxy', 'ext-authz', '--port', '0', '--actions', 'rules.json'], bundle())
    expect(one.said).toMatch(/gate for ext-authz listens on http:\/\/127\.0\.0\.1:[0-9]+$/)
    const two = await called(['--proxy', 'accel-redirect', '--socket', 'gate.sock'], bundle())
    expect(two.said).toContain(`gate for accel-redirect listens on unix:${two.directory}/gate.sock`)
  })
})
