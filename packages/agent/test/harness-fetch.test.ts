import { decodeBase64url } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HarnessBlocked, HarnessFailed, harnessFetch, type HarnessFetchOptions } from '../src/index.ts'
import {
  agent,
  allow,
  checkPossession,
  checkQuestion,
  decided,
  json,
  PASSPORT,
  PROOF,
  startRecorder,
  TOKEN,
  type Recorder,
} from './servers.ts'

let harness: Recorder
let api: Recorder

beforeEach(async () => {
  harness = await startRecorder(allow)
  api = await startRecorder((_, response) => response.end('served'))
})

afterEach(async () => {
  await Promise.all([harness.close(), api.close()])
})

const create = (options: Partial<HarnessFetchOptions> = {}): typeof fetch =>
  harnessFetch({ protect: harness.origin, passport: PASSPORT, signer: agent, now: () => 1_795_212_000_999, ...options })

/** The question that the harness saw last. */
function question(): { action: string; target: string; context: { request: Record<string, string>; [name: string]: unknown } } {
  return JSON.parse(harness.seen.at(-1)?.content.toString() ?? '')
}

const REDIRECTS = [301, 302, 303, 307, 308]

async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
    return 'served'
  } catch (error) {
    return error
  }
}

describe('an allowed request', () => {
  test('is asked about and then sent, the same in every part that the token binds', async () => {
    const content = '{"item":"book","quantity":1,"note":"\u00e9"}'
    const response = await create()(`${api.origin}/orders?dry=1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Other': 'kept' },
      body: content,
    })
    expect(await response.text()).toBe('served')
    expect(question()).toEqual({
      action: 'http.post',
      target: `${api.origin}/orders`,
      context: {
        request: {
          method: 'POST',
          url: `${api.origin}/orders?dry=1`,
          contentType: 'application/json',
          content: Buffer.from(content).toString('base64url'),
        },
      },
    })
    const [sent] = api.seen
    expect(sent).toMatchObject({
      method: 'POST',
      target: '/orders?dry=1',
      headers: {
        'content-type': 'application/json',
        'x-aegis-token': TOKEN,
        'x-aegis-passport': PASSPORT,
        'x-aegis-proof': PROOF,
        'x-other': 'kept',
      },
    })
    expect(sent?.content.toString()).toBe(content)
    expect(sent?.headers['content-digest']).toBeUndefined()
  })

  test('AHP-ASK-3 carries a question signed over method, endpoint, content and passport, with a nonce of its own', async () => {
    const call = create()
    await call(`${api.origin}/orders`)
    await call(`${api.origin}/orders`)
    expect(harness.seen.map(({ method, target }) => [method, target])).toEqual([
      ['POST', '/api/protect'],
      ['POST', '/api/protect'],
    ])
    const members = await Promise.all(harness.seen.map((seen) => checkQuestion(harness.origin, seen)))
    for (const { params } of members) {
      expect(params).toMatchObject({ created: 1_795_212_000, tag: 'aegis-ask' })
      expect(params.nonce).toMatch(/^[A-Za-z0-9_-]{24}$/)
    }
    expect(members[0]?.params.nonce).not.toBe(members[1]?.params.nonce)
    expect(harness.seen[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-aegis-passport': PASSPORT })
  })

  test('AHP-POP-4 carries a possession signature over what arrives, with created, keyid and tag only', async () => {
    await create()(`${api.origin}/orders/%C3%A9?b=2&a=1`, { method: 'PUT', body: 'x' })
    const sent = api.seen[0]
    const member = sent && (await checkPossession(api.origin, sent))
    expect(Object.keys(member?.params ?? {}).toSorted()).toEqual(['created', 'keyid', 'tag'])
    expect(member?.params.created).toBe(1_795_212_000)
  })

  test('is sent under WARN too: whether that is enough is for the receiver', async () => {
    harness.answer = json(200, decided('WARN', { token: TOKEN, proof: PROOF, obligations: ['log_full'] }))
    expect((await create()(`${api.origin}/orders`)).status).toBe(200)
  })

  test.each([
    ['no content', {}, '', ''],
    ['text', { method: 'POST', body: 'text' }, 'text/plain;charset=UTF-8', 'text'],
    ['bytes without a type', { method: 'POST', body: Uint8Array.of(0, 255) }, '', '\u0000\xff'],
    [
      'a form',
      { method: 'POST', body: new URLSearchParams({ a: 'b c' }) },
      'application/x-www-form-urlencoded;charset=UTF-8',
      'a=b+c',
    ],
    ['a blob', { method: 'POST', body: new Blob(['{}'], { type: 'application/json' }) }, 'application/json', '{}'],
    ['empty content', { method: 'POST', body: '' }, 'text/plain;charset=UTF-8', ''],
  ])('shows and sends %s with one content type', async (_, init, contentType, content) => {
    await create()(`${api.origin}/orders`, init)
    expect(question().context.request['contentType']).toBe(contentType)
    expect(api.seen[0]?.headers['content-type'] ?? '').toBe(contentType)
    expect(Buffer.from(decodeBase64url(question().context.request['content'] ?? '')).toString('latin1')).toBe(content)
    expect(api.seen[0]?.content.toString('latin1')).toBe(content)
  })

  test('shows and sends a multipart form with one boundary', async () => {
    const form = new FormData()
    form.set('file', new Blob(['content']), 'a.txt')
    await create()(`${api.origin}/upload`, { method: 'POST', body: form })
    const { contentType, content } = question().context.request
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/)
    expect(api.seen[0]?.headers['content-type']).toBe(contentType)
    expect(api.seen[0]?.content.toString('base64url')).toBe(content)
  })

  test('may be a Request, and its stream is read once', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (const part of ['a', 'bc', '']) controller.enqueue(new TextEncoder().encode(part))
        controller.close()
      },
    })
    const init = { method: 'POST', body: stream, duplex: 'half', headers: { 'Content-Type': 'a/b' } }
    const request = new Request(`${api.origin}/orders`, init)
    await create()(request)
    expect(api.seen[0]?.content.toString()).toBe('abc')
    expect(api.seen[0]?.headers['content-type']).toBe('a/b')
    expect(request.bodyUsed).toBe(true)
  })

  test.each([
    ['a fragment', '/orders#top', '/orders'],
    ['an empty query, which fetch does not send', '/orders?', '/orders'],
    ['an empty query before a fragment', '/orders?#top', '/orders'],
    ['dot segments', '/a/../orders', '/orders'],
    ['escapes of another spelling', '/%6frders/%c3%a9?x=%2f', '/orders/%C3%A9?x=%2F'],
    ['characters that have to be escaped', '/\xe9^?q=\\', '/%C3%A9%5E?q=%5C'],
  ])('with %s is asked about and sent in normal form', async (_, path, normal) => {
    await create()(`${api.origin}${path}`)
    expect(question().context.request['url']).toBe(`${api.origin}${normal}`)
    expect(api.seen[0]?.target).toBe(normal)
    expect(api.seen[0] && (await checkPossession(api.origin, api.seen[0]))).toBeDefined()
  })

  test('keeps the signatures of others and replaces evidence that the caller brought', async () => {
    await create()(`${api.origin}/orders`, {
      headers: {
        'X-AEGIS-Token': 'x.y.z',
        'x-aegis-passport': 'old',
        'X-Aegis-Proof': 'old',
        'Signature-Input': 'wba=("@authority");created=1;keyid="k";tag="web-bot-auth"',
        Signature: 'wba=:AAAA:',
      },
    })
    const sent = api.seen[0]
    expect(sent?.headers).toMatchObject({ 'x-aegis-token': TOKEN, 'x-aegis-passport': PASSPORT, 'x-aegis-proof': PROOF })
    expect(sent?.headers['signature-input']).toMatch(/^wba=.*, aegis=/)
    expect(sent && (await checkPossession(api.origin, sent))).toBeDefined()
    expect(sent?.names.filter((name) => name.startsWith('x-aegis-')).toSorted()).toEqual([
      'x-aegis-passport',
      'x-aegis-proof',
      'x-aegis-token',
    ])
  })
})

describe('what is asked', () => {
  test('takes action, target, task and jurisdiction from the options', async () => {
    await create({ action: 'orders.create', target: 'crm:orders', txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C', jurisdiction: 'EU' })(
      api.origin,
    )
    expect(question()).toMatchObject({
      action: 'orders.create',
      target: 'crm:orders',
      context: { txn: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C', jurisdiction: 'EU', request: { url: `${api.origin}/` } },
    })
  })

  test('may choose action and target by the request', async () => {
    await create({
      action: ({ method, url, headers }) => `${new URL(url).pathname.slice(1)}.${method.toLowerCase()}.${headers.get('x-kind')}`,
      target: ({ url }) => `t:${url.length}`,
    })(`${api.origin}/orders`, { headers: { 'X-Kind': 'k' } })
    expect(question()).toMatchObject({ action: 'orders.get.k', target: `t:${api.origin.length + 7}` })
  })

  test('AHP-ASK-19 signs an idempotency key when one is chosen', async () => {
    await create({ idempotency: ({ url }) => `key-${url.length}` })(`${api.origin}/orders`)
    expect(harness.seen[0]?.headers['idempotency-key']).toBe(`key-${api.origin.length + 7}`)
    expect(harness.seen[0] && (await checkQuestion(harness.origin, harness.seen[0]))).toBeDefined()
  })

  test('may name the endpoint itself, and refuses every other URL of a harness at once', () => {
    expect(create({ protect: `${harness.origin}/api/protect` })).toBeTypeOf('function')
    expect(create({ protect: new URL(harness.origin) })).toBeTypeOf('function')
    for (const protect of [
      '',
      'harness.example',
      'http://harness.example',
      'https://harness.example/x',
      'https://harness.example/?a',
      'https://u:p@harness.example/',
    ]) {
      expect(() => create({ protect })).toThrow(
        `protect: '${protect}' is not the URL of an enforcement server; write for example 'https://harness.example'`,
      )
    }
  })
})

describe('nothing reaches the API', () => {
  afterEach(() => {
    if (api.seen.length > 0) throw new Error('the API was reached')
  })

  test.each([401, 403, 200])('AHP-ASK-18 when the harness blocks, with %i; the decision is in the error', async (status) => {
    harness.answer = json(
      status,
      decided('BLOCK', { reason: 'pii', deciding_pack: 'pii-block', layer: 'L3', token: TOKEN, proof: PROOF }),
    )
    const error = await failure(create()(`${api.origin}/orders`))
    expect(error).toBeInstanceOf(HarnessBlocked)
    expect(error).toMatchObject({
      name: 'HarnessBlocked',
      message: 'the harness blocked the request: pii',
      decision: {
        decision: 'BLOCK',
        reason: 'pii',
        deciding_pack: 'pii-block',
        layer: 'L3',
        receipt_id: '01KAHV3G9X5N8Q2T7W4Y6Z1B3C',
      },
    })
  })

  test.each([
    ['an allowing decision with status 401', json(401, decided('ALLOW', { token: TOKEN, proof: PROOF })), 'gave no token', 401],
    ['an allowing decision without a token', json(200, decided('ALLOW', { proof: PROOF })), 'gave no token', 200],
    ['an allowing decision without a proof', json(200, decided('ALLOW', { token: TOKEN })), 'gave no token', 200],
    [
      'a token with a line break',
      json(200, decided('ALLOW', { token: `${TOKEN}\nX: y`, proof: PROOF })),
      'without the form',
      200,
    ],
    [
      'a token that is a list',
      json(200, decided('ALLOW', { token: `${TOKEN},${TOKEN}`, proof: PROOF })),
      'without the form',
      200,
    ],
    ['a proof with a space', json(200, decided('ALLOW', { token: TOKEN, proof: 'a b' })), 'without the form', 200],
    ['an unknown decision', json(200, decided('MAYBE', { token: TOKEN, proof: PROOF })), 'a decision without the form', 200],
    [
      'a decision without receipt',
      json(200, { decision: 'ALLOW', decision_ms: 1, token: TOKEN, proof: PROOF }),
      'a decision without the form',
      200,
    ],
    ['a problem', json(503, { code: 'ledger_unavailable', title: 'No ledger' }), 'refused the question: No ledger', 503],
    ['an empty object', json(200, {}), 'refused the question', 200],
    ['a list', json(200, []), 'an answer that is not one', undefined],
    [
      'no JSON',
      (_: unknown, response: { end(text: string): void }) => response.end('<html>'),
      'an answer that is not one',
      undefined,
    ],
    [
      'a member twice',
      (_: unknown, response: { end(text: string): void }) => response.end('{"decision":"BLOCK","decision":"ALLOW"}'),
      'an answer that is not one',
      undefined,
    ],
    [
      'more than 64 KiB',
      json(200, decided('ALLOW', { token: TOKEN, proof: PROOF, reason: 'a'.repeat(70_000) })),
      'an answer that is not one',
      undefined,
    ],
  ])('when the harness answers with %s', async (_, answer, message, status) => {
    harness.answer = answer
    const error = await failure(create()(`${api.origin}/orders`))
    expect(error).toBeInstanceOf(HarnessFailed)
    expect(error).toMatchObject({ name: 'HarnessFailed', message: expect.stringContaining(message), status })
  })

  test('when the harness gives its own code, the error has it', async () => {
    harness.answer = json(503, { code: 'ledger_unavailable', title: 'No ledger' })
    expect(await failure(create()(`${api.origin}/orders`))).toMatchObject({ code: 'ledger_unavailable', status: 503 })
  })

  test.each(REDIRECTS)('when the harness redirects with %i: the passport goes nowhere else', async (status) => {
    const elsewhere = await startRecorder(allow)
    harness.answer = (_, response) => response.writeHead(status, { Location: `${elsewhere.origin}/api/protect` }).end()
    expect(await failure(create()(`${api.origin}/orders`))).toBeInstanceOf(HarnessFailed)
    expect(elsewhere.seen).toEqual([])
    await elsewhere.close()
  })

  test('when the harness is not there', async () => {
    await harness.close()
    expect(await failure(create()(`${api.origin}/orders`))).toMatchObject({
      message: 'the harness did not answer',
      status: undefined,
    })
  })

  test('when the harness is too slow, or breaks off', async () => {
    harness.answer = () => undefined
    expect(await failure(create({ timeoutMs: 50 })(`${api.origin}/orders`))).toMatchObject({
      message: 'the harness did not answer',
    })
    harness.answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('{')
      response.destroy()
    }
    expect(await failure(create()(`${api.origin}/orders`))).toMatchObject({ message: 'the harness did not answer' })
  })

  test('when the caller aborts while the harness thinks: the reason is the caller’s', async () => {
    const controller = new AbortController()
    harness.answer = () => controller.abort(new Error('enough'))
    expect(await failure(create()(`${api.origin}/orders`, { signal: controller.signal }))).toMatchObject({ message: 'enough' })
  })

  test.each([
    ['more than 1 MiB of content', '/', { method: 'POST', body: 'a'.repeat(1_048_577) }, 'no receiver takes more than 1 MiB'],
    ['a method that stays in lower case', '/', { method: 'report' }, "write the method 'report' in upper case"],
    ['"//" in the path', '//evil.example/', {}, 'harnessFetch: "//" in the path; write an https URL'],
    ['a NUL in the path', '/%00', {}, 'harnessFetch: an escaped NUL; write an https URL'],
  ])('nor the harness, with %s', async (_, path, init, message) => {
    const error = await failure(create()(`${api.origin}${path}`, init))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: expect.stringContaining(message) })
    expect(harness.seen).toEqual([])
  })

  test('nor the harness, with http to a host that is not loopback or an action without the form', async () => {
    expect(await failure(create()('http://api.example.com/'))).toMatchObject({
      message: expect.stringContaining('http is for loopback hosts only'),
    })
    expect(await failure(create({ action: 'Orders' })(api.origin))).toMatchObject({
      message: "harnessFetch: 'Orders' is not the name of an action; write for example 'orders.create'",
    })
    expect(harness.seen).toEqual([])
  })
})

describe('behind the harness', () => {
  test('exactly 1 MiB of content passes', async () => {
    const body = 'a'.repeat(1_048_576)
    await create()(`${api.origin}/orders`, { method: 'POST', body })
    expect(api.seen[0]?.content).toHaveLength(1_048_576)
  })

  // A fetch that follows may fail to send content again, but never to send a GET.
  const ways = [{ redirect: 'follow' }, { method: 'POST', body: 'x', redirect: 'follow' }] as const
  test.each(REDIRECTS)(
    'a redirect with %i is an error, also when the caller asks for it in any way: the evidence goes nowhere else',
    async (status) => {
      const elsewhere = await startRecorder((_, response) => response.end('stolen'))
      api.answer = (_, response) => response.writeHead(status, { Location: `${elsewhere.origin}/` }).end()
      const url = `${api.origin}/orders`
      for (const init of ways) {
        expect(await failure(create()(url, init))).toBeInstanceOf(TypeError)
        expect(await failure(create()(new Request(url, init)))).toBeInstanceOf(TypeError)
      }
      expect([api.seen.length, elsewhere.seen]).toEqual([4, []])
      await elsewhere.close()
    },
  )

  test('each call asks anew: no token is used twice', async () => {
    const call = create()
    await call(`${api.origin}/orders`)
    await call(`${api.origin}/orders`)
    expect(harness.seen).toHaveLength(2)
    expect(api.seen).toHaveLength(2)
  })

  test('a refusal of the receiver is a response, not an error', async () => {
    api.answer = json(403, { code: 'warn_not_accepted' })
    const response = await create()(`${api.origin}/orders`)
    expect(response.status).toBe(403)
    expect(api.seen).toHaveLength(1)
  })

  test('both requests go through the fetch that was given', async () => {
    const calls: string[] = []
    const spy: typeof fetch = (input, init) => {
      calls.push(`${init?.method} ${input instanceof Request ? input.url : input} ${init?.redirect}`)
      return fetch(input, init)
    }
    await create({ fetch: spy })(`${api.origin}/orders`)
    expect(calls).toEqual([`POST ${harness.origin}/api/protect error`, `GET ${api.origin}/orders error`])
  })
})
