/** Sends requests through the proxy in front of a receiver and compares what arrives with what was sent (spec chapter 7). @module */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { OVERRIDES } from '../../steps/extract.ts'
import type { TrustConfig } from '../../trust.ts'
import type { Finding } from './doctor.ts'

/** Where requests go in, and the local port at which they come out. */
export interface Proxy {
  readonly url: URL
  readonly port: number
}

/** A request as sent and as it has to arrive. */
interface Probe {
  readonly what: string
  readonly method?: string
  readonly target: string
  readonly lines?: readonly (readonly [name: string, value: string])[]
  readonly content?: Buffer
  /** What breaks when it does not arrive so. */
  readonly otherwise: string
}

interface Arrived {
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly content: Buffer
}

const MARK = 'x-aiegis-doctor'
const TIMEOUT_MS = 5000

const TARGETS = [
  '/orders/7?dry=1&empty=',
  '/orders/a%2Fb?x=%2F%20',
  '/orders/%E2%82%AC',
  '/orders;v=1/?',
  '/orders/(x)/!$&*+,=:@~',
]
/** Fields by which a receiver refuses: none may be added on the way. */
const REFUSED = [...OVERRIDES, 'content-encoding', 'trailer', 'early-data']
/** As long as a line may be with its name, and all evidence together (12 KiB). */
const LARGEST: Probe['lines'] = [
  ['X-AEGIS-Token', 'a'.repeat(3900)],
  ['X-AEGIS-Passport', 'a'.repeat(7980)],
]

const PROBES: readonly Probe[] = [
  ...TARGETS.map((target) => ({
    what: 'target',
    target,
    otherwise: 'agents get uri_mismatch: let the proxy pass the target as it came (nginx: proxy_pass without a path)',
  })),
  {
    what: 'header size',
    target: '/',
    lines: LARGEST,
    otherwise:
      'large evidence is lost: allow lines of 8,000 bytes and 16 KiB of header (nginx: large_client_header_buffers 4 16k)',
  },
  {
    what: 'evidence',
    target: '/',
    lines: [
      ['X-AEGIS-Token', 'a.b.c'],
      ['X-AEGIS-Passport', 'sha-256=a'],
      ['X-AEGIS-Proof', 'cA'],
      ['Signature-Input', 'a=("@method");tag="aegis-pop"'],
      ['Signature', 'a=:YQ==:'],
    ],
    otherwise: 'evidence is lost or changed: let these five fields pass as they are',
  },
  {
    what: 'content',
    method: 'POST',
    target: '/',
    lines: [['Content-Type', 'application/json; charset=UTF-8']],
    content: Buffer.from('{"a":"\u20AC"}\r\n\0'.repeat(4096)),
    otherwise: 'agents get content_mismatch or content_type_mismatch: the proxy must not change content or its type',
  },
]

