/** What only the adapters for `Request` can get wrong: what a runtime rewrites, and the request that handlers get (spec chapters 7.6 to 7.8). @module */
import { createServer, type IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createHttp2Server, connect, type ServerHttp2Session } from 'node:http2'
import { Refusal, utf8 } from '@aiegis/protocol'
import { createMockHarness, listen, problemOf, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier, type Verifier } from '@aiegis/verifier'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { methodOverride } from 'hono/method-override'
import { expect, onTestFinished, test, vi } from 'vitest'
import { honoAiegis as onNode } from '../src/hono-node.ts'
import { honoAiegis } from '../src/hono.ts'
import { gate, getAiegis, withAiegis } from '../src/index.ts'

const ORDER = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }
const quiet = { log: () => {} }

interface Scene {
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly codes: (string | undefined)[]
}

async function scene(trust = {}): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const codes: (string | undefined)[] = []
  const verifier = createVerifier({ ...harness.receiver(trust), onVerdict: ({ code }) => codes.push(code) })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return { harness, verifier, codes }
}

/** The request as a runtime shows it. */
function shown(raw: RawRequest, init: RequestInit = {}, url = `https://api.example.com${raw.target}`): Request {
  const headers = new Headers()
  for (const [name, value] of raw.lines) headers.append(name, value)
  const body = raw.method === 'GET' || raw.method === 'HEAD' ? null : Buffer.from(raw.body)
  return new Request(url, { method: raw.method, headers, body, ...init })
}

async function codeOf(response: Response): Promise<unknown> {
  return JSON.parse(await response.text()).code
}

test('AHP-BIND-19 AHP-BIND-23 the handler gets a request that can be read again, with the digested bytes and without evidence', async () => {
  const { harness, verifier } = await scene()
  const handler = withAiegis({ verifier, passHeaders: ['cookie'] }, async (request, context, route: { readonly id: string }) => {
    expect(getAiegis(request)).toBe(context)
    const twice = [await request.clone().text(), await request.json()]
    return Response.json({ twice, headers: Object.keys(Object.fromEntries(request.headers)), route, url: request.url })
  })
  const raw = withLine(withLine(harness.mint(ORDER), 'Cookie', 'a=1'), 'Authorization', 'Basic abc')
  const response = await handler(shown(raw), { id: '7' })
  expect(await response.json()).toEqual({
    twice: ['{"item":7}', { item: 7 }],
    headers: ['content-length', 'content-type', 'cookie', 'host'],
    route: { id: '7' },
    url: 'https://api.example.com/orders/7',
  })
})

test('multipart content reaches the handler as a form, byte for byte as it was decided', async () => {
  const { harness, verifier } = await scene()
  const content = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
  const handler = withAiegis({ verifier }, async (request) => {
    const file: unknown = (await request.formData()).get('file')
    return new Response(file instanceof File ? await file.text() : 'none')
  })
  const raw = harness.mint({ method: 'POST', contentType: 'multipart/form-data; boundary=b', content })
  expect(await (await handler(shown(raw))).text()).toBe('hello')
})

test.each([
  ['is another than Host', 'https://evil.example/orders/7', 'api.example.com', 'request_malformed'],
  ['has user information', 'https://api.example.com/orders/7', 'evil.example:x@api.example.com', 'request_malformed'],
  ['has a port that Host lacks', 'https://api.example.com:8443/orders/7', 'api.example.com', 'request_malformed'],
  ['is Host, and no base', 'https://evil.example/orders/7', 'evil.example', 'authority_unknown'],
  ['stands for Host, and is no base', 'https://evil.example/orders/7', undefined, 'authority_unknown'],
  ['stands for Host', 'https://api.example.com/orders/7', undefined, undefined],
  ['is Host in other case, over http', 'http://api.example.com/orders/7', 'API.example.com', undefined],
])('AHP-BIND-26 an authority of the URL that %s', async (_what, url, host, code) => {
  const { harness, verifier, codes } = await scene()
  const raw = withLine(harness.mint(), 'Host', ...(host === undefined ? [] : [host]))
  const gated = await gate({ verifier })(shown(raw, {}, url))
  expect([gated.ok, codes]).toEqual([code === undefined, [code]])
})

test('AHP-BIND-26 AHP-BIND-14 a base that is fixed serves what a runtime shows under a host of its own', async () => {
  const { harness, verifier } = await scene({ bases: [{ public: 'https://api.example.com', mount: '/', authority: 'fixed' }] })
  const check = gate({ verifier })
  expect((await check(shown(harness.mint(), {}, 'http://localhost:3000/orders/7'))).ok).toBe(true)
  expect((await check(shown(harness.mint(), {}, 'http://localhost:3000/orders/8'))).ok).toBe(false)
})

