import { gzipSync } from 'node:zlib'
import { defaultCrypto, encodeBase64url, webCrypto } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createEvents } from '../src/events.ts'
import { httpGet } from '../src/node/get.ts'
import { createStatusLists, type HttpGet, type StatusIssuer, type StatusLists, type StatusListsOptions } from '../src/status.ts'
import { startServer, type TestServer } from './http-server.ts'
import { answerOf, inflate, ISSUER, issuerOf, listAt, NOW, otherKey, statusKey, type ListChanges } from './status-lists.ts'

let server: TestServer
let url: string
let clock: number
let elapsed: number
let inflated: number
const made: StatusLists[] = []

beforeEach(async () => {
  server = await startServer((_, response) => response.writeHead(404).end())
  url = `${server.origin}/status/revocation/1`
  clock = NOW * 1000
  elapsed = 0
  inflated = 0
})
afterEach(async () => {
  for (const lists of made.splice(0)) lists.close()
  vi.useRealTimers()
  await server.close()
})

const anyKid = (): { key: typeof statusKey.key } => ({ key: statusKey.key })
const listText = (changes?: ListChanges): string => listAt(url, changes)

function serve(text: string, contentType = 'application/vc+jwt'): void {
  server.answer((_, response) => response.writeHead(200, { 'content-type': contentType }).end(text))
}

const issuer = (changes?: Partial<StatusIssuer>): StatusIssuer => issuerOf(url, changes)

function create(changes: Partial<StatusListsOptions> = {}): StatusLists {
  const lists = createStatusLists({
    issuers: [issuer()],
    get: httpGet,
    inflate: (gzip, maxBytes) => {
      inflated++
      return inflate(gzip, maxBytes)
    },
    crypto: defaultCrypto(),
    now: () => clock,
    elapsed: () => elapsed,
    log: () => {},
    watch: createEvents({ log: () => {}, now: () => clock }).watch,
    timeoutMs: 400,
    ...changes,
  })
  made.push(lists)
  return lists
}

const check = (lists: StatusLists, index = 0, seconds = 0): string => lists.check(ISSUER, url, index, NOW + seconds)

describe('a good list', () => {
  test('AHP-STATUS-4 says of each index whether it is revoked', async () => {
    serve(listText({ revoked: [5, 131_071] }))
    const lists = create()
    await lists.warm()
    expect([4, 5, 6, 131_070, 131_071].map((index) => check(lists, index))).toEqual([
      'valid',
      'revoked',
      'valid',
      'valid',
      'revoked',
    ])
    expect(lists.failure(ISSUER, url)).toBeUndefined()
  })

  test('AHP-STATUS-3 has no index from its end on, below zero or between', async () => {
    serve(listText())
    const lists = create()
    await lists.warm()
    expect([131_071, 131_072, -1, 0.5, Number.NaN].map((index) => check(lists, index))).toEqual([
      'valid',
      ...Array.from({ length: 4 }, () => 'unlisted'),
    ])
  })

  test('AHP-STATUS-3 may have more than 131,072 entries, and ends where its bytes do', async () => {
    serve(listText({ bits: new Uint8Array(20_001), revoked: [160_007] }))
    const lists = create()
    await lists.warm()
    expect([131_072, 160_006, 160_007, 160_008].map((index) => check(lists, index))).toEqual([
      'valid',
      'valid',
      'revoked',
      'unlisted',
    ])
  })

  test('AHP-STATUS-7 at a URL that two issuers have is that of the issuer who signed it, and an older one of either is ignored', async () => {
    const other = 'did:web:other.example'
    const otherList = (changes: ListChanges): string =>
      listText({ claims: { issuer: other }, header: { kid: `${other}#status` }, signer: otherKey, ...changes })
    const key: StatusIssuer['key'] = (kid) => (kid === `${other}#status` ? { key: otherKey.key } : undefined)
    const lists = create({ issuers: [issuer(), issuer({ did: other, key })] })
    const verdicts = (): readonly string[] => [ISSUER, other].map((did) => lists.check(did, url, 7, NOW))
    serve(listText({ from: NOW - 10, revoked: [7] }))
    await lists.warm()
    expect(verdicts()).toEqual(['revoked', 'unavailable'])
    // Whoever serves the URL plays the one issuer against the other.
    serve(otherList({ from: NOW - 5 }))
    await lists.warm()
    expect(verdicts()).toEqual(['revoked', 'valid'])
    serve(listText({ from: NOW - 11 }))
    await lists.warm()
    expect(verdicts()).toEqual(['revoked', 'valid'])
    serve(otherList({ from: NOW - 6, revoked: [7] }))
    await lists.warm()
    expect(verdicts()).toEqual(['revoked', 'valid'])
  })

  test('AHP-STATUS-13 is used as long as its issuer says, whatever another says', async () => {
    const other = 'did:web:other.example'
    serve(listText())
    const lists = create({ issuers: [issuer({ maxStalenessSeconds: 60 })] })
    const longer = create({ issuers: [issuer({ maxStalenessSeconds: 3599 }), issuer({ did: other, maxStalenessSeconds: 60 })] })
    await Promise.all([lists.warm(), longer.warm()])
    expect([lists, longer].map((each) => check(each, 0, 61))).toEqual(['unavailable', 'valid'])
  })

  test('AHP-STATUS-2 is found by issuer and URL, byte for byte', async () => {
    serve(listText())
    const lists = create()
    await lists.warm()
    expect(lists.check(ISSUER, `${url}/`, 0, NOW)).toBe('unlisted')
    expect(lists.check(ISSUER, url.replace('127.0.0.1', 'localhost'), 0, NOW)).toBe('unlisted')
    expect(lists.check('did:web:other.example', url, 0, NOW)).toBe('unlisted')
    expect(lists.check('constructor', url, 0, NOW)).toBe('unlisted')
  })

  test('may be served with parameters of its media type', async () => {
    serve(listText(), 'Application/VC+JWT; charset=utf-8')
    const lists = create()
    await lists.warm()
    expect(check(lists)).toBe('valid')
  })

  test('is verified and inflated by asynchronous engines too', async () => {
    serve(listText({ revoked: [1] }))
    const lists = create({ crypto: webCrypto() ?? defaultCrypto(), inflate: async (gzip, maxBytes) => inflate(gzip, maxBytes) })
    await lists.warm()
    expect([0, 1].map((index) => check(lists, index))).toEqual(['valid', 'revoked'])
  })
})