/** One finding for each kind of probe. */
export async function checkProxy(trust: TrustConfig, proxy: Proxy): Promise<readonly Finding[]> {
  const arrived = new Map<string, Arrived>()
  const server = createServer((request, response) => {
    void keep(request, arrived).then(() => response.end('seen by the doctor'))
  })
  const failed = await listen(server, proxy.port)
  if (failed !== undefined)
    return [
      {
        verdict: 'unreached',
        what: 'proxy',
        sentence: `port ${proxy.port} cannot be listened on (${failed}): stop the receiver for the while`,
      },
    ]
  try {
    const host = trust.bases[0]?.host ?? proxy.url.host
    const findings: Finding[] = []
    for (const probe of PROBES) findings.push(...(await tryProbe(probe, host, trust, proxy, arrived)))
    return summary(findings)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function tryProbe(
  probe: Probe,
  host: string,
  trust: TrustConfig,
  proxy: Proxy,
  arrived: Map<string, Arrived>,
): Promise<readonly Finding[]> {
  const id = randomUUID()
  const answer = await send(proxy.url, host, probe, id)
  const seen = arrived.get(id)
  if (seen === undefined) {
    const came = answer === '' ? 'nothing' : JSON.stringify(answer.split('\r\n')[0])
    const isDown = answer === '' && probe === PROBES[0]
    return [
      {
        verdict: isDown ? 'unreached' : 'wrong',
        what: probe.what,
        sentence: `${probe.target}: it did not arrive at port ${proxy.port}, the proxy answered ${came}; ${probe.otherwise}`,
      },
    ]
  }
  return [compare(probe, seen), hostOf(host, seen, trust), refusedIn(seen)]
}

function compare(
  { what, method = 'GET', target, lines = [], content = Buffer.alloc(0), otherwise }: Probe,
  seen: Arrived,
): Finding {
  const lost = lines.find(([name, value]) => valuesOf(seen, name).join() !== value)
  if (seen.method !== method) return { verdict: 'wrong', what, sentence: `${method} arrives as ${seen.method}; ${otherwise}` }
  if (seen.target !== target) return { verdict: 'wrong', what, sentence: `${target} arrives as ${seen.target}; ${otherwise}` }
  if (lost !== undefined)
    return {
      verdict: 'wrong',
      what,
      sentence: `${lost[0]} of ${lost[1].length} bytes arrives ${valuesOf(seen, lost[0]).length === 0 ? 'not at all' : 'changed'}; ${otherwise}`,
    }
  if (digest(seen.content) !== digest(content))
    return {
      verdict: 'wrong',
      what,
      sentence: `${content.length} bytes of content arrive as ${seen.content.length} others; ${otherwise}`,
    }
  return { verdict: 'ok', what, sentence: 'arrives as it was sent' }
}

function hostOf(host: string, seen: Arrived, trust: TrustConfig): Finding {
  const what = 'Host'
  const [came = 'nothing', ...more] = valuesOf(seen, 'host')
  if (more.length > 0) return { verdict: 'wrong', what, sentence: 'arrives twice: receivers answer request_malformed' }
  const isAnswered = trust.bases.some((base) => base.authority === 'fixed' || base.host === came.toLowerCase())
  if (isAnswered) return { verdict: 'ok', what, sentence: `arrives as ${came}` }
  return {
    verdict: 'wrong',
    what,
    sentence: `${host} arrives as ${came}: receivers answer authority_unknown; pass Host unchanged (nginx: proxy_set_header Host $http_host), or write "authority": "fixed"`,
  }
}

function refusedIn(seen: Arrived): Finding {
  const what = 'added fields'
  const found = REFUSED.filter((name) => valuesOf(seen, name).length > 0)
  if (found.length === 0) return { verdict: 'ok', what, sentence: 'none by which a receiver refuses' }
  return { verdict: 'wrong', what, sentence: `${found.join(', ')}: every request is refused; do not let the proxy add it` }
}

/** What is well once is said once; everything that is wrong is said. */
function summary(findings: readonly Finding[]): readonly Finding[] {
  const kinds = [...new Set(findings.map(({ what }) => what))]
  return kinds.flatMap((kind) => {
    const all = findings.filter(({ what }) => what === kind)
    const bad = all.filter(({ verdict }) => verdict !== 'ok')
    const said =
      bad.length === 0
        ? all.slice(0, 1)
        : bad.filter(({ sentence }, at) => bad.findIndex((other) => other.sentence === sentence) === at)
    return said.map((finding) => ({ ...finding, what: `proxy: ${finding.what}` }))
  })
}

function send(url: URL, host: string, { method = 'GET', target, lines = [], content }: Probe, id: string): Promise<string> {
  const length = content === undefined ? [] : [`Content-Length: ${content.length}`]
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    `${MARK}: ${id}`,
    ...lines.map((line) => line.join(': ')),
    ...length,
    'Connection: close',
  ]
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const done = (): void => resolve(Buffer.concat(parts).toString('latin1'))
    const socket = open(url, host)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket
      .on('data', (part) => parts.push(part))
      .on('error', done)
      .on('close', done)
    socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
    if (content !== undefined) socket.write(content)
  })
}

/** The certificate is not judged: it is the way that is looked at, and nothing secret goes along it. */
function open({ protocol, hostname, port }: URL, host: string): Socket {
  const name = hostname.replaceAll(/^\[|\]$/g, '')
  if (protocol === 'http:') return connectTcp(Number(port || 80), name)
  return connectTls({ host: name, port: Number(port || 443), servername: host.split(':')[0] ?? host, rejectUnauthorized: false })
}

async function keep(request: IncomingMessage, arrived: Map<string, Arrived>): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part)
  const id = request.headers[MARK]
  if (typeof id === 'string')
    arrived.set(id, {
      method: request.method ?? '',
      target: request.url ?? '',
      headers: request.rawHeaders,
      content: Buffer.concat(parts),
    })
}

function listen(server: Server, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen(port, '127.0.0.1', () => resolve(undefined))
  })
}

function valuesOf({ headers }: Arrived, name: string): readonly string[] {
  return headers.filter((_value, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name.toLowerCase())
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
