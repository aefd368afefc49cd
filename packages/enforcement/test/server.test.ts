import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeJws, parseCheckpoint, STATUS_LIST_TYPE } from '@aiegis/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFlags } from '../src/config.ts'
import { startServer, type RunningServer } from '../src/start.ts'
import { UsageError } from '../src/usage.ts'

let directory = ''
let server: RunningServer
let origin = ''
const faults: string[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aiegis-server-'))
  server = await startServer(parseFlags(['--port', '0', '--state', join(directory, 'state')]), {
    onFault: (message, cause) => faults.push(`${message} ${String(cause)}`),
  })
  origin = `http://127.0.0.1:${server.port}`
})
afterAll(async () => {
  await server.close()
  rmSync(directory, { recursive: true, force: true })
  if (faults.length > 0) throw new Error(faults.join('; '))
})

const get = (path: string, init: RequestInit = {}): Promise<Response> => fetch(origin + path, init)

/** Sends bytes as they are and reads until the server closes or `enough` has come. */
function raw(text: string | Uint8Array, enough = 'never'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let seen = ''
    socket.on('data', (data) => {
      seen += data.toString('latin1')
      if (seen.includes(enough)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(seen))
    socket.write(text)
  })
}

describe('routes', () => {
  test('health and readiness', async () => {
    expect(await (await get('/health')).json()).toMatchObject({
      status: 'ok',
      did: `did:web:localhost%3A${server.port}`,
      packs: [{ pack_id: 'pii-block', rules: 2 }, { pack_id: 'tool-allowlist' }, { pack_id: 'rate-limit' }],
    })
    expect(await (await get('/ready')).json()).toMatchObject({ status: 'ready' })
  })

  test('DID documents name the keys of one party each, for assertion only', async () => {
    const harness = await get('/.well-known/did.json')
    const issuer = await get('/issuer/did.json')
    const did = `did:web:localhost%3A${server.port}`
    expect(harness.headers.get('content-type')).toBe('application/did+json')
    expect(await harness.json()).toMatchObject({
      id: did,
      assertionMethod: [`${did}#harness`],
      verificationMethod: [{ id: `${did}#harness`, controller: did, publicKeyJwk: { kty: 'OKP' } }],
    })
    expect(await issuer.json()).toMatchObject({
      id: `${did}:issuer`,
      assertionMethod: [`${did}:issuer#issuer`, `${did}:issuer#status`],
    })
  })

  test('status list, checkpoint and tiles', async () => {
    const list = await get('/status/revocation/1')
    expect(list.headers.get('content-type')).toBe('application/vc+jwt')
    expect(decodeJws(await list.text(), { ...STATUS_LIST_TYPE, maxBytes: 100_000 }).signer).toBe(
      `did:web:localhost%3A${server.port}:issuer`,
    )
    await ask('{"action":"http.get","target":"x"}')
    const checkpoint = parseCheckpoint(await (await get('/checkpoint')).text())
    expect(checkpoint.origin).toBe(`localhost:${server.port}/aiegis/1`)
    expect((await get(`/tile/0/000.p/${checkpoint.size}`)).status).toBe(200)
    expect((await get('/tile/0/001')).status).toBe(404)
    expect(await (await get('/vkey')).text()).toBe(`${server.enforcement.log.vkey}\n`)
  })

  test('AHP-ASK-20 everything else is refused with a code', async () => {
    const code = async (response: Promise<Response>): Promise<unknown> => [
      (await response).status,
      ((await (await response).json()) as { code: string }).code,
    ]
    expect(await code(get('/'))).toEqual([404, 'route_unknown'])
    expect(await code(get('/health/'))).toEqual([404, 'route_unknown'])
    expect(await code(get('/HEALTH'))).toEqual([404, 'route_unknown'])
    expect(await code(get('/api/protect?x=1', { method: 'POST' }))).toEqual([404, 'route_unknown'])
    expect(await code(get('/constructor'))).toEqual([404, 'route_unknown'])
    expect(await code(get('/api/protect'))).toEqual([405, 'method_not_allowed'])
    expect(await code(get('/health', { method: 'DELETE' }))).toEqual([405, 'method_not_allowed'])
    expect(await code(get('/api/protect', { method: 'POST', body: 'x' }))).toEqual([415, 'ask_media_type'])
  })

  test('AHP-REFUSE-1 what the log does not have is refused as everything else is, and a method with those that there are', async () => {
    const refused = async (path: string, method = 'GET'): Promise<unknown> => {
      const response = await get(path, { method })
      const { code } = (await response.json()) as { code: string }
      return [response.status, code, response.headers.get('content-type'), response.headers.get('allow')]
    }
    const problem = 'application/problem+json'
    expect(await refused('/tile/7/000')).toEqual([404, 'route_unknown', problem, null])
    expect(await refused('/tile/x')).toEqual([404, 'route_unknown', problem, null])
    expect(await refused('/checkpoint', 'POST')).toEqual([405, 'method_not_allowed', problem, 'GET, HEAD'])
    expect(await refused('/health', 'POST')).toEqual([405, 'method_not_allowed', problem, 'GET, HEAD'])
    expect(await refused('/api/protect', 'PUT')).toEqual([405, 'method_not_allowed', problem, 'POST'])
  })

  test('AHP-REFUSE-4 a log that ended is refused with a time to come back', async () => {
    const other = await startServer(parseFlags(['--port', '0', '--state', join(directory, 'ended')]))
    await other.enforcement.log.close()
    const response = await fetch(`http://127.0.0.1:${other.port}/checkpoint`)
    expect([response.status, await response.json()]).toEqual([503, expect.objectContaining({ code: 'ledger_unavailable' })])
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    await other.close()
  })

  test('HEAD is GET without content', async () => {
    const response = await get('/health', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

function ask(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
  return get('/api/protect', { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })
}

describe('the public question without signature', () => {
  test('gets the eight public members', async () => {
    const answer = (await (
      await ask('{"action":"http.get","target":"https://api.example.com/x","input":"","context":{}}')
    ).json()) as object
    expect(Object.keys(answer).toSorted()).toEqual([
      'agent_did',
      'deciding_pack',
      'deciding_rule',
      'decision',
      'decision_ms',
      'layer',
      'reason',
      'receipt_id',
    ])
  })

  test('a refusal has the public members and the challenge', async () => {
    const response = await ask('{"action":"http.get","target":"x","input":"mail ann@example.com"}')
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('AEGIS error="decision_block"'),
    ])
    expect(await response.json()).toMatchObject({
      decision: 'BLOCK',
      deciding_pack: 'pii-block',
      deciding_rule: 'pii-email',
      layer: 'L3-Compliance',
    })
  })
})

describe('no input ends the server', () => {
  const head = 'POST /api/protect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

  test.each<[string, string | Uint8Array, RegExp]>([
    ['no HTTP', '\0\0\0\0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['TLS', new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), /^HTTP\/1\.1 400 /],
    ['a header of 20 KB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`, /^HTTP\/1\.1 400 /],
    ['length and chunks', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [
      'an absolute target',
      `${head.replace('/api', 'http://x/api')}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1\.1 404 /,
    ],
    ['an upgrade', 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^$/],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', /^$/],
    ['a length over the limit', `${head}Content-Length: 99999999\r\n\r\n`, /^HTTP\/1\.1 413 [^]*Connection: close/i],
    [
      'chunks over the limit',
      `${head}Transfer-Encoding: chunked\r\n\r\n190000\r\n${'x'.repeat(0x190000)}\r\n`,
      /^HTTP\/1\.1 413 [^]*Connection: close/i,
    ],
  ])('%s', async (_, text, expected) => {
    expect(await raw(text)).toMatch(expected)
    expect((await get('/health')).status).toBe(200)
  })

  test('a client that goes away in the middle of its question', async () => {
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(`${head}Content-Length: 100\r\n\r\n{"action"`)
    socket.destroy()
    expect((await get('/health')).status).toBe(200)
  })

  test('content that nobody reads is not taken for the next request', async () => {
    const seen = await raw('POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /ready HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(seen.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405'])
  })

  test('a connection carries one request after the other, also questions', async () => {
    const question = '{"action":"http.get","target":"x"}'
    const one = `${head}Content-Length: ${question.length}\r\n\r\n${question}`
    const seen = await raw(
      `GET /health HTTP/1.1\r\nHost: x\r\n\r\n${one}${one}GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    expect(seen.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
  })

  test('many questions at once are all answered', async () => {
    const bodies = Array.from({ length: 200 }, (_, i) => `{"action":"http.get","target":"x${i}"}`)
    const answers = await Promise.all(bodies.map((body) => ask(body).then(({ status }) => status)))
    expect(new Set(answers)).toEqual(new Set([200]))
  })
})

test('AHP-ASK-21 content that comes slowly keeps nobody else waiting', async () => {
  const sockets: Socket[] = []
  for (let count = 0; count < 1_030; count += 1) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write('POST /api/protect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"action"')
    sockets.push(socket)
  }
  expect([(await get('/health')).status, (await get('/checkpoint')).status]).toEqual([200, 200])
  expect((await ask('{"action":"http.get","target":"x"}')).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

/** The log origin in the remembered head. */
function originIn(state: string): string {
  return /^(?:slot .*\n)?(.*)/.exec(readFileSync(join(state, 'last-checkpoint'), 'utf8'))?.[1] ?? ''
}

describe('the command', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

  function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stderr.on('data', (data) => (err += String(data)))
    child.stdout.on('data', (data) => {
      out += String(data)
      // The one line of a server that runs.
      if (out.includes('\n')) child.kill('SIGTERM')
    })
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  }

  test('starts, says where it is, and ends when it is told to', async () => {
    const state = join(directory, 'command')
    const { code, out, err } = await run('--port', '0', '--state', state)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/api\/protect answers for did:web:localhost%3A\d+; packs pii-block, tool-allowlist, rate-limit; state in /,
    )
    expect(existsSync(join(state, 'harness.key'))).toBe(true)
  })

  test('AHP-LEDGER-4 a second process on the same state ends, also with a ledger of its own', async () => {
    const { code, out, err } = await run(
      '--port',
      '0',
      '--state',
      join(directory, 'state'),
      '--audit-db',
      join(directory, 'other.db'),
    )
    expect([code, out, err]).toEqual([
      2,
      '',
      `--state ${join(directory, 'state')}: another server has it; end that one, or name another directory\n`,
    ])
    expect(existsSync(join(directory, 'other.db'))).toBe(false)
  })

  test('a server that was killed leaves no lock behind', async () => {
    const state = join(directory, 'killed')
    const child = spawn(process.execPath, [main, '--port', '0', '--state', state], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect((await run('--port', '0', '--state', state, '--log-origin', originIn(state))).code).toBe(0)
  })

  test.each<[string[], string]>([
    [['--prot', '1'], '--prot: no such flag; flags: --port <number>'],
    [
      ['--policy-pack', '/nonexistent/pack.json'],
      '--policy-pack /nonexistent/pack.json: it cannot be read (ENOENT); name a file that can\n',
    ],
  ])('%j ends with 2 and one sentence', async (args, sentence) => {
    const { code, err, out } = await run('--port', '0', '--state', join(directory, 'none'), ...args)
    expect([code, out, err.trimEnd().split('\n').length]).toEqual([2, '', 1])
    expect(err).toContain(sentence)
  })

  test('a pack that nobody signed, a port that is taken and a ledger that is open elsewhere stop the start', async () => {
    const pack = join(directory, 'pack.json')
    writeFileSync(pack, '{"spec_version":"ahp-policy-pack/9"}')
    const sentence = async (...args: string[]): Promise<string> => {
      try {
        await (await startServer(parseFlags(args))).close()
        return 'it starts'
      } catch (error) {
        if (error instanceof UsageError || error instanceof Error) return error.message
        throw error
      }
    }
    const state = join(directory, 'third')
    expect(await sentence('--port', '0', '--state', state, '--policy-pack', pack)).toBe(
      `pack ${pack}: "spec_version" is not "ahp-policy-pack/0.1", the only version that is known here`,
    )
    expect(await sentence('--port', String(server.port), '--state', state)).toBe(
      `--port ${server.port}: it cannot be listened on (EADDRINUSE); choose another or end what uses it`,
    )
    expect(
      await sentence('--port', '0', '--state', join(directory, 'state'), '--log-origin', `localhost:${server.port}/aiegis/1`),
    ).toBe(`--state ${join(directory, 'state')}: another server has it; end that one, or name another directory`)
    expect(await sentence('--port', '0', '--state', state)).toBe('it starts')
  })
})
