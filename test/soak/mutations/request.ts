/** Changes the request that evidence was made for (spec chapter 7). @module */
import { lineOf, withLine, type RawRequest } from '@aiegis/testing'
import { setLine, type Mutant, type Mutate } from '../mutant.ts'
import type { Random } from '../random.ts'

type Change = (request: RawRequest, random: Random) => { readonly request: RawRequest; readonly expected: Mutant['expected'] }

const refused = (request: RawRequest): ReturnType<Change> => ({ request, expected: 'refused' })

const CHANGES: Readonly<Record<string, Change>> = {
  method: (request, random) =>
    refused({
      ...request,
      method: random.pick([
        'GET',
        'POST',
        'HEAD',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'TRACE',
        'CONNECT',
        'get',
        'GETX',
        '',
        'A'.repeat(21),
      ]),
    }),
  target: (request, random) => refused({ ...request, target: random.pick(TARGETS)(request.target) }),
  'character of the target': (request, random) => {
    const at = random.below(request.target.length)
    const put = random.pick(['', '/', '%', '%2F', '%00', '?', '#', ';', 'A', '.', '\\', '\0', 'é', ' '])
    return refused({ ...request, target: request.target.slice(0, at) + put + request.target.slice(at + random.below(2)) })
  },
  host: (request, random) => refused(setLine(request, 'Host', random.pick(HOSTS))),
  'case of the host': (request) => ({ request: setLine(request, 'Host', 'API.Example.COM'), expected: 'served' }),
  'content type': (request, random) => {
    const type = lineOf(request, 'Content-Type') ?? ''
    const value = random.pick([`${type};`, `${type} `, type.toUpperCase(), 'text/html', `${type}; charset=utf-8`, '', '\0'])
    // An empty value is what an absent one counts as.
    return { request: withLine(request, 'Content-Type', value), expected: value === type ? 'served' : 'refused' }
  },
  content: (request, random) => {
    const at = random.below(request.body.length + 1)
    const cut = random.below(2)
    const put = Buffer.from(random.pick(['', ' ', '\0', '0', '\u00ff', '}', '\r\n']))
    return refused(withBody(request, Buffer.concat([request.body.subarray(0, at), put, request.body.subarray(at + cut)])))
  },
  'other content': (request, random) =>
    refused(withBody(request, Buffer.from(random.pick(['', '{}', '{"item":8}', 'null', '{"item":7,"quantity":1}', ...LARGE])))),
  'content cut off': (request) =>
    request.body.length === 0 ? { request, expected: 'unchanged' } : refused({ ...request, sending: 'cut' }),
  'evidence elsewhere': (request, random) => {
    const token = lineOf(request, 'X-AEGIS-Token') ?? ''
    const bare = withLine(request, 'X-AEGIS-Token')
    return refused(
      random.oneIn(2)
        ? withLine(bare, 'Cookie', `X-AEGIS-Token=${token}`)
        : { ...bare, target: `${request.target}${request.target.includes('?') ? '&' : '?'}X-AEGIS-Token=${token}` },
    )
  },
}
const NAMES = Object.keys(CHANGES)
/** Up to the limit of a receiver and beyond it. */
const LARGE = [100_000, 1_048_576, 1_048_577].map((size) => 'x'.repeat(size))

const TARGETS: readonly ((target: string) => string)[] = [
  (target) => `${target}/`,
  (target) => `${target}?`,
  (target) => `${target}?x=1`,
  (target) => `${target}&x=1`,
  (target) => `${target}#x`,
  (target) => `${target}%20`,
  (target) => `${target};x`,
  (target) => `/${target}`,
  (target) => `/.${target}`,
  (target) => `/x/..${target}`,
  (target) => `/x/%2E%2E${target}`,
  (target) => `/%2e${target}`,
  (target) => `https://api.example.com${target}`,
  (target) => target.toUpperCase(),
  (target) => target.replaceAll('/', '\\'),
  (target) => target.replace('orders', '%6Frders'),
  (target) => target.replace('orders', 'order%73'),
  (target) => target.replace('%C3%A9', '%c3%a9'),
  (target) => target.replace('%C3%A9', 'é'),
  (target) => target.replace('limit=5&sort=asc', 'sort=asc&limit=5'),
  (target) => target.replace('limit=5', 'limit=5&limit=6'),
  (target) => target.replace('7', '8'),
  (target) => target.replace(/\?.*/, ''),
  (target) => target.slice(0, -1),
  () => '/',
  () => '*',
  () => '',
  () => '/admin',
]
const HOSTS = [
  'other.example',
  'api.example.com:443',
  'api.example.com:80',
  'api.example.com.',
  'api.example.com.other.example',
  'api.example.co',
  'apiexample.com',
  'user@api.example.com',
  '127.0.0.1',
  '[::1]',
  'api.example.com, api.example.com',
  'аpi.example.com',
  'api.example.com\0',
  '',
]

/** One change to the request line, the host or the content. */
export const changeRequest: Mutate = (world, random) => {
  const base = world.base(random)
  const name = random.pick(NAMES)
  const changed = CHANGES[name]?.(base.request, random) ?? { request: base.request, expected: 'unchanged' }
  return { name: `request: ${name}`, base, ...changed }
}

function withBody(request: RawRequest, body: Uint8Array): RawRequest {
  const hasLength = lineOf(request, 'Content-Length') !== undefined
  const length = String(body.length)
  const line = ['Content-Length', length] as const
  if (hasLength) return { ...setLine(request, 'Content-Length', length), body }
  return body.length === 0 ? { ...request, body } : { ...request, body, lines: [...request.lines, line] }
}
