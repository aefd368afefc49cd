/** What every replay store must do, as cases that need no test framework: for stores that others write (spec chapter 12). @module */
import { encodeBase64url } from '@aiegis/protocol'
import type { ReplayStore } from '@aiegis/verifier'
import { NAMES } from './keys.ts'

/** A store under test, as it is made anew for each case. */
export interface ReplaySubject {
  /** The store as each receiver holds it: for a shared one at least two, which reach one memory; else one. */
  readonly stores: readonly [ReplayStore, ...ReplayStore[]]
  /** Epoch seconds, with decimals, on the clock by which the store forgets. */
  readonly now: () => number
  /** Lets time pass: moves the clock, or sleeps. Never asked for more than 3 seconds. */
  readonly wait: (seconds: number) => void | Promise<void>
  readonly close?: () => void | Promise<void>
}

/** What a case asks of the store it gets: a `small` one is full after at most 20,000 records, and is empty at the start. */
export interface ReplayWish {
  readonly small: boolean
}

/** One thing that a store must do. */
export interface ReplayCase {
  readonly name: string
  /** Rejects with an `Error` that says what the store did instead. */
  readonly run: () => Promise<void>
}

/** How long the verifier waits for an answer, in milliseconds. */
const ANSWER_MS = 3000
/** Bound of a small store. */
const SMALL = 20_000
/** Lifetime of records that should not end during a case, in seconds. */
const LONG = 120

const CASES: readonly (readonly [name: string, check: (subject: ReplaySubject) => Promise<void>, wish?: ReplayWish])[] = [
  ['says fresh for the first claim and seen for every later one', onceEach],
  ['says fresh to exactly one of 50 claims at once', race],
  ['keeps keys apart', keysApart],
  ['goes by the key, whichever harness it is from', harnesses],
  ['keeps a record until its end', keeps],
  ['keeps the end of a record when it is claimed with another', keepsEnd],
  ['does not say fresh twice for a record that has ended', ended],
  ['answers each of 200 claims at once within 3 seconds', answersInTime],
  ['refuses when it is full, and forgets nothing that lives', full, { small: true }],
]

/**
 * The cases for a store. `createStore` makes one for each; its records may be kept elsewhere and have older ones beside them, since all
 * keys are random. With vitest: `test.each(replayContract(createStore))('$name', ({ run }) => run())`. Cannot show what a server loses
 * when it fails, nor that all receivers are given the same one.
 */
export function replayContract(createStore: (wish: ReplayWish) => ReplaySubject | Promise<ReplaySubject>): readonly ReplayCase[] {
  return CASES.map(([name, check, wish = { small: false }]) => ({
    name,
    run: async () => {
      const subject = await createStore(wish)
      try {
        await check(subject)
      } finally {
        await subject.close?.()
      }
    },
  }))
}

async function onceEach({ stores, now }: ReplaySubject): Promise<void> {
  const key = newKey()
  const until = Math.ceil(now()) + LONG
  equal('the first claim', await stores[0].claim(key, until, NAMES.harness), 'fresh')
  for (const store of [...stores, ...stores]) equal('a later claim', await store.claim(key, until, NAMES.harness), 'seen')
}

async function race({ stores, now }: ReplaySubject): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const key = newKey()
    const keys = Array.from({ length: 50 }, () => key)
    const answers = await claimAll(stores, keys, Math.ceil(now()) + LONG)
    equal('the number of claims that were fresh', count(answers, 'fresh'), 1)
    equal('the number of claims that were seen', count(answers, 'seen'), 49)
  }
}

async function keysApart({ stores, now }: ReplaySubject): Promise<void> {
  const key = newKey()
  const others = [0, 20, 41].map((at) => `${key.slice(0, at)}${key[at] === 'A' ? 'B' : 'A'}${key.slice(at + 1)}`)
  const answers = await claimAll(stores, [key, ...others, newKey()], Math.ceil(now()) + LONG)
  equal('the number of claims of five keys that were fresh', count(answers, 'fresh'), 5)
}

