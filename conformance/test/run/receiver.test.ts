/** Whole runs against a receiver on our Express adapter: it passes, and each way in which it then goes bad is found. @module */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createNodeVerifier } from '@aiegis/express'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createReceiver } from '../../receivers/express/receiver.ts'
import { call, listening, temporary, type Listening, type Said } from './program.ts'

/** Cases of each kind: served, refused, of several steps. */
const ONLY = ['--only', 'start']

const folder = temporary()
const server = createServer((request, response) => misbehave(request, response))
let receiver: Listening
let honest: RequestListener
let misbehave: RequestListener = (request, response) => honest(request, response)
let stop: () => void

beforeAll(async () => {
  receiver = await listening(server)
  const { code, shown } = await call('init', '--url', receiver.url, '--out', folder)
  if (code !== 0) throw new Error(shown)
  const trust: unknown = JSON.parse(readFileSync(join(folder, 'aiegis-trust.json'), 'utf8'))
  const actions = { 'POST /conformance/declared': 'conformance.run', 'POST /conformance/aimed': 'conformance.aim' }
  const verifier = createNodeVerifier({ trust, actions, log: () => undefined })
  stop = () => verifier.close()
  honest = createReceiver(verifier)
})

afterAll(async () => {
  stop()
  await receiver.close()
})

async function runWith(listener: RequestListener, ...words: readonly string[]): Promise<Said> {
  misbehave = listener
  try {
    return await call('run', '--in', folder, '--deadline', '2', ...ONLY, ...words)
  } finally {
    misbehave = honest
  }
}

/** Behaves until so many requests with a token came, then misbehaves towards everybody. */
function everywhere(count: number, then: (request: IncomingMessage, response: ServerResponse) => void): RequestListener {
  let seen = 0
  return (request, response) => {
    if (request.headers['x-aegis-token'] !== undefined) seen += 1
    if (seen > count) then(request, response)
    else honest(request, response)
  }
}

/** As `everywhere`, but the routes without a gate go on. */
function atTheGate(count: number, then: (request: IncomingMessage, response: ServerResponse) => void): RequestListener {
  const bad = everywhere(count, then)
  return (request, response) =>
    request.headers['x-aegis-token'] === undefined ? honest(request, response) : bad(request, response)
}

test('an honest receiver passes; results have their schema, and the other reports agree with them', async () => {
  const reports = temporary()
  const { code, shown, out } = await runWith(honest, '--json', '--report', reports)
  expect(shown).toMatch(/All chosen cases passed/)
  expect(code).toBe(0)
  const results: { readonly cases: readonly { readonly verdict: string }[] } = JSON.parse(out)
  const schema: object = JSON.parse(readFileSync(new URL('../../schemas/results.schema.json', import.meta.url), 'utf8'))
  const validate = new Ajv2020({ strict: true, validateFormats: false }).compile(schema)
  validate(results)
  expect(validate.errors).toBeNull()
  expect(results.cases.length).toBeGreaterThanOrEqual(10)
  expect(JSON.parse(readFileSync(join(reports, 'results.json'), 'utf8'))).toEqual(results)
  expect(readFileSync(join(reports, 'junit.xml'), 'utf8')).toMatch(`tests="${results.cases.length}" failures="0" errors="0"`)
  expect(readFileSync(join(reports, 'summary.md'), 'utf8')).toMatch(/All chosen cases passed/)
  expect(readFileSync(join(reports, 'report.html'), 'utf8')).toMatch(/<script type="application\/json" id="data">\{/)
})

test('the same seed gives the same order', async () => {
  const order = async (): Promise<readonly string[]> => {
    const targets: string[] = []
    const noting: RequestListener = (request, response) => {
      const nonce = request.headers['x-conformance-nonce']
      if (typeof nonce === 'string') targets.push(`${request.method} ${request.url}`)
      honest(request, response)
    }
    await runWith(noting, '--parallel', '1')
    return targets
  }
  expect(await order()).toEqual(await order())
})

test('a receiver that hangs at the gate for good is not waited for to the end', { timeout: 60_000 }, async () => {
  const hanging = atTheGate(40, () => undefined)
  const { code, shown } = await runWith(hanging, '--only', 'token-*', '--parallel', '16')
  expect(shown).toMatch(
    /The receiver stopped answering; at that time ran .* 32 requests in a row that have nothing wrong had no response\./,
  )
  expect(code).toBe(1)
})

test('a receiver whose handler runs before it refuses is not conformant, and the effect is what is told', async () => {
  const effects = new Map<string, number>()
  const eager: RequestListener = (request, response) => {
    const nonce = String(request.headers['x-conformance-nonce'])
    const asked = /^\/conformance\/effects\/(.+)$/.exec(request.url ?? '')?.[1]
    if (asked !== undefined) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ count: effects.get(asked) ?? 0 }))
      return
    }
    if (request.headers['x-aegis-token'] !== undefined) effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
    honest(request, response)
  }
  const { code, shown } = await runWith(eager)
  expect(code).toBe(1)
  expect(shown).toMatch(/FAIL start-token-expired: the handler ran once for the changed request and not 0 times/)
})

