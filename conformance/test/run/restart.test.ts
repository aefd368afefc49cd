/** A token that was used before a restart: a receiver that forgot it has to wait, and one that does not is found. @module */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { createJudge } from '../../src/judge/judge.ts'
import { readRegistry } from '../../src/judge/registry.ts'
import type { Bench } from '../../src/run/bench.ts'
import { freePort, untilSilent } from '../../src/run/child.ts'
import { judgeRestart } from '../../src/run/restart.ts'
import { worldOf } from '../../src/run/setup.ts'
import { addressOf } from '../../src/wire/address.ts'
import { createFixture, type Fixture } from '../../src/wire/fixture.ts'
import { call, listening, type Listening } from './program.ts'

let receiver: Listening
let fixture: Fixture

afterEach(async () => {
  await fixture?.close()
  await receiver?.close()
})

/** Serves each token once as long as it remembers, and verifies nothing. */
async function forgetful(): Promise<{
  readonly bench: Bench
  readonly forget: () => Promise<void>
  readonly remember: () => Promise<void>
  readonly pause: () => Promise<void>
}> {
  const used = new Set<string>()
  const effects = new Map<string, number>()
  let pausedUntil = 0
  const server = createServer(({ url = '', headers }, response) => {
    const answer = (value: unknown): void =>
      void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    if (url.startsWith('/conformance/effects/')) return answer({ count: effects.get(url.slice(21)) ?? 0 })
    const nonce = String(headers['x-conformance-nonce'])
    const token = String(headers['x-aegis-token'])
    const refuse = (code: string, more: Readonly<Record<string, string>> = {}): void =>
      void response
        .writeHead(statusOf(code), { 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json', ...more })
        .end(problemOf(code))
    if (Date.now() < pausedUntil) return refuse('replay_warming', { 'Retry-After': '6' })
    if (used.has(token)) return refuse('token_replayed')
    used.add(token)
    effects.set(nonce, (effects.get(nonce) ?? 0) + 1)
    const claims: { sub: string; entry: { action: string } } = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    )
    const contentSha256 = createHash('sha256').update('').digest('base64url')
    answer({ nonce, agent: claims.sub, action: claims.entry.action, contentSha256, seen: [] })
  })
  receiver = await listening(server)
  fixture = createFixture(receiver.url)
  const world = worldOf({ url: receiver.url, level: 'basic', seed: 'test', hostPort: 7357 }, Date.now)
  const judge = createJudge(readRegistry(), { audience: receiver.url, harnesses: [], skew: 5, now: Date.now })
  const bench: Bench = {
    world,
    address: addressOf(receiver.url),
    fixture,
    judge,
    host: null,
    session: 'test',
    deadlineSeconds: 2,
  }
  const restart = (forgets: boolean) => async (): Promise<void> => {
    effects.clear()
    if (forgets) used.clear()
  }
  const pause = async (): Promise<void> => {
    await restart(true)()
    pausedUntil = Date.now() + 1500
  }
  return { bench, forget: restart(true), remember: restart(false), pause }
}

function statusOf(name: string): number {
  return readRegistry().get(name)?.status ?? 500
}

function problemOf(name: string): string {
  const { public: code = '', status, retry, executed, title } = readRegistry().get(name) ?? {}
  return JSON.stringify({
    type: `urn:ahp-receiver:0.1:${code}`,
    title,
    status,
    code,
    retry,
    executed,
    now: Math.floor(Date.now() / 1000),
  })
}

test('one that remembers passes', async () => {
  const { bench, remember } = await forgetful()
  expect(await judgeRestart(bench, remember)).toMatchObject({ verdict: 'PASS', faults: [] })
})

test('one that forgets and serves at once fails', async () => {
  const { bench, forget } = await forgetful()
  const { verdict, faults } = await judgeRestart(bench, forget)
  expect(verdict).toBe('FAIL')
  expect(faults).toContain('the request was served and had to be refused')
  expect(faults).toContain('the handler ran once for the same token and not 0 times')
})

test('one that forgets, pauses for everybody, and then serves fails', async () => {
  const { bench, pause } = await forgetful()
  const { verdict, faults, shots } = await judgeRestart(bench, pause)
  expect(verdict).toBe('FAIL')
  expect(faults).toContain('the request was served and had to be refused')
  expect(shots.map(({ outcome }) => outcome)).toEqual(['200', '503 replay_warming', '200', '200'])
})

test('one that the suite did not start shows nothing of it', async () => {
  const { bench } = await forgetful()
  expect(await judgeRestart(bench, null)).toMatchObject({ verdict: 'NOT_CLAIMED' })
})

test('ours waits', async () => {
  const main = fileURLToPath(new URL('../../receivers/dist/express/main.js', import.meta.url))
  const { code, shown } = await call('run', '--exec', `exec node ${main}`, '--only', 'overall-restart')
  expect(shown).toMatch(/1 PASS/)
  expect(code).toBe(0)
})

test('a port counts as silent only when nothing takes connections there any more', async () => {
  const port = await freePort()
  const old = await listening(undefined, port)
  const order: string[] = []
  const silent = untilSilent(port, 10).then(() => order.push('silent'))
  await new Promise((resolve) => setTimeout(resolve, 200))
  order.push('closing')
  await old.close()
  await silent
  expect(order).toEqual(['closing', 'silent'])
})
