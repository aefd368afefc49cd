/** A receiver that only reports: until when, what its operator is told, and what handlers get (spec chapter 13.5). @module */
import { request as httpRequest } from 'node:http'
import { findAiegis, getAiegis, requireAiegisToken } from '@aiegis/express'
import { findAiegis as findOnFetch, gate, type Gated } from '@aiegis/fetch'
import { formatSeconds, Refusal } from '@aiegis/protocol'
import { createMockHarness, problemOf, receivedFrom, sendRaw, withLine, type MockHarness } from '@aiegis/testing'
import { createVerifier, type ReportOnlyOptions, type Verifier, type VerifierOptions, type WouldRefuse } from '@aiegis/verifier'
import { describeReceiver } from '@aiegis/verifier/web'
import express, { type Request, type Response } from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { provoke, RECEIVER_CODES } from '../provoke.ts'
import { bare } from '../raw.ts'
import { listen } from '../receiver.ts'
import { ORDER } from './edits.ts'

interface Scene {
  readonly harness: MockHarness
  readonly verifier: Verifier
  readonly reports: (readonly [event: WouldRefuse, request: object])[]
  readonly verdicts: string[]
  readonly lines: string[]
}

const DAY = 86_400
const until = (harness: MockHarness, seconds: number): string => formatSeconds(harness.clock.seconds() + seconds)

function only(harness: MockHarness, wish: Partial<ReportOnlyOptions> = {}): Partial<VerifierOptions> {
  return { reportOnly: { serveUnverifiedUntil: until(harness, DAY), onWouldRefuse: () => {}, ...wish } }
}

async function reporting(changes: Partial<VerifierOptions> = {}): Promise<Scene> {
  const harness = createMockHarness({ logSize: 20 })
  const reports: Scene['reports'] = []
  const verdicts: string[] = []
  const lines: string[] = []
  const verifier = createVerifier({
    ...harness.receiver(),
    ...only(harness, { onWouldRefuse: (event, request) => reports.push([event, request]) }),
    onVerdict: ({ verdict, code }) => verdicts.push(`${verdict} ${code}`),
    log: (line) => lines.push(line),
    actions: { 'GET /orders/:id': 'http.get', 'POST /orders/:id': 'http.post' },
    ...changes,
  })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  return { harness, verifier, reports, verdicts, lines }
}