test('a receiver whose gate breaks in the middle is not conformant', async () => {
  const { code, shown } = await runWith(
    atTheGate(8, (request) => request.socket.destroy()),
    '--parallel',
    '1',
  )
  expect(code).toBe(1)
  expect(shown).toMatch(/INCONCLUSIVE/)
  expect(shown).not.toMatch(/stopped answering/)
})

test('a receiver that stops in the middle is not conformant, and is told to have stopped', async () => {
  const { code: ended, shown: words } = await runWith(
    everywhere(8, (request) => request.socket.destroy()),
    '--parallel',
    '1',
  )
  expect(ended).toBe(1)
  expect(words).toMatch(/The receiver stopped answering; at that time ran start-/)
  expect(words).not.toMatch(/\n\s+at /)
})

test('a receiver that hangs in the middle is not conformant, and the run ends', async () => {
  const { code, shown } = await runWith(everywhere(8, () => undefined))
  expect(code).toBe(1)
  expect(shown).toMatch(/The receiver stopped answering/)
})

test('a receiver that answers HTML in the middle is not conformant', async () => {
  const page = atTheGate(
    8,
    (_request, response) => void response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>Oops</h1>'),
  )
  const { code, shown } = await runWith(page, '--parallel', '1')
  expect(code).toBe(1)
  expect(shown).not.toMatch(/\n\s+at /)
})

test('a known failure is no surprise, a listed case that passes is one', async () => {
  const lenient: RequestListener = (request, response) => {
    const end = response.writeHead.bind(response)
    response.writeHead = (status: number, ...rest: readonly never[]) => end(status === 409 ? 401 : status, ...rest)
    honest(request, response)
  }
  const baseline = join(temporary(), 'baseline.json')
  const list = (...ids: readonly string[]): void =>
    writeFileSync(baseline, JSON.stringify({ expectedFailures: ids.map((id) => ({ id, comment: 'known' })) }))
  expect((await runWith(lenient)).code).toBe(1)
  list('start-replay')
  const known = await runWith(lenient, '--baseline', baseline, '--json')
  expect(known.shown).toContain('No level is obtained')
  expect(JSON.parse(known.out)).toMatchObject({ conformant: false })
  expect(known.shown).toMatch(/1 XFAIL/)
  expect(known.code).toBe(0)
  list('start-replay', 'start-plain')
  const surprise = await runWith(lenient, '--baseline', baseline)
  expect(surprise.shown).toMatch(/XPASS start-plain/)
  expect(surprise.code).toBe(1)
  list('no-such-case')
  expect((await runWith(lenient, '--baseline', baseline)).code).toBe(2)
})
