/** What the doctor finds behind real proxies, beside real clocks and in stores that are wrong (spec chapters 7 and 12). @module */
import { spawnSync } from 'node:child_process'
import { createServer, request as ask, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect, createServer as createTcp, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createMockHarness, listen } from '@aiegis/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folder, run } from './cli.ts'

const trust = JSON.stringify(
  createMockHarness({ logSize: 1 }).trust({ bases: [{ public: 'https://api.example.com', mount: '/', authority: 'match' }] }),
)

async function doctor(args: readonly string[], files: Readonly<Record<string, string>> = {}, now?: () => number) {
  const { code, text } = await run(folder({ 'aiegis-trust.json': trust, ...files }), ['doctor', ...args], now)
  const found = text.split('\n').map((line) => line.match(/^(ok|wrong|unreached|skipped) +(.*?) {2,}(.*)$/)?.slice(1) ?? [line])
  return { code, text, wrong: found.filter(([verdict]) => verdict === 'wrong').map(([, what]) => what) }
}

async function started(server: Server): Promise<number> {
  onTestFinished(() => void server.close())
  return listen(server)
}

/** A port that nobody listens on, as the place of a receiver. */
async function freePort(): Promise<number> {
  const server = createTcp()
  const port = await listen(server)
  await new Promise((closed) => server.close(closed))
  return port
}

describe('a proxy', () => {
  test('that passes bytes is well', async () => {
    const port = await freePort()
    const through = await started(
      createTcp(
        (socket) =>
          void socket
            .on('error', () => {})
            .pipe(connect(port, '127.0.0.1'))
            .on('error', () => {})
            .pipe(socket),
      ),
    )
    const { wrong, text } = await doctor(['--through', `http://127.0.0.1:${through}`, '--port', String(port)])
    expect([wrong, text]).toEqual([[], expect.any(String)])
    expect(text).toMatch(/ok +proxy: target +arrives as it was sent/)
    expect(text).toMatch(/ok +proxy: Host +arrives as api\.example\.com/)
  })

  test.each<readonly [string, (out: RequestOptions, request: IncomingMessage) => void, readonly string[]]>([
    ['changes Host', (out) => void Object.assign(out.headers ?? {}, { host: 'backend:3000' }), ['proxy: Host']],
    [
      'decodes targets',
      (out, { url = '' }) =>
        void (out.path = decodeURI(url)
          .replaceAll(' ', '%20')
          .replace(/[^\x21-\x7e]/g, '%3F')),
      ['proxy: target'],
    ],
    [
      'drops what it does not know',
      (out) => void Reflect.deleteProperty(out.headers ?? {}, 'signature-input'),
      ['proxy: evidence'],
    ],
    [
      'adds X-Original-URL',
      (out, { url }) => void Object.assign(out.headers ?? {}, { 'x-original-url': url }),
      ['proxy: added fields'],
    ],
    [
      'writes another content type',
      (out) => void Object.assign(out.headers ?? {}, { 'content-type': 'application/json' }),
      ['proxy: content'],
    ],
    ['makes every request a GET', (out) => void (out.method = 'GET'), ['proxy: content']],
  ])('that %s is found', async (_name, change, expected) => {
    const port = await freePort()
    const through = await started(
      createServer({ maxHeaderSize: 32_768 }, (incoming, outgoing) => {
        const out: RequestOptions = {
          port,
          host: '127.0.0.1',
          method: incoming.method,
          path: incoming.url,
          headers: { ...incoming.headers },
        }
        change(out, incoming)
        incoming.pipe(ask(out, (answer) => void answer.pipe(outgoing)).on('error', () => outgoing.destroy()))
      }),
    )
    const { code, wrong, text } = await doctor(['--through', `http://127.0.0.1:${through}`, '--port', String(port)])
    expect([code, [...new Set(wrong)], text]).toEqual([1, expected, expect.any(String)])
  })

  test('with small headers is found, and says what to write', async () => {
    const port = await freePort()
    const through = await started(
      createServer({ maxHeaderSize: 8192 }, (incoming, outgoing) => {
        incoming.pipe(
          ask(
            { port, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers: incoming.headers },
            (answer) => void answer.pipe(outgoing),
          ),
        )
      }),
    )
    const { code, wrong, text } = await doctor(['--through', `http://127.0.0.1:${through}`, '--port', String(port)])
    expect([code, wrong]).toEqual([1, ['proxy: header size']])
    expect(text).toContain('431')
  })

  test('that is not there, or whose way out is taken, is not reached', async () => {
    const taken = await started(createTcp())
    const nobody = await freePort()
    const out = await freePort()
    expect((await doctor(['--through', `http://127.0.0.1:${nobody}`, '--port', String(taken)])).text).toMatch(
      /unreached +proxy: proxy|unreached +proxy /,
    )
    expect((await doctor(['--through', `http://127.0.0.1:${nobody}`, '--port', String(out)])).text).toMatch(
      /unreached +proxy: target/,
    )
  })
})

