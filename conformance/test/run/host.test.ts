/** The suite host behaves as scripts say, notes who asked, and hears every knock at a door where nobody may be. @module */
import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { BehaviourError, parseBehaviour } from '../../src/host/behaviour.ts'
import { startHost, type Host } from '../../src/host/host.ts'
import { freePort, freePorts } from '../../src/run/child.ts'
import { listening } from './program.ts'

const RESOURCES = new Map([
  ['/did.json', { type: 'application/did+json', bytes: Buffer.from('{"id":"did:web:localhost"}') }],
  ['/old.json', { type: 'application/json', bytes: Buffer.from('{}') }],
])

let host: Host | undefined

afterEach(async () => {
  await host?.close()
  host = undefined
})

async function start(port = 0): Promise<Host> {
  host = await startHost({ port, resources: (path) => RESOURCES.get(path) })
  return host
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly content: Buffer
  readonly end: string
}

function get(origin: string, path: string, milliseconds = 5000): Promise<Answer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let status = 0
    let headers = {}
    const done = (end: string): void => resolve({ status, headers, content: Buffer.concat(parts), end })
    const asked = request(`${origin}${path}`, (response) => {
      status = response.statusCode ?? 0
      headers = response.headers
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => done('end'))
      response.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'))
    })
    asked.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'))
    setTimeout(() => {
      done('nothing')
      asked.destroy()
    }, milliseconds).unref()
    asked.end()
  })
}

test('without a script a resource is what it is, and all else is 404', async () => {
  const { origin, hits } = await start()
  expect(await get(origin, '/did.json')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'application/did+json' },
    content: RESOURCES.get('/did.json')?.bytes,
  })
  expect(await get(origin, '/nothing?x=1')).toMatchObject({ status: 404 })
  expect(hits.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /did.json', 'GET /nothing?x=1'])
})

test.each<[string, readonly unknown[], Partial<Answer>]>([
  ['status', [{ status: 503 }], { status: 503 }],
  [
    'header',
    [{ header: ['content-type', 'text/html'] }],
    { status: 200, headers: expect.objectContaining({ 'content-type': 'text/html' }) as Answer['headers'] },
  ],
  [
    'redirect',
    [{ redirect: 'http://localhost:1/' }],
    { status: 302, headers: expect.objectContaining({ location: 'http://localhost:1/' }) as Answer['headers'] },
  ],
  ['body', [{ body: 'hello' }], { status: 200, content: Buffer.from('hello') }],
  ['size', [{ size: 70_000 }], { status: 200, content: Buffer.alloc(70_000, ' ') }],
  ['resource', [{ resource: '/old.json' }], { status: 200, content: Buffer.from('{}') }],
  ['resource that is not there', [{ resource: '/none' }], { status: 404 }],
  ['truncate', [{ truncate: 5 }], { status: 200, content: Buffer.from('{"id"'), end: 'ECONNRESET' }],
  ['reset', [{ reset: 0 }], { content: Buffer.alloc(0), end: 'ECONNRESET' }],
  ['trickle', [{ trickle: [7, 1] }], { status: 200, content: Buffer.from('{"id":"did:web:localhost"}') }],
  ['delay', [{ delay: 1 }], { status: 200 }],
  ['hang', [{ hang: true }], { status: 0, end: 'nothing' }],
  ['until, before', [{ until: [600, [{ status: 500 }], []] }], { status: 500 }],
  ['until, after', [{ until: [0, [{ status: 500 }], []] }], { status: 200 }],
])('does %s', async (_, script, expected) => {
  const { origin, script: give } = await start()
  give('a-case', { '/did.json': script })
  expect(await get(origin, '/did.json', 400)).toMatchObject(expected)
})

test('inflates a bomb of the size that was asked for', async () => {
  const { origin, script } = await start()
  script('a-case', { '/bomb': [{ gzipbomb: 1_000_000 }] })
  const { headers, content } = await get(origin, '/bomb')
  expect(headers['content-encoding']).toBe('gzip')
  expect(content.length).toBeLessThan(5000)
  expect(gunzipSync(content).length).toBe(1_000_000)
})

test('takes what there is in a content coding', async () => {
  const { origin, script } = await start()
  script('a-case', { '/did.json': [{ gzip: true }] })
  const { status, headers, content } = await get(origin, '/did.json')
  expect([status, headers['content-encoding']]).toEqual([200, 'gzip'])
  expect(gunzipSync(content)).toEqual(RESOURCES.get('/did.json')?.bytes)
})

test('goes through a sequence and stays at its end; a new script begins anew, an empty one ends it', async () => {
  const { origin, script } = await start()
  const sequence = { '/t/{case}/did.json': [{ resource: '/did.json' }, { sequence: [[{ status: 500 }], [{ status: 404 }], []] }] }
  script('a-case', sequence)
  const statuses = async (): Promise<readonly number[]> => [
    (await get(origin, '/t/a-case/did.json')).status,
    (await get(origin, '/t/a-case/did.json')).status,
    (await get(origin, '/t/a-case/did.json')).status,
    (await get(origin, '/t/a-case/did.json')).status,
  ]
  expect(await statuses()).toEqual([500, 404, 200, 200])
  script('a-case', sequence)
  expect(await statuses()).toEqual([500, 404, 200, 200])
  script('a-case', { '/t/{case}/did.json': [] })
  expect((await get(origin, '/t/a-case/did.json')).status).toBe(404)
})

test('a knock at a trap is told once', async () => {
  const port = await freePort()
  const { takeTrespasses } = await start(port)
  expect(takeTrespasses()).toEqual([])
  await new Promise((resolve) =>
    connect({ host: '127.0.0.1', port: port + 1 })
      .once('close', resolve)
      .resume(),
  )
  expect(takeTrespasses()).toEqual([`somebody connected to port ${port + 1}, where nobody may be asked`])
  expect(takeTrespasses()).toEqual([])
})

test('a port that is in use is an error, not another port', async () => {
  const port = await freePort()
  await start(port)
  await expect(startHost({ port, resources: () => undefined })).rejects.toThrow('EADDRINUSE')
})

test('a trap whose port is in use leaves nothing open behind it', async () => {
  const port = await freePorts(4)
  const other = await listening(undefined, port + 3)
  await expect(startHost({ port, resources: () => undefined })).rejects.toThrow('EADDRINUSE')
  await other.close()
  // Were one of the others still open, this would be refused.
  await start(port)
})

test.each<[string, unknown]>([
  ['no list', {}],
  ['no such instruction', [{ explode: 1 }]],
  ['a member of Object', [{ constructor: 1 }]],
  ['two instructions in one', [{ status: 200, delay: 1 }]],
  ['a status that is none', [{ status: 99 }]],
  ['a pause without end', [{ delay: 1e9 }]],
  ['a header without value', [{ header: ['a'] }]],
  ['a hang that is not true', [{ hang: false }]],
  ['a sequence of no lists', [{ sequence: [{ status: 200 }] }]],
])('a script with %s is refused', (_, script) => {
  expect(() => parseBehaviour(script, 'here')).toThrow(BehaviourError)
})
