import { createServer } from 'node:net'
import { createSecureServer } from 'node:http2'
import tls from 'node:tls'
import { gzipSync } from 'node:zlib'
import { jwkOf } from '@aiegis/protocol'
import { MockAgent } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { guardedAgent, guardedLookup } from '../../../src/node/did-web/guard.ts'
import { isPublicAddress } from '../../../src/node/did-web/addresses.ts'
import { ELSEWHERE, EXPIRED, GOOD, ROOT, STRANGER } from '../../certificates.ts'
import { startDidWebHost, type DidWebHost } from '../../did-web-host.ts'
import { startServer, type Handler } from '../../http-server.ts'
import { signer } from '../../trust-bundle.ts'

const MIB = 1024 * 1024
const JSON_TYPE = { 'content-type': 'application/did+json' }

let host: DidWebHost
beforeEach(async () => {
  host = await startDidWebHost()
  host.answer(good())
})
afterEach(async () => {
  await host.close()
})

const documentText = (did = host.did, members: object = {}): string =>
  JSON.stringify({
    '@context': 'https://www.w3.org/ns/did/v1',
    id: did,
    verificationMethod: [
      { id: '#1', type: 'JsonWebKey2020', controller: did, publicKeyJwk: { ...jwkOf(signer('issuer').publicKey) } },
    ],
    assertionMethod: ['#1'],
    ...members,
  })

const good =
  (headers: Readonly<Record<string, string>> = JSON_TYPE): Handler =>
  (_, response) =>
    response.writeHead(200, headers).end(documentText())

interface Outcome {
  readonly error: unknown
  readonly message: unknown
  readonly maxAge: unknown
  readonly document: unknown
}

async function resolve(resolver = host.resolver(), did = host.did): Promise<Outcome> {
  const { didResolutionMetadata, didDocument } = await resolver.resolve(did)
  const { error, message, maxAge } = didResolutionMetadata as Record<string, unknown>
  return { error, message, maxAge, document: didDocument }
}

/** Why there is nothing but an error, which came soon and with little memory. */
async function failure(resolver = host.resolver()): Promise<unknown> {
  const start = performance.now()
  const before = process.memoryUsage().rss
  const { error, message, document } = await resolve(resolver)
  expect(error).toBeTypeOf('string')
  expect(document).toBeNull()
  expect(performance.now() - start).toBeLessThan(3000)
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * MIB)
  return message
}

describe('a document', () => {
  test('AHP-BYTES-29 is read over TLS, and asked for as itself', async () => {
    let asked: object = {}
    host.answer((request, response) => {
      asked = request.headers
      good()(request, response)
    })
    const { error, document } = await resolve()
    expect(error).toBeUndefined()
    expect(document).toMatchObject({ id: host.did, assertionMethod: ['#1'] })
    expect(host.requests).toEqual(['GET /.well-known/did.json'])
    expect(host.lookups).toEqual(['identity.example'])
    expect(asked).toMatchObject({ 'accept-encoding': 'identity', 'cache-control': 'no-cache' })
    expect(asked).toMatchObject({ accept: 'application/did, application/did+json, application/did+ld+json, application/json' })
    expect(asked).not.toHaveProperty('authorization')
  })

  test('AHP-BYTES-25 of a DID with segments is at its path', async () => {
    const did = `${host.did}:people:7f3a`
    host.answer((_, response) => response.writeHead(200, JSON_TYPE).end(documentText(did)))
    expect(await resolve(host.resolver(), did)).toMatchObject({ error: undefined, document: { id: did } })
    expect(host.requests).toEqual(['GET /people/7f3a/did.json'])
  })

  test('is read anew each time, on a connection of its own: the verifier keeps it, not the resolver', async () => {
    const resolver = host.resolver()
    await resolve(resolver)
    await resolve(resolver)
    expect(host.requests).toHaveLength(2)
    expect(host.lookups).toHaveLength(2)
    await expect.poll(() => host.open()).toBe(0)
  })

  test.each([
    ['max-age=60', 60],
    ['public, max-age=60, must-revalidate', 60],
    ['MAX-AGE=60', 60],
    ['no-store', 0],
    ['private, no-cache', 0],
    ['no-cache, max-age=60', 0],
    ['s-maxage=60', undefined],
    ['max-age=-1', undefined],
    ['max-age="60"', undefined],
    ['max-age=99999999999', undefined],
    ['', undefined],
  ])('AHP-BYTES-32 with Cache-Control %j says %s', async (cacheControl, maxAge) => {
    host.answer(good({ ...JSON_TYPE, 'cache-control': cacheControl }))
    expect((await resolve()).maxAge).toBe(maxAge)
  })
})

