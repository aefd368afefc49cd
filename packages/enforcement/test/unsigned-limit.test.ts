import { Refusal } from '@aiegis/protocol'
import { expect, test } from 'vitest'
import { createUnsignedLimit } from '../src/unsigned-limit.ts'
import { createScene, NOW, shows, text } from './scene.ts'

function outcome(count: () => void): string {
  try {
    count()
    return 'passed'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

test('AHP-ASK-23 a thousand unsigned questions at once, then twenty a second', () => {
  let now = NOW
  const count = createUnsignedLimit(() => now)
  const passed = (tries: number): number =>
    Array.from({ length: tries }, () => outcome(count)).filter((code) => code === 'passed').length
  expect(outcome(count)).toBe('passed')
  expect(passed(1_100)).toBe(999)
  expect(outcome(count)).toBe('overloaded')
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
  const codes: string[] = []
  // In turns: policy has a limit of its own for those that wait together.
  for (let turn = 0; turn < 20; turn += 1) {
    const answers = await Promise.all(Array.from({ length: 51 }, () => scene.askUnsigned(body)))
    codes.push(...answers.filter(({ status }) => status === 503).map(({ json }) => text(json['code'])))
  }
  expect(codes).toEqual(Array(20).fill('overloaded'))
  expect(scene.enforcement.log.size()).toBe(1_000n)
  expect((await scene.ask(shows('GET', '/a'))).json['decision']).not.toBe(undefined)
  expect(scene.enforcement.log.size()).toBe(1_001n)
  await scene.close()
})
