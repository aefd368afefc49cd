/** A gate behind a real nginx for tests, and an agent that sends what it likes (spec chapter 21). @module */
import type { ClientHttp2Session } from 'node:http2'
import { createMockHarness, lineOf, problemOf, sendRaw, type RawRequest } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { onTestFinished } from 'vitest'
import { startGate, type GateOptions } from '../src/index.ts'
import { configuration, startApplication, startNginx, type NginxProxy, type Reply } from './nginx.ts'

/** Both ways of asking. */
export const BOTH = ['accel-redirect', 'auth-request'] as const

interface Setting {
  readonly proxy: NginxProxy
  /** In the location of the application. */
  readonly extra?: string
  /** More locations, or other ones than those of the package. */
  readonly more?: (gate: string, app: string) => string
  readonly only?: (gate: string, app: string) => string
  readonly http?: (app: string) => string
  readonly replyTo?: (target: string) => Reply
  readonly context?: NonNullable<GateOptions['context']>
}

/** A gate, nginx and an application; everything is closed when the test is over. */
export async function scene({ proxy, extra = '', more, only, http, replyTo, context }: Setting) {
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier(harness.receiver())
  await verifier.warm()
  harness.clock.advance(6)
  const gate = await startGate({ proxy, listen: { port: 0 }, verifier, log: () => {}, ...(context && { context }) })
  const application = await startApplication(({ target }) => replyTo?.(target) ?? {})
  const whole = only ?? ((asked: string, app: string) => configuration(proxy, asked, app, extra) + (more?.(asked, app) ?? ''))
  const nginx = await startNginx(whole(gate.address, application.address), http?.(application.address))
  onTestFinished(async () => {
    await nginx.close()
    await gate.close()
    application.close()
    verifier.close()
  })
  const send = async (request: RawRequest): Promise<unknown> => {
    const response = await sendRaw(nginx.port, request)
    return problemOf(response)['code'] ?? response.status
  }
  return { harness, gate, received: application.received, nginx, send }
}

/** A request over HTTP/2 as an agent sends it, with or without content behind it. */
export function overHttp2(session: ClientHttp2Session, request: RawRequest, content?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fields = request.lines.filter(([name]) => !/^(?:host|content-length)$/i.test(name))
    const stream = session.request(
      {
        ':method': request.method,
        ':path': request.target,
        ':authority': lineOf(request, 'Host') ?? '',
        ':scheme': 'http',
        ...Object.fromEntries(fields),
      },
      { endStream: content === undefined },
    )
    let text = ''
    let status = 0
    stream.on('response', (headers) => (status = Number(headers[':status']))).on('data', (bytes: Buffer) => (text += bytes))
    stream.on('error', reject).on('end', () => resolve(/"code":"([a-z_]+)"/.exec(text)?.[1] ?? String(status)))
    if (content !== undefined) stream.end(content)
  })
}