describe('point 1: one DID, one spelling', () => {
  test.each([
    'did:web:127.0.0.1',
    'did:web:[::1]',
    'did:web:2130706433',
    'did:web:0x7f.1',
    'did:web:localhost.',
    'did:web:Identity.example',
    'did:web:identity.example%40evil.example',
    'did:web:identity.example%2Fx',
    'did:web:identity.example%23.evil.example',
    'did:web:identity.example%3F',
    'did:web:identity.example%3a8443',
    'did:web:identity.example%3A443',
    'did:web:identity.example:..:x',
    'did:web:identity.example:%2e%2e',
    'did:web:identity.example#1',
    'did:web:identity.example/x',
    'did:web:identity.example?versionId=1',
    `did:web:identity.example${':a'.repeat(9)}`,
    `did:web:${'a'.repeat(500)}.example`,
    `did:web:identity.example#${'a'.repeat(600)}`,
    'identity.example',
    '',
  ])('AHP-BYTES-25 %s is refused before any look-up', async (did) => {
    expect(await resolve(host.resolver(), did)).toMatchObject({ error: 'invalidDid', document: null })
    expect(host.lookups).toEqual([])
    expect(host.requests).toEqual([])
  })

  test('AHP-BYTES-21 one of more than 512 characters is refused before anything parses it', async () => {
    expect(await resolve(host.resolver(), `did:web:identity.example${':a'.repeat(100_000)}`)).toMatchObject({
      error: 'invalidDid',
      message: 'too long',
    })
  })

  test.each(['did:constructor:x', 'did:toString:x', 'did:key:z6Mk', 'did:hasOwnProperty:x'])(
    'AHP-BYTES-21 the method of %s is not one, whatever objects inherit',
    async (did) => {
      expect((await resolve(host.resolver(), did)).error).toMatch(/^(?:invalidDid|unsupportedDidMethod)$/)
      expect(host.lookups).toEqual([])
    },
  )
})

describe('point 2: addresses', () => {
  const unlisted = { hosts: new Map() }

  test.each([
    [['127.0.0.1']],
    [['93.184.216.34', '127.0.0.1']],
    [['127.0.0.1', '93.184.216.34']],
    [['2606:2800:220:1:248:1893:25c8:1946', 'fd00::1']],
    [['169.254.169.254']],
    [['::ffff:127.0.0.1']],
  ])('AHP-BYTES-29 %j of a host that is not listed are not asked', async (addresses) => {
    host.resolveTo(...addresses)
    expect(await failure(host.resolver(unlisted))).toMatch(/may not be asked/)
    expect(host.requests).toEqual([])
    expect(host.open()).toBe(0)
  })

  test('AHP-BYTES-29 the name of this machine is not asked where it is not listed', async () => {
    const did = host.did.replace('identity.example', 'localhost')
    expect(await resolve(host.resolver(unlisted), did)).toMatchObject({ error: 'notFound', document: null })
    expect(host.requests).toEqual([])
  })

  test('AHP-BYTES-29 a host that is listed with another port is not listed', async () => {
    expect(await failure(host.resolver({ hosts: new Map([['identity.example', 'https']]) }))).toMatch(/may not be asked/)
  })

  test('AHP-BYTES-29 a host without address is an error', async () => {
    host.resolveTo()
    expect(await failure()).toMatch(/has no address/)
  })

  test('AHP-BYTES-29 what was judged is what is asked: one look-up, and a second answer changes nothing', async () => {
    let lookups = 0
    const resolver = host.resolver(undefined, {
      lookup(_name, _options, callback) {
        callback(null, [{ address: lookups++ === 0 ? '127.0.0.1' : '192.0.2.1', family: 4 }])
      },
    })
    expect((await resolve(resolver)).error).toBeUndefined()
    expect(lookups).toBe(1)
  })

  test('AHP-BYTES-29 a lookup that passes gives the very addresses back, in both forms that Node asks for', () => {
    const addresses = [
      { address: '93.184.216.34', family: 4 },
      { address: '2606:2800:220:1:248:1893:25c8:1946', family: 6 },
    ]
    const lookup = guardedLookup((_name, _options, callback) => callback(null, addresses), isPublicAddress)
    const given: unknown[] = []
    lookup('a.example', { all: true }, (...values) => given.push(values))
    lookup('a.example', {}, (...values) => given.push(values))
    lookup('a.example', { family: 6 }, (...values) => given.push(values))
    expect(given).toEqual([
      [null, addresses],
      [null, '93.184.216.34', 4],
      [null, '93.184.216.34', 4],
    ])
  })

  test('AHP-BYTES-29 a look-up that fails is an error', async () => {
    const lookup = (_name: string, _options: object, callback: (error: Error, none: []) => void): void =>
      callback(new Error('ENOTFOUND'), [])
    expect(await failure(host.resolver(undefined, { lookup }))).toMatch(/ENOTFOUND/)
  })
})

