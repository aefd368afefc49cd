/** What other middleware got wrong between a verdict and the handler; rows F of the list in test/README.md (spec chapters 10, 11 and 13). @module */
import { AsyncLocalStorage } from 'node:async_hooks'
import { connect, createServer } from 'node:http2'
import { getAiegis, requireAiegisToken } from '@aiegis/express'
import { jwkOf, Refusal, type JsonObject } from '@aiegis/protocol'
import {
  createMockHarness,
  listen,
  problemOf,
  receivedFrom,
  sendRaw,
  withLine,
  type MockHarness,
  type RawRequest,
} from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import type { NextFunction, Request, Response } from 'express'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { drip } from '../drip.ts'
import { provoke, RECEIVER_CODES } from '../provoke.ts'
import { FRAMEWORKS } from '../receiver.ts'
import { bare } from '../raw.ts'
import { onOneConnection, scene } from '../scene.ts'
import { ORDER } from './edits.ts'

const NONSENSE = [
  '',
  '.',
  '..',
  '...',
  '~',
  'sha-256=',
  '\u00ff'.repeat(50),
  '"',
  ':::',
  '{}',
  'AAAA',
  '.'.repeat(3000),
  '();',
  'a=()',
  'a=:A:',
]

describe.each(Object.entries(FRAMEWORKS))('%s', (_name, framework) => {
  test('F01 a preflight without evidence reaches no handler behind the check, and the handler of preflights in front of it', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.options('/public', (_request: Request, response: Response) => void response.status(204).end())
    app.use(requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    const preflight = (target: string): RawRequest =>
      withLine(withLine(bare('OPTIONS', target), 'Origin', 'https://evil.example'), 'Access-Control-Request-Method', 'POST')
    expect(await send(preflight('/orders/7'))).toBe('token_missing')
    expect(await send(preflight('/public'))).toBe(204)
    expect(served).toEqual([])
    expect(await send(harness.mint({ method: 'OPTIONS' }))).toBe(200)
    expect(served).toHaveLength(1)
  })

  test('F02 the same check twice claims once, and a later one that asks for more refuses', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), requireAiegisToken({ verifier }))
    app.use('/strict', requireAiegisToken({ require: { human: { asserted: 'live' } } }))
    app.use(seen)
    const { send } = await start(app)
    expect(await send(harness.mint())).toBe(200)
    expect(await send(harness.mint({ url: `${harness.audience}/strict` }))).toBe('grade_insufficient')
    expect(served).toHaveLength(1)
  })

  test('F02 what another library wrote on the request is neither believed nor in the way', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use((request: Request, _response: Response, next: NextFunction) => {
      Object.assign(request, { auth: { sub: 'admin' }, user: 'admin', aiegis: { action: 'all' }, verified: true, context: {} })
      next()
    })
    app.get('/open', (request: Request, response: Response) => {
      expect(() => getAiegis(request)).toThrow('no AiEGIS context')
      response.end()
    })
    app.use(requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    expect(await send(bare('GET', '/open'))).toBe(200)
    expect(await send(bare('GET'))).toBe('token_missing')
    expect(await send(harness.mint())).toBe(200)
    expect(served).toEqual([`${harness.audience}/orders/7`])
  })

  test('F03 evidence is optional by one word and only where there is none: what is forged or incomplete is refused', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const wishes = { optional: true, required: false, credentialsRequired: false, mode: 'optional', passthrough: true }
    for (const [name, value] of Object.entries(wishes))
      expect(() => requireAiegisToken({ verifier, [name]: value })).toThrow(TypeError)
    for (const presence of ['none', 'Optional', '', false, true])
      expect(() => requireAiegisToken({ verifier, presence: presence as 'optional' })).toThrow(TypeError)
    const app = framework()
    app.use('/strict', requireAiegisToken({ verifier }), seen)
    app.use(requireAiegisToken({ verifier, presence: 'optional' }), seen)
    const { send } = await start(app)
    expect(await send(harness.mint({}, { tokenSigner: harness.keys.stranger }))).toBe('untrusted')
    expect(await send(withLine(harness.mint(), 'X-AEGIS-Proof'))).toBe('proof_missing')
    expect(await send(withLine(harness.mint(), 'X-AEGIS-Token'))).toBe('token_missing')
    expect(await send(bare('GET', '/strict'))).toBe('token_missing')
    expect(served).toEqual([])
    expect(await send(harness.mint())).toBe(200)
    expect(served).toHaveLength(1)
  })

  test('F04 no word of a mount makes evidence only reported', async () => {
    const { harness, verifier, served, seen, start } = await scene()
    const wishes = { reportOnly: true, report: 'only', dryRun: true, mode: 'report-only', enforce: false }
    for (const [name, value] of Object.entries(wishes))
      expect(() => requireAiegisToken({ verifier, [name]: value })).toThrow(TypeError)
    const app = framework()
    app.use(requireAiegisToken({ verifier }), seen)
    const { send } = await start(app)
    expect(await send(bare('GET'))).toBe('token_missing')
    expect(await send(harness.mint({}, { tokenSigner: harness.keys.stranger }))).toBe('untrusted')
    expect(served).toEqual([])
  })

  test('F05 on one connection each request has its own verdict and context, also in a pipeline and after a refusal', async () => {
    const { harness, verifier, served, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier }), (request: Request, response: Response) => {
      served.push(getAiegis(request).receiptId)
      response.end()
    })
    const { port } = await start(app)
    const [first, second] = [harness.mint(), harness.mint(ORDER)]
    const forged = harness.mint({}, { tokenSigner: harness.keys.stranger })
    const other = { ...harness.mint(ORDER), body: Buffer.from('{"item":8}') }
    const answers = await onOneConnection(port, [first, bare('GET'), first, second, forged, other], 6)
    expect(answers).toEqual(['200', '401', '409', '200', '401', '401'])
    expect(new Set(served).size).toBe(2)
  })

  test.each([
    ['throws', new Error('the hardware service is down'), 'misconfigured'],
    ['refuses', new Refusal('grade_insufficient', 'not here'), 'grade_insufficient'],
  ])('F06 a check of the operator that %s serves nothing', async (_what, error, code) => {
    const checkEvidence = (): never => {
      throw error
    }
    const { harness, verifier, served, seen, start } = await scene(() => ({ checkEvidence }))
    const app = framework()
    app.use(requireAiegisToken({ verifier, log: () => {} }), seen)
    const { send } = await start(app)
    expect(await send(harness.mint())).toBe(code)
    expect(served).toEqual([])
  })

  test('F07 nonsense in every field ends neither the request without an answer nor the process', async () => {
    const rejections: unknown[] = []
    const note = (error: unknown): void => void rejections.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const { harness, verifier, served, seen, start } = await scene()
    const app = framework()
    app.use(requireAiegisToken({ verifier, log: () => {} }), seen)
    const { port } = await start(app)
    const good = harness.mint(ORDER)
    for (const name of [...good.lines.map(([known]) => known), 'Content-Digest'].filter((each) => each !== 'Content-Length'))
      for (const value of NONSENSE) expect((await sendRaw(port, withLine(good, name, value))).status).toBeGreaterThanOrEqual(400)
    expect([served, rejections]).toEqual([[], []])
  })

  test('F10 a handler runs in what was set up in front of the check for its request, however late the content came', async () => {
    const storage = new AsyncLocalStorage<string>()
    const { harness, verifier, served, start } = await scene(({ replay: { store } }) => ({
      replay: { scope: 'shared', claim: async (...given) => store.claim(...given) },
    }))
    const app = framework()
    let arrived = 0
    app.use((_request: Request, _response: Response, next: NextFunction) => storage.run(`request ${++arrived}`, next))
    app.use(requireAiegisToken({ verifier }), framework.json(), (_request: Request, response: Response) => {
      served.push(storage.getStore())
      response.end()
    })
    const { port } = await start(app)
    const late = drip(port, harness.mint(ORDER))
    await vi.waitFor(() => expect(arrived).toBe(1))
    expect((await sendRaw(port, harness.mint(ORDER))).status).toBe(200)
    expect(await late.end()).toBe(200)
    expect(served).toEqual(['request 2', 'request 1'])
  })
})

