/** `Expect` on Express 4 and 5 over real sockets: when content is asked for, and what becomes of other expectations (spec chapter 10.4). @module */
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { createMockHarness, sendRaw, withLine, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import express from 'express'
import express4 from 'express4'
import { describe, expect, onTestFinished, test } from 'vitest'
import { requireAiegisToken } from '../src/index.ts'

const order = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

async function listen(app: RequestListener): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** Sends the head of `request`, its content when that is asked for, and resolves to all that came until `isEnough` or the end. */
function converse(port: number, request: RawRequest, isEnough: (all: string) => boolean, version = '1.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = ''
    let isSent = false
    const head = request.lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${request.method} ${request.target} HTTP/${version}\r\n${head}\r\n`)
      // Clients of HTTP/1.0 do not wait.
      if (version === '1.0') socket.write(request.body)
    })
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1')
      if (!isSent && all.startsWith(CONTINUE)) {
        isSent = true
        socket.write(request.body)
      }
      if (isEnough(all)) socket.destroy()
    })
    socket.on('error', reject).on('close', () => resolve(all))
  })
}

const hasAnswer = (all: string): boolean => /HTTP\/1\.1 (?!100)\d{3}[^]*\r\n\r\n[^]/.test(all)
const statuses = (all: string): readonly string[] => [...all.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status = '']) => status)

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
] as const)('%s', (_name, framework) => {
  const scene = async (): Promise<{ harness: MockHarness; app: RequestListener; served: unknown[] }> => {
    const harness = createMockHarness({ logSize: 10 })
    const verifier = createVerifier(harness.receiver())
    onTestFinished(() => verifier.close())
    await verifier.warm()
    harness.clock.advance(6)
    const served: unknown[] = []
    const app = framework()
    app.use(requireAiegisToken({ verifier }), framework.json(), (request, response) => {
      served.push(request.body)
      response.send('served')
    })
    return { harness, app, served }
  }
  const expecting = (request: RawRequest, what = '100-continue'): RawRequest => withLine(request, 'Expect', what)

  describe('where the server leaves 100-continue to the middleware', () => {
    test.each(['100-continue', '100-Continue'])('AHP-ROAD-13 %s is answered once, and the content served', async (what) => {
      const { harness, app, served } = await scene()
      const { server, port } = await listen(app)
      server.on('checkContinue', app)
      expect(statuses(await converse(port, expecting(harness.mint(order), what), hasAnswer))).toEqual(['100', '200'])
      expect(served).toEqual([order.content].map((text) => JSON.parse(text)))
    })

    test('AHP-ROAD-13 content of a request that is refused before it is not asked for, and the connection ends', async () => {
      const { harness, app, served } = await scene()
      const { server, port } = await listen(app)
      server.on('checkContinue', app)
      const revoked = harness.mint(order)
      harness.clock.advance(60)
      for (const request of [
        withLine(harness.mint(order), 'X-AEGIS-Token'),
        { ...harness.mint(order), method: 'PUT' },
        revoked,
      ]) {
        const all = await converse(port, expecting(request), () => false)
        expect([statuses(all), /\r\nconnection: close\r\n/i.test(all)]).toEqual([['401'], true])
      }
      expect(served).toEqual([])
    })

    test('AHP-ROAD-13 content that says that it is too large is not asked for', async () => {
      const { harness, app, served } = await scene()
      const { server, port } = await listen(app)
      server.on('checkContinue', app)
      const large = harness.mint({ ...order, contentType: 'text/plain', content: 'x'.repeat(1_048_577) })
      const all = await converse(port, expecting(large), () => false)
      expect([statuses(all), all.includes('content_too_large'), served]).toEqual([['413'], true, []])
    })

    test('AHP-ROAD-13 nor is any in HTTP/1.0, whose clients would take that for the answer', async () => {
      const { harness, app, served } = await scene()
      const { server, port } = await listen(app)
      server.on('checkContinue', app)
      const all = await converse(port, expecting(harness.mint(order)), hasAnswer, '1.0')
      expect([statuses(all), served]).toEqual([['200'], [JSON.parse(order.content)]])
    })

    test('AHP-ROAD-13 a refusal of content that was asked for leaves the connection as it is', async () => {
      const { harness, app, served } = await scene()
      const { server, port } = await listen(app)
      server.on('checkContinue', app)
      const other = { ...harness.mint(order), body: Buffer.from('{"item":8}') }
      const all = await converse(port, expecting(other), hasAnswer)
      expect([statuses(all), all.includes('content_mismatch'), /connection: close/i.test(all)]).toEqual([
        ['100', '401'],
        true,
        false,
      ])
      expect(served).toEqual([])
    })
  })

  describe('where Node answers before any middleware', () => {
    test('content is asked for once, and what is refused is refused all the same', async () => {
      const { harness, app, served } = await scene()
      const { port } = await listen(app)
      const refused = withLine(harness.mint(order), 'X-AEGIS-Token')
      expect(statuses(await converse(port, expecting(refused), hasAnswer))).toEqual(['100', '401'])
      expect(served).toEqual([])
      expect(statuses(await converse(port, expecting(harness.mint(order)), hasAnswer))).toEqual(['100', '200'])
    })

    test('any other expectation is 417 and has no effect: the same request without it is served', async () => {
      const { harness, app, served } = await scene()
      const { port } = await listen(app)
      const request = harness.mint(order)
      const all = await converse(port, expecting(request, '200-ok'), (text) => text.includes('\r\n\r\n'))
      expect([statuses(all), served]).toEqual([['417'], []])
      expect((await sendRaw(port, request)).status).toBe(200)
    })
  })
})
