/** Behind a server that takes HTTP/2 too: what arrives as HTTP/2 is refused, whatever it carries (spec chapter 7.2). @module */
import { connect, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createMockHarness, type MockHarness, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { expect, onTestFinished, test } from 'vitest'
import { requireAiegisToken } from '../src/index.ts'
import { GOOD, ROOT } from '../../verifier/test/certificates.ts'

interface Scene {
  readonly harness: MockHarness
  readonly port: number
  readonly served: string[]
  readonly lines: string[]
}

/** The middleware without Express, which knows no HTTP/2 and ends at the first request of it. */
async function scene(): Promise<Scene> {
  const harness = createMockHarness({ logSize: 10 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const served: string[] = []
  const lines: string[] = []
  const aiegis = requireAiegisToken({ verifier, log: (line) => lines.push(line) })
  const server = createSecureServer(
    { ...GOOD, allowHTTP1: true },
    (request: Http2ServerRequest, response: Http2ServerResponse) => {
      type Handled = Parameters<typeof aiegis>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compatible form that Node gives
      void aiegis(request as unknown as Handled[0], response as unknown as Handled[1], () => {
        served.push(request.httpVersion)
        response.end('served')
      })
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    verifier.close()
    server.close()
  })
  return { harness, port: (server.address() as AddressInfo).port, served, lines }
}

interface Answer {
  readonly status: unknown
  readonly text: string
}

function sendHttp2(port: number, request: RawRequest, authority: string, withHost: boolean): Promise<Answer> {
  const session = connect(`https://localhost:${port}`, { ca: ROOT })
  const lines = request.lines.filter(([name]) => withHost || name !== 'Host').map(([name, value]) => [name.toLowerCase(), value])
  return new Promise<Answer>((resolve, reject) => {
    const pseudo = { ':method': request.method, ':path': request.target, ':authority': authority }
    const stream = session.request({ ...pseudo, ...Object.fromEntries(lines) }, { endStream: false })
    let status: unknown
    let text = ''
    stream.setEncoding('utf8')
    stream
      .on('response', (headers) => (status = headers[':status']))
      .on('data', (chunk) => (text += String(chunk)))
      .on('end', () => resolve({ status, text }))
      .on('error', reject)
      .end(Buffer.from(request.body))
  }).finally(() => session.destroy())
}

const order = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

test.each<[string, { readonly method?: string }, string, boolean]>([
  ['without Host', {}, 'api.example.com', false],
  ['with Host', {}, 'api.example.com', true],
  ['with Host and another authority', {}, 'elsewhere.example', true],
  ['with content', order, 'api.example.com', true],
  ['with content and another authority', order, 'elsewhere.example', true],
])(
  'AHP-BIND-7 good evidence over HTTP/2 %s is refused as misconfigured, and the log says why',
  async (_what, wanted, authority, host) => {
    const { harness, port, served, lines } = await scene()
    const { status, text } = await sendHttp2(port, harness.mint(wanted), authority, host)
    expect([status, JSON.parse(text)]).toMatchObject([500, { code: 'misconfigured', executed: 'no', retry: 'never' }])
    expect(lines).toEqual([expect.stringContaining('only HTTP/1.1 is read here: end HTTP/2 in front of this server')])
    expect(served).toEqual([])
  },
)

test('the token of a request that was refused over HTTP/2 is served over HTTP/1.1 by the same server', async () => {
  const { harness, port, served } = await scene()
  const request = harness.mint(order)
  expect((await sendHttp2(port, request, 'api.example.com', true)).status).toBe(500)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const { method, target: path, lines } = request
    const sent = httpsRequest(
      {
        host: 'localhost',
        servername: 'localhost',
        port,
        ca: ROOT,
        method,
        path,
        headers: Object.fromEntries(lines),
        agent: false,
      },
      (response) => resolve(response.resume().statusCode),
    )
    sent.on('error', reject).end(Buffer.from(request.body))
  })
  expect([status, served]).toEqual([200, ['1.1']])
})
