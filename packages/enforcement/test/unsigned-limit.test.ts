import { expect, test } from 'vitest'
import { createUnsignedLimit } from '../src/unsigned-limit.ts'
import { createScene, NOW, shows, text } from './scene.ts'

test('AHP-ASK-23 a thousand unsigned questions at once, then twenty a second', () => {
  let now = NOW
  const count = createUnsignedLimit(() => now)
  const passed = (tries: number): number => {
    let found = 0
    for (let i = 0; i < tries; i += 1) {
      try {
        count()
        found += 1
      } catch (error) {
        expect(error).toMatchObject({ code: 'overloaded' })
      }
    }
    return found
  }
  expect(passed(1_100)).toBe(1_000)
  now += 49
  expect(passed(2)).toBe(0)
  now += 1
  expect(passed(2)).toBe(1)
  now -= 60_000
  expect(passed(1)).toBe(0)
  now += 1_000
  expect(passed(30)).toBe(20)
  now += 3_600_000
  expect(passed(1_100)).toBe(1_000)
})

test('AHP-ASK-23 more unsigned questions reach neither policy nor log, and who signs is answered', async () => {
  const scene = await createScene()
  const body = { action: 'http.get', target: 'x' }
  const answers = await Promise.all(Array.from({ length: 1_005 }, () => scene.askUnsigned(body)))
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused.map(({ json }) => text(json['code']))).toEqual(Array(5).fill('overloaded'))
  expect(scene.enforcement.log.size()).toBe(1_000n)
  expect((await scene.ask(shows('GET', '/a'))).json['decision']).not.toBe(undefined)
  expect(scene.enforcement.log.size()).toBe(1_001n)
  await scene.close()
})
