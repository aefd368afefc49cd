/** Decides for a proxy in front of an application which requests are served; listens where nobody but that proxy can ask (spec chapter 21). @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  admit,
  checkService,
  createContextSigner,
  findContext,
  hiddenFrom,
  Refusal,
  renderRefusal,
  type Mount,
  type ReceivedRequest,
  type RefusalResponse,
  type Signer,
  type Verifier,
} from '@aiegis/verifier'
import { mountOf, type RequireOptions } from '@aiegis/verifier/node'
import { allowed, refused, type Answer } from './answer.ts'
import { originalOf, PROXIES, type Proxy } from './original.ts'

/** Where a gate listens: a port of the loopback interface, 18085 and 127.0.0.1 unless said otherwise, or a socket in the file system. */
export type Listen = { readonly port?: number; readonly host?: '127.0.0.1' | '::1' } | { readonly path: string }

/** Options of a gate: how the proxy asks, and what a mount of the middleware takes. */
export interface GateOptions extends RequireOptions {
  readonly proxy: Proxy
  readonly listen?: Listen
  /** Says to the application, under that name, who acts and what was decided (spec chapter 20); without it nothing is said. */
  readonly context?: { readonly signer: Signer; readonly audience: string }
}

/** A gate that listens. */
export interface Gate {
  /** `http://127.0.0.1:18085`, or `unix:` and the path: as nginx writes it. */
  readonly address: string
  /** Stops listening and resolves when every question is answered. */
  close(): Promise<void>
}

/** What nginx reads of a request at most, and what it adds. */
const MAX_HEADER_BYTES = 65_536
const PORT = 18_085

/**
 * Starts a gate. Rejects with `TypeError` for options or a trust file that cannot work, and for an address that others than this machine
 * can reach: whoever can ask can name any request. Rejects with the error of the system when it cannot listen.
 */
export async function startGate(options: GateOptions): Promise<Gate> {
  const { proxy, listen = {}, context, ...rest } = options
  if (!PROXIES.includes(proxy)) throw new TypeError(`proxy: write one of ${PROXIES.join(', ')}`)
  const place = placeOf(listen)
  const mount = mountOf(rest)
  const { presence }: { readonly presence?: unknown } = mount.route
  if (presence !== undefined && presence !== 'required')
    throw new TypeError(
      'presence: a gate lets nothing through without evidence; lead what needs none past it in the configuration of the proxy',
    )
  if (proxy === 'auth-request' && mount.gate.own?.reportOnly !== undefined)
    throw new TypeError(
      'reportOnly: with auth-request the application gets no content, so nobody would learn how it does; use accel-redirect',
    )
  const asking: Asking = { proxy, mount, sign: signingOf(mount, context) }
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void answerTo(asking, request, response).then((answer) => send(answer, request, response))
  })
  await listening(server, place)
  return { address: addressOf(server), close: () => closing(server) }
}

interface Asking {
  readonly proxy: Proxy
  readonly mount: Mount
  readonly sign: Signing
}

/** The value of `X-AEGIS-Context` for a request that is served, as the application will get it. */
type Signing = (request: IncomingMessage, original: ReceivedRequest) => Promise<string | undefined>

function signingOf({ gate }: Mount, context: GateOptions['context']): Signing {
  if (context === undefined) return async () => undefined
  const verifier = gate.own ?? gate.fallback
  if (verifier === undefined) throw new TypeError('context: there is no verifier; pass { trust } or { verifier } with it')
  const { signer, audience } = context
  const contexts = createContextSigner({ signer, verifier })
  checkService(audience)
  return async (request, { method, target }) => {
    const verified = findContext(request)
    return verified === undefined ? undefined : contexts.sign(verified, { audience, method, target })
  }
}

/** Never rejects: whatever goes wrong is a refusal, since a proxy may be told to serve when a gate breaks. */
async function answerTo({ proxy, mount, sign }: Asking, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const { gate, route, stripped } = mount
  const original = originalOf(proxy, request, response)
  const refusal = await admit(request, gate, original, route)
  if (refusal !== undefined) return refused(proxy, refusal)
  try {
    return allowed(proxy, { hidden: hiddenFrom(request, stripped), context: await sign(request, original) })
  } catch (error) {
    gate.report(`aiegis: the context of a request could not be signed, so it was refused: ${String(error)}`, error)
    return refused(proxy, unsigned(gate.own))
  }
}

/** The token is used by now, and nothing was done with it. */
function unsigned(verifier: Verifier | undefined): RefusalResponse {
  const party = { audience: verifier?.trust.audience ?? '', harnesses: [], now: verifier?.now() ?? Date.now() }
  return renderRefusal(new Refusal('misconfigured', 'the context could not be signed'), party)
}

/** Content that nobody read is read now: a proxy that is still sending when the connection closes takes the gate for broken. */
async function send({ status, headers, body }: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!request.complete && !request.destroyed) await drained(request)
  response.writeHead(status, { ...headers }).end(body)
}

/** For how long the rest of the content of a refused request is read, milliseconds. */
const DRAIN_MS = 5000

function drained(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, DRAIN_MS)
    function done(): void {
      clearTimeout(timer)
      request.off('end', done).off('close', done)
      resolve()
    }
    request.on('end', done).on('close', done).resume()
  })
}

type Place = { readonly port: number; readonly host: string } | { readonly path: string }

function placeOf(listen: Listen): Place {
  if ('path' in listen) {
    if (!listen.path.startsWith('/'))
      throw new TypeError('listen.path: write an absolute path, for example /run/aiegis/gate.sock')
    return { path: listen.path }
  }
  const { host = '127.0.0.1', port = PORT }: { readonly host?: unknown; readonly port?: unknown } = listen
  if (host !== '127.0.0.1' && host !== '::1')
    throw new TypeError(
      'listen.host: write 127.0.0.1 or ::1, or use listen.path; whoever reaches a gate can ask it about any request, so it listens for the proxy of its own machine only',
    )
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new TypeError(`listen.port: write a number from 0 to 65535, for example ${PORT}`)
  return { host, port }
}

function listening(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function addressOf(server: Server): string {
  const address = server.address()
  if (typeof address === 'string') return `unix:${address}`
  const host = address?.family === 'IPv6' ? `[${address.address}]` : address?.address
  return `http://${host}:${address?.port}`
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
