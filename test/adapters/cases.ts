/** What every adapter has to answer alike: one row is one case (spec chapters 7, 10 and 11). Data only; `run.ts` sends them. @module */
import { formatContentDigest, utf8, type JsonObject } from '@aiegis/protocol'
import { withLine, type MockHarness, type RawRequest, type Wanted } from '@aiegis/testing'
import type { AnyRoute } from '@aiegis/verifier'
import { bare, inChunks } from '../raw.ts'
import type { AdapterName } from './servers.ts'
import type { Shape } from './shape.ts'
import type { Sending } from './wire.ts'

/** One row. */
export interface AdapterCase {
  readonly title: string
  /** The requests, all on one connection. */
  readonly make: (harness: MockHarness) => readonly RawRequest[]
  readonly sending?: Sending
  readonly route?: AnyRoute
  readonly trust?: JsonObject
  readonly receiver?: Shape['receiver']
  /** The receiver refuses nothing yet. */
  readonly reportsOnly?: true
  /** For each request the public code of the refusal, else the status. Each 200 is one effect, and nothing else is one. */
  readonly answers: readonly (string | number)[]
  /** Names of evidence, `cookie` and `authorization` that handlers are shown, all together; none unless said otherwise. */
  readonly seen?: readonly string[]
  /** Where an adapter or the server under it answers otherwise, and why. A handler runs for each 200 and for nothing else there too. */
  readonly except?: Partial<Record<AdapterName, Exception>>
}

/** What is different, and why that cannot be helped. */
export interface Exception {
  readonly answers: readonly (string | number)[]
  readonly why: string
  /** What handlers get instead of the content of each request that is served. */
  readonly contents?: readonly string[]
}

/** Codes whose provocation is answered otherwise. */
export const EXCEPT_CODES: Partial<Record<AdapterName, Readonly<Record<string, string | number>>>> = {
  // `/orders/../orders/7` is `/orders/7` before anybody is shown it.
  fetch: { target_invalid: 200 },
}

export const ORDER: Wanted = { method: 'POST', contentType: 'application/json', content: '{"item":7}' }

/** One request, minted and then changed. */
export const one =
  (wanted: Wanted | undefined, change: (request: RawRequest, harness: MockHarness) => RawRequest = (request) => request) =>
  (harness: MockHarness): readonly RawRequest[] => [change(harness.mint(wanted), harness)]
export const to = (path: string): Wanted => ({ url: `https://api.example.com${path}` })
/** Decided on one target, sent to another. */
const instead = (decided: string, target: string): AdapterCase['make'] => one(to(decided), (request) => ({ ...request, target }))
const line = (name: string, ...values: readonly string[]): AdapterCase['make'] =>
  one(ORDER, (request) => withLine(request, name, ...values))
export const chunked = (request: RawRequest): RawRequest => inChunks(request, 3)
const withTrailer = (request: RawRequest): RawRequest => {
  const text = Buffer.from(chunked(request).body).toString('latin1')
  return { ...chunked(request), body: Buffer.from(text.replace(/0\r\n\r\n$/, '0\r\nX-More: 1\r\n\r\n'), 'latin1') }
}
export const forged = (harness: MockHarness): RawRequest => harness.mint({}, { tokenSigner: harness.keys.stranger })
const other = (harness: MockHarness): RawRequest => ({ ...harness.mint(ORDER), body: utf8('{"item":8}') })
const long = JSON.stringify('x'.repeat(1_000_000))
const tooLong = 'x'.repeat(1_048_577)

