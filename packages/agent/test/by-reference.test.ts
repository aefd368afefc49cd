/** A chain is sent once and then by reference, and again when the receiver has lost it (spec chapter 8.1). @module */
import { hashText, type SyncSigner } from '@aiegis/protocol'
import { TASK } from '@aiegis/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { harnessFetch, type HarnessFetchOptions } from '../src/index.ts'
import { startStage, type Lines, type Stage } from './real-receiver.ts'
import { allow, checkQuestion, startRecorder } from './servers.ts'

let stage: Stage

beforeEach(async () => {
  stage = await startStage(2)
})

afterEach(() => stage.close())

const create = (options: Partial<HarnessFetchOptions> = {}, signer: SyncSigner = stage.h.keys.helper): typeof fetch =>
  harnessFetch({ protect: stage.harness.origin, passport: stage.chain, signer, now: stage.h.clock.now, ...options })

const valueOf = (lines: Lines | undefined, name: string): string =>
  lines?.find(([known]) => known.toLowerCase() === name)?.[1] ?? ''
const passports = (): readonly string[] =>
  stage.arrived.map((lines) => {
    const value = valueOf(lines, 'x-aegis-passport')
    return value === stage.chain ? 'chain' : value === reference() ? 'reference' : value
  })
const reference = (): string => `sha-256=${hashText(stage.h.crypto, new TextEncoder().encode(stage.chain))}`

const problem = (code: string, type = 'application/problem+json', status = 428): Parameters<Stage['answerOnce']>[0] => {
  return (request, response) => {
    request.resume()
    response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify({ code }))
  }
}

describe('a receiver that answered the chain', () => {
  test('AHP-PASS-2 is sent the reference from then on; the evidence of three agents then fits 4,096 bytes', async () => {
    await stage.close()
    // A proof of twenty hashes.
    stage = await startStage(2, 1_000_000)
    const call = create()
    const url = `${stage.origin}/orders/${'x'.repeat(256 - stage.origin.length - 8)}`
    expect(url).toHaveLength(256)
    for (let times = 0; times < 3; times++) expect((await call(url)).status).toBe(200)
    expect(passports()).toEqual(['chain', 'reference', 'reference'])
    expect(stage.served.map(({ context }) => [context.depth, context.task])).toEqual([2, 2, 2].map((depth) => [depth, TASK]))
    const size = (lines: Lines | undefined): number =>
      (lines ?? [])
        .filter(([name]) => /^(?:x-aegis-|signature)/i.test(name))
        .reduce((sum, [name, value]) => sum + `${name}: ${value}\r\n`.length, 0)
    expect(size(stage.arrived[1])).toBeLessThanOrEqual(4096)
    expect(size(stage.arrived[0])).toBeGreaterThan(6500)
  })

  test('is asked about with the chain itself, and the task of its hand-offs', async () => {
    const call = create()
    // The mock harness names the task of its chains by a constant, which the chain holds.
    await call(`${stage.origin}/orders/7`)
    await call(`${stage.origin}/orders/7`)
    expect(stage.harness.seen.map(({ headers }) => headers['x-aegis-passport'])).toEqual([stage.chain, stage.chain])
    expect(stage.harness.seen.map(({ content }) => JSON.parse(content.toString()).context.txn)).toEqual([TASK, TASK])
    for (const seen of stage.harness.seen)
      expect((await checkQuestion(stage.harness.origin, seen, stage.h.keys.helper)).params.tag).toBe('aegis-ask')
  })

  test('AHP-PASS-2 and then lost it is sent the same token with the chain, once, and serves it once', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    await stage.restart()
    const response = await call(`${stage.origin}/orders`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: 'two chairs',
    })
    expect(response.status).toBe(200)
    expect(passports()).toEqual(['chain', 'reference', 'chain'])
    const [, refused, repeated] = stage.arrived
    expect(valueOf(repeated, 'x-aegis-token')).toBe(valueOf(refused, 'x-aegis-token'))
    expect(valueOf(repeated, 'x-aegis-proof')).toBe(valueOf(refused, 'x-aegis-proof'))
    expect(stage.harness.seen).toHaveLength(2)
    expect(stage.served.map(({ content }) => content)).toEqual(['', 'two chairs'])
    await call(`${stage.origin}/orders/7`)
    expect(passports().at(-1)).toBe('reference')
  })

  test('and lost it is sent a stream again, which was read once', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    await stage.restart()
    let pulls = 0
    const stream = new ReadableStream({
      pull(controller) {
        if (++pulls > 3) controller.close()
        else controller.enqueue(new TextEncoder().encode(`part ${pulls} `))
      },
    })
    const init = { method: 'POST', body: stream, duplex: 'half', headers: { 'Content-Type': 'text/plain' } }
    expect((await call(new Request(`${stage.origin}/orders`, init))).status).toBe(200)
    expect(stage.served.at(-1)?.content).toBe('part 1 part 2 part 3 ')
    expect(pulls).toBe(4)
  })

  test('and keeps no chains is sent the chain for good, after two references that it did not know', async () => {
    const call = create()
    for (let times = 0; times < 4; times++) {
      expect((await call(`${stage.origin}/orders/7`)).status).toBe(200)
      await stage.restart()
    }
    expect(passports()).toEqual(['chain', 'reference', 'chain', 'reference', 'chain', 'chain'])
  })

  test('is told the possession signature of now when the chain is sent again', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce((request, response) => {
      stage.h.clock.advance(2)
      problem('passport_required')(request, response)
    })
    expect((await call(`${stage.origin}/orders/7`)).status).toBe(200)
    const created = stage.arrived.map((lines) => Number(/created=(\d+)/.exec(valueOf(lines, 'signature-input'))?.[1]))
    expect((created[2] ?? 0) - (created[1] ?? 0)).toBe(2)
  })
})

