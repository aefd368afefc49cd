import { signAsk } from '@aiegis/agent'
import { isObject, parseJson, utf8, type JsonObject } from '@aiegis/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AskRequest } from '../src/ask.ts'
import { restartOf } from '../src/after-restart.ts'
import { createEnforcement, type Enforcement, type EnforcementOptions } from '../src/enforcement.ts'
import { createScene, NOW, shows, text, type Scene } from './scene.ts'

const SECONDS = Math.floor(NOW / 1000)
const CONTENT = utf8(JSON.stringify(shows('GET', '/a')))
const KEY = { idempotencyKey: 'order-1' }

let scene: Scene
/** The server of the moment. */
let server: Enforcement
beforeEach(async () => {
  scene = await createScene()
  server = scene.enforcement
})
afterEach(async () => {
  await server.close()
  await scene.close()
})

interface Question {
  readonly nonce: string
  readonly created?: number
  readonly idempotencyKey?: string
}

async function sign({ created = Math.floor(scene.clock.now / 1000), ...rest }: Question): Promise<AskRequest> {
  const fields = await signAsk(scene.agent, {
    url: server.endpoint,
    content: CONTENT,
    passport: scene.passport,
    created,
    ...rest,
  })
  return { headers: ['Content-Type', 'application/json', ...Object.entries(fields).flat()], content: CONTENT }
}

interface Got {
  readonly code: string
  readonly token: string
  readonly retryAfter: number
}

async function send(request: AskRequest): Promise<Got> {
  const { status, body, headers } = await server.protect(request)
  const value = parseJson(body, { maxBytes: 65_536 })
  const json: JsonObject = isObject(value) ? value : {}
  return { code: `${status} ${text(json['code'])}`, token: text(json['token']), retryAfter: Number(headers['Retry-After']) }
}

const ask = async (question: Question): Promise<Got> => send(await sign(question))

/** What the operator was told at the start. */
async function restart(more: Partial<EnforcementOptions> = {}): Promise<readonly string[]> {
  const { did, issuerDid, url } = server
  const told: string[] = []
  await server.close()
  const onWarning = (sentence: string): unknown => told.push(sentence)
  server = await createEnforcement({
    url,
    did,
    issuer: issuerDid,
    state: scene.state,
    now: () => scene.clock.now,
    onWarning,
    ...more,
  })
  return told
}

describe('AHP-ASK-22 after a restart', () => {
  test('AHP-ASK-5 a question that was answered under its key is not answered with another token, byte for byte the same', async () => {
    const first = await ask({ nonce: 'one', ...KEY })
    // Its clock is ahead: it is fresh for two minutes.
    const again = await sign({ nonce: 'two', created: SECONDS + 60, ...KEY })
    expect(await send(again)).toEqual(first)
    await restart()
    for (const seconds of [0, 119, 120, 420]) {
      scene.clock.now = NOW + seconds * 1_000
      expect((await send(again)).code).toMatch(/^(503 overloaded|401 ask_stale)$/)
    }
    scene.clock.now = NOW + 421_000
    expect((await send(again)).code).toBe('401 ask_stale')
  })

  test('AHP-ASK-19 a key gets no second token while the first may live, and one afterwards', async () => {
    await ask({ nonce: 'one', ...KEY })
    await restart()
    const at = async (seconds: number): Promise<Got> => {
      scene.clock.now = NOW + seconds * 1_000
      return ask({ nonce: `at-${seconds}`, ...KEY })
    }
    const early = await at(1)
    expect([early.code, (await at(420)).code, (await at(421)).code]).toEqual(['503 overloaded', '503 overloaded', '200 -'])
    expect(early.retryAfter).toBeGreaterThanOrEqual(420)
    // A refused question used nothing up.
    scene.clock.now = NOW + 421_000
    expect((await ask({ nonce: 'at-420', ...KEY })).code).toBe('200 -')
  })

  test('the pause counts from the start when the newest entry is more than a minute older', async () => {
    await ask({ nonce: 'one', ...KEY })
    scene.clock.now = NOW + 61_000
    await restart()
    scene.clock.now = NOW + 421_000
    expect((await ask({ nonce: 'early', ...KEY })).code).toBe('503 overloaded')
    scene.clock.now = NOW + 422_000
    expect((await ask({ nonce: 'late', ...KEY })).code).toBe('200 -')
  })

  test('AHP-ASK-4 a question that is older than the start is stale, one without key that is not is answered', async () => {
    await ask({ nonce: 'one' })
    await restart()
    expect((await ask({ nonce: 'old', created: SECONDS - 1 })).code).toBe('401 ask_stale')
    expect((await ask({ nonce: 'new', created: SECONDS })).code).toBe('200 -')
    expect((await ask({ nonce: 'one' })).code).toBe('409 ask_replayed')
  })
})

