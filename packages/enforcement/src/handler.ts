/** The routes of the server; whatever comes in, an answer goes out (spec chapter 15.5). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { jwkOf, Malformed, parseRequestTarget, Refusal, utf8, type JsonObject, type Signer } from '@aiegis/protocol'
import { logHttp } from '@aiegis/ledger'
import { answerJson, answerRefusal, type AnswerOptions, type HttpAnswer } from './answer.ts'
import { MAX_QUESTION } from './ask.ts'
import type { Enforcement } from './enforcement.ts'
import { STATUS_PATH } from './identity.ts'
import type { KeyRole } from './keys.ts'
import { Disconnected, withContent } from './read-content.ts'

/** What the routes need. */
export interface HandlerOptions {
  readonly enforcement: Enforcement
  readonly answers: AnswerOptions
  readonly keys: Readonly<Record<KeyRole, Signer>>
  readonly onFault: ((message: string, cause?: unknown) => void) | undefined
}

type Route = (request: IncomingMessage) => HttpAnswer | Promise<HttpAnswer>

const MAX_AT_ONCE = 1_024

/** Answers a request of `node:http`. It neither throws nor rejects; a defect is answered with 500 and told to `onFault`. */
export function createHandler(options: HandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const routes = routesOf(options)
  const log = logHttp(options.enforcement.log)
  let active = 0

  async function respond(request: IncomingMessage): Promise<HttpAnswer> {
    if (active > MAX_AT_ONCE) throw new Refusal('overloaded', `${active} requests at once`)
    const { method = '' } = request
    const path = pathOf(request)
    const served = log(method, path)
    if (served !== undefined) return served
    const known = routes.get(path)
    if (known === undefined) throw new Refusal('route_unknown', path.slice(0, 100))
    const route = known.get(method === 'HEAD' ? 'GET' : method)
    if (route === undefined) throw new Refusal('method_not_allowed', method)
    const answer = await route(request)
    return method === 'HEAD' ? { ...answer, body: new Uint8Array() } : answer
  }

  return (request, response) => {
    active += 1
    respond(request)
      .catch((error: unknown) =>
        error instanceof Disconnected ? undefined : answerRefusal(asRefusal(error, options.onFault), options.answers),
      )
      .then((answer) => (answer === undefined ? request.destroy() : send(request, response, answer)))
      .catch((error: unknown) => {
        options.onFault?.('an answer could not be sent', error)
        request.destroy()
      })
      .finally(() => (active -= 1))
  }
}

/** Refusals as they are; everything else is a defect and becomes `internal`. */
export function asRefusal(error: unknown, onFault: HandlerOptions['onFault']): Refusal {
  if (error instanceof Refusal) return error
  onFault?.('a defect', error)
  return new Refusal('internal', 'a defect', { cause: error })
}

/** The path alone: no route here takes a query. */
function pathOf({ url = '' }: IncomingMessage): string {
  try {
    const { path, query } = parseRequestTarget(url)
    if (query !== '') throw new Refusal('route_unknown', 'a query')
    return path
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal('route_unknown', error.message, { cause: error })
    throw error
  }
}

function routesOf({ enforcement, keys }: HandlerOptions): ReadonlyMap<string, ReadonlyMap<string, Route>> {
  const get = (route: Route): ReadonlyMap<string, Route> => new Map([['GET', route]])
  const { did, issuerDid, policy, log } = enforcement
  return new Map([
    ['/health', get(() => answerJson(200, { status: 'ok', did, packs: policy.packs().map((pack) => ({ ...pack })) }))],
    ['/ready', get(() => readiness(enforcement))],
    ['/.well-known/did.json', get(() => didDocument(did, [keys.harness]))],
    ['/issuer/did.json', get(() => didDocument(issuerDid, [keys.issuer, keys.status]))],
    [
      '/vkey',
      get(() => ({ status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: utf8(`${log.vkey}\n`) })),
    ],
    [
      STATUS_PATH,
      get(async () => ({
        status: 200,
        headers: { 'Content-Type': 'application/vc+jwt', 'Cache-Control': 'no-cache' },
        body: utf8(await enforcement.statusList()),
      })),
    ],
    ['/api/protect', new Map([['POST', (request: IncomingMessage) => ask(enforcement, request)]])],
  ])
}

function ask(enforcement: Enforcement, request: IncomingMessage): Promise<HttpAnswer> {
  return withContent(request, MAX_QUESTION, (content) => enforcement.protect({ headers: request.rawHeaders, content }))
}

/** 200 when a decision could be made and recorded now; a log that ended says so by throwing `ledger_unavailable`. */
function readiness({ log, policy }: Enforcement): HttpAnswer {
  const entries = log.size()
  if (policy.packs().length === 0) throw new Refusal('overloaded', 'no policy pack is loaded')
  return answerJson(200, { status: 'ready', entries: String(entries) })
}

/** DID Core §5.2: the keys of one party, and nothing of another role. */
function didDocument(did: string, signers: readonly Signer[]): HttpAnswer {
  const document: JsonObject = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/jwk/v1'],
    id: did,
    verificationMethod: signers.map((signer) => ({
      id: signer.kid,
      type: 'JsonWebKey',
      controller: did,
      publicKeyJwk: { ...jwkOf(signer.publicKey) },
    })),
    assertionMethod: signers.map(({ kid }) => kid),
  }
  return answerJson(200, document, { 'Content-Type': 'application/did+json', 'Cache-Control': 'max-age=300' })
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  // Content that nobody reads would be taken for the next request.
  const unread = !request.complete && !('Connection' in headers)
  response.writeHead(status, { ...headers, 'Content-Length': String(body.length), ...(unread ? { Connection: 'close' } : {}) })
  response.end(body)
}
