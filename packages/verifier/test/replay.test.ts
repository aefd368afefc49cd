import { createClock } from '@aiegis/testing'
import { describe, expect, test } from 'vitest'
import { createMemoryReplayStore } from '../src/replay.ts'

const start = 1_795_212_000
const at = (seconds: number, options: { maxRecords?: number; maxPerIssuer?: number } = {}) => {
  const clock = createClock(seconds * 1000)
  return { clock, store: createMemoryReplayStore({ singleProcess: true, now: clock.now, ...options }) }
}

describe('replay store in memory', () => {
  test('AHP-TIME-8 says fresh once and seen ever after, for each key by itself', () => {
    const { store } = at(start)
    expect([store.claim('a', start + 120, 'h'), store.claim('a', start + 120, 'h'), store.claim('b', start + 120, 'h')]).toEqual([
      'fresh',
      'seen',
      'fresh',
    ])
  })

  test('AHP-TIME-10 keeps a record to the very end of its life', () => {
    const { clock, store } = at(start)
    store.claim('a', start + 120, 'h')
    clock.advance(119)
    expect(store.claim('a', start + 300, 'h')).toBe('seen')
    clock.advance(9)
    expect(store.claim('a', start + 300, 'h')).toBe('fresh')
  })

  test('AHP-TIME-10 refuses when it is full and forgets nothing that lives', () => {
    const { clock, store } = at(start, { maxRecords: 2 })
    store.claim('a', start + 60, 'h')
    store.claim('b', start + 120, 'h')
    expect(store.claim('c', start + 120, 'h')).toBe('full')
    expect([store.claim('a', start + 60, 'h'), store.claim('b', start + 120, 'h')]).toEqual(['seen', 'seen'])
    clock.advance(72)
    expect(store.claim('c', start + 180, 'h')).toBe('fresh')
    expect(store.claim('b', start + 180, 'h')).toBe('seen')
  })

  test('AHP-TIME-14 keeps one harness from filling it for all', () => {
    const { store } = at(start, { maxRecords: 10, maxPerIssuer: 1 })
    expect([
      store.claim('a', start + 60, 'one'),
      store.claim('b', start + 60, 'one'),
      store.claim('c', start + 60, 'two'),
    ]).toEqual(['fresh', 'full', 'fresh'])
  })

  test('a clock that goes back forgets nothing', () => {
    const { clock, store } = at(start)
    store.claim('a', start + 120, 'h')
    clock.advance(-3600)
    expect(store.claim('a', start + 120, 'h')).toBe('seen')
  })

  test('frees a record at a time for 200,000 claims that come and go', () => {
    const { clock, store } = at(start, { maxRecords: 2000 })
    const verdicts = new Set<unknown>()
    for (let n = 0; n < 200_000; n++) {
      if (n % 10 === 0) clock.advance(1)
      verdicts.add(store.claim(`k${n}`, clock.seconds() + 60, 'h'))
    }
    expect(verdicts).toEqual(new Set(['fresh']))
  })

  test('AHP-TIME-10 a clock that was ahead and went back serves nothing twice', () => {
    const { clock, store } = at(start)
    expect(store.claim('a', start + 120, 'h')).toBe('fresh')
    clock.advance(140)
    expect(store.claim('b', start + 260, 'h')).toBe('fresh')
    clock.advance(-140)
    expect(store.claim('a', start + 120, 'h')).toBe('full')
  })

  test('AHP-TIME-10 keeps a record to its last second wherever that lies, and knows of each second what it forgot', () => {
    for (let end = 120; end < 128; end++) {
      const { clock, store } = at(start)
      expect(store.claim('a', start + end, 'h')).toBe('fresh')
      clock.advance(end - 0.001)
      expect([end, store.claim('a', start + end, 'h')]).toEqual([end, 'seen'])
      clock.advance(128 - end + 0.001)
      expect([end, store.claim('b', start + 300, 'h')]).toEqual([end, 'fresh'])
      clock.advance(-100)
      expect([end, store.claim('a', start + end, 'h')]).toEqual([end, 'full'])
    }
  })

  test('AHP-TIME-14 counts what is left of a harness when some of its records have ended', () => {
    const { clock, store } = at(start, { maxPerIssuer: 2 })
    store.claim('a', start + 60, 'h')
    store.claim('b', start + 120, 'h')
    clock.advance(72)
    expect([store.claim('c', start + 180, 'h'), store.claim('d', start + 180, 'h')]).toEqual(['fresh', 'full'])
  })

  test('AHP-TIME-13 by a clock that was behind at the start and was put right, has begun when it did', () => {
    const clock = createClock(start * 1000)
    let elapsed = 77_000
    const made = createMemoryReplayStore({ singleProcess: true, now: clock.now, elapsed: () => elapsed })
    const pass = (seconds: number): void => {
      clock.advance(seconds)
      elapsed += seconds * 1000
    }
    expect(made.startedAt).toBe(start)
    pass(20)
    expect(made.startedAt).toBe(start)
    clock.advance(60)
    expect(made.startedAt).toBe(start + 60)
    pass(500)
    expect(made.startedAt).toBe(start + 60)
    // A clock that is set back shortens nothing that was there before.
    clock.advance(-200)
    expect(made.startedAt).toBe(start)
    elapsed -= 99
    expect(made.startedAt).toBe(start)
  })

  test('must be told that there is one process', () => {
    expect(() => createMemoryReplayStore({ singleProcess: false as true, now: Date.now })).toThrow(/singleProcess: true/)
  })
})