describe('point 3: the lookup is really asked', () => {
  test('AHP-BYTES-31 on a runtime whose connections do not ask it, nothing is read, and a sentence says so', async () => {
    const deaf = new MockAgent()
    deaf.disableNetConnect()
    deaf
      .get(`https://identity.example:${host.port}`)
      .intercept({ path: '/.well-known/did.json' })
      .reply(200, documentText(), { headers: JSON_TYPE })
      .persist()
    expect(await failure(host.resolver(undefined, { agentOf: () => deaf }))).toMatch(
      /^did:web is not read on this runtime: [^;]+; pin keys/,
    )
  })

  test('AHP-BYTES-31 the test asks no network: its lookup is one that fails', async () => {
    await resolve()
    expect(host.lookups).toEqual(['identity.example'])
  })
})

describe('point 4: redirects', () => {
  test.each([301, 302, 303, 307, 308])('AHP-BYTES-30 %i is not followed, wherever it leads', async (status) => {
    const { requests } = host
    host.answer((request, response) => {
      if (request.url === '/good') return good()(request, response)
      response.writeHead(status, { ...JSON_TYPE, location: '/good' }).end(documentText())
    })
    expect(await failure()).toMatch(new RegExp(`status ${status}`))
    expect(requests).toEqual(['GET /.well-known/did.json'])
  })
})

describe('point 5: one time for everything', () => {
  const cases: readonly (readonly [string, Handler])[] = [
    ['a host that never answers', () => {}],
    ['a host that stops after its headers', (_, response) => response.writeHead(200, JSON_TYPE).flushHeaders()],
    ['a byte now and then', drip],
    [
      'headers now and then',
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const timer = setInterval(() => socket.write('x: y\r\n'), 50)
        socket.on('close', () => clearInterval(timer))
      },
    ],
  ]
  test.each(cases)('AHP-BYTES-30 %s is given up', async (_, handler) => {
    host.answer(handler)
    expect(await failure()).toMatch(/^no answer within 500 ms$/)
    await expect.poll(() => host.open()).toBe(0)
  })

  test('AHP-BYTES-33 a document that hangs holds no other document of its host up', async () => {
    const did = `${host.did}:well`
    host.answer((request, response) => {
      if (request.url === '/well/did.json') response.writeHead(200, JSON_TYPE).end(documentText(did))
    })
    const resolver = host.resolver()
    const hanging = Array.from({ length: 20 }, (_, at) => resolve(resolver, `${host.did}:${at}`))
    expect((await resolve(resolver, did)).error).toBeUndefined()
    for (const { document } of await Promise.all(hanging)) expect(document).toBeNull()
  })

  test('AHP-BYTES-30 a host that accepts connections and says nothing is given up', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const { port } = silent.address() as { port: number }
    const resolver = host.resolver({ hosts: new Map([[`identity.example:${port}`, 'https']]) })
    expect(await resolve(resolver, `did:web:identity.example%3A${port}`)).toMatchObject({ document: null })
    await new Promise<void>((done) => silent.close(() => done()))
  })
})

