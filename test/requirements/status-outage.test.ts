/** Whatever a host of status lists does, it is its own issuer's agents that are refused, for as long as it does it (spec chapter 9). @module */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { gzipSync } from 'node:zlib'
import { encodeBase64url, jwkOf, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, listen, namedSigner, problemOf, sendRaw, type MockHarness, type RawResponse } from '@aiegis/testing'
import { httpGet } from '@aiegis/verifier/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testKey } from '../../packages/protocol/test/keys.ts'
import { ELSEWHERE, GOOD, STRANGER, type Certificate } from '../../packages/verifier/test/certificates.ts'
import { startServer, type TestServer } from '../../packages/verifier/test/http-server.ts'
import { listAt, type ListChanges } from '../../packages/verifier/test/status-lists.ts'
import { startReceiver, type Receiver } from '../receiver.ts'
import { inside } from './edits.ts'

const MIB = 1_048_576
const TYPE = { 'content-type': 'application/vc+jwt' }

/** One issuer with a list and a status key of its own. */
interface Issuer {
  readonly name: string
  readonly did: string
  url: string
}

/** What a host does instead of serving `list()`. */
type Outage = (answer: {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly list: (changes?: ListChanges) => string
  readonly issuer: Issuer
}) => void

const serve =
  (changes?: (harness: MockHarness, issuer: Issuer) => ListChanges): Outage =>
  ({ response, list, issuer }) =>
    void response.writeHead(200, TYPE).end(list(changes?.(harness, issuer)))

const OUTAGES: Readonly<Record<string, Outage>> = {
  'a closed connection': ({ request }) => void request.socket.destroy(),
  'silence before the headers': () => {},
  'silence after the headers': ({ response }) => response.writeHead(200, TYPE).flushHeaders(),
  'a list that comes too slowly': ({ response, list }) => slowly(response, list()),
  'a byte now and then': ({ response }) => slowly(response, 'e'.repeat(1000)),
  '500': ({ response, list }) => void response.writeHead(500, TYPE).end(list()),
  '503 for ever': ({ response }) => void response.writeHead(503, { 'retry-after': '86400' }).end(),
  'an empty answer': ({ response }) => void response.writeHead(200, TYPE).end(),
  'no content': ({ response }) => void response.writeHead(204, TYPE).end(),
  HTML: ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
  'HTML that says it is a list': ({ response }) => void response.writeHead(200, TYPE).end('<!doctype html>'),
  'a gibibyte': ({ response }) => pour(response, { ...TYPE, 'content-length': String(1024 * MIB) }),
  'bytes without end': ({ response }) => pour(response, TYPE),
  'headers without end': ({ response }) => void response.writeHead(200, { ...TYPE, 'x-long': 'x'.repeat(60_000) }).end(),
  'a list cut short': ({ response, list }) => {
    response.writeHead(200, { ...TYPE, 'content-length': '100000' })
    response.write(list(), () => response.destroy())
  },
  'a redirect to a good list': ({ request, response, list }) => {
    if (request.url?.endsWith('/good')) response.writeHead(200, TYPE).end(list())
    else response.writeHead(302, { ...TYPE, location: `${request.url}/good` }).end(list())
  },
  'a good list in gzip': ({ response, list }) =>
    void response.writeHead(200, { ...TYPE, 'content-encoding': 'gzip' }).end(gzipSync(list())),
  'a bomb as content coding': ({ response }) =>
    void response.writeHead(200, { ...TYPE, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(64 * MIB))),
  'a list that inflates to a gibibyte': serve(() => ({ subject: { encodedList: bomb() } })),
  'an older list': serve((h) => ({ from: h.clock.seconds() - 7200 })),
  'a list that has ended': serve((h) => ({ from: h.clock.seconds() - 60, until: h.clock.seconds() })),
  'a list that is not valid yet': serve((h) => ({ from: h.clock.seconds() + 60 })),
  'a list signed by a stranger': serve(() => ({ signer: testKey('stranger') })),
  'a list signed by the status key of another issuer': serve((_, { did }) => ({
    signer: testKey('status of did:web:healthy.example'),
    header: { kid: `${did}#status` },
  })),
  'a list of another issuer, signed by that one': serve(() => ({
    signer: testKey('status of did:web:healthy.example'),
    header: { kid: 'did:web:healthy.example#status' },
    claims: { issuer: 'did:web:healthy.example' },
  })),
  'a list for another URL': serve((_, { url }) => ({ claims: { id: `${url}0` }, subject: { id: `${url}0#list` } })),
}

