/** The contract of replay stores holds for the store in memory, and catches each way in which stores are usually wrong (spec chapter 12). @module */
import { createMemoryReplayStore, type ClaimResult, type ReplayStore } from '@aiegis/verifier'
import { describe, expect, test } from 'vitest'
import { createClock } from '../src/clock.ts'
import { replayContract, type ReplaySubject, type ReplayWish } from '../src/replay-contract.ts'

const memory = ({ small }: ReplayWish): ReplaySubject => {
  const clock = createClock()
  const store = createMemoryReplayStore({ singleProcess: true, now: clock.now, ...(small ? { maxRecords: 100 } : {}) })
  return { stores: [store], now: () => clock.now() / 1000, wait: (seconds) => clock.advance(seconds) }
}

test.each(replayContract(memory))('AHP-TIME-8 AHP-TIME-10 the store in memory $name', async ({ run }) => {
  await expect(run()).resolves.toBeUndefined()
})

/** A store of a map, with one thing wrong. */
type Wrong = (records: Map<string, number>, now: () => number) => ReplayStore['claim']

const take = (records: Map<string, number>, key: string, until: number): ClaimResult => (records.set(key, until), 'fresh')
const lives = (records: Map<string, number>, key: string, now: number): boolean => (records.get(key) ?? 0) > now

const WRONG: readonly (readonly [title: string, caught: string, wrong: Wrong])[] = [
  [
    'looks first and writes later',
    'says fresh to exactly one of 50 claims at once',
    (records) => async (key, until) => {
      const known = records.has(key)
      await Promise.resolve()
      return known ? 'seen' : take(records, key, until)
    },
  ],
  [
    'forgets the oldest when it is full',
    'refuses when it is full, and forgets nothing that lives',
    (records) => (key, until) => {
      if (records.has(key)) return 'seen'
      if (records.size >= 100) records.delete([...records.keys()][0] ?? '')
      return take(records, key, until)
    },
  ],
  [
    'never says that it is full',
    'refuses when it is full, and forgets nothing that lives',
    (records) => (key, until) => (records.has(key) ? 'seen' : take(records, key, until)),
  ],
  [
    'says that it is full in a word of its own',
    'refuses when it is full, and forgets nothing that lives',
    (records) => (key, until) =>
      records.has(key) ? 'seen' : records.size < 300 ? take(records, key, until) : ('no' as ClaimResult),
  ],
  [
    'forgets a second too early',
    'keeps a record until its end',
    (records, now) => (key, until) => (lives(records, key, now() + 1) ? 'seen' : take(records, key, until)),
  ],
  [
    'takes the end from the last claim',
    'keeps the end of a record when it is claimed with another',
    (records, now) => (key, until) => {
      const known = lives(records, key, now())
      records.set(key, until)
      return known ? 'seen' : 'fresh'
    },
  ],
  [
    'takes records that have ended for new ones',
    'does not say fresh twice for a record that has ended',
    (records, now) => (key, until) => (lives(records, key, now()) ? 'seen' : take(records, key, until)),
  ],
  [
    'keys by harness besides',
    'goes by the key, whichever harness it is from',
    (records) => (key, until, issuer) => (records.has(issuer + key) ? 'seen' : take(records, issuer + key, until)),
  ],
  [
    'compares the first characters of a key',
    'keeps keys apart',
    (records) => (key, until) => (records.has(key.slice(0, 40)) ? 'seen' : take(records, key.slice(0, 40), until)),
  ],
  ['says fresh to everything', 'says fresh for the first claim and seen for every later one', () => () => 'fresh'],
  ['never answers', 'answers each of 200 claims at once within 3 seconds', () => () => new Promise(() => {})],
]

describe('a store that', () => {
  test.each(WRONG)('%s breaks the case: %s', async (_title, caught, wrong) => {
    const clock = createClock()
    const seconds = () => clock.now() / 1000
    const cases = replayContract(() => {
      const store: ReplayStore = { scope: 'shared', claim: wrong(new Map(), seconds) }
      return { stores: [store, store], now: seconds, wait: (time) => clock.advance(time) }
    })
    await expect(cases.find(({ name }) => name === caught)?.run()).rejects.toThrow(/instead of|forgotten|full|fresh|no answer/)
  })
})

test('the store is closed, whatever came out', async () => {
  let closed = 0
  const cases = replayContract((wish) => ({ ...memory(wish), close: () => void closed++ }))
  for (const { run } of cases) await run()
  const failing = replayContract((wish) => ({
    ...memory(wish),
    stores: [{ scope: 'shared', claim: () => 'seen' }],
    close: () => void closed++,
  }))
  await expect(failing[0]?.run()).rejects.toThrow('the first claim: seen instead of fresh')
  expect(closed).toBe(cases.length + 1)
})
