/** Requests that name a second are sent while the receiver is surely in it, and built anew when it was over. @module */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { createJudge } from '../../src/judge/judge.ts'
import { readRegistry } from '../../src/judge/registry.ts'
import { isTimed, sendInTime } from '../../src/run/bench.ts'
import { isStillIn, measureOffset, untilEarly } from '../../src/run/clock.ts'
import { readCatalogue } from '../../src/run/plan.ts'
import { worldOf } from '../../src/run/setup.ts'
import { SMOKE } from '../../src/run/smoke.ts'
import { addressOf } from '../../src/wire/address.ts'
import { createFixture, type Life } from '../../src/wire/fixture.ts'
import { listening } from './program.ts'

const NOON = 1_795_212_000_000

test('what is about seconds is sent early in one of them', () => {
  for (const now of [0, 199, 200, 450, 451, 999, NOON + 777]) {
    const then = (now + untilEarly(now)) % 1000
    expect(then).toBeGreaterThanOrEqual(200)
    expect(then).toBeLessThanOrEqual(450)
  }
  expect(untilEarly(300)).toBe(0)
})

test('wherever the receiver is within what its Date leaves open, it is then in the second that was meant', async () => {
  const missed: number[] = []
  for (let ahead = -1500; ahead <= 1500; ahead += 10) {
    let clock = NOON + Math.abs(ahead * 7)
    const ask = (): Promise<Life> => Promise.resolve({ date: Math.floor((clock + ahead) / 1000) * 1000, at: clock })
    const offset = await measureOffset(ask, (ms) => Promise.resolve(void (clock += ms)))
    const meant = clock + offset + untilEarly(clock + offset)
    if (Math.floor((meant - offset + ahead) / 1000) !== Math.floor(meant / 1000)) missed.push(ahead)
  }
  expect(missed).toEqual([])
})

test('a second counts as over as soon as it may be over for the receiver', () => {
  expect(isStillIn(NOON + 200, NOON + 700)).toBe(true)
  expect(isStillIn(NOON + 200, NOON + 900)).toBe(false)
  expect(isStillIn(NOON + 200, NOON + 1200)).toBe(false)
})

test('every case that names a second is one of those', () => {
  const timed = readCatalogue()
    .cases.filter(isTimed)
    .map(({ id }) => id)
  const some = ['time-exp-now', 'pop-expired', 'passport-expired-now', 'time-entry-before', 'cosigned-future']
  expect(timed).toEqual(expect.arrayContaining(some))
  expect(timed).not.toContain('start-plain')
})

test('a request that was answered when its second was over is sent anew, and one that names none is not', async () => {
  const tokens: string[] = []
  let late = 1
  let shift = 0
  const server = createServer(({ headers }, response) => {
    tokens.push(String(headers['x-aegis-token']))
    if (late > 0) shift += 1000
    late -= 1
    response.end('{}')
  })
  const receiver = await listening(server)
  const fixture = createFixture(receiver.url)
  const now = (): number => Date.now() + shift
  const bench = {
    world: worldOf({ url: receiver.url, level: 'basic', seed: 'test', hostPort: 7357 }, now),
    judge: createJudge(readRegistry(), { audience: receiver.url, harnesses: [], skew: 5, now }),
    address: addressOf(receiver.url),
    fixture,
    host: null,
    session: 'test',
    deadlineSeconds: 2,
  } as const
  const change = [{ at: 'token.claims', op: 'set', path: '/exp', value: { now: 0 } }] as const
  const { built } = await sendInTime(bench, SMOKE, { base: 'plain', change }, 1)
  expect(tokens).toHaveLength(2)
  expect(new Set(tokens).size).toBe(2)
  expect(built.parts['token']).toBe(tokens[1])
  late = 1
  await sendInTime(bench, SMOKE, { base: 'plain', change: [] }, 2)
  expect(tokens).toHaveLength(3)
  await fixture.close()
  await receiver.close()
})
