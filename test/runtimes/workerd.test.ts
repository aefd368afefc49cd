/** Receivers on workerd: the table, used tokens in a real Durable Object, and lists that are read behind requests (spec chapters 9 and 12). @module */
import { setTimeout as sleep } from 'node:timers/promises'
import { replayContract, type MockHarness } from '@aiegis/testing'
import type { ReplayStore } from '@aiegis/verifier'
import { beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../adapters/run.ts'
import { exchange } from '../adapters/wire.ts'
import { tableOn } from './table.ts'

const { running } = tableOn('workerd')
const wish = { title: 'a request without content' }
const seconds = (): number => Date.now() / 1000

beforeEach(() => choose('USED_TOKENS'))

/** The object of both isolates from now on: a new one. */
async function choose(binding: string): Promise<void> {
  const object = { binding, name: crypto.randomUUID() }
  await running().ask('/object', object)
  await running().twin.ask('/object', object)
}

async function answerOf(port: number, harness: MockHarness): Promise<unknown> {
  const [answer] = await exchange(port, [harness.mint()], 'in turn')
  return answer && codeOf(answer)
}

describe('a Durable Object', () => {
  const stores = (): readonly [ReplayStore, ReplayStore] => {
    const of = ({ ask }: Pick<ReturnType<typeof running>, 'ask'>): ReplayStore => ({
      scope: 'shared',
      async claim(...claim) {
        const answer = await ask('/claim', claim)
        if (answer === 'fresh' || answer === 'seen' || answer === 'full') return answer
        throw new Error('the claim failed')
      },
    })
    return [of(running()), of(running().twin)]
  }
  const contract = replayContract(async ({ small }) => {
    await choose(small ? 'SMALL_TOKENS' : 'USED_TOKENS')
    return { stores: stores(), now: seconds, wait: (time) => sleep(time * 1000) }
  })

  test.each(contract)('AHP-TIME-8 AHP-TIME-10 $name', async ({ run }) => {
    await expect(run()).resolves.toBeUndefined()
  })

  test('AHP-TIME-8 AHP-TIME-12 of 50 copies of a token, sent at once to two isolates, one is served', async () => {
    const harness = running().harness()
    const isolates = [await running().start('own')(harness, wish), await running().twin.start('own')(harness, wish)]
    for (const isolate of isolates) await isolate.ticked()
    const copies = Array.from({ length: 25 }).fill(harness.mint()) as ReturnType<typeof harness.mint>[]
    const answers = (await Promise.all(isolates.map(({ port }) => exchange(port, copies, 'apart')))).flat().map(codeOf)
    expect(answers.filter((answer) => answer === 200)).toHaveLength(1)
    expect(answers.filter((answer) => answer === 'token_replayed')).toHaveLength(49)
    const [own, twin] = [await isolates[0]?.effects(), await isolates[1]?.effects()]
    expect([...(own ?? []), ...(twin ?? [])]).toHaveLength(1)
  })

  test.each([
    ['is down', 'BROKEN_TOKENS'],
    ['never answers', 'SILENT_TOKENS'],
  ])('AHP-TIME-11 AHP-TIME-18 that %s refuses with 503 and serves nothing', async (_title, binding) => {
    await choose(binding)
    const harness = running().harness()
    const subject = await running().start('own')(harness, wish)
    expect(await answerOf(subject.port, harness)).toBe('replay_unavailable')
    expect(await subject.effects()).toEqual([])
  })

  test('AHP-TIME-10 sweeps by its alarm, and only what has ended', async () => {
    await choose('SMALL_TOKENS')
    const [store] = stores()
    const [ends, lives] = ['e'.repeat(43), 'l'.repeat(43)]
    const end = Math.ceil(seconds()) + 1
    expect([await store.claim(ends, end, 'h'), await store.claim(lives, end + 120, 'h')]).toEqual(['fresh', 'fresh'])
    await sleep(end * 1000 - Date.now() + 10)
    expect(await store.claim(ends, end + 120, 'h')).toBe('seen')
    const alarm = await running().ask('/ring')
    expect(Math.abs(Number(alarm) / 1000 - (end + 59))).toBeLessThan(5)
    // A record lives as long as it was asked for from when the object was asked, which is a little later.
    while ((await store.claim(ends, end + 120, 'h')) === 'seen') await sleep(100).then(() => running().ask('/ring'))
    expect(await store.claim(lives, end + 120, 'h')).toBe('seen')
  })
})

describe('lists of a receiver that the first request makes', () => {
  test('AHP-STATUS-12 are read behind requests, and again when they are due', async () => {
    const harness = running().harness()
    const subject = await running().start('own', true)(harness, wish)
    expect(await answerOf(subject.port, harness)).toBe('status_unavailable')
    while ((await answerOf(subject.port, harness)) !== 200) await sleep(20)
    harness.status.revoke(94_567)
    expect(await answerOf(subject.port, harness)).toBe(200)
    harness.clock.advance(61)
    await subject.ticked()
    while ((await answerOf(subject.port, harness)) === 200) await sleep(20)
    expect(await answerOf(subject.port, harness)).toBe('passport_revoked')
  })

  test('are there for the first request when a scheduled event has read them', async () => {
    const harness = running().harness()
    const { port } = await running().start('own', true)(harness, wish)
    expect(await running().ask('/scheduled')).toMatchObject({ outcome: 'ok' })
    expect(await answerOf(port, harness)).toBe(200)
  })
})