describe('AHP-ASK-22 after a restart with a clock that was set back', () => {
  /** The right time; the passport is as old as the wrong one. */
  const RIGHT = NOW + 3_600_000
  beforeEach(() => {
    scene.clock.now = RIGHT
  })

  test('a key gets no second token when the clock is right again', async () => {
    const first = await ask({ nonce: 'one', ...KEY })
    scene.clock.now = NOW
    await restart()
    expect((await ask({ nonce: 'early', ...KEY })).code).toBe('503 overloaded')
    // Twice, and with an entry in between: the newest one does not have the newest time.
    expect((await ask({ nonce: 'other' })).code).toBe('200 -')
    await restart()
    scene.clock.now = NOW + 421_000
    const early = await ask({ nonce: 'later', ...KEY })
    expect([early.code, early.retryAfter >= 3_600]).toEqual(['503 overloaded', true])
    for (const seconds of [1, 59, 420]) {
      scene.clock.now = RIGHT + seconds * 1_000
      expect((await ask({ nonce: `at-${seconds}`, ...KEY })).code).toBe('503 overloaded')
    }
    scene.clock.now = RIGHT + 421_000
    const second = await ask({ nonce: 'late', ...KEY })
    expect([first.code, second.code, second.token === first.token]).toEqual(['200 -', '200 -', false])
  })

  test('AHP-ASK-5 a question without key is answered, unless it is older than the start, and none twice', async () => {
    const asked = await sign({ nonce: 'one' })
    expect((await send(asked)).code).toBe('200 -')
    scene.clock.now = NOW
    await restart()
    expect((await ask({ nonce: 'new', created: SECONDS })).code).toBe('200 -')
    expect((await ask({ nonce: 'old', created: SECONDS - 1 })).code).toBe('401 ask_stale')
    scene.clock.now = RIGHT
    expect((await send(asked)).code).toBe('409 ask_replayed')
    // As long as keys are refused, also when the clock is right again.
    expect((await ask({ nonce: 'older', created: SECONDS - 1 })).code).toBe('401 ask_stale')
  })

  test('AHP-ASK-5 a question that was answered again at the end of the longest token is not answered once more', async () => {
    await restart({ tokenSeconds: 300 })
    scene.clock.now = RIGHT + 1_000_000
    const at = Math.floor(scene.clock.now / 1000)
    const first = await ask({ nonce: 'one', ...KEY })
    scene.clock.now += 299_000
    const again = await sign({ nonce: 'two', created: at + 299 + 60, ...KEY })
    expect(await send(again)).toEqual(first)
    scene.clock.now = NOW
    await restart({ tokenSeconds: 300 })
    for (const seconds of [360, 361, 419, 420, 421]) {
      scene.clock.now = (at + seconds) * 1_000
      expect((await send(again)).code).toBe(seconds < 420 ? '503 overloaded' : '401 ask_stale')
    }
  })

  test('the operator is told', async () => {
    await ask({ nonce: 'one' })
    expect(await restart()).toEqual([])
    scene.clock.now = NOW
    expect(await restart()).toEqual([
      'the clock is 3600 s behind the ledger; until it is 421 s ahead of it, questions with Idempotency-Key are refused: set it if it is wrong',
    ])
  })
})

test('entries that are none of a harness say nothing about the time, and those before them do', async () => {
  const leaves = [
    utf8('{"entry":{"ts":"2026-11-20T22:00:00Z"}}'),
    utf8('not JSON'),
    utf8('{"entry":{"ts":"2026-11-20T23:00:00.000Z"}}'),
    utf8('{"entry":{"ts":1795212000}}'),
    utf8('[]'),
    new Uint8Array(65_535),
  ]
  const entry = async (index: bigint): Promise<{ leaf: Uint8Array; clear: undefined } | undefined> => {
    const leaf = leaves[Number(index)]
    return leaf && { leaf, clear: undefined }
  }
  const log = { size: () => BigInt(leaves.length), entry }
  expect(await restartOf(log, 5)).toEqual({ started: 5, newest: 1_795_212_000 })
})

test('a first start has nothing to forget', async () => {
  expect((await ask({ nonce: 'one', created: SECONDS - 30, ...KEY })).code).toBe('200 -')
})