describe('AHP-STATUS-5 there is no list, and the verdict is unavailable,', () => {
  test('before the first reading', () => {
    expect(check(create())).toBe('unavailable')
  })

  const answers: readonly (readonly [string, () => void])[] = [
    ['500', () => server.answer((_, response) => response.writeHead(500).end(listText()))],
    ['204', () => server.answer((_, response) => response.writeHead(204).end())],
    ['an empty answer', () => serve('')],
    ['HTML', () => serve('<!doctype html><title>Sign in</title>', 'text/html')],
    ['HTML that says it is a list', () => serve('<!doctype html><title>Sign in</title>')],
    ['a list that says it is JSON', () => serve(listText(), 'application/json')],
    ['a list without content type', () => server.answer((_, response) => response.end(listText()))],
    ['a redirect to a good list', () => redirectToGood()],
    ['silence', () => server.answer(() => {})],
    [
      'headers and silence',
      () => server.answer((_, response) => response.writeHead(200, { 'content-type': 'application/vc+jwt' }).flushHeaders()),
    ],
    ['one byte now and then', () => drip()],
    ['a closed connection', () => server.answer((request) => request.socket.destroy())],
    [
      'an encoded answer',
      () => server.answer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(listText()))),
    ],
    ['more than 4 MiB', () => serve('a'.repeat(4_194_305))],
    ['a line end after the list', () => serve(`${listText()}\n`)],
    ['bytes that are not UTF-8', () => serve(`\u00ff${listText()}`)],
  ]
  test.each(answers)('after %s, within the time for one reading', async (_, answer) => {
    answer()
    const lists = create()
    const start = performance.now()
    await lists.warm()
    expect(performance.now() - start).toBeLessThan(3000)
    expect(check(lists)).toBe('unavailable')
    expect(lists.failure(ISSUER, url)).toBeInstanceOf(Error)
    expect(inflated).toBe(0)
  })

  test.each<[string, () => string]>([
    ['AHP-STATUS-6 a list of another key', () => listText({ signer: otherKey })],
    ['AHP-STATUS-6 a list of another kid', () => listText({ header: { kid: `${ISSUER}#passports` } })],
    ['AHP-STATUS-6 a kid of another issuer', () => listText({ header: { kid: 'did:web:other.example#status' } })],
    ['AHP-STATUS-6 a tampered list', () => tampered()],
    ['AHP-STATUS-6 an unsigned list', () => listText({ header: { alg: 'none' } })],
    ['AHP-STATUS-6 another typ', () => listText({ header: { typ: 'JWT' } })],
    ['AHP-STATUS-6 no cty', () => listText({ header: { cty: undefined } })],
    ['AHP-STATUS-7 a list for another URL', () => listText({ claims: { id: `${url}0` }, subject: { id: `${url}0#list` } })],
    ['AHP-STATUS-7 a list of another issuer', () => listText({ claims: { issuer: 'did:web:other.example' } })],
    ['AHP-STATUS-7 another purpose', () => listText({ subject: { statusPurpose: 'suspension' } })],
    ['AHP-STATUS-7 a passport', () => listText({ claims: { type: ['VerifiableCredential', 'AiegisPassport'] } })],
    ['AHP-STATUS-8 a list of more than a day', () => listText({ from: NOW, until: NOW + 86_401 })],
  ])('%s, and is never inflated', async (_, text) => {
    serve(text())
    const lists = create()
    await lists.warm()
    expect(check(lists)).toBe('unavailable')
    expect(inflated).toBe(0)
  })

  test.each<[string, () => string]>([
    ['a bomb of a gibibyte', () => listText({ subject: { encodedList: bomb() } })],
    ['fewer than 131,072 entries', () => listText({ bits: new Uint8Array(16_383) })],
    ['what is no gzip', () => listText({ subject: { encodedList: `u${'A'.repeat(100)}` } })],
    ['another multibase', () => listText({ subject: { encodedList: 'z11111' } })],
  ])('AHP-STATUS-9 when its key signed %s', async (_, text) => {
    serve(text())
    const lists = create()
    const before = process.memoryUsage().rss
    await lists.warm()
    expect(check(lists)).toBe('unavailable')
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024)
  })
})