test('F05 over HTTP/2, which this version does not read, nothing is served, and streams that are reset at once end nothing', async () => {
  const { harness, verifier } = await scene()
  const aiegis = requireAiegisToken({ verifier, log: () => {} })
  let served = 0
  const server = createServer((request, response) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compatible form that Node gives
    void aiegis(request as unknown as Request, response as unknown as Response, () => {
      served++
      response.end()
    })
  })
  const session = connect(`http://127.0.0.1:${await listen(server)}`)
  session.on('error', () => {})
  onTestFinished(() => {
    session.destroy()
    server.close()
  })
  const fields = (): Record<string, string> => {
    const { lines } = harness.mint()
    const evidence = Object.fromEntries(
      lines.filter(([name]) => name !== 'Host').map(([name, value]) => [name.toLowerCase(), value]),
    )
    return { ':path': '/orders/7', ':authority': 'api.example.com', ...evidence }
  }
  const status = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = session.request(fields())
      stream.on('response', (headers) => resolve(Number(headers[':status']))).on('error', reject)
      stream.resume().end()
    })
  expect(await status()).toBe(500)
  for (let sent = 0; sent < 50; sent++)
    session
      .request(fields())
      .on('error', () => {})
      .close(8)
  expect(await status()).toBe(500)
  expect(served).toBe(0)
})