describe('a clock', () => {
  /** Found against a server whose clock is that of this machine. */
  async function off(seconds: number) {
    const port = await started(createServer((_request, response) => void response.end()))
    return doctor(['--url', `http://127.0.0.1:${port}`], {}, () => Date.now() + seconds * 1000)
  }

  test.each([[0], [3], [-3]])('that is %i seconds off agrees, as far as the skew goes', async (seconds) => {
    expect((await off(seconds)).wrong).toEqual([])
  })

  test.each([
    [60, 'token_expired'],
    [-60, 'token_not_yet_valid'],
  ])('that is %i seconds off is wrong, with the code that it leads to', async (seconds, code) => {
    const { wrong, text } = await off(seconds)
    expect([wrong, text]).toEqual([['clock'], expect.stringContaining(code)])
  })
})

describe('a store of used tokens', () => {
  const WRONG = `const used = new Set()
export const replay = { scope: 'process', async claim(key) {
  const seen = used.has(key)
  await new Promise((done) => setTimeout(done, 5))
  used.add(key)
  return seen ? 'seen' : 'fresh'
} }`
  const RIGHT = WRONG.replace('await new', 'used.add(key); await new')

  test.each([
    ['looks up and records in two steps', WRONG, ['replay store'], 'a token could be used 50 times'],
    [
      'is of one process and says that it is shared',
      RIGHT.replace("'process'", "'shared'"),
      ['replay store'],
      'to another process a used key is fresh',
    ],
    ['answers something else', RIGHT.replace("'fresh'", "'ok'"), ['replay store', 'replay store'], 'answers'],
  ])('that %s is wrong', async (_name, module, expected, sentence) => {
    const { code, wrong, text } = await doctor(['--replay', 'store.mjs'], { 'store.mjs': module })
    expect([code, wrong, text]).toEqual([1, expected, expect.stringContaining(sentence)])
  })

  test.each([
    ['one', RIGHT],
    [
      'a function that makes one',
      RIGHT.replace('export const replay = {', 'const made = {') + '\nexport const replay = async () => made',
    ],
  ])('that is right and given as %s is well', async (_name, module) => {
    expect((await doctor(['--replay', 'store.mjs'], { 'store.mjs': module })).wrong).toEqual([])
  })

  test('that several processes share is well', async () => {
    // A file for each key: created once, by whoever comes first.
    const module = `import { writeFileSync } from 'node:fs'
export const replay = { scope: 'shared', claim(key) {
  try { writeFileSync(new URL(key, import.meta.url), '', { flag: 'wx' }); return 'fresh' } catch { return 'seen' }
} }`
    const { wrong, text } = await doctor(['--replay', 'store.mjs'], { 'store.mjs': module })
    expect(wrong).toEqual([])
    expect(text).toContain('another process sees what was used here')
  })

  test('that fails is not reached; a module without one is a wrong call', async () => {
    const failing = "export const replay = { scope: 'shared', claim() { throw new Error('it is down') } }"
    expect((await doctor(['--replay', 'store.mjs'], { 'store.mjs': failing })).text).toContain('it failed: it is down')
    expect((await doctor(['--replay', 'store.mjs'], { 'store.mjs': 'export {}' })).code).toBe(2)
    expect((await doctor(['--replay', 'none.mjs'])).code).toBe(2)
  })

  test('that holds a connection open does not hold the program', () => {
    const directory = folder({
      'aiegis-trust.json': trust,
      'store.mjs': RIGHT + "\nsetInterval(() => {}, 1000)\nprocess.on('exit', () => console.log('ended'))",
    })
    const main = fileURLToPath(new URL('../../../bin/aiegis-verifier.js', import.meta.url))
    const { status, stdout } = spawnSync(process.execPath, [main, 'doctor', '--replay', 'store.mjs'], {
      cwd: directory,
      env: { PATH: process.env['PATH'] },
      encoding: 'utf8',
      timeout: 30_000,
    })
    expect([status, stdout]).toEqual([3, expect.stringContaining('is of this process')])
  })
})