test.each(['/orders/7#f', '/orders/7?', '/orders/%37', "/orders/7?a='b'", '/orders//7', '/x/..;/orders/7'])(
  'AHP-BIND-26 the target %s is taken as it is shown, and is not the decided one',
  async (target) => {
    const { harness, verifier, codes } = await scene()
    const gated = await gate({ verifier })(shown({ ...harness.mint(), target }))
    expect(gated.ok).toBe(false)
    expect(['target_invalid', 'uri_mismatch']).toContain(codes[0])
  },
)

test('AHP-BIND-27 two types in one line are refused, also when a token was issued for just that line', async () => {
  const { harness, verifier, codes } = await scene()
  const gated = await gate({ verifier })(shown(harness.mint({ ...ORDER, contentType: 'application/json, text/plain' })))
  expect([gated.ok, codes]).toEqual([false, ['content_type_repeated']])
})

test.each<[string, (raw: RawRequest) => RawRequest, string | undefined]>([
  ['is shorter than announced', (raw) => withLine(raw, 'Content-Length', '11'), 'content_incomplete'],
  ['is longer than announced', (raw) => withLine(raw, 'Content-Length', '9'), 'content_incomplete'],
  ['was announced with nonsense', (raw) => withLine(raw, 'Content-Length', '10, 10'), 'content_incomplete'],
  ['was not announced', (raw) => withLine(raw, 'Content-Length'), undefined],
])('AHP-BIND-28 content that %s', async (_what, change, code) => {
  const { harness, verifier, codes } = await scene()
  const gated = await gate({ verifier })(shown(change(harness.mint(ORDER))))
  expect([gated.ok, codes]).toEqual([code === undefined, [code]])
})

test.each([
  ['a length', 'Content-Length', '10'],
  ['chunks', 'Transfer-Encoding', 'chunked'],
])('AHP-BIND-28 content that the runtime hides and %s announced is refused', async (_what, name, value) => {
  const { harness, verifier, codes } = await scene()
  const gated = await gate({ verifier })(shown(withLine(harness.mint(), name, value)))
  expect([gated.ok, codes]).toEqual([false, ['content_incomplete']])
})

test('AHP-BIND-22 content that was read in front is a 500, also with a token for empty content', async () => {
  const { harness, verifier, codes } = await scene()
  const check = gate({ verifier, ...quiet })
  const read = shown(harness.mint(ORDER))
  await read.text()
  const locked = shown({ ...withLine(harness.mint({ ...ORDER, content: '' }), 'Content-Length', '10'), body: utf8('{"item":7}') })
  locked.body?.getReader()
  // Read to its end and let go: a stream that gives nothing any more, like one of no content.
  const drained = shown({ ...withLine(harness.mint({ ...ORDER, content: '' }), 'Content-Length'), body: utf8('{"item":7}') })
  const reader = drained.body?.getReader()
  while ((await reader?.read())?.done === false);
  reader?.releaseLock()
  for (const request of [read, locked, drained]) {
    const gated = await check(request)
    expect(gated.ok ? undefined : gated.response.status).toBe(500)
  }
  expect(codes).toEqual(['content_consumed', 'content_consumed', 'content_consumed'])
})

test.each([
  ['without a length is read to the limit and no further', [], 25],
  ['that is announced as too large is not read', ['1048577'], 2],
])('AHP-BIND-20 content %s', async (_what, length, most) => {
  const { harness, verifier, codes } = await scene()
  let pulled = 0
  let isCancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++
      controller.enqueue(new Uint8Array(65_536))
    },
    cancel() {
      isCancelled = true
    },
  })
  const raw = withLine(harness.mint(ORDER), 'Content-Length', ...length)
  const init = { body: endless, duplex: 'half' } as RequestInit
  expect((await gate({ verifier })(shown(raw, init))).ok).toBe(false)
  expect(codes).toEqual(['content_too_large'])
  expect(pulled).toBeLessThan(most)
  expect(isCancelled).toBe(length.length === 0)
})

test('the handler keeps what Workers say of the connection, and forwards no redirect by itself', async () => {
  const { harness, verifier } = await scene()
  const inits: unknown[] = []
  const request = Object.assign(shown(harness.mint()), { cf: { colo: 'AMS' } })
  vi.stubGlobal(
    'Request',
    class extends Request {
      constructor(input: RequestInfo | URL, init?: RequestInit) {
        super(input, init)
        inits.push(init)
      }
    },
  )
  onTestFinished(() => void vi.unstubAllGlobals())
  expect((await gate({ verifier })(request)).ok).toBe(true)
  expect(inits).toMatchObject([{ cf: { colo: 'AMS' }, redirect: 'manual' }])
})