async function harnesses({ stores: [store], now }: ReplaySubject): Promise<void> {
  const key = newKey()
  const until = Math.ceil(now()) + LONG
  equal('the first claim', await store.claim(key, until, NAMES.harness), 'fresh')
  equal('the same key with another harness', await store.claim(key, until, `${NAMES.harness}:other`), 'seen')
  equal('another key of that harness', await store.claim(newKey(), until, `${NAMES.harness}:other`), 'fresh')
}

async function keeps({ stores: [store], now, wait }: ReplaySubject): Promise<void> {
  const key = newKey()
  const end = Math.ceil(now()) + 2
  equal('the first claim', await store.claim(key, end, NAMES.harness), 'fresh')
  while (now() < end) {
    const answer = await store.claim(key, end + LONG, NAMES.harness)
    // The clock is read after the answer: a record that ended on the way is not held against the store.
    if (now() < end) equal('a claim before the end of the record', answer, 'seen')
    await wait(0.1)
  }
}

async function keepsEnd({ stores: [store], now, wait }: ReplaySubject): Promise<void> {
  const key = newKey()
  const start = Math.ceil(now())
  equal('the first claim', await store.claim(key, start + LONG, NAMES.harness), 'fresh')
  equal('a claim with an earlier end', await store.claim(key, start + 1, NAMES.harness), 'seen')
  await wait(start + 2 - now())
  equal('a claim after the earlier end', await store.claim(key, start + LONG, NAMES.harness), 'seen')
}

async function ended({ stores: [store], now }: ReplaySubject): Promise<void> {
  const key = newKey()
  const past = Math.floor(now()) - 1
  const answers = [await answerOf(store, key, past), await answerOf(store, key, past)]
  if (count(answers, 'fresh') > 1) throw new Error('both claims of a record that has ended were fresh')
}

async function answersInTime({ stores, now }: ReplaySubject): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`a claim had no answer after ${ANSWER_MS} ms`)), ANSWER_MS)
  })
  const claims = claimAll(stores, Array.from({ length: 200 }, newKey), Math.ceil(now()) + LONG)
  const answers = await Promise.race([claims, late]).finally(() => clearTimeout(timer))
  equal('the number of claims of 200 keys that were fresh', count(answers, 'fresh'), 200)
}

async function full({ stores: [store], now }: ReplaySubject): Promise<void> {
  const until = Math.ceil(now()) + LONG
  const kept: string[] = []
  let answer: unknown = 'fresh'
  while (answer === 'fresh' && kept.length <= SMALL) {
    const key = newKey()
    answer = await answerOf(store, key, until)
    if (answer === 'fresh') kept.push(key)
  }
  if (kept.length > SMALL) throw new Error(`a small store took ${kept.length} records and was not full`)
  if (answer !== FAILED) equal('a claim when it is full', answer, 'full')
  for (const key of kept) {
    if ((await answerOf(store, key, until)) === 'fresh') throw new Error(`one of ${kept.length} records that live was forgotten`)
  }
}

/** Claims all keys at once, on all stores in turn. */
function claimAll(stores: ReplaySubject['stores'], keys: readonly string[], until: number): Promise<readonly unknown[]> {
  return Promise.all(keys.map(async (key, at) => (stores[at % stores.length] ?? stores[0]).claim(key, until, NAMES.harness)))
}

const FAILED = 'failed'

/** What a store answers where it may also throw: `failed` then. */
async function answerOf(store: ReplayStore, key: string, until: number): Promise<unknown> {
  try {
    return await store.claim(key, until, NAMES.harness)
  } catch {
    return FAILED
  }
}

/** As the verifier makes them: 43 characters of base64url. */
function newKey(): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(32)))
}

function count(answers: readonly unknown[], wanted: string): number {
  return answers.filter((answer) => answer === wanted).length
}

function equal(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`)
}