describe('point 6: sizes', () => {
  test.each(['gzip', 'identity', 'br, gzip', 'deflate', ''])('AHP-BYTES-30 content encoding %j is not read', async (encoding) => {
    host.answer((_, response) => response.writeHead(200, { ...JSON_TYPE, 'content-encoding': encoding }).end(documentText()))
    expect(await failure()).toMatch(/an encoded answer/)
  })

  test('AHP-BYTES-30 a gzip bomb is not inflated, with its encoding or without', async () => {
    const bomb = gzipSync(Buffer.alloc(40 * MIB))
    host.answer((_, response) => response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(bomb))
    expect(await failure()).toMatch(/an encoded answer/)
    host.answer((_, response) => response.writeHead(200, JSON_TYPE).end(bomb))
    expect(await failure()).toMatch(/UTF-8|65536/)
  })

  test('AHP-BYTES-26 65,536 bytes are read and 65,537 are not, announced or not', async () => {
    const padded = (length: number): string => documentText() + ' '.repeat(length - documentText().length)
    for (const announced of [true, false]) {
      const answer =
        (length: number): Handler =>
        (_, response) => {
          response.writeHead(200, { ...JSON_TYPE, ...(announced ? { 'content-length': String(length) } : {}) })
          response.write(padded(length).slice(0, 1000))
          response.end(padded(length).slice(1000))
        }
      host.answer(answer(65_536))
      expect((await resolve()).error).toBeUndefined()
      host.answer(answer(65_537))
      expect(await failure()).toMatch(/more than 65536 bytes/)
    }
  })

  test('AHP-BYTES-30 a host that never stops sending is cut off', async () => {
    host.answer(flood)
    expect(await failure()).toMatch(/more than 65536 bytes/)
    await expect.poll(() => host.open()).toBe(0)
  })
})

describe('point 7: nothing that a host does ends the process', () => {
  const cases: readonly (readonly [string, Handler])[] = [
    ['closes at once', (request) => request.socket.destroy()],
    ['resets', ({ socket }) => Reflect.get(socket, '_parent')?.resetAndDestroy() ?? socket.destroy()],
    [
      'closes after its headers',
      (request, response) => {
        response.writeHead(200, { ...JSON_TYPE, 'content-length': '1000' }).write('{')
        setTimeout(() => request.socket.destroy(), 20)
      },
    ],
    [
      'fails, and then goes on',
      (_, response) => {
        response.writeHead(500, JSON_TYPE).write('x')
        const timer = setInterval(() => response.write('x'), 5)
        response.on('close', () => clearInterval(timer))
      },
    ],
    ['does not speak HTTP', ({ socket }) => socket.end('SSH-2.0-OpenSSH\r\n')],
    [
      'frames its content twice',
      ({ socket }) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    ],
  ]
  test.each(cases)('AHP-BYTES-30 a host that %s is an error', async (_, handler) => {
    host.answer(handler)
    expect(await failure()).toMatch(/./)
    // An error of a stream that nobody reads would come now.
    await new Promise((done) => setTimeout(done, 50))
  })
})