describe('the end', () => {
  const starts = (wish: object): (() => void) => {
    const harness = createMockHarness({ logSize: 1 })
    return () => createVerifier({ ...harness.receiver(), ...only(harness, wish), log: () => {} }).close()
  }
  const harness = createMockHarness({ logSize: 1 })

  test.each<readonly [wish: object, sentence: string]>([
    [{ serveUnverifiedUntil: undefined }, 'serveUnverifiedUntil: write an end'],
    [{ serveUnverifiedUntil: '' }, 'serveUnverifiedUntil: write an end'],
    [{ serveUnverifiedUntil: 'never' }, 'serveUnverifiedUntil: write an end'],
    [{ serveUnverifiedUntil: '2026-12-24' }, 'serveUnverifiedUntil: write an end'],
    [{ serveUnverifiedUntil: Number.POSITIVE_INFINITY }, 'serveUnverifiedUntil: write an end'],
    [{ serveUnverifiedUntil: until(harness, 90 * DAY + 1) }, 'more than 90 days'],
    [{ onWouldRefuse: undefined }, 'nobody learns what would be refused'],
    [{ onWouldRefuse: console }, 'nobody learns what would be refused'],
  ])('AHP-REFUSE-12 %j stops the start', (wish, sentence) => {
    expect(starts(wish)).toThrow(sentence)
  })

  test.each([90 * DAY, 1, 0, -DAY])('AHP-REFUSE-12 an end in %i seconds does not stop the start', (seconds) => {
    expect(starts({ serveUnverifiedUntil: until(harness, seconds) })).not.toThrow()
  })

  test('AHP-REFUSE-12 with the second of the end everything is refused, and nothing is let pass when the clock is set back', async () => {
    const { harness: own, verifier, reports, lines } = await reporting()
    let served = 0
    const app = express()
    app.use(requireAiegisToken({ verifier }), (_request, response) => void response.json(++served))
    const { port, close } = await listen(app)
    onTestFinished(close)
    const send = async (): Promise<number> => (await sendRaw(port, bare('GET'))).status
    own.clock.advance(DAY - 7)
    expect(await send()).toBe(200)
    own.clock.advance(1)
    expect(await send()).toBe(401)
    own.clock.advance(-3600)
    expect([await send(), served, reports.length]).toEqual([401, 1, 1])
    expect(lines.filter((line) => line.includes('REPORT ONLY has ended'))).toHaveLength(1)
  })

  test('AHP-REFUSE-12 a check that throws the same error again and again lets nothing pass from the end on', async () => {
    const { harness: own, verifier, reports } = await reporting()
    const no = new Refusal('check_refused', 'always')
    const check = (): never => {
      throw no
    }
    const app = express()
    app.use(requireAiegisToken({ verifier, check }), (_request, response) => void response.end())
    const { port, close } = await listen(app)
    onTestFinished(close)
    expect((await sendRaw(port, own.mint())).status).toBe(200)
    own.clock.advance(DAY)
    await verifier.warm()
    expect(problemOf(await sendRaw(port, own.mint()))).toMatchObject({ status: 403 })
    expect(reports).toHaveLength(1)
  })

  test('AHP-REFUSE-12 an end that has passed is enforced from the start', async () => {
    const { verifier, lines } = await reporting(
      only(createMockHarness({ logSize: 1 }), { serveUnverifiedUntil: '2020-01-01T00:00:00Z' }),
    )
    expect(verifier.reportOnly?.isOn()).toBe(false)
    expect(lines.join()).toContain('every refusal is enforced')
  })

  test('AHP-REFUSE-15 the log says so at the start, and the document until the end', async () => {
    const { harness: own, verifier, lines } = await reporting()
    expect(lines[0]).toMatch(/REPORT ONLY until 20\d\d-.*: REQUESTS WITHOUT GOOD EVIDENCE ARE SERVED/)
    expect(describeReceiver(verifier)).toMatchObject({ reportOnlyUntil: own.clock.seconds() + DAY - 6 })
    own.clock.advance(DAY)
    expect(describeReceiver(verifier)).not.toHaveProperty('reportOnlyUntil')
  })
})