describe('the chain itself is sent', () => {
  test('to each origin first, also when another one holds it', async () => {
    const other = await startRecorder((_, response) => response.end('served'))
    const call = create()
    await call(`${stage.origin}/orders/7`)
    await call(`${other.origin}/orders/7`)
    expect(other.seen.map(({ headers }) => headers['x-aegis-passport'])).toEqual([stage.chain])
    await other.close()
  })

  test('by another agent of the same process: nothing is shared', async () => {
    await create()(`${stage.origin}/orders/7`)
    await create()(`${stage.origin}/orders/7`)
    expect(passports()).toEqual(['chain', 'chain'])
  })

  test('again to a receiver that answered it with 428', async () => {
    const call = create()
    stage.answerOnce(problem('passport_required'))
    expect((await call(`${stage.origin}/orders/7`)).status).toBe(428)
    await call(`${stage.origin}/orders/7`)
    expect(passports()).toEqual(['chain', 'chain'])
  })

  test('again after no answer', async () => {
    const call = create()
    stage.answerOnce((request) => request.destroy())
    await expect(call(`${stage.origin}/orders/7`)).rejects.toThrow(TypeError)
    await call(`${stage.origin}/orders/7`)
    expect(passports()).toEqual(['chain', 'chain'])
  })

  test('when 256 other origins were answered since', async () => {
    const seen: string[] = []
    stage.harness.answer = allow
    const call = create({
      fetch: async (input, init) => {
        const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
        if (pathname === '/api/protect') return fetch(input, init)
        if (origin === 'https://api0.example') seen.push(new Headers(init?.headers).get('x-aegis-passport') ?? '')
        return new Response()
      },
    })
    const visit = async (from: number, to: number): Promise<void> => {
      for (let at = from; at <= to; at++) await call(`https://api${at}.example/orders/7`)
    }
    await visit(0, 0)
    await visit(1, 255)
    await visit(0, 0)
    await visit(256, 511)
    await visit(0, 0)
    expect(seen).toEqual([stage.chain, reference(), stage.chain])
  })
})

