import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { decodeBase64url, parseStatusListClaims, statusBit, type SyncInflate } from '@aiegis/protocol'
import { createVerifier } from '@aiegis/verifier'
import { httpGet, statusHints } from '@aiegis/verifier/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseFlags } from '../src/config.ts'
import { createNotifier, type Notifier } from '../src/notify.ts'
import { startServer } from '../src/start.ts'
import { createScene } from './scene.ts'

const LIST = 'https://identity.example/status/revocation/1'

/** A place for hints, and what arrived there. */
interface Host {
  readonly url: string
  readonly hints: { readonly method: string; readonly type: string; readonly content: string }[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
}

let faults: string[]
const ends: (() => unknown)[] = []

beforeEach(() => {
  faults = []
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** With `take`, everything is left to it. */
async function startHost(take?: Host['answer']): Promise<Host> {
  const host: { url: string; hints: Host['hints']; answer: Host['answer'] } = {
    url: '',
    hints: [],
    answer: (_, response) => response.writeHead(202).end(),
  }
  const server: Server = createServer((request, response) => {
    if (take !== undefined) return take(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', headers } = request
      host.hints.push({ method, type: headers['content-type'] ?? '', content: Buffer.concat(chunks).toString() })
      host.answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/status-hints`
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return host
}

function create(...urls: string[]): Notifier {
  const onFault = (message: string, cause?: unknown): void =>
    void faults.push(`${message}: ${cause instanceof Error ? cause.message : String(cause)}`)
  const notifier = createNotifier({ urls, list: LIST, onFault, timeoutMs: 300, pauseMs: 5 })
  ends.push(() => notifier.close())
  return notifier
}

describe('AHP-STATUS-17 a hint', () => {
  test('names the list and says nothing else', async () => {
    const host = await startHost()
    create(host.url).notify()
    await expect.poll(() => host.hints).toEqual([{ method: 'POST', type: 'application/json', content: `{"list":"${LIST}"}` }])
  })

  test('goes once to each URL, also to one that was named twice', async () => {
    const [one, other] = [await startHost(), await startHost()]
    create(one.url, other.url, one.url).notify()
    await expect.poll(() => [one.hints.length, other.hints.length]).toEqual([1, 1])
  })
})

describe('a URL that does not take the hint', () => {
  const failures: readonly (readonly [string, Host['answer'], string])[] = [
    ['500', (_, response) => response.writeHead(500).end('x'.repeat(100_000)), 'status 500'],
    ['404', (_, response) => response.writeHead(404).end(), 'status 404'],
    ['a redirect', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(), 'status 307'],
    ['silence', () => {}, 'The operation was aborted due to timeout'],
    ['a closed connection', (request) => request.socket.destroy(), 'fetch failed'],
  ]
  test.each(failures)('because it answers %s is asked three times and told', async (_, answer, cause) => {
    const host = await startHost()
    host.answer = answer
    create(host.url).notify()
    await expect.poll(() => faults, { timeout: 5000 }).toHaveLength(1)
    expect(faults[0]).toBe(`--notify ${host.url}: no hint arrived in 3 tries; its receiver notices at its next reading: ${cause}`)
    expect(host.hints).toHaveLength(3)
  })

  test('because nobody listens is told, and the others are not held up', async () => {
    const host = await startHost()
    create('http://127.0.0.1:1/', host.url).notify()
    await expect.poll(() => host.hints).toHaveLength(1)
    await expect.poll(() => faults).toHaveLength(1)
  })

  test('at first is asked again, and nothing is told', async () => {
    const host = await startHost()
    host.answer = (_, response) => response.writeHead(host.hints.length < 3 ? 503 : 202).end()
    create(host.url).notify()
    await expect.poll(() => host.hints).toHaveLength(3)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([host.hints.length, faults]).toEqual([3, []])
  })
})

describe('many changes', () => {
  test('become one hint behind the one that is under way, after it', async () => {
    const host = await startHost()
    const waiting: ServerResponse[] = []
    host.answer = (_, response) => void waiting.push(response)
    const notifier = create(host.url)
    for (let change = 0; change < 1000; change++) notifier.notify()
    await expect.poll(() => waiting).toHaveLength(1)
    waiting[0]?.writeHead(202).end()
    await expect.poll(() => waiting).toHaveLength(2)
    waiting[1]?.writeHead(202).end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(host.hints).toHaveLength(2)
    notifier.notify()
    await expect.poll(() => host.hints).toHaveLength(3)
  })

  test('are given up by close, which is no fault', async () => {
    const host = await startHost()
    host.answer = () => {}
    const notifier = create(host.url)
    notifier.notify()
    notifier.notify()
    await expect.poll(() => host.hints).toHaveLength(1)
    notifier.close()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([host.hints.length, faults]).toEqual([1, []])
  })
})

describe('AHP-STATUS-19 a server', () => {
  test('sends hints when the revocation is on disk, and once for each', async () => {
    const host = await startHost()
    const scene = await createScene({ notify: [host.url] })
    ends.push(() => scene.close())
    const file = join(scene.state, 'status.json')
    const before = readFileSync(file, 'utf8')
    let found = before
    host.answer = (_, response) => {
      found = readFileSync(file, 'utf8')
      response.writeHead(202).end()
    }
    expect(scene.enforcement.revoke(scene.statusIndex)).toBe(true)
    await expect.poll(() => host.hints).toHaveLength(1)
    expect(found).not.toBe(before)
    expect(scene.enforcement.revoke(scene.statusIndex)).toBe(false)
    await scene.issue()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(host.hints).toHaveLength(1)
  })

  test('sends none for a revocation that could not be stored, and sends it when it is', async () => {
    const host = await startHost()
    const scene = await createScene({ notify: [host.url] })
    ends.push(() => scene.close())
    const moved = `${scene.state}-moved`
    renameSync(scene.state, moved)
    expect(() => scene.enforcement.revoke(scene.statusIndex)).toThrow('ENOENT')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(host.hints).toEqual([])
    rmSync(scene.state, { recursive: true, force: true })
    renameSync(moved, scene.state)
    await scene.issue()
    await expect.poll(() => host.hints).toHaveLength(1)
  })

  test('revokes at once, whatever the URL does', async () => {
    const host = await startHost()
    host.answer = () => {}
    const scene = await createScene({ notify: [host.url, 'http://127.0.0.1:1/'] })
    ends.push(() => scene.close())
    const start = performance.now()
    expect(scene.enforcement.revoke(scene.statusIndex)).toBe(true)
    expect(performance.now() - start).toBeLessThan(1000)
    await expect.poll(() => host.hints).toHaveLength(1)
  })

  test('is heard by a receiver, which reads the list with the revocation in it long before its next reading', async () => {
    let take: Host['answer'] = (_, response) => response.writeHead(503).end()
    const { url } = await startHost((request, response) => take(request, response))
    const state = mkdtempSync(join(tmpdir(), 'aiegis-notify-'))
    ends.push(() => rmSync(state, { recursive: true }))
    const server = await startServer(parseFlags(['--port', '0', '--state', state, '--notify', url]))
    ends.push(() => server.close())
    const { enforcement } = server
    const texts: string[] = []
    const verifier = createVerifier({
      trust: {
        ahp: 'ahp-receiver/0.1',
        audience: 'https://api.example.com',
        bases: [{ public: 'https://api.example.com', mount: '/', authority: 'match' }],
        ...enforcement.trustFragment(),
        replay: { memory: { singleProcess: true } },
      },
      get: async (...asked) => {
        const answer = await httpGet(...asked)
        texts.push(Buffer.from(answer.body).toString())
        return answer
      },
      inflate,
    })
    ends.push(() => verifier.close())
    take = statusHints(verifier)
    await verifier.warm()
    expect(texts.map((text) => isRevoked(text, 7))).toEqual([false])
    enforcement.revoke(7)
    await expect.poll(() => texts.map((text) => isRevoked(text, 7)), { timeout: 5000 }).toEqual([false, true])
  })
})

const inflate: SyncInflate = (gzip, maxBytes) => gunzipSync(gzip, { maxOutputLength: maxBytes })

/** What a published list says of an index. */
function isRevoked(text: string, index: number): boolean {
  const [, payload = ''] = text.split('.')
  return statusBit(parseStatusListClaims(decodeBase64url(payload)).credentialSubject.encodedList, index, inflate)
}
