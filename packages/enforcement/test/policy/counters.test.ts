import { expect, test } from 'vitest'
import { createCounters } from '../../src/policy/counters.ts'

const START = 1_795_212_000_000

test('AHP-POLICY-120 the question itself is counted, per agent and per action', () => {
  const store = createCounters()
  expect(store.count('a', 'x', START)).toEqual({ requests_1m: 1, requests_1h: 1, action_requests_1m: 1, action_requests_1h: 1 })
  expect(store.count('a', 'y', START)).toEqual({ requests_1m: 2, requests_1h: 2, action_requests_1m: 1, action_requests_1h: 1 })
  expect(store.count('b', 'x', START)).toEqual({ requests_1m: 1, requests_1h: 1, action_requests_1m: 1, action_requests_1h: 1 })
})

test('the window slides: what was asked before fades and is gone after two windows', () => {
  const store = createCounters()
  for (let i = 0; i < 100; i += 1) store.count('a', 'x', START)
  const minutes = [59_999, 60_000, 90_000, 119_999, 120_000].map((ms) => store.count('a', 'x', START + ms).requests_1m)
  expect(minutes).toEqual([101, 102, 53, 4, 4])
  expect(store.count('a', 'x', START + 120_000).requests_1h).toBe(106)
})

test('a clock that goes back does not reset a count', () => {
  const store = createCounters()
  store.count('a', 'x', START)
  expect(store.count('a', 'x', START - 10 * 60_000).requests_1m).toBe(2)
})

test('names without end do not cost memory without end, and do not reset anybody', () => {
  const store = createCounters(10)
  for (let i = 0; i < 5; i += 1) store.count('old', 'x', START)
  for (let i = 0; i < 1_000; i += 1) store.count(`new${i}`, 'x', START + i)
  expect(store.count('old', 'x', START + 1_000).requests_1m).toBe(6)
  // Newcomers without room share one count.
  expect(store.count('another', 'x', START + 1_000).requests_1m).toBe(992)
  // After two hours of silence room is made.
  expect(store.count('later', 'x', START + 3 * 3_600_000).requests_1m).toBe(1)
})

test('actions without end share one count beyond 64', () => {
  const store = createCounters()
  for (let i = 0; i < 64; i += 1) store.count('a', `x${i}`, START)
  expect(store.count('a', 'x64', START).action_requests_1m).toBe(1)
  expect(store.count('a', 'x65', START).action_requests_1m).toBe(2)
  expect(store.count('a', 'x0', START).action_requests_1m).toBe(2)
})