describe('428 that does not ask for the passport is handed on as it came', () => {
  test.each<readonly [string, Parameters<Stage['answerOnce']>[0]]>([
    ['of another code', problem('precondition_required')],
    ['that is no problem', problem('passport_required', 'application/json')],
    ['of a type that only begins like one', problem('passport_required', 'application/problem+jsonp')],
    ['without JSON', (_, response) => response.writeHead(428, { 'Content-Type': 'application/problem+json' }).end('<html>')],
    ['with a list', (_, response) => response.writeHead(428, { 'Content-Type': 'application/problem+json' }).end('[]')],
    [
      'of more than 4 KiB',
      (_, response) =>
        response
          .writeHead(428, { 'Content-Type': 'application/problem+json' })
          .end(JSON.stringify({ code: 'passport_required', title: 'a'.repeat(5000) })),
    ],
    ['with another status', problem('passport_required', 'application/problem+json', 409)],
  ])('%s', async (_, answer) => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    let text = ''
    stage.answerOnce((request, response) => {
      const end = response.end.bind(response)
      response.end = (body?: unknown): never => {
        text = String(body)
        return end(body) as never
      }
      answer(request, response)
    })
    const response = await call(`${stage.origin}/orders/7`)
    expect([428, 409]).toContain(response.status)
    expect(text).not.toBe('')
    expect(await response.text()).toBe(text)
    expect(passports()).toEqual(['chain', 'reference'])
  })

  test('and one that breaks off is an error of the network', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce((_, response) => {
      response.writeHead(428, { 'Content-Type': 'application/problem+json', 'Content-Length': '40' }).write('{"code":')
      response.destroy()
    })
    await expect(call(`${stage.origin}/orders/7`)).rejects.toThrow(TypeError)
    expect(passports()).toEqual(['chain', 'reference'])
  })

  test('but one with parameters of its type is understood', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce(problem('passport_required', 'application/problem+json; charset=utf-8'))
    expect((await call(`${stage.origin}/orders/7`)).status).toBe(200)
  })
})

describe('the chain goes nowhere else', () => {
  test('when 428 comes with a place to go to', async () => {
    const elsewhere = await startRecorder((_, response) => response.end('stolen'))
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce((request, response) => {
      response.setHeader('Location', `${elsewhere.origin}/orders/7`)
      problem('passport_required')(request, response)
    })
    expect((await call(`${stage.origin}/orders/7`)).status).toBe(200)
    expect(elsewhere.seen).toEqual([])
    await elsewhere.close()
  })

  test('when the receiver redirects what is sent again', async () => {
    const elsewhere = await startRecorder((_, response) => response.end('stolen'))
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce((request, response) => {
      stage.answerOnce((_, second) => second.writeHead(307, { Location: `${elsewhere.origin}/orders/7` }).end())
      problem('passport_required')(request, response)
    })
    await expect(call(`${stage.origin}/orders/7`, { redirect: 'follow' })).rejects.toThrow(TypeError)
    expect(elsewhere.seen).toEqual([])
    await elsewhere.close()
  })

  test('when it is refused a second time: the answer is the caller’s', async () => {
    const call = create()
    await call(`${stage.origin}/orders/7`)
    stage.answerOnce((request, response) => {
      stage.answerOnce(problem('passport_required'))
      problem('passport_required')(request, response)
    })
    expect((await call(`${stage.origin}/orders/7`)).status).toBe(428)
    expect(passports()).toEqual(['chain', 'reference', 'chain'])
  })
})

test('AHP-PASS-1 one passport is always sent as it is', async () => {
  const alone = await startStage()
  const call = harnessFetch({
    protect: alone.harness.origin,
    passport: alone.chain,
    signer: alone.h.keys.agent,
    now: alone.h.clock.now,
  })
  for (let times = 0; times < 2; times++) expect((await call(`${alone.origin}/orders/7`)).status).toBe(200)
  expect(alone.arrived.map((lines) => valueOf(lines, 'x-aegis-passport'))).toEqual([alone.chain, alone.chain])
  await alone.close()
})
