/** The routes of the server; whatever comes in, an answer goes out (spec chapter 15.5). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { jwkOf, Malformed, parseRequestTarget, Refusal, utf8, type JsonObject, type Signer } from '@aiegis/protocol'
import { logHttp, type LogResponse } from '@aiegis/ledger'
import { answerJson, answerRefusal, type AnswerOptions, type HttpAnswer } from './answer.ts'
import { MAX_QUESTION } from './ask.ts'
import type { Enforcement } from './enforcement.ts'
import { checkExpectation } from './expectation.ts'
import { STATUS_PATH } from './identity.ts'
import type { KeyRole } from './keys.ts'
import { createRoom, Disconnected, withContent } from './read-content.ts'
import { get, post, type ContentAnswer, type Methods, type Reading, type Route } from './route.ts'
import { createTurns } from './turns.ts'

/** What the routes need. */
export interface HandlerOptions {
  readonly enforcement: Enforcement
  readonly answers: AnswerOptions
  readonly keys: Readonly<Record<KeyRole, Signer>>
  /** Routes besides those of the harness and its log. */
  readonly moreRoutes: (reading: Reading) => ReadonlyMap<string, Methods>
  readonly onFault: ((message: string, cause?: unknown) => void) | undefined
  /** Milliseconds from the turn of a request until its answer has left; 60,000 when absent. */
  readonly turnMs?: number
}

/** Bytes of content from everybody that may be in memory together; what is made of them is a few times as much. */
const MAX_TOGETHER = 67_108_864
/** Questions whose content was read and whose answer has not left yet. */
const MAX_ASKED = 1_024
/** Bytes of answers that were made and have not left yet. */
const MAX_UNSENT = 67_108_864
/** Whoever asks for less is answered also when much is unsent. */
const SMALL = 16_384

/** Answers a request of `node:http`. It neither throws nor rejects; a defect is answered with 500 and told to `onFault`. */
export function createHandler(options: HandlerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const forEverybody = createRoom(MAX_TOGETHER, MAX_ASKED)
  const routes = new Map([...routesOf(options, reading), ...options.moreRoutes(reading)])
  const log = logHttp(options.enforcement.log)
  const takeTurn = createTurns(options.turnMs)
  let unsent = 0

  function reading(limit: number, answer: ContentAnswer, room = forEverybody): Route {
    return (request, response) =>
      withContent(request, limit, room, async (content) => {
        // Content that comes slowly holds nobody else up: it counts when it is there.
        if (room.asked >= room.maxAsked) throw new Refusal('overloaded', `${room.asked} questions at once`)
        if (isGone(response)) throw new Disconnected('the connection ended')
        room.asked += 1
        response.once('close', () => (room.asked -= 1))
        return answer(content, request)
      })
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer> {
    checkExpectation(request)
    const { method = '' } = request
    const path = pathOf(request)
    const served = await log(method, path)
    if (served !== undefined) return served.status === 200 ? served : refuseLog(served, method)
    const known = routes.get(path)
    if (known === undefined) throw new Refusal('route_unknown', path.slice(0, 100))
    const route = known.get(method === 'HEAD' ? 'GET' : method)
    if (route === undefined) return refuseMethod(method, known.has('GET') ? 'GET, HEAD' : [...known.keys()].join(', '))
    const answer = await route(request, response)
    return method === 'HEAD' ? { ...answer, body: new Uint8Array() } : answer
  }

  /** The log is served by itself elsewhere and knows nothing of problems. */
  function refuseLog({ status, headers }: LogResponse, method: string): HttpAnswer {
    if (status === 405) return refuseMethod(method, headers['Allow'] ?? '')
    if (status === 404) throw new Refusal('route_unknown', 'no tile')
    throw new Refusal('ledger_unavailable', `the log answers ${status}`)
  }

  /** RFC 9110 §15.5.6: says which methods there are. */
  function refuseMethod(method: string, allow: string): HttpAnswer {
    const answer = answerRefusal(new Refusal('method_not_allowed', method), options.answers)
    return { ...answer, headers: { ...answer.headers, Allow: allow } }
  }

  function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
    const { length } = answer.body
    if (length > SMALL && unsent + length > MAX_UNSENT) throw new Refusal('overloaded', `${unsent} bytes are unsent`)
    if (isGone(response)) return
    unsent += length
    response.once('close', () => (unsent -= length))
    write(request, response, answer)
  }

  return (request, response) => {
    const refuse = (error: unknown): void => {
      if (error instanceof Disconnected) request.destroy()
      else send(request, response, answerRefusal(asRefusal(error, options.onFault), options.answers))
    }
    takeTurn(request, response, () => {
      respond(request, response)
        .then((answer) => send(request, response, answer))
        .catch(refuse)
        .catch((error: unknown) => {
          options.onFault?.('an answer could not be sent', error)
          request.destroy()
        })
    })
  }
}

/** Nobody is there to be answered, and no `close` will come any more. */
function isGone({ socket }: ServerResponse): boolean {
  return socket === null || socket.destroyed
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

function routesOf({ enforcement, keys }: HandlerOptions, reading: Reading): ReadonlyMap<string, Methods> {
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
    [
      '/api/protect',
      post(reading(MAX_QUESTION, (content, { rawHeaders }) => enforcement.protect({ headers: rawHeaders, content }))),
    ],
  ])
}

/** 200 when a decision could be made and recorded now; a log that does not answer says so by `ledger_unavailable`. */
async function readiness({ log, policy }: Enforcement): Promise<HttpAnswer> {
  await log.newest()
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

function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  // Content that nobody reads would be taken for the next request.
  const unread = !request.complete && !('Connection' in headers)
  response.writeHead(status, { ...headers, 'Content-Length': String(body.length), ...(unread ? { Connection: 'close' } : {}) })
  response.end(body)
}
