/** What only an adapter can get wrong: streams, parsers, mounts, routes, headers; on Express 4 and 5 over real sockets. @module */
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { utf8 } from '@aiegis/protocol'
import { createMockHarness, problemOf, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type TrustInput, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import express from 'express'
import express4 from 'express4'
import { afterEach, describe, expect, test } from 'vitest'
import { captureRawBody, getAiegis, requireAiegisToken } from '../src/index.ts'

const frameworks = [
  ['Express 5', express],
  ['Express 4', express4],
] as const
const opened: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function ready(harness: MockHarness, changes: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const verifier = createVerifier({ ...harness.receiver(), ...changes })
  opened.push(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return verifier
}

async function listen(app: RequestListener, maxHeadersCount?: number): Promise<number> {
  const server = createServer(app)
  if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return (server.address() as AddressInfo).port
}

/** The request with its content in chunks instead of with a length. */
function chunked(request: RawRequest): RawRequest {
  const whole = withLine(request, 'Content-Length')
  const content = Buffer.from(request.body)
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += 1000) {
    const part = content.subarray(at, at + 1000)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return { ...withLine(whole, 'Transfer-Encoding', 'chunked'), body: Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]) }
}

describe.each(frameworks)('%s', (_name, framework) => {
  const order = { method: 'POST', contentType: 'application/json' }

  describe('content', () => {
    const echo = async (harness: MockHarness): Promise<number> => {
      const app = framework()
      app.use(requireAiegisToken({ verifier: await ready(harness) }))
      app.use(
        framework.json({ limit: '2mb', strict: false }),
        framework.text({ limit: '2mb' }),
        framework.urlencoded({ extended: false }),
        framework.raw({ limit: '2mb' }),
      )
      app.use((request, response) => {
        const body: unknown = request.body
        response.json({ body: Buffer.isBuffer(body) ? body.toString('latin1') : (body ?? null) })
      })
      return listen(app)
    }

    test.each([
      ['application/json', '{"item":7}', { item: 7 }],
      ['text/plain; charset=utf-8', 'good morning', 'good morning'],
      ['application/x-www-form-urlencoded', 'a=1&b=2', { a: '1', b: '2' }],
      ['application/octet-stream', 'raw', 'raw'],
      ['application/json', JSON.stringify('x'.repeat(900_000)), 'x'.repeat(900_000)],
    ])('AHP-BIND-19 parsers behind the check find every byte of %s', async (contentType, content, parsed) => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      for (const shape of [(request: RawRequest) => request, chunked]) {
        const response = await sendRaw(port, shape(harness.mint({ method: 'POST', contentType, content })))
        expect([response.status, JSON.parse(response.text)]).toEqual([200, { body: parsed }])
      }
    })

    test.each([
      ['no length at all', (request: RawRequest) => request],
      ['a length of zero', (request: RawRequest) => withLine(request, 'Content-Length', '0')],
      ['no chunk but the last', chunked],
    ])('empty content with %s is served and leaves nothing hanging', async (_what, shape) => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      const response = await sendRaw(port, shape(harness.mint(order)))
      expect(response.status).toBe(200)
    })

    test('fifty requests at once each get their own content', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      const contents = Array.from({ length: 50 }, (_, n) => JSON.stringify({ n, filler: 'y'.repeat(n * 1000) }))
      const responses = await Promise.all(contents.map((content) => sendRaw(port, harness.mint({ ...order, content }))))
      expect(responses.map(({ text }) => JSON.stringify(JSON.parse(text).body))).toEqual(contents)
    })

    test('AHP-BIND-20 content over the limit is refused and the connection closed, at the limit it is served', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      const text = { method: 'POST', contentType: 'text/plain' }
      const over = harness.mint({ ...text, content: 'x'.repeat(1_048_577) })
      for (const request of [over, chunked(harness.mint({ ...text, content: 'x'.repeat(1_048_577) }))]) {
        const response = await sendRaw(port, request)
        expect([response.status, response.headers['connection']]).toEqual([413, 'close'])
      }
      expect((await sendRaw(port, harness.mint({ ...text, content: 'x'.repeat(1_048_576) }))).status).toBe(200)
    })

    test('AHP-BIND-10 trailers behind the content are refused', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      const request = chunked(harness.mint({ ...order, content: '{"item":7}' }))
      const body = Buffer.from(
        Buffer.from(request.body)
          .toString('latin1')
          .replace(/0\r\n\r\n$/, '0\r\nX-More: 1\r\n\r\n'),
        'latin1',
      )
      expect(problemOf(await sendRaw(port, { ...request, body }))).toMatchObject({ code: 'trailer_refused' })
    })

    test('serves content that was announced with Expect: 100-continue', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const port = await echo(harness)
      const response = await sendRaw(port, withLine(harness.mint({ ...order, content: '{"item":7}' }), 'Expect', '100-continue'))
      expect(response.text).toContain('{"body":{"item":7}}')
    })
  })

  describe('a parser in front', () => {
    const behindParser = async (harness: MockHarness, capture: boolean): Promise<{ port: number; served: unknown[] }> => {
      const served: unknown[] = []
      const app = framework()
      app.use(framework.json(capture ? { verify: captureRawBody } : {}))
      app.use(requireAiegisToken({ verifier: await ready(harness) }))
      app.use((request, response) => {
        served.push(request.body)
        response.end()
      })
      return { port: await listen(app), served }
    }

    test('that captures the bytes is served', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await behindParser(harness, true)
      expect((await sendRaw(port, harness.mint({ ...order, content: '{"item":7}' }))).status).toBe(200)
      expect(served).toEqual([{ item: 7 }])
    })

    test('that captures them cannot be given other content than was decided', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await behindParser(harness, true)
      const request = { ...harness.mint({ ...order, content: '{"item":7}' }), body: utf8('{"item":8}') }
      expect(problemOf(await sendRaw(port, request))).toMatchObject({ code: 'content_mismatch' })
      expect(served).toEqual([])
    })

    test('AHP-BIND-22 that keeps nothing is a 500 whose title says what to mend', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await behindParser(harness, false)
      const response = await sendRaw(port, harness.mint({ ...order, content: '{"item":7}' }))
      expect(problemOf(response)).toMatchObject({
        status: 500,
        code: 'misconfigured',
        title: expect.stringContaining('in front of body parsers'),
      })
      expect(served).toEqual([])
    })

    test('a token for empty content never lets other content through', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await behindParser(harness, false)
      const empty = harness.mint(order)
      const request = { ...withLine(empty, 'Content-Length', '10'), body: utf8('{"item":7}') }
      expect((await sendRaw(port, request)).status).toBe(500)
      expect(served).toEqual([])
    })
  })

  describe('what one view of a request hides', () => {
    const streaming = async (harness: MockHarness, maxHeadersCount?: number): Promise<{ port: number; served: string[] }> => {
      const served: string[] = []
      const app = framework()
      app.use(requireAiegisToken({ verifier: await ready(harness) }))
      app.use(async (request, response) => {
        let content = ''
        for await (const chunk of request) content += chunk
        served.push(content)
        response.end()
      })
      return { port: await listen(app, maxHeadersCount), served }
    }
    const padded = (request: RawRequest, count: number, ...last: readonly (readonly [string, string])[]): RawRequest => ({
      ...request,
      lines: [...request.lines, ...Array.from({ length: count }, () => ['a', ''] as const), ...last],
    })

    test.each([1000, 1030])('AHP-BIND-7 AHP-BIND-18 content behind %i dummy lines is refused', async (count) => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await streaming(harness)
      const request = padded(harness.mint(order), count, ['Content-Length', '10'])
      // Node 22 and newer answer 431 themselves.
      expect([400, 431]).toContain((await sendRaw(port, { ...request, body: utf8('{"item":7}') })).status)
      expect(served).toEqual([])
    })

    test('AHP-BIND-7 128 lines are read, one more is not', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await streaming(harness)
      const request = harness.mint()
      // One line more is `Connection`.
      expect((await sendRaw(port, padded(request, 127 - request.lines.length))).status).toBe(200)
      const second = harness.mint()
      expect((await sendRaw(port, padded(second, 128 - second.lines.length))).status).toBe(400)
      expect(served).toEqual([''])
    })

    test('AHP-BIND-7 a line that the server would not show the handler is refused', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await streaming(harness, 20)
      const minted = harness.mint({ ...order, content: '{"dryRun":true}' })
      const type = minted.lines.filter(([name]) => name === 'Content-Type')
      const others = { ...minted, lines: minted.lines.filter(([name]) => name !== 'Content-Type') }
      expect([400, 431]).toContain((await sendRaw(port, padded(others, 16, ...type))).status)
      expect(served).toEqual([])
    })

    test('AHP-BIND-10 trailers behind captured content are refused', async () => {
      const harness = createMockHarness({ logSize: 10 })
      let served = 0
      const app = framework()
      app.use(
        framework.json({ verify: captureRawBody }),
        requireAiegisToken({ verifier: await ready(harness) }),
        (_request, response) => {
          served++
          response.end()
        },
      )
      const port = await listen(app)
      const request = chunked(harness.mint({ ...order, content: '{"item":7}' }))
      const body = Buffer.from(
        Buffer.from(request.body)
          .toString('latin1')
          .replace(/0\r\n\r\n$/, '0\r\nAuthorization: x\r\n\r\n'),
        'latin1',
      )
      expect(problemOf(await sendRaw(port, { ...request, body }))).toMatchObject({ code: 'trailer_refused' })
      expect(served).toBe(0)
    })

    test('AHP-BIND-19 a client that closes its side before the verdict runs no handler without its content', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const seen: unknown[] = []
      const store = harness.replay.store
      const slow = {
        scope: 'shared' as const,
        claim: async (key: string, until: number, issuer: string) => (await sleep(20), store.claim(key, until, issuer)),
      }
      const app = framework()
      app.use(requireAiegisToken({ verifier: await ready(harness, { replay: slow }) }), framework.json(), (request, response) => {
        seen.push(request.body)
        response.end()
      })
      const port = await listen(app)
      await halfClosed(port, harness.mint({ ...order, content: '{"item":7}' }))
      expect(seen).toEqual([])
    })
  })

  test('AHP-ROAD-6 a defect is a refusal, whatever the error handlers of the application do', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const reports: string[] = []
    let served = 0
    const verifier = await ready(harness)
    const broken: Verifier = { ...verifier, verify: () => Promise.reject(new RangeError('a defect')) }
    const app = framework()
    app.use(requireAiegisToken({ verifier: broken, log: (line) => reports.push(line) }))
    app.use((_error: unknown, _request: unknown, _response: unknown, next: () => void) => next())
    app.use((_request, response) => {
      served++
      response.end()
    })
    const port = await listen(app)
    const response = await sendRaw(port, harness.mint())
    expect([response.status, problemOf(response)['code'], served]).toEqual([500, 'misconfigured', 0])
    expect(response.text).not.toContain('defect')
    expect(reports.join()).toContain('a defect')
  })

  test.each([
    ['throws', (): never => raise()],
    ['rejects', async (): Promise<never> => raise()],
  ])('AHP-ROAD-6 AHP-REFUSE-10 a log that %s lets no error handler serve a refused request', async (_what, log) => {
    const harness = createMockHarness({ logSize: 10 })
    let served = 0
    const verifier = await ready(harness)
    const broken: Verifier = { ...verifier, verify: () => Promise.reject(new RangeError('a defect')) }
    const app = framework()
    // oxlint-disable-next-line typescript/no-misused-promises -- what an operator may give all the same
    app.use(requireAiegisToken({ verifier: broken, log }))
    app.use((_error: unknown, _request: unknown, _response: unknown, next: () => void) => next())
    app.use((_request, response) => {
      served++
      response.end()
    })
    const response = await sendRaw(await listen(app), harness.mint())
    expect([response.status, problemOf(response)['code'], served]).toEqual([500, 'misconfigured', 0])
  })

  test('AHP-REFUSE-9 hooks given to the middleware are told of verdicts and dependencies', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const told: string[] = []
    const { trust, ...options } = harness.receiver()
    const app = framework()
    app.use(
      requireAiegisToken({
        ...options,
        trust: trust as TrustInput,
        onVerdict: ({ verdict, code }) => told.push(`${verdict} ${code}`),
        onDependency: ({ dependency, state }) => told.push(`${dependency} ${state}`),
      }),
    )
    app.use((_request, response) => void response.end())
    const port = await listen(app)
    harness.clock.advance(6)
    expect((await sendRaw(port, harness.mint())).status).toBe(200)
    expect((await sendRaw(port, { ...harness.mint(), method: 'PUT' })).status).toBe(401)
    expect(told).toEqual(['status up', 'replay up', 'served undefined', 'refused method_mismatch'])
  })

  test('a response that was begun in front is cut off, and the process lives', async () => {
    const harness = createMockHarness({ logSize: 10 })
    let served = 0
    const app = framework()
    app.use((_request, response, next) => {
      response.write('hello')
      next()
    })
    app.use(requireAiegisToken({ verifier: await ready(harness) }), () => served++)
    const port = await listen(app)
    await sendRaw(port, withLine(harness.mint(), 'X-AEGIS-Token')).catch(() => undefined)
    expect(served).toBe(0)
  })

  test.each([{ maxDepth: -1 }, { acceptWarn: 'no' }, { action: 'Orders Create' }, { require: { hardwear: {} } }])(
    'a route that asks for %j stops at start',
    async (route) => {
      const verifier = await ready(createMockHarness({ logSize: 10 }))
      expect(() => requireAiegisToken({ verifier, ...(route as object) })).toThrow(TypeError)
    },
  )

  test('a route without a mount in front, without trust in code and without a trust file serves nothing', async () => {
    const harness = createMockHarness({ logSize: 10 })
    let served = 0
    const app = framework()
    app.get('/orders/:id', requireAiegisToken({ action: 'orders.read', log: () => {} }), (_request, response) => {
      served++
      response.end()
    })
    const port = await listen(app)
    expect([(await sendRaw(port, harness.mint())).status, served]).toEqual([500, 0])
  })

  describe('headers', () => {
    test('AHP-BIND-23 AHP-BIND-24 no view of the request keeps evidence, cookies or authorization', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const seen: string[] = []
      const app = framework()
      app.use(requireAiegisToken({ verifier: await ready(harness), passHeaders: ['authorization'] }))
      app.use((request: IncomingMessage, response) => {
        seen.push(JSON.stringify([request.headers, request.rawHeaders, request.headersDistinct]).toLowerCase())
        response.end()
      })
      const port = await listen(app)
      await sendRaw(port, withLine(withLine(harness.mint(), 'Cookie', 'session=1'), 'Authorization', 'Basic abc'))
      expect(seen).toHaveLength(1)
      for (const gone of ['x-aegis', 'signature', 'cookie', 'session=1', 'eyj']) expect(seen[0]).not.toContain(gone)
      for (const kept of ['authorization', 'basic abc', 'host']) expect(seen[0]).toContain(kept)
    })

    test('passHeaders takes no other name', async () => {
      const verifier = await ready(createMockHarness({ logSize: 10 }))
      expect(() => requireAiegisToken({ verifier, passHeaders: ['x-aegis-token' as 'cookie'] })).toThrow(
        /passHeaders: 'x-aegis-token' is none of/,
      )
    })
  })

  describe('routes', () => {
    const routed = async (harness: MockHarness): Promise<{ port: number; served: string[] }> => {
      const served: string[] = []
      const verifier = await ready(harness, {
        actions: { 'POST /orders/:id': 'orders.create', 'GET /orders/:id': 'orders.read' },
      })
      const app = framework()
      app.use(requireAiegisToken({ verifier }))
      app.post('/orders/:id', requireAiegisToken({ action: 'orders.create', maxDepth: 0 }), (request, response) => {
        served.push(getAiegis(request).action)
        response.end()
      })
      app.get('/orders/:id', (request, response) => {
        served.push(getAiegis(request).action)
        response.end()
      })
      app.get('/forgotten', requireAiegisToken({ action: 'forgotten.read' }), (_request, response) => {
        served.push('forgotten')
        response.end()
      })
      app.get('/graded', requireAiegisToken({ require: { hardware: { asserted: 'live' } } }), (_request, response) => {
        served.push('graded')
        response.end()
      })
      app.get('/target', requireAiegisToken({ target: `${harness.audience}/target` }), (_request, response) => {
        served.push('target')
        response.end()
      })
      return { port: await listen(app), served }
    }
    const url = (harness: MockHarness, path: string): string => `${harness.audience}${path}`

    test('AHP-REQ-2 AHP-REQ-12 a second call repeats the action and claims nothing', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await routed(harness)
      expect((await sendRaw(port, harness.mint({ method: 'POST', action: 'orders.create' }))).status).toBe(200)
      expect(served).toEqual(['orders.create'])
    })

    test('AHP-REQ-6 HEAD needs the action of GET', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await routed(harness)
      expect((await sendRaw(port, harness.mint({ method: 'HEAD' }))).status).toBe(403)
      expect((await sendRaw(port, harness.mint({ method: 'HEAD', action: 'orders.read' }))).status).toBe(200)
      expect(served).toEqual(['orders.read'])
    })

    test.each([
      ['DELETE', '/orders/7', 'http.delete', 403, 'action_unmapped'],
      ['POST', '/ORDERS/7/', 'http.post', 403, 'action_mismatch'],
      ['GET', '/forgotten', 'http.get', 500, 'misconfigured'],
      ['GET', '/forgotten', 'forgotten.read', 403, 'action_unmapped'],
      ['GET', '/graded', 'http.get', 403, 'grade_insufficient'],
      ['GET', '/target', 'http.get', 500, 'misconfigured'],
    ])('AHP-REQ-12 %s %s with %s is %i %s', async (method, path, action, status, code) => {
      const harness = createMockHarness({ logSize: 10 })
      const { port, served } = await routed(harness)
      const response = await sendRaw(port, harness.mint({ method, url: url(harness, path), action }))
      expect(response.status).toBe(status)
      expect(problemOf(response)).toMatchObject({ code })
      expect(served).toEqual([])
    })

    test('AHP-REQ-13 a handler in front of any check gets no context', () => {
      expect(() => getAiegis({} as IncomingMessage)).toThrow(/no AiEGIS context/)
    })

    test('a mount path does not change what is compared', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const served: string[] = []
      const app = framework()
      app.use('/api', requireAiegisToken({ verifier: await ready(harness) }), (request, response) => {
        served.push(getAiegis(request).target)
        response.end()
      })
      const port = await listen(app)
      expect((await sendRaw(port, harness.mint({ url: url(harness, '/api/orders?x=1') }))).status).toBe(200)
      expect((await sendRaw(port, { ...harness.mint({ url: url(harness, '/orders') }), target: '/api/orders' })).status).toBe(401)
      expect(served).toEqual([`${harness.audience}/api/orders`])
    })

    test('two verifiers on one request are refused: neither can speak for the other', async () => {
      const harness = createMockHarness({ logSize: 10 })
      const served: string[] = []
      const app = framework()
      const [first, second] = [await ready(harness), await ready(harness)]
      app.use(requireAiegisToken({ verifier: first }), requireAiegisToken({ verifier: second }), (_request, response) => {
        served.push('both')
        response.end()
      })
      const port = await listen(app)
      expect((await sendRaw(port, harness.mint())).status).toBe(500)
      expect(served).toEqual([])
    })

    test('options of the verifier beside a verifier stop at start', async () => {
      const verifier = await ready(createMockHarness({ logSize: 10 }))
      expect(() => requireAiegisToken({ verifier, actions: {} })).toThrow(/actions belong to the verifier/)
    })
  })

  test('AHP-ROAD-8 the verdict belongs to the request, not to the connection', async () => {
    const harness = createMockHarness({ logSize: 10 })
    let served = 0
    const app = framework()
    app.use(requireAiegisToken({ verifier: await ready(harness) }), (_request, response) => {
      served++
      response.end()
    })
    const port = await listen(app)
    const good = harness.mint()
    const bare: RawRequest = { ...good, lines: [['Host', 'api.example.com']] }
    const text = [good, bare]
      .map(
        ({ method, target, lines }) => `${method} ${target} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`,
      )
      .join('')
    const statuses = await pipelined(port, text)
    expect([statuses, served]).toEqual([['200', '401'], 1])
  })

  test('a browser-like client that sends nothing is told what to bring', async () => {
    const harness = createMockHarness({ logSize: 10 })
    const app = framework()
    app.use(requireAiegisToken({ verifier: await ready(harness) }))
    const port = await listen(app)
    const challenge = await new Promise<string | undefined>((resolve) => {
      httpRequest({ port, host: '127.0.0.1' }, (response) => resolve(response.resume().headers['www-authenticate'])).end()
    })
    expect(challenge).toBe('AEGIS aud="https://api.example.com", harness="did:web:harness.example", ahp="ahp-receiver/0.1"')
  })
})

function raise(): never {
  throw new Error('the disk is full')
}

/** Sends several requests on one connection and returns the status of each answer. */
async function pipelined(port: number, text: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let all = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1')
      const found = [...all.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1] ?? '')
      if (found.length === 2) socket.end(() => resolve(found))
    })
  })
}

/** Sends the whole request and its FIN in one go, and waits until the server has closed too. */
async function halfClosed(port: number, request: RawRequest): Promise<void> {
  const lines = request.lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${request.method} ${request.target} HTTP/1.1\r\n${lines}\r\n`)
      socket.end(request.body)
    })
    socket
      .resume()
      .on('error', () => resolve())
      .on('close', () => resolve())
  })
  await sleep(60)
}