export const CASES: readonly AdapterCase[] = [
  { title: 'a request without content', make: one(undefined), answers: [200] },
  { title: 'content with a length', make: one(ORDER), answers: [200] },
  { title: 'content in chunks', make: one(ORDER, chunked), answers: [200] },
  { title: 'a megabyte of content', make: one({ ...ORDER, content: long }), answers: [200] },
  { title: 'no content where some is usual', make: one({ ...ORDER, content: '' }), answers: [200] },
  { title: 'a query', make: one(to('/orders?b=2&a=1&a=%20')), answers: [200] },
  { title: 'below a router that is mounted', make: one({ ...ORDER, ...to('/api/orders/7?x=1') }), answers: [200] },
  { title: 'HEAD', make: one({ method: 'HEAD' }), answers: [200] },
  { title: 'DELETE with content', make: one({ ...ORDER, method: 'DELETE' }), answers: [200] },
  { title: 'OPTIONS that was decided', make: one({ method: 'OPTIONS' }), answers: [200] },
  { title: 'content behind a check and a second one', make: one(ORDER), receiver: 'checked-twice', answers: [200] },
  { title: 'a preflight without evidence', make: () => [bare('OPTIONS')], answers: ['token_missing'] },
  { title: 'nothing', make: () => [bare('GET')], answers: ['token_missing'] },
  { title: 'two hand-offs', make: one({ handOffs: 2 }), answers: [200] },
  {
    title: 'more hand-offs than the route accepts',
    make: one({ handOffs: 2 }),
    route: { maxDepth: 1 },
    answers: ['depth_exceeded'],
  },
  {
    title: 'the action that the mount names',
    make: one({ ...ORDER, ...to('/named/7'), action: 'orders.create' }),
    answers: [200],
  },
  { title: 'another action than the mount names', make: one({ ...ORDER, ...to('/named/7') }), answers: ['action_mismatch'] },
  { title: 'a named path in other case', make: one({ ...ORDER, ...to('/NAMED/7/') }), answers: ['action_mismatch'] },
  { title: 'a named path with another method', make: one(to('/named/7')), answers: ['action_unmapped'] },
  {
    title: 'cookies and authorization, which no decision covers',
    make: one(ORDER, (request) => withLine(withLine(request, 'Cookie', 'session=1'), 'Authorization', 'Bearer x')),
    answers: [200],
  },
  {
    title: 'X-Forwarded-Host, -Proto and Forwarded, of which nothing is read',
    make: one(undefined, (request) =>
      withLine(
        withLine(withLine(request, 'X-Forwarded-Host', 'evil.example'), 'X-Forwarded-Proto', 'gopher'),
        'Forwarded',
        'host=evil',
      ),
    ),
    answers: [200],
  },
  {
    title: 'keep-alive: each request has its own verdict',
    make: (harness) => [
      harness.mint(ORDER),
      bare('GET'),
      harness.mint(),
      other(harness),
      chunked(harness.mint(ORDER)),
      forged(harness),
    ],
    answers: [200, 'token_missing', 200, 'content_mismatch', 200, 'untrusted'],
  },
  {
    title: 'pipelined: no request lends its verdict to the next',
    sending: 'at once',
    make: (harness) => {
      const first = harness.mint(ORDER)
      return [first, bare('GET'), first, harness.mint(), chunked(harness.mint(ORDER)), forged(harness)]
    },
    answers: [200, 'token_missing', 'token_replayed', 200, 200, 'untrusted'],
  },
  {
    title: 'content behind a refusal is not the next request',
    sending: 'at once',
    make: (harness) => {
      const smuggled = harness.mint()
      const head = `GET ${smuggled.target} HTTP/1.1\r\n${smuggled.lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
      return [{ ...withLine(bare('POST'), 'Content-Length', String(head.length)), body: utf8(head) }, harness.mint()]
    },
    answers: ['token_missing', 200],
  },
  {
    title: 'content over the limit ends the connection',
    make: (harness) => [harness.mint({ ...ORDER, content: tooLong }), harness.mint()],
    answers: ['content_too_large'],
  },
  {
    title: 'content over the limit in chunks ends the connection',
    make: (harness) => [inChunks(harness.mint({ ...ORDER, content: tooLong }), 100_000), harness.mint()],
    answers: ['content_too_large'],
  },

  // What other middleware let pass.
  {
    title: 'twenty copies at the same time',
    sending: 'apart',
    make: (harness) => Array<RawRequest>(20).fill(harness.mint(ORDER)),
    answers: [200, ...Array<string>(19).fill('token_replayed')],
  },
  {
    title: 'the token as bearer, in any scheme',
    make: (harness) => ['Bearer', 'Basic', 'DPoP'].map((scheme) => asAuthorization(harness.mint(), scheme)),
    answers: ['token_missing', 'token_missing', 'token_missing'],
  },
  {
    title: 'the header with which a framework told itself that its middleware had run',
    make: () => [withLine(bare('GET'), 'X-Middleware-Subrequest', 'middleware:middleware:middleware:middleware:middleware')],
    answers: ['token_missing'],
  },
  {
    title: 'a preflight that announces the evidence',
    make: () => [withLine(bare('OPTIONS'), 'Access-Control-Request-Headers', 'authorization, x-aegis-token')],
    answers: ['token_missing'],
  },
  { title: 'a parameter of a segment', make: instead('/api/orders/7', '/api/orders/7;v=1'), answers: ['uri_mismatch'] },
  {
    title: 'another query than was decided',
    make: instead('/api/orders/7?amount=1', '/api/orders/7?amount=999'),
    answers: ['uri_mismatch'],
  },
  {
    title: 'a query where none was decided',
    make: instead('/api/orders/7', '/api/orders/7?amount=999'),
    answers: ['uri_mismatch'],
  },

  // Changed on the way.
  { title: 'other content', make: (harness) => [other(harness)], answers: ['content_mismatch'] },
  { title: 'other content in chunks', make: (harness) => [chunked(other(harness))], answers: ['content_mismatch'] },
  {
    title: 'content where none was decided',
    make: one({ ...ORDER, content: '' }, (request) => ({ ...withLine(request, 'Content-Length', '2'), body: utf8('{}') })),
    answers: ['content_mismatch'],
  },
  {
    title: 'content in a GET that was decided without',
    make: one(undefined, (request) => ({ ...withLine(request, 'Content-Length', '2'), body: utf8('{}') })),
    answers: ['content_mismatch'],
    except: {
      fetch: { answers: ['content_incomplete'], why: 'a Request for GET has no content; its length shows that there was some' },
    },
  },
  {
    title: 'chunks in a GET that was decided without',
    make: one(undefined, (request) => chunked({ ...request, body: utf8('{}') })),
    answers: ['content_mismatch'],
    except: {
      fetch: {
        answers: ['content_incomplete'],
        why: 'a Request for GET has no content; Transfer-Encoding shows that there was some',
      },
    },
  },
  {
    title: 'content in a GET that was decided so',
    make: one({ ...ORDER, method: 'GET' }),
    answers: [200],
    except: {
      fetch: { answers: ['content_incomplete'], why: 'no handler could get the content' },
      Hono: { answers: [200], why: 'a Request for GET has no content: it is in c.env.incoming', contents: [''] },
      Fastify: { answers: [200], why: 'it parses no content of a GET: it is in request.raw', contents: [''] },
    },
  },
  {
    title: 'another method',
    make: one(undefined, (request) => ({ ...request, method: 'DELETE' })),
    answers: ['method_mismatch'],
  },
  {
    title: 'HEAD for GET',
    make: one({ method: 'HEAD' }, (request) => ({ ...request, method: 'GET' })),
    answers: ['method_mismatch'],
  },
  { title: 'another type', make: line('Content-Type', 'text/plain'), answers: ['content_type_mismatch'] },
  { title: 'no type', make: line('Content-Type'), answers: ['content_type_mismatch'] },
  { title: 'two types', make: line('Content-Type', 'application/json', 'application/json'), answers: ['content_type_repeated'] },
  {
    title: 'the type twice in one line',
    make: line('Content-Type', 'application/json, application/json'),
    answers: ['content_type_mismatch'],
    except: { fetch: { answers: ['content_type_repeated'], why: 'two lines look the same' } },
  },
  {
    title: 'a digest of other content',
    make: line('Content-Digest', formatContentDigest(new Uint8Array(32))),
    answers: ['content_digest_mismatch'],
  },
  { title: 'a content coding', make: line('Content-Encoding', 'identity'), answers: ['content_encoding_refused'] },
  { title: 'a header that overrides the method', make: line('X-HTTP-Method-Override', 'DELETE'), answers: ['override_header'] },
  { title: 'a header that overrides the target', make: line('X-Original-URL', '/admin'), answers: ['override_header'] },
  { title: 'early data', make: line('Early-Data', '1'), answers: ['early_data_refused'] },
  { title: 'announced trailers', make: line('Trailer', 'X-More'), answers: ['trailer_refused'] },
  {
    title: 'trailers that nobody announced',
    make: one(ORDER, withTrailer),
    answers: ['trailer_refused'],
    except: { fetch: { answers: [200], why: 'a Request does not show trailers, and no handler is shown them either' } },
  },
  {
    title: 'two tokens',
    make: (harness) => [withLine(harness.mint(), 'X-AEGIS-Token', 'a', 'b')],
    answers: ['evidence_repeated'],
  },
  {
    title: 'two passports',
    make: (harness) => [withLine(harness.mint(), 'X-AEGIS-Passport', 'a', 'a')],
    answers: ['evidence_repeated'],
  },
  { title: 'evidence in query, cookie and form', make: (harness) => [inOtherPlaces(harness)], answers: ['token_missing'] },
  {
    title: 'a method in lower case',
    make: one({ method: 'DELETE' }, (request) => ({ ...request, method: 'delete' })),
    answers: [400],
  },
  { title: 'TRACE', make: one(undefined, (request) => ({ ...request, method: 'TRACE' })), answers: ['method_invalid'] },

  // Host.
  { title: 'another host', make: line('Host', 'evil.example'), answers: ['authority_unknown'] },
  {
    title: 'two hosts',
    make: line('Host', 'api.example.com', 'evil.example'),
    answers: ['request_malformed'],
    except: { fetch: { answers: ['request_malformed'], why: 'shown as one value with a comma' } },
  },
  { title: 'no host', make: line('Host'), answers: [400] },
  {
    title: 'user information in Host',
    make: line('Host', 'evil.example:x@api.example.com'),
    answers: ['request_malformed'],
    except: server400('Hono', 'fetch'),
  },
  {
    title: 'a question mark in Host',
    make: line('Host', 'api.example.com?x='),
    answers: ['request_malformed'],
    except: server400('Hono', 'fetch'),
  },
  {
    title: 'a fragment in Host',
    make: line('Host', 'api.example.com#'),
    answers: ['request_malformed'],
    except: server400('Hono', 'fetch'),
  },
  {
    title: 'a path in Host',
    make: line('Host', 'api.example.com/api'),
    answers: ['request_malformed'],
    except: server400('Hono', 'fetch'),
  },
  { title: 'a dot after Host', make: line('Host', 'api.example.com.'), answers: ['authority_unknown'] },
  { title: 'a port in Host', make: line('Host', 'api.example.com:8443'), answers: ['authority_unknown'] },
  { title: 'Host in upper case', make: line('Host', 'API.example.com'), answers: [200] },

  // Raw targets (the table of what frameworks show of them).
  { title: 'a leading //', make: instead('/api/orders/7', '//evil.example/api/orders/7'), answers: ['target_invalid'] },
  {
    title: 'absolute form of another host',
    make: instead('/api/orders/7', 'http://evil.example/api/orders/7'),
    answers: ['target_invalid'],
    except: { fetch: { answers: ['request_malformed'], why: 'the URL has another host than Host' } },
  },
  {
    title: 'absolute form of the very same URL',
    make: instead('/api/orders/7', 'https://api.example.com/api/orders/7'),
    answers: ['target_invalid'],
    except: { fetch: { answers: [200], why: 'shown like the origin form; host and path are the decided ones' } },
  },
  {
    title: 'dot segments that lead to the decided path',
    make: instead('/api/orders/7', '/api/x/../orders/7'),
    answers: ['target_invalid'],
    except: {
      fetch: { answers: [200], why: 'the runtime removes them before anybody routes; check and handler see the decided path' },
    },
  },
  {
    title: 'dot segments that lead elsewhere',
    make: instead('/api/orders/7', '/api/orders/7/../8'),
    answers: ['target_invalid'],
    except: { fetch: { answers: ['uri_mismatch'], why: 'the runtime removes them; the path that is left was not decided' } },
  },
  {
    title: 'escaped dot segments',
    make: instead('/api/orders/7', '/api/x/%2e%2e/orders/7'),
    answers: ['target_invalid'],
    except: { fetch: { answers: [200], why: 'as dot segments' } },
  },
  { title: 'a dot segment with a parameter', make: instead('/api/orders/7', '/api/x/..;/orders/7'), answers: ['target_invalid'] },
  { title: 'an escape of a letter', make: instead('/api/orders/a', '/api/orders/%61'), answers: ['target_invalid'] },
  { title: 'an escaped slash', make: instead('/api/orders/7', '/api%2Forders/7'), answers: ['uri_mismatch'] },
  { title: 'an escape in lower case', make: instead('/api/orders/%2F', '/api/orders/%2f'), answers: ['target_invalid'] },
  { title: 'an escaped NUL', make: instead('/api/orders/7', '/api/orders/7%00'), answers: ['target_invalid'] },
  {
    title: 'an escape that is none',
    make: instead('/api/orders/7', '/api/orders/%E0%A4%A'),
    answers: ['target_invalid'],
    except: { Fastify: { answers: [400], why: 'its router refuses what it cannot decode, in front of every hook and handler' } },
  },
  { title: 'other case', make: instead('/api/orders/7', '/API/orders/7'), answers: ['uri_mismatch'] },
  { title: 'a slash at the end', make: instead('/api/orders/7', '/api/orders/7/'), answers: ['uri_mismatch'] },
  {
    title: 'a backslash',
    make: instead('/api/orders/7', '/api\\orders/7'),
    answers: ['target_invalid'],
    except: server400('Hono', 'fetch'),
  },
  { title: 'a fragment', make: instead('/api/orders/7', '/api/orders/7#frag'), answers: ['target_invalid'] },
  { title: 'an empty query', make: instead('/api/orders/7', '/api/orders/7?'), answers: ['uri_mismatch'] },
  { title: 'a query in other order', make: instead('/api/orders/7?a=1&b=2', '/api/orders/7?b=2&a=1'), answers: ['uri_mismatch'] },
  { title: 'a parameter twice', make: instead('/api/orders/7?id=1', '/api/orders/7?id=1&id=2'), answers: ['uri_mismatch'] },
  {
    title: 'plus for an escaped space',
    make: instead('/api/orders/7?q=a%20b', '/api/orders/7?q=a+b'),
    answers: ['uri_mismatch'],
  },
  {
    title: 'the asterisk form',
    make: one({ method: 'OPTIONS' }, (request) => ({ ...request, target: '*' })),
    answers: ['target_invalid'],
    except: server400('Hono', 'fetch'),
  },
  {
    title: 'a target of 1,025 characters',
    make: one(undefined, (request) => ({ ...request, target: `/${'a'.repeat(1024)}` })),
    answers: ['target_invalid'],
  },
]

/** The server under these answers first. */
function server400(...names: readonly AdapterName[]): NonNullable<AdapterCase['except']> {
  return Object.fromEntries(names.map((name) => [name, { answers: [400], why: '@hono/node-server answers itself' }]))
}

/** The token where other middleware takes one. */
function asAuthorization(request: RawRequest, scheme: string): RawRequest {
  const token = request.lines.find(([name]) => name === 'X-AEGIS-Token')?.[1] ?? ''
  return withLine(withLine(request, 'X-AEGIS-Token'), 'Authorization', `${scheme} ${token}`)
}

/** All evidence where it may not be. */
function inOtherPlaces(harness: MockHarness): RawRequest {
  const { lines } = harness.mint()
  const pairs = lines.filter(([name]) => name !== 'Host').map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const content = utf8(pairs.join('&'))
  return {
    method: 'POST',
    target: `/orders/7?${pairs[0]?.slice(0, 900)}`,
    lines: [
      ['Host', 'api.example.com'],
      ['Cookie', pairs.slice(0, 1).join('; ')],
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Content-Length', String(content.length)],
    ],
    body: content,
  }
}