describe('times', () => {
  test('AHP-STATUS-8 a list ends at validUntil: the second before is its last', async () => {
    serve(listText({ until: NOW + 100 }))
    const lists = create()
    await lists.warm()
    expect([99, 100].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
  })

  test('AHP-STATUS-8 a list that has ended is not taken', async () => {
    serve(listText({ until: NOW }))
    const lists = create()
    await lists.warm()
    expect(check(lists, 0, -1)).toBe('unavailable')
  })

  test('AHP-STATUS-8 validFrom may be 5 seconds ahead and not 6', async () => {
    serve(listText({ from: NOW + 5 }))
    const lists = create()
    await lists.warm()
    expect([0, -1].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
    serve(listText({ from: NOW + 6 }))
    const early = create()
    await early.warm()
    expect(check(early)).toBe('unavailable')
  })

  test('AHP-STATUS-13 a list is used for 600 seconds after it was read, and not longer', async () => {
    serve(listText())
    const lists = create()
    await lists.warm()
    expect([600, 601].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
  })

  test('AHP-STATUS-13 the time counts from before the request, and failures do not renew it', async () => {
    serve(listText())
    const lists = create({ issuers: [issuer({ maxStalenessSeconds: 60 })] })
    await lists.warm()
    server.answer((_, response) => response.writeHead(500).end())
    clock += 50_000
    await lists.warm()
    expect([60, 61].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
    serve(listText())
    await lists.warm()
    expect([110, 111].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
  })

  test('a clock that was set back far does not make an old list young', async () => {
    serve(listText({ from: NOW - 3600 }))
    const lists = create()
    await lists.warm()
    expect([-600, -601].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'unavailable'])
  })

  test('AHP-STATUS-13 a clock that is set back, as often as it may be, makes a list live no longer', async () => {
    serve(listText({ from: NOW - 3600 }))
    const lists = create()
    await lists.warm()
    elapsed = 600_000
    expect([-300, 0, 300].map((seconds) => check(lists, 0, seconds))).toEqual(['valid', 'valid', 'valid'])
    elapsed = 600_001
    expect([-300, 0, 300].map((seconds) => check(lists, 0, seconds))).toEqual(Array.from({ length: 3 }, () => 'unavailable'))
  })

  test.each([
    ['that nobody sets', (): void => void (elapsed = 100_000), (): void => void (elapsed = 600_001), 0],
    ['of the day', (): void => void (clock += 100_000), (): void => {}, 601],
  ])('AHP-STATUS-13 the time counts from before the request by the clock %s', async (_, during, later, seconds) => {
    server.answer((_request, response) => {
      during()
      response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end(listText())
    })
    const lists = create()
    await lists.warm()
    later()
    expect(check(lists, 0, seconds)).toBe('unavailable')
  })

  test('a list dies with the validity of its key', async () => {
    serve(listText())
    const keyed = issuer({ key: () => ({ key: statusKey.key, validFrom: NOW - 10, validUntil: NOW + 20 }) })
    const lists = create({ issuers: [keyed] })
    await lists.warm()
    expect([-11, -10, 19, 20].map((seconds) => check(lists, 0, seconds))).toEqual([
      'unavailable',
      'valid',
      'valid',
      'unavailable',
    ])
  })
})

describe('AHP-STATUS-11 the newest list used', () => {
  test('is not replaced by an older one, which counts as a failure', async () => {
    serve(listText({ from: NOW - 10, revoked: [7] }))
    const lists = create({ issuers: [issuer({ maxStalenessSeconds: 60 })] })
    await lists.warm()
    serve(listText({ from: NOW - 11 }))
    clock += 30_000
    await lists.warm()
    expect(check(lists, 7)).toBe('revoked')
    expect(lists.failure(ISSUER, url)).toBeInstanceOf(Error)
    expect(check(lists, 7, 61)).toBe('unavailable')
  })

  test('is replaced by one of the same second and by newer ones', async () => {
    serve(listText({ from: NOW - 10 }))
    const lists = create()
    await lists.warm()
    serve(listText({ from: NOW - 10, revoked: [7] }))
    await lists.warm()
    expect(check(lists, 7)).toBe('revoked')
    serve(listText({ from: NOW - 9, revoked: [8] }))
    await lists.warm()
    expect([7, 8].map((index) => check(lists, index))).toEqual(['valid', 'revoked'])
  })

  test('stays newest after a list that was refused for another reason', async () => {
    serve(listText({ from: NOW - 10 }))
    const lists = create()
    await lists.warm()
    serve(listText({ from: NOW - 1, signer: otherKey }))
    await lists.warm()
    serve(listText({ from: NOW - 5, revoked: [1] }))
    await lists.warm()
    expect(check(lists, 1)).toBe('revoked')
  })
})

describe('AHP-STATUS-22 two lists of one second', () => {
  const long = (at: number): Uint8Array => Uint8Array.from({ length: 20_000 }, (_, byte) => (byte === at ? 0x80 : 0))

  test.each([
    ['shorter', { revoked: [8] }],
    ['as long', { bits: long(1) }],
    ['longer', { bits: Uint8Array.from({ length: 30_000 }, (_, byte) => (byte === 1 ? 0x80 : 0)) }],
  ])('revoke what either of them revokes, also when the second is %s', async (_, second) => {
    serve(listText({ bits: long(19_999) }))
    const lists = create()
    await lists.warm()
    serve(listText(second))
    await lists.warm()
    expect([0, 8, 16, 159_992].map((index) => check(lists, index))).toEqual(['valid', 'revoked', 'valid', 'revoked'])
    await lists.warm()
    expect(check(lists, 159_992)).toBe('revoked')
    expect(lists.failure(ISSUER, url)).toBeUndefined()
  })

  test('an earlier one that is played back revokes and restores nothing', async () => {
    const [before, after] = [listText(), listText({ revoked: [7] })]
    const lists = create()
    const seen: string[] = []
    for (const text of [before, after, before, before, after]) {
      serve(text)
      await lists.warm()
      seen.push(check(lists, 7))
    }
    expect(seen).toEqual(['valid', 'revoked', 'revoked', 'revoked', 'revoked'])
  })

  test('a later list says anew what is revoked', async () => {
    serve(listText({ revoked: [7] }))
    const lists = create()
    await lists.warm()
    serve(listText({ from: NOW - 59 }))
    await lists.warm()
    expect(check(lists, 7)).toBe('valid')
  })
})

describe('AHP-STATUS-12 reading in the background', () => {
  test('a check never causes a request', () => {
    const lists = create()
    for (let index = 0; index < 100; index++) check(lists, index)
    expect(server.requests).toEqual([])
  })

  test('readings of one list at the same time are one request', async () => {
    serve(listText())
    const lists = create()
    await Promise.all(Array.from({ length: 20 }, () => lists.warm()))
    expect(server.requests).toEqual(['GET /status/revocation/1'])
    await lists.warm()
    expect(server.requests).toHaveLength(2)
  })

  test('start reads now and again, notices a revocation, and close ends it', async () => {
    serve(listText())
    const lists = create({ refreshSeconds: 0.02 })
    lists.start()
    lists.start()
    await expect.poll(() => check(lists, 3)).toBe('valid')
    serve(listText({ from: NOW - 30, revoked: [3] }))
    await expect.poll(() => check(lists, 3)).toBe('revoked')
    lists.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { length } = server.requests
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.requests).toHaveLength(length)
  })

  test('a list that could not be read at all is tried again within 5 seconds, one that was read at its time', async () => {
    vi.useFakeTimers()
    const get = vi.fn<HttpGet>().mockRejectedValueOnce(new Error('refused'))
    get.mockResolvedValue(answerOf(listText()))
    const lists = create({ get })
    lists.start()
    await vi.advanceTimersByTimeAsync(4999)
    expect(get).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(get).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(59_999)
    expect(get).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(get).toHaveBeenCalledTimes(3)
  })

  test('a list that was read and has become too old is tried again every 5 seconds too', async () => {
    vi.useFakeTimers({ now: NOW * 1000 })
    const get = vi.fn<HttpGet>().mockResolvedValueOnce(answerOf(listText())).mockRejectedValue(new Error('refused'))
    const lists = create({ get, now: Date.now, issuers: [issuer({ maxStalenessSeconds: 100 })] })
    lists.start()
    await vi.advanceTimersByTimeAsync(119_999)
    expect(get).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(10_001)
    expect(get).toHaveBeenCalledTimes(5)
  })

  test('its timers do not keep a process alive', async () => {
    serve(listText())
    const unref = vi.spyOn(Object.getPrototypeOf(setTimeout(() => {}, 0)) as NodeJS.Timeout, 'unref')
    const lists = create()
    lists.start()
    await expect.poll(() => check(lists)).toBe('valid')
    await expect.poll(() => unref.mock.calls.length).toBeGreaterThanOrEqual(2)
    unref.mockRestore()
  })

  test('a port that never settles holds up neither warm nor the next reading', async () => {
    const get = vi.fn<HttpGet>().mockReturnValueOnce(new Promise(() => {}))
    get.mockResolvedValue(answerOf(listText()))
    const lists = create({ get, timeoutMs: 20 })
    await lists.warm()
    expect(check(lists)).toBe('unavailable')
    await lists.warm()
    expect(check(lists)).toBe('valid')
  })

  test('AHP-STATUS-5 the failure of one issuer, or of one of its lists, concerns that one only', async () => {
    const second = `${url}0`
    const other = 'did:web:other.example'
    const text = { [url]: listText(), [second]: listText({ claims: { id: second }, subject: { id: `${second}#list` } }) }
    server.answer((request, response) => {
      const found = text[`${server.origin}${request.url}`]
      if (found !== undefined) response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end(found)
    })
    const lists = create({
      issuers: [
        issuer({ lists: [url, second, `${url}/missing`] }),
        issuer({ did: other, lists: [`${server.origin}/other`], key: anyKid }),
      ],
    })
    const start = performance.now()
    await lists.warm()
    expect(performance.now() - start).toBeLessThan(2000)
    expect([url, second, `${url}/missing`].map((list) => lists.check(ISSUER, list, 0, NOW))).toEqual([
      'valid',
      'valid',
      'unavailable',
    ])
    expect(lists.check(other, `${server.origin}/other`, 0, NOW)).toBe('unavailable')
  })
})

function tampered(): string {
  const [header = '', payload = '', signature = ''] = listText({ revoked: [1] }).split('.')
  const [, other = payload] = listText().split('.')
  return `${header}.${other}.${signature}`
}

function bomb(): string {
  const member = gzipSync(new Uint8Array(16_777_216))
  return `u${encodeBase64url(Buffer.concat(Array.from({ length: 64 }, () => member)))}`
}

function redirectToGood(): void {
  server.answer((request, response) => {
    if (request.url === '/good') response.writeHead(200, { 'content-type': 'application/vc+jwt' }).end(listText())
    else response.writeHead(302, { location: '/good', 'content-type': 'application/vc+jwt' }).end(listText())
  })
}

function drip(): void {
  server.answer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/vc+jwt' })
    const timer = setInterval(() => response.write('e'), 20)
    response.on('close', () => clearInterval(timer))
  })
}