describe('F08 the challenge', () => {
  const starts = (changes: (h: MockHarness) => JsonObject): (() => void) => {
    const harness = createMockHarness({ logSize: 1 })
    return () => createVerifier(harness.receiver(changes(harness))).close()
  }
  const harnessNamed =
    (did: string) =>
    (h: MockHarness): JsonObject => ({
      harnesses: [{ did, keys: [{ kid: `${did}#1`, jwk: { ...jwkOf(h.keys.harness.publicKey) } }], ledgers: [h.log.origin] }],
    })

  test.each([
    'did:web:a"b.example',
    'did:web:a\r\nX-Evil: 1',
    'did:web:ä.example',
    'did:web:a b.example',
    'did:web:a\\.example',
    'did:web:a,b.example',
  ])('F08 is made of the bundle, and a bundle with the harness %j stops the start', (did) => {
    expect(starts(harnessNamed(did))).toThrow(TypeError)
    expect(starts(harnessNamed('did:web:good.example'))).not.toThrow()
  })

  test.each([
    'https://a".example',
    'https://a.example\r\nX: 1',
    'https://ä.example',
    'https://a.example/',
    'https://a b.example',
  ])('F08 is made of the bundle, and a bundle with the audience %j stops the start', (audience) => {
    expect(starts(() => ({ audience, bases: [{ public: audience, mount: '/', authority: 'match' }] }))).toThrow(TypeError)
  })

  test.each(RECEIVER_CODES)('F08 of %s has no character of the request', async (code) => {
    const { response, receiver } = await provoke(code)
    await receiver.close()
    expect(
      response.headers['www-authenticate'] ??
        'AEGIS aud="https://api.example.com", harness="did:web:harness.example", ahp="ahp-receiver/0.1"',
    ).toMatch(
      /^AEGIS (?:error="[a-z_]+", )?aud="https:\/\/api\.example\.com", harness="did:web:harness\.example", ahp="ahp-receiver\/0\.1"$/,
    )
  })
})

test.each(
  RECEIVER_CODES.filter((code) => code !== 'misconfigured' && code !== 'content_consumed' && code !== 'content_incomplete'),
)('F11 %s is the verdict of the verifier by itself and of each Express', async (code) => {
  const answers = new Set<string>()
  for (const framework of Object.values(FRAMEWORKS)) {
    const { response, receiver, broken } = await provoke(code, { framework })
    const { status, code: shown } = problemOf(response)
    answers.add(JSON.stringify([status, shown]))
    const alone = await receiver.verifier.verify(receivedFrom(broken.request), broken.route).catch((error: unknown) => error)
    expect(alone).toMatchObject({ code })
    await receiver.close()
  }
  expect(answers.size).toBe(1)
})