const harness = createMockHarness({ logSize: 20 })
const issuers: readonly Issuer[] = [...Object.keys(OUTAGES), 'healthy'].map((name, at) => ({
  name,
  did: `did:web:${name === 'healthy' ? name : `issuer-${at}`}.example`,
  url: '',
}))
const named = (name: string): Issuer => issuers.find((issuer) => issuer.name === name) ?? fail(name)
/** Whose host does what stands in the table. */
const failing = new Set<string>()
let host: TestServer
let receiver: Receiver
let unhandled = 0
const count = (): void => void unhandled++

beforeAll(async () => {
  process.on('unhandledRejection', count)
  host = await startServer((request, response) => {
    const issuer = issuers.find(({ url }) => new URL(url).pathname === request.url?.replace('/good', ''))
    if (issuer === undefined) return void response.writeHead(404).end()
    const list = (changes?: ListChanges): string => listOf(issuer, changes)
    const outage = failing.has(issuer.name) ? OUTAGES[issuer.name] : undefined
    return (outage ?? serve())({ request, response, list, issuer })
  })
  issuers.forEach((issuer, at) => (issuer.url = `${host.origin}/status/revocation/${at}`))
  receiver = await startReceiver(harness, { trust: trustIn(harness, issuers), options: { get: httpGet } })
})
afterAll(async () => {
  process.off('unhandledRejection', count)
  await receiver.close()
  await host.close()
})