describe('point 8: TLS', () => {
  const answered = async (options: Parameters<typeof startDidWebHost>[0], settings = {}): Promise<Outcome> => {
    const other = await startDidWebHost(options)
    other.answer((_, response) => response.writeHead(200, JSON_TYPE).end(documentText(other.did)))
    try {
      return await resolve(other.resolver(settings), other.did)
    } finally {
      expect(other.requests.length).toBeLessThan(2)
      await other.close()
    }
  }

  test.each([
    ['for another name', ELSEWHERE],
    ['that has ended', EXPIRED],
    ['of an unknown root', STRANGER],
  ])('AHP-BYTES-29 a certificate %s is refused', async (_, certificate) => {
    expect(await answered(certificate)).toMatchObject({ error: 'notFound', document: null })
  })

  test('AHP-BYTES-29 without caFile the roots of the runtime count, and this host has none of them', async () => {
    expect(await answered(GOOD, { caFile: null })).toMatchObject({ error: 'notFound', document: null })
  })

  test('AHP-BYTES-29 no variable of the environment turns the check off', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      expect(await answered(STRANGER)).toMatchObject({ error: 'notFound', document: null })
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  test('AHP-BYTES-29 TLS 1.2 is spoken, and 1.1 is not, whatever the runtime allows', async () => {
    expect(await answered({ ...GOOD, maxVersion: 'TLSv1.2' })).toMatchObject({ error: undefined })
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls
    Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1.1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' })
    try {
      const old = { ...GOOD, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
      expect(await answered(old)).toMatchObject({ error: 'notFound', document: null })
    } finally {
      Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS })
    }
  })

  test('AHP-BYTES-30 HTTP/2 is not spoken with a host that would', async () => {
    const versions: string[] = []
    const server = createSecureServer({ ...GOOD, allowHTTP1: true }, (request, response) => {
      versions.push(request.httpVersion)
      response.writeHead(200, JSON_TYPE).end(documentText(`did:web:identity.example%3A${port}`))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const resolver = host.resolver({ hosts: new Map([[`identity.example:${port}`, 'https']]) })
    expect(await resolve(resolver, `did:web:identity.example%3A${port}`)).toMatchObject({ error: undefined })
    expect(versions).toEqual(['1.1'])
    await new Promise<void>((done) => server.close(() => done()))
  })

  test('AHP-BYTES-30 headers of more than 16 KiB are not read', async () => {
    host.answer(good({ ...JSON_TYPE, 'x-long': 'x'.repeat(17_000) }))
    expect(await failure()).toMatch(/overflow/i)
  })
})

describe('point 9: what an answer must be', () => {
  test.each([201, 203, 204, 206, 304, 400, 404, 410, 500, 503])('AHP-BYTES-30 status %i is no document', async (status) => {
    host.answer((_, response) =>
      response.writeHead(status, JSON_TYPE).end(status === 204 || status === 304 ? undefined : documentText()),
    )
    expect(await failure()).toMatch(new RegExp(`status ${status} instead of 200`))
  })

  test.each([
    'application/did',
    'application/did+json',
    'application/did+ld+json',
    'application/json',
    'Application/JSON; charset=utf-8',
  ])('AHP-BYTES-30 %s is a document', async (type) => {
    host.answer(good({ 'content-type': type }))
    expect((await resolve()).error).toBeUndefined()
  })

  test.each(['text/html', 'text/plain', 'application/jose', 'application/did+cbor', 'application/jsonx', ''])(
    'AHP-BYTES-30 %j is not',
    async (type) => {
      host.answer(good(type === '' ? {} : { 'content-type': type }))
      expect(await failure()).toMatch(/content that is none of/)
    },
  )

  test.each<[string, () => string | Buffer]>([
    ['empty', () => ''],
    ['HTML', () => '<!doctype html>'],
    ['a list', () => `[${documentText()}]`],
    ['not UTF-8', () => Buffer.concat([Buffer.from(documentText().slice(0, -1)), Buffer.of(0xff, 0x7d)])],
    ['with a byte order mark', () => `\uFEFF${documentText()}`],
    ['with a repeated member', () => documentText().replace('{', '{"id":"did:web:evil.example",')],
    ['with __proto__', () => documentText().replace('{', '{"__proto__":{},')],
    ['with a private key', () => documentText().replace('"kty"', '"d":"AAAA","kty"')],
  ])('AHP-BYTES-26 a document that is %s is none', async (_, text) => {
    host.answer((__, response) => response.writeHead(200, JSON_TYPE).end(text()))
    expect(await resolve()).toMatchObject({ error: 'invalidDidDocument', document: null })
  })
})

describe('point 11: whole DIDs', () => {
  test.each([
    ['another DID', () => 'did:web:identity.example'],
    ['a longer DID', () => `${host.did}:x`],
    ['a shorter DID', () => host.did.slice(0, -1)],
    ['the DID in another spelling', () => host.did.replace('%3A', '%3a')],
    ['a DID URL', () => `${host.did}#1`],
  ])('AHP-BYTES-26 the document of %s is none, and is not given beside the error', async (_, did) => {
    host.answer((__, response) => response.writeHead(200, JSON_TYPE).end(documentText(did())))
    expect(await resolve()).toMatchObject({ error: 'invalidDidDocument', message: 'the document of another DID', document: null })
  })
})

describe('point 12: proxies', () => {
  const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']

  test('AHP-BYTES-30 the proxies of the environment are not used', async () => {
    const proxied: string[] = []
    const proxy = createServer((socket) => {
      socket.on('error', () => {}).on('data', (data) => proxied.push(String(data)))
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    const { port } = proxy.address() as { port: number }
    for (const name of VARIABLES) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${port}`
    try {
      expect((await resolve()).error).toBeUndefined()
      expect(proxied).toEqual([])
    } finally {
      for (const name of VARIABLES) delete process.env[name]
      await new Promise<void>((done) => proxy.close(() => done()))
    }
  })
})

describe('without TLS', () => {
  test('AHP-BYTES-29 this machine is asked where it is listed so, at its own addresses only', async () => {
    const plain = await startServer((_, response) => response.writeHead(200, JSON_TYPE).end(documentText(did)))
    const did = `did:web:localhost%3A${plain.port}`
    const name = `localhost:${plain.port}`
    const http = host.resolver({ hosts: new Map([[name, 'http']]) })
    expect(await resolve(http, did)).toMatchObject({ error: undefined, document: { id: did } })
    expect(plain.requests).toEqual(['GET /.well-known/did.json'])
    host.resolveTo('127.0.0.1', '192.0.2.1')
    expect(await resolve(http, did)).toMatchObject({ error: 'notFound', document: null })
    host.resolveTo('127.0.0.1')
    for (const listed of [[], [name, 'https'], ['localhost', 'http']] as const)
      expect(await resolve(host.resolver({ hosts: new Map(listed[1] === undefined ? [] : [listed]) }), did)).toMatchObject({
        error: 'notFound',
        document: null,
      })
    expect(plain.requests).toHaveLength(1)
    await plain.close()
  })
})

function drip(_: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200, JSON_TYPE)
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}

function flood(_: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200, JSON_TYPE)
  const chunk = Buffer.alloc(MIB, 0x20)
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

describe('what no host can show', () => {
  test('AHP-BYTES-29 the roots of caFile count for every host that is asked with TLS', () => {
    const roots: (string | undefined)[] = []
    host.resolver(undefined, {
      agentOf(lookup, ca) {
        roots.push(ca?.trim())
        return guardedAgent(lookup, ca)
      },
    })
    // Of the public network, listed, listed without TLS, and of the test of the lookup.
    expect(roots).toEqual([ROOT.trim(), ROOT.trim(), undefined, undefined])
  })

  test('AHP-BYTES-29 no connection goes on with the session of another, whose certificate was looked at before', async () => {
    const reused: boolean[] = []
    const answered = good()
    host.answer((request, response) => {
      if (request.socket instanceof tls.TLSSocket) reused.push(request.socket.isSessionReused())
      return answered(request, response)
    })
    const resolver = host.resolver()
    for (let at = 0; at < 3; at++) expect((await resolve(resolver)).error).toBeUndefined()
    expect(reused).toEqual([false, false, false])
  })

  test('AHP-BYTES-21 a DID of 513 characters is not parsed, one of 512 is', async () => {
    const did = `did:web:identity.example${':a23456789012345678901234567890123456789012345678901234567890'.repeat(8)}`
    expect(await host.resolver().resolve(did.padEnd(513, 'x'))).toMatchObject({
      didResolutionMetadata: { error: 'invalidDid', message: 'too long' },
    })
    expect(await host.resolver().resolve(did.padEnd(512, 'x'))).not.toMatchObject({
      didResolutionMetadata: { message: 'too long' },
    })
  })
})
