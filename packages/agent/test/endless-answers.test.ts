/** Answers that never end, of a receiver or of the harness: the agent stops reading, in bytes and in time. @module */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { harnessFetch, type HarnessFetchOptions } from '../src/index.ts'
import { startStage, type Stage } from './real-receiver.ts'
import { agent, allow, decided, json, PASSPORT, startRecorder, type Recorder } from './servers.ts'

const TYPE = { 'Content-Type': 'application/problem+json' }

/** Sends one space after another until the other side is gone. */
async function drip(response: ServerResponse): Promise<void> {
  for (; !response.destroyed; await sleep(20)) response.write(' ')
}

/** Sends spaces as fast as they are taken, until the other side is gone. */
function flood(response: ServerResponse): void {
  const spaces = new Readable({ read: () => void spaces.push(Buffer.alloc(16_384, ' ')) })
  spaces.pipe(response).once('close', () => spaces.destroy())
}

describe('428 without an end', () => {
  let stage: Stage

  beforeEach(async () => {
    stage = await startStage(1)
  })

  afterEach(() => stage.close())

  const create = (options: Partial<HarnessFetchOptions> = {}): typeof fetch =>
    harnessFetch({
      protect: stage.harness.origin,
      passport: stage.chain,
      signer: stage.h.keys.worker,
      now: stage.h.clock.now,
      ...options,
    })

  test.each([
    ['that drips', (response: ServerResponse) => void drip(response)],
    ['as fast as it can', flood],
  ])(
    '%s is handed on from its first byte, nothing is sent again, and the connection ends with the caller’s reading',
    async (_, rest) => {
      const call = create()
      await call(`${stage.origin}/orders/7`)
      let closed: Promise<unknown> = Promise.resolve()
      stage.answerOnce((_request, response) => {
        closed = once(response, 'close')
        response.writeHead(428, TYPE).write('{"code":"passport_required"}')
        rest(response)
      })
      const response = await call(`${stage.origin}/orders/7`)
      expect([response.status, stage.arrived.length]).toEqual([428, 2])
      const reader = response.body?.getReader()
      expect(new TextDecoder().decode((await reader?.read())?.value)).toMatch(/^\{"code":"passport_required"\}/)
      await reader?.cancel()
      await closed
    },
    15_000,
  )

  test('is no reason to wait for what the caller no longer wants', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    const controller = new AbortController()
    stage.answerOnce((_request, response) => {
      response.writeHead(428, TYPE).write('{"code":')
      setTimeout(() => controller.abort(new Error('enough')), 20)
    })
    await expect(call(`${stage.origin}/orders/7`, { signal: controller.signal })).rejects.toThrow('enough')
  })
})

describe('428 that is answered with the chain', () => {
  test('leaves nothing behind: no copy of its content waits for a reader', async () => {
    const stage = await startStage(1)
    const answers: Response[] = []
    const call = harnessFetch({
      protect: stage.harness.origin,
      passport: stage.chain,
      signer: stage.h.keys.worker,
      now: stage.h.clock.now,
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        answers.push(response)
        return response
      },
    })
    await (await call(`${stage.origin}/orders/7`)).text()
    answers.length = 0
    stage.answerOnce((_, response) => response.writeHead(428, TYPE).end('{"code":"passport_required"}'))
    expect(await (await call(`${stage.origin}/orders/7`)).json()).toEqual({ served: true })
    expect(answers.map(({ status, bodyUsed }) => [status, bodyUsed])).toEqual([
      [200, true],
      [428, true],
      [200, true],
    ])
    await stage.close()
  })
})

describe('an answer of the harness without an end', () => {
  let harness: Recorder
  let api: Recorder

  beforeEach(async () => {
    harness = await startRecorder(allow)
    api = await startRecorder((_, response) => response.end('served'))
  })

  afterEach(async () => {
    await Promise.all([harness.close(), api.close()])
  })

  /** A `fetch` of the caller that knows nothing of signals. */
  const deaf: typeof fetch = (input, init) => fetch(input, { ...init, signal: null })
  const create = (options: Partial<HarnessFetchOptions>): typeof fetch =>
    harnessFetch({ protect: harness.origin, passport: PASSPORT, signer: agent, ...options })

  test.each([
    ['with 200', 200],
    ['with 401', 401],
    ['with 503', 503],
  ])('%s is read for as long as the harness may take, whatever the fetch that was given does', async (_, status) => {
    let closed: Promise<unknown> = Promise.resolve()
    harness.answer = (_seen, response) => {
      closed = once(response, 'close')
      response.writeHead(status, { 'Content-Type': 'application/json' })
      void drip(response)
    }
    for (const own of [fetch, deaf])
      await expect(create({ timeoutMs: 100, fetch: own })(api.origin)).rejects.toThrow('the harness did not answer')
    await closed
    expect(api.seen).toEqual([])
  })

  test('that does not even begin is waited for no longer, whatever the fetch that was given does', async () => {
    harness.answer = () => {}
    for (const own of [fetch, deaf])
      await expect(create({ timeoutMs: 100, fetch: own })(api.origin)).rejects.toThrow('the harness did not answer')
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(create({ fetch: deaf })(api.origin, { signal: controller.signal })).rejects.toThrow('enough')
    expect(api.seen).toEqual([])
  }, 10_000)

  test('that comes too late is not read, and its connection ends', async () => {
    let late: ServerResponse | undefined
    harness.answer = (_, response) => {
      late = response
    }
    await expect(create({ timeoutMs: 100, fetch: deaf })(api.origin)).rejects.toThrow('the harness did not answer')
    if (late === undefined) throw new TypeError('nothing was asked')
    const closed = once(late, 'close')
    flood(late)
    await closed
    expect(api.seen).toEqual([])
  }, 10_000)

  test('is read up to 64 KiB, and the connection is closed there', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    harness.answer = (_, response) => {
      closed = once(response, 'close')
      flood(response)
    }
    await expect(create({})(api.origin)).rejects.toThrow('the harness gave an answer that is not one')
    await closed
    const text = JSON.stringify(decided('BLOCK', { reason: '' }))
    for (const [size, message] of [
      [65_536, 'the harness blocked the request'],
      [65_537, 'the harness gave an answer that is not one'],
    ] as const) {
      harness.answer = json(401, decided('BLOCK', { reason: 'a'.repeat(size - text.length) }))
      await expect(create({})(api.origin)).rejects.toThrow(message)
    }
    expect(api.seen).toEqual([])
  })
})

test('content of the caller without an end is read until the caller stops the call, and nothing is asked', async () => {
  const harness = await startRecorder(allow)
  let given: unknown
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Uint8Array.of(1)),
    cancel: (reason) => {
      given = reason ?? 'cancelled'
    },
  })
  const controller = new AbortController()
  const call = harnessFetch({ protect: harness.origin, passport: PASSPORT, signer: agent })
  const init: RequestInit & { readonly duplex: 'half' } = { method: 'POST', body, duplex: 'half', signal: controller.signal }
  setTimeout(() => controller.abort(new Error('enough')), 20)
  await expect(call('https://api.example.com/orders', init)).rejects.toThrow('enough')
  expect([given, harness.seen]).toEqual(['cancelled', []])
  await harness.close()
}, 10_000)