test('AHP-BIND-19 AHP-BIND-23 Hono hands on the digested bytes and no evidence', async () => {
  const { harness, verifier } = await scene()
  const app = new Hono().use(honoAiegis({ verifier })).all('*', async (c) => {
    return c.json({ content: await c.req.text(), token: c.req.header('x-aegis-token') ?? null })
  })
  const response = await app.request(shown(harness.mint(ORDER)))
  expect(await response.json()).toEqual({ content: '{"item":7}', token: null })
})

test('AHP-BIND-19 on Node a client that closes its side before the verdict runs no handler', async () => {
  const harness = createMockHarness({ logSize: 20 })
  const { store } = harness.replay
  const claim: typeof store.claim = async (...given) => (await sleep(30), store.claim(...given))
  const verifier = createVerifier({ ...harness.receiver(), replay: { scope: 'shared', claim } })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const served: string[] = []
  const app = new Hono().use(onNode({ verifier })).all('*', (c) => {
    served.push(c.var.aiegis.receiptId)
    return c.text('served')
  })
  const listener = getRequestListener(app.fetch)
  const server = createServer((request, response) => void listener(request, response))
  const port = await listen(server)
  onTestFinished(() => void server.close())
  const { method, target, lines, body } = harness.mint(ORDER)
  await new Promise<void>((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(`${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
      socket.end(body)
    })
    socket
      .resume()
      .on('error', () => resolve())
      .on('close', () => resolve())
  })
  await sleep(80)
  expect(served).toEqual([])
  expect((await sendRaw(port, harness.mint(ORDER))).status).toBe(200)
})

test('AHP-BIND-21 content that stalls or breaks ends with its code and runs nothing', async () => {
  const { harness, verifier, codes } = await scene({ time: { bodyTimeoutSeconds: 1 } })
  const bodies = [
    new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(utf8('{')) }),
    new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('reset')) }),
  ]
  for (const body of bodies) {
    const init = { body, duplex: 'half' } as RequestInit
    const gated = await gate({ verifier })(shown(withLine(harness.mint(ORDER), 'Content-Length'), init))
    expect(gated.ok).toBe(false)
  }
  expect(codes).toEqual(['content_timeout', 'content_incomplete'])
})

test('AHP-BIND-19 a client that has gone before the verdict runs no handler', async () => {
  const { harness, verifier } = await scene()
  const end = new AbortController()
  const slow: Verifier = { ...verifier, verify: async (...given) => verifier.verify(...given).finally(() => end.abort()) }
  expect((await gate({ verifier: slow })(shown(harness.mint(), { signal: end.signal }))).ok).toBe(false)
})

test('AHP-REQ-12 a second check claims nothing, narrows, and gives the same request', async () => {
  const { harness, verifier, codes } = await scene()
  const check = gate({ verifier })
  const original = shown(harness.mint(ORDER))
  const first = await check(original)
  if (!first.ok) throw new Error('not served')
  for (const request of [first.request, original]) {
    const again = await check(request)
    expect(again.ok && again.request === first.request && again.context === first.context).toBe(true)
  }
  expect((await gate({ verifier, require: { human: { asserted: 'live' } } })(first.request)).ok).toBe(false)
  expect((await gate({ verifier, action: 'orders.create', ...quiet })(first.request)).ok).toBe(false)
  expect(await first.request.text()).toBe('{"item":7}')
  expect(codes).toEqual([undefined, 'grade_insufficient', 'misconfigured'])
})

test('AHP-REQ-13 a request that nothing verified has no context, also when it looks like one that was', async () => {
  const { harness, verifier } = await scene()
  const gated = await gate({ verifier })(shown(harness.mint()))
  if (!gated.ok) throw new Error('not served')
  expect(() => getAiegis(gated.request.clone())).toThrow('no AiEGIS context')
  expect(() => getAiegis(new Request(gated.request))).toThrow('no AiEGIS context')
})

test('AHP-ROAD-6 a defect is a refusal and no rejection', async () => {
  const { harness, verifier } = await scene()
  const broken: Verifier = { ...verifier, verify: () => Promise.reject(new RangeError('a defect')) }
  const lines: string[] = []
  const gated = await gate({ verifier: broken, log: (line) => lines.push(line) })(shown(harness.mint()))
  expect(gated.ok ? undefined : [gated.response.status, await codeOf(gated.response)]).toEqual([500, 'misconfigured'])
  expect(lines.join()).toContain('a defect')
})

test('lists and logs are read behind requests where a runtime waits for it, once in each interval, and nobody else waits', async () => {
  const { harness, verifier } = await scene()
  let read = 0
  const waited: Promise<unknown>[] = []
  const counting: Verifier = { ...verifier, warm: async () => void read++ }
  const handler = withAiegis(
    { verifier: counting },
    (_request, _context, _environment: object, _runtime?: object) => new Response('served'),
  )
  const runtime = { waitUntil: (work: Promise<unknown>) => void waited.push(work) }
  for (const seconds of [0, 1, 58, 2, 1]) {
    harness.clock.advance(seconds)
    expect((await handler(shown(harness.mint()), {}, runtime)).status).toBe(200)
  }
  expect([read, waited.length]).toEqual([2, 2])
  await handler(shown(harness.mint()), {})
  expect(read).toBe(2)
})

test('AHP-STATUS-12 behind requests, lists alone are read again after 5 seconds while one cannot be used, and no sooner', async () => {
  const { harness, verifier } = await scene()
  const read: unknown[] = []
  let isListLacking = true
  const counting: Verifier = { ...verifier, warm: async (what) => void read.push(what), isListLacking: () => isListLacking }
  const handler = withAiegis({ verifier: counting }, (_request, _context, _runtime: object) => new Response('served'))
  const send = async (seconds: number): Promise<number> => {
    harness.clock.advance(seconds)
    await handler(shown(harness.mint()), { waitUntil: () => {} })
    return read.length
  }
  expect([await send(0), await send(4), await send(1), await send(1), await send(4)]).toEqual([1, 1, 2, 2, 3])
  expect(read).toEqual([undefined, 'lists', 'lists'])
  isListLacking = false
  expect([await send(49), await send(1), read.at(-1)]).toEqual([3, 4, undefined])
  // A clock that is set back does not keep it from being read.
  expect(await send(-3600)).toBe(5)
})

test('AHP-STATUS-12 a verifier says whether a list cannot be used', async () => {
  const harness = createMockHarness({ logSize: 20 })
  harness.status.set('down')
  const verifier = createVerifier({ ...harness.receiver(), log: () => {} })
  onTestFinished(() => verifier.close())
  await verifier.warm('lists')
  expect(verifier.isListLacking()).toBe(true)
  harness.status.set('up')
  await verifier.warm('lists')
  expect(verifier.isListLacking()).toBe(false)
})

test('Hono hands the execution context over, and does without one', async () => {
  const { harness, verifier } = await scene()
  let read = 0
  const counting: Verifier = { ...verifier, warm: async () => void read++ }
  const app = new Hono().use(honoAiegis({ verifier: counting })).all('*', (c) => c.text('served'))
  const waited: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => void waited.push(work), passThroughOnException: () => {}, props: {} }
  for (const given of [context, context, undefined]) {
    expect((await app.fetch(shown(harness.mint()), {}, given)).status).toBe(200)
  }
  expect([read, waited.length]).toEqual([1, 1])
})

test('AHP-BIND-25 a handler that Node gives its own request besides is refused: it would still hold the evidence', async () => {
  const { harness, verifier } = await scene()
  const lines: string[] = []
  let served = 0
  const handler = withAiegis({ verifier, log: (line) => lines.push(line) }, (_request, _context, _environment: object) => {
    served++
    return new Response('served')
  })
  const listener = getRequestListener(handler)
  const server = createServer((request, response) => void listener(request, response))
  const port = await listen(server)
  onTestFinished(() => void server.close())
  expect(problemOf(await sendRaw(port, harness.mint()))).toMatchObject({ code: 'misconfigured' })
  expect([served, lines]).toEqual([0, [expect.stringContaining('@aiegis/fetch/hono-node')]])
})

test('options that cannot work stop at start', async () => {
  const { harness, verifier } = await scene()
  const { trust, ...ports } = harness.receiver()
  expect(() => gate({ verifier, actions: {} })).toThrow(/actions belong to the verifier/)
  expect(() => gate({ ...ports } as never)).toThrow(/trust: .* pass \{ trust \} or \{ verifier \}/)
  expect(() => gate({ trust: { ...(trust as object), audience: 'https://other.example' } } as never)).toThrow(/audience/)
  expect(() => gate({ verifier, acceptWarn: 'no' } as never)).toThrow(/acceptWarn/)
})

test('AHP-BIND-25 where Node received the request, the middleware for other runtimes refuses and says which one to use', async () => {
  const { harness, verifier } = await scene()
  const lines: string[] = []
  let served = 0
  const app = new Hono().use(honoAiegis({ verifier, log: (line) => lines.push(line) })).all('*', (c) => {
    served++
    return c.text('served')
  })
  const listener = getRequestListener(app.fetch)
  const server = createServer((request, response) => void listener(request, response))
  const port = await listen(server)
  onTestFinished(() => void server.close())
  expect(problemOf(await sendRaw(port, harness.mint()))).toMatchObject({ code: 'misconfigured', status: 500 })
  expect([served, lines]).toEqual([0, [expect.stringContaining('@aiegis/fetch/hono-node')]])
  expect((await app.request(shown(harness.mint()))).status).toBe(200)
})

test('AHP-BIND-25 AHP-BIND-7 on Node HTTP/2 is refused, and app.request() of tests is served', async () => {
  const { harness, verifier } = await scene()
  const lines: string[] = []
  const app = new Hono().use(onNode({ verifier, log: (line) => lines.push(line) })).all('*', (c) => c.text(c.var.aiegis.action))
  expect(await (await app.request(shown(harness.mint()))).text()).toBe('http.get')
  const listener = getRequestListener(app.fetch)
  const server = createHttp2Server((request, response) => void listener(request, response))
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session) => sessions.push(session))
  const client = connect(`http://127.0.0.1:${await listen(server)}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const { lines: fields, target } = harness.mint()
  const evidence = Object.fromEntries(
    fields.filter(([name]) => name !== 'Host').map(([name, value]) => [name.toLowerCase(), value]),
  )
  const status = await new Promise((resolve, reject) => {
    client
      .request({ ':path': target, ':authority': 'api.example.com', ...evidence })
      .on('response', (headers) => resolve(headers[':status']))
      .on('error', reject)
      .resume()
  })
  expect([status, lines.length]).toEqual([500, 1])
})

test.each(['in front of', 'behind'])(
  'AHP-BIND-15 on Node a method that is replaced %s the check reaches no handler',
  async (where) => {
    const { harness, verifier } = await scene()
    const app = new Hono()
    const check = onNode({ verifier, ...quiet })
    if (where === 'behind') app.use(check)
    app.use(methodOverride({ app, query: '_method' }))
    if (where !== 'behind') app.use(check)
    app.all('*', (c) => c.text(c.req.method))
    const listener = getRequestListener(app.fetch)
    const server = createServer((request, response) => void listener(request, response))
    const port = await listen(server)
    onTestFinished(() => void server.close())
    const request = harness.mint({ method: 'POST', url: 'https://api.example.com/a?_method=DELETE' })
    expect(problemOf(await sendRaw(port, request)).status).toBe(401)
    const other = await sendRaw(port, harness.mint({ method: 'POST', url: 'https://api.example.com/a?b=1' }))
    expect([other.status, other.text]).toEqual([200, expect.stringContaining('POST')])
  },
)

test('AHP-BIND-23 on Node no view of the request below keeps evidence, and content of GET is there', async () => {
  const { harness, verifier } = await scene()
  const seen: string[] = []
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>()
  app.use(async (c, next) => {
    // Makes Hono's own copy of the headers.
    expect(c.req.raw.headers.get('x-aegis-token')).not.toBeNull()
    await next()
  })
  app.use(onNode({ verifier })).all('*', async (c) => {
    const { incoming } = c.env
    const views = [incoming.headers, incoming.rawHeaders, c.req.header(), [...c.req.raw.headers]]
    let content = ''
    for await (const chunk of incoming) content += String(chunk)
    seen.push(JSON.stringify(views).toLowerCase(), content)
    return c.text('served')
  })
  const listener = getRequestListener(app.fetch)
  const server = createServer((request, response) => void listener(request, response))
  const port = await listen(server)
  onTestFinished(() => void server.close())
  expect((await sendRaw(port, harness.mint({ ...ORDER, method: 'GET' }))).status).toBe(200)
  expect(seen[0]).toContain('content-type')
  for (const gone of ['x-aegis', 'signature', 'eyj']) expect(seen[0]).not.toContain(gone)
  expect(seen[1]).toBe('{"item":7}')
})

test('AHP-ROAD-6 what app.onError of Hono does serves no refused request', async () => {
  const { harness, verifier } = await scene()
  let served = 0
  const refusing: Verifier = { ...verifier, verify: () => Promise.reject(new Refusal('token_expired', 'then')) }
  const app = new Hono()
  app.onError((_error, c) => {
    served++
    return c.text('all is well')
  })
  app.use(honoAiegis({ verifier: refusing })).all('*', (c) => c.text(String(served++)))
  expect(await codeOf(await app.request(shown(harness.mint())))).toBe('token_expired')
  expect(served).toBe(0)
})