describe('AHP-STATUS-5 one host after another goes wrong', () => {
  test('as long as all hosts are well, agents of every issuer are served', async () => {
    for (const issuer of issuers) expect([issuer.name, await statusOf(issuer)]).toEqual([issuer.name, 200])
  })

  test('while the lists that were read are young enough, agents are served, and each reading ends, soon and with little memory', async () => {
    for (const name of Object.keys(OUTAGES)) failing.add(name)
    harness.clock.advance(400)
    const before = process.memoryUsage().rss
    let most = before
    const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 10)
    const start = performance.now()
    await receiver.verifier.warm()
    clearInterval(sampling)
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(most - before).toBeLessThan(384 * MIB)
    for (const issuer of issuers) expect([issuer.name, await statusOf(issuer)]).toEqual([issuer.name, 200])
  })

  test('later, agents of the healthy issuer are served', async () => {
    harness.clock.advance(207)
    expect(await statusOf(named('healthy'))).toBe(200)
  })

  test.each(Object.keys(OUTAGES))('and after %s those of that issuer are refused for now', async (name) => {
    const response = await ask(named(name))
    expect([response.status, problemOf(response)]).toMatchObject([503, { code: 'status_unavailable', retry: 'same-token' }])
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('at the next reading after the outage, everybody is served again', async () => {
    failing.clear()
    await receiver.verifier.warm()
    for (const issuer of issuers) expect([issuer.name, await statusOf(issuer)]).toEqual([issuer.name, 200])
  })

  test('nothing was rejected that nobody looked at', () => {
    expect(unhandled).toBe(0)
  })
})

describe('AHP-STATUS-5 a host that is not there', () => {
  test('refuses its own issuer only, until it is', async () => {
    const own = createMockHarness({ logSize: 20, clock: harness.clock })
    const [healthy, down] = [named('healthy'), { name: 'down', did: 'did:web:down.example', url: '' }]
    const server = createServer((_, response) => void response.writeHead(200, TYPE).end(listOf(down, {}, own)))
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    down.url = `http://127.0.0.1:${port}/status/revocation/1`
    const apart = await startReceiver(own, { trust: trustIn(own, [healthy, down]), options: { get: httpGet } })
    expect([await statusOf(healthy, own, apart), await statusOf(down, own, apart)]).toEqual([200, 503])
    await listen(server, port)
    await apart.verifier.warm()
    expect(await statusOf(down, own, apart)).toBe(200)
    await apart.close()
    server.closeAllConnections()
    server.close()
  })

  test.each<[string, Certificate]>([
    ['of a root that nobody trusts', GOOD],
    ['for another host', ELSEWHERE],
    ['that it signed itself', STRANGER],
  ])('is one with a certificate %s, and its good list is not used', async (_, certificate) => {
    const own = createMockHarness({ logSize: 20, clock: harness.clock })
    const [healthy, wrong] = [named('healthy'), { name: 'wrong', did: 'did:web:wrong.example', url: '' }]
    let asked = 0
    const server = createTlsServer(certificate, (_request, response) => {
      asked++
      response.writeHead(200, TYPE).end(listOf(wrong, {}, own))
    })
    server.on('tlsClientError', () => {})
    wrong.url = `https://localhost:${await listen(server)}/status/revocation/1`
    const apart = await startReceiver(own, { trust: trustIn(own, [healthy, wrong]), options: { get: httpGet } })
    expect([await statusOf(healthy, own, apart), await statusOf(wrong, own, apart), asked]).toEqual([200, 503, 0])
    await apart.close()
    await new Promise((resolve) => server.close(resolve))
  })
})

/** A bundle of a receiver that trusts these issuers. */
function trustIn(own: MockHarness, parties: readonly Issuer[]): JsonObject {
  return own.trust({
    issuers: parties.map(({ did, url }) => ({
      did,
      keys: [{ kid: `${did}#1`, jwk: { ...jwkOf(namedSigner(did).publicKey) } }],
      roles: ['root'],
      status: { lists: [url], keys: [{ kid: `${did}#status`, jwk: { ...jwkOf(testKey(`status of ${did}`).key) } }] },
    })),
  })
}

/** The list of an issuer, signed now. */
function listOf({ did, url }: Issuer, changes: ListChanges = {}, own = harness): string {
  const now = own.clock.seconds()
  const claims = { issuer: did, ...changes.claims }
  const header = { kid: `${did}#status`, ...changes.header }
  return listAt(url, { signer: testKey(`status of ${did}`), from: now, until: now + 3600, ...changes, claims, header })
}

/** Sends a request of an agent whose passport this issuer signed. */
function ask({ did, url }: Issuer, own = harness, at = receiver): Promise<RawResponse> {
  return sendRaw(
    at.port,
    own.mint(undefined, {
      passportSigner: namedSigner(did),
      passportHeader: (header) => ({ ...header, kid: `${did}#1` }),
      passport: (credential) => inside({ ...credential, issuer: did }, 'credentialStatus', { statusListCredential: url }),
    }),
  )
}

async function statusOf(issuer: Issuer, own?: MockHarness, at?: Receiver): Promise<number> {
  return (await ask(issuer, own, at)).status
}

function slowly(response: ServerResponse, text: string): void {
  response.writeHead(200, TYPE)
  let sent = 0
  const timer = setInterval(() => response.write(text[sent++ % text.length]), 20)
  response.on('close', () => clearInterval(timer))
}

/** As fast as it is taken. */
function pour(response: ServerResponse, headers: Record<string, string>): void {
  response.writeHead(200, headers)
  const chunk = Buffer.alloc(MIB, 'e')
  let left = 1024
  const more = (): void => {
    while (!response.destroyed && left-- > 0 && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

function bomb(): string {
  const member = gzipSync(new Uint8Array(16 * MIB))
  return `u${encodeBase64url(Buffer.concat(Array.from({ length: 64 }, () => member)))}`
}

function fail(name: string): never {
  throw new Error(`there is no issuer ${name}`)
}