describe('what the operator is told', () => {
  test.each(RECEIVER_CODES.filter((code) => code !== 'content_incomplete' && code !== 'content_timeout'))(
    'AHP-REFUSE-13 %s is reported once with its code, and goes on to the application',
    async (code) => {
      const reports: WouldRefuse[] = []
      const clock = createMockHarness({ logSize: 1 }).clock
      const serveUnverifiedUntil = formatSeconds(clock.seconds() + DAY)
      const { receiver, response } = await provoke(code, {
        withoutContext: true,
        options: { reportOnly: { serveUnverifiedUntil, onWouldRefuse: (event) => reports.push(event) }, log: () => {} },
      })
      await receiver.close()
      // Whatever the application says to it: the receiver says nothing.
      expect([problemOf(response), reports.map((event) => event.code)]).toEqual([{}, [code]])
    },
  )

  test('AHP-REFUSE-13 with the entry of the map, an identifier of its own and what was verified, and no word of the sender', async () => {
    const { harness, verifier, reports, verdicts } = await reporting()
    const app = express()
    app.use(requireAiegisToken({ verifier }), (_request, response) => void response.end())
    const { port, close } = await listen(app)
    onTestFinished(close)
    for (const request of [
      bare('GET', '/orders/secret?x=secret'),
      withLine(bare('GET', '/secret'), 'X-Request-Id', 'secret'),
      harness.mint({}, { tokenSigner: harness.keys.stranger }),
      harness.breakIt('grade_insufficient').request,
    ])
      await sendRaw(port, request)
    const events = reports.map(([event]) => event)
    expect(events.map(({ route, code, stage, agent }) => [route, code, stage, agent])).toEqual([
      ['GET /orders/:id', 'token_missing', 'extract', undefined],
      [undefined, 'token_missing', 'extract', undefined],
      ['GET /orders/:id', 'token_signature_invalid', 'token', undefined],
    ])
    expect(JSON.stringify(events)).not.toContain('secret')
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(3)
    expect(events[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(reports.map(([, request]) => Reflect.get(request, 'originalUrl'))).toEqual([
      '/orders/secret?x=secret',
      '/secret',
      '/orders/7',
    ])
    expect(verdicts).toEqual([
      'reported token_missing',
      'reported token_missing',
      'reported token_signature_invalid',
      'served undefined',
    ])
  })

  test('AHP-REFUSE-13 a request that would be refused uses no token up; one that would be served does', async () => {
    const { harness, verifier, reports } = await reporting()
    const app = express()
    app.use(requireAiegisToken({ verifier }), (_request, response) => void response.end())
    const { port, close } = await listen(app)
    onTestFinished(close)
    const request = harness.mint(ORDER)
    const other = { ...request, body: Buffer.from('{"item":8}') }
    for (const each of [other, other, request, request]) expect((await sendRaw(port, each)).status).toBe(200)
    expect(reports.map(([{ code }]) => code)).toEqual(['content_mismatch', 'content_mismatch', 'token_replayed'])
  })

  test('AHP-REFUSE-13 what a later check refuses is reported as well, once', async () => {
    const { harness, verifier, reports } = await reporting()
    const app = express()
    app.use(requireAiegisToken({ verifier }), requireAiegisToken({ maxDepth: 0 }), (_request, response) => void response.end())
    const { port, close } = await listen(app)
    onTestFinished(close)
    for (const request of [bare('GET'), harness.mint({ handOffs: 1 }), harness.mint()])
      expect((await sendRaw(port, request)).status).toBe(200)
    expect(reports.map(([{ code }]) => code)).toEqual(['token_missing', 'depth_exceeded'])
  })

  test('a hook that throws changes nothing, and is told to the log once', async () => {
    const harness = createMockHarness({ logSize: 1 })
    const onWouldRefuse = (): never => {
      throw new Error('full')
    }
    const { verifier, lines } = await reporting(only(harness, { onWouldRefuse }))
    const check = gate({ verifier })
    for (let sent = 0; sent < 2; sent++) expect(await check(new Request('https://api.example.com/a'))).toMatchObject({ ok: true })
    expect(lines.filter((line) => line.startsWith('onWouldRefuse'))).toHaveLength(1)
  })

  test('verify itself rejects all the same: only adapters let requests pass', async () => {
    const { verifier } = await reporting()
    await expect(verifier.verify(receivedFrom(bare('GET')))).rejects.toMatchObject({ code: 'token_missing' })
  })

  test('two verifiers on one request are refused as ever', async () => {
    const [{ verifier }, { verifier: second }] = [await reporting(), await reporting()]
    const app = express()
    app.use(requireAiegisToken({ verifier }), requireAiegisToken({ verifier: second, log: () => {} }))
    const { port, close } = await listen(app)
    onTestFinished(close)
    expect(problemOf(await sendRaw(port, bare('GET')))).toMatchObject({ status: 500, code: 'misconfigured' })
  })
})

describe('what handlers get', () => {
  test('AHP-REFUSE-14 no context of whichever request, no evidence, and everything else as it came', async () => {
    const { harness, verifier } = await reporting()
    const seen: unknown[] = []
    const app = express()
    app.use(requireAiegisToken({ verifier }), express.json(), (request: Request, response: Response) => {
      const { cookie, authorization, ...rest } = request.headers
      seen.push([
        findAiegis(request),
        cookie,
        authorization,
        Object.keys(rest).filter((name) => /aegis|signature/.test(name)),
        request.body,
      ])
      getAiegis(request)
      response.end()
    })
    app.use((error: Error, _request: Request, response: Response, _next: unknown) => void response.status(599).end(error.message))
    const { port, close } = await listen(app)
    onTestFinished(close)
    const good = withLine(withLine(harness.mint(ORDER), 'Cookie', 'a=1'), 'Authorization', 'Bearer x')
    for (const request of [good, withLine(good, 'X-AEGIS-Proof', 'x')]) {
      const { status, text } = await sendRaw(port, request)
      expect([status, text]).toEqual([599, expect.stringContaining('only reports')])
    }
    const untouched = [undefined, 'a=1', 'Bearer x', [], { item: 7 }]
    expect(seen).toEqual([untouched, untouched])
  })

  test('AHP-REFUSE-14 what stands for a context on other runtimes cannot be read', async () => {
    const { verifier } = await reporting()
    const gated = await gate({ verifier })(new Request('https://api.example.com/a', { headers: { 'x-aegis-token': 'x' } }))
    expect(gated.ok).toBe(true)
    const { context, request } = Object(gated) as Extract<Gated, { ok: true }>
    for (const read of [
      () => Reflect.get(context, 'action'),
      () => Object.keys(context),
      () => JSON.stringify(context),
      () => ({ ...context }),
    ])
      expect(read).toThrow('only reports')
    expect([findOnFetch(request), [...request.headers.keys()]]).toEqual([undefined, []])
  })

  test('AHP-REFUSE-14 where evidence is optional a handler that asks by looking finds none, whatever was sent', async () => {
    const { harness, verifier } = await reporting()
    const check = gate({ verifier, presence: 'optional' })
    const url = 'https://api.example.com/a'
    const bad = new Request(url, { headers: { 'x-aegis-token': 'x' } })
    const { lines } = harness.mint({ url })
    const pairs = lines.map(([name, value]): [string, string] => [name, value])
    for (const request of [new Request(url), bad, new Request(url, { headers: pairs })])
      expect(await check(request)).toMatchObject({ ok: true, context: undefined })
  })

  test('AHP-REFUSE-13 where evidence is optional a request that is not shown as it was sent is reported and let pass', async () => {
    const { verifier, reports, verdicts } = await reporting()
    const check = gate({ verifier, presence: 'optional' })
    const headers = { 'content-type': 'text/plain, text/html' }
    const gated = await check(new Request('https://api.example.com/a', { method: 'POST', headers, body: 'hi' }))
    expect([gated.ok, verdicts]).toEqual([true, ['reported content_type_repeated']])
    expect(reports.map(([{ code }]) => code)).toEqual(['content_type_repeated'])
    const { context, request } = Object(gated) as Extract<Gated<undefined>, { ok: true }>
    expect([context, await request.text()]).toEqual([undefined, 'hi'])
  })

  test('content that a server has not asked for yet is asked for, so that the handler gets it', async () => {
    const { verifier } = await reporting()
    const app = express()
    app.use(requireAiegisToken({ verifier }), express.text(), (request, response) => void response.end(request.body))
    const { port, close, server } = await listen(app)
    onTestFinished(close)
    server.on('checkContinue', app)
    const answer = await new Promise<string>((resolve, reject) => {
      const client = httpRequest({
        port,
        method: 'POST',
        headers: { expect: '100-continue', 'content-type': 'text/plain', 'content-length': 2 },
      })
      client.on('continue', () => client.end('hi')).on('error', reject)
      client.on('response', (response) => {
        let text = ''
        response
          .setEncoding('utf8')
          .on('data', (part) => (text += part))
          .on('end', () => resolve(text))
      })
      client.flushHeaders()
    })
    expect(answer).toBe('hi')
  })
})
