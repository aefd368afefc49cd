/** Before anything is scored: is there a fixture, does it serve what it must, does it refuse what it must (conformance/README.md). @module */
import { setTimeout as pause } from 'node:timers/promises'
import type { Case } from '../build/index.ts'
import { effectsOf, faultsOfEffects, prepare, send, sendServable, uncleanness, wordsOf, type Bench } from './bench.ts'

/** A request of the smoke test is a case that is not scored. */
const SMOKE: Case = {
  id: 'smoke',
  group: 'smoke',
  title: 'The receiver serves a complete request and refuses an empty one',
  level: 'basic',
  must: [],
  side: 'serve',
  base: 'plain',
  change: [],
  expect: { echo: {} },
}

/** The sentence that says why nothing can be scored, or `undefined` when all is well. */
export async function smokeTest(bench: Bench): Promise<string | undefined> {
  return (await refusesNothingness(bench)) ?? (await servesPlain(bench))
}

/**
 * Waits until a receiver has read what the suite host publishes, 40 seconds at most: one that was started before the host tries again
 * after a while. Judges nothing.
 */
export async function untilPeersAnswer(bench: Bench): Promise<void> {
  const end = performance.now() + PEERS_SECONDS * 1000
  for (const [at, base] of ['listed', 'web', 'web-harness'].entries()) {
    for (let run = 2_000_000 + at * 1000; performance.now() < end; run += 1) {
      const { done } = await sendServable(bench, SMOKE, { base, change: [] }, run)
      if (!NOT_YET.some((code) => bench.judge.isRefusedWith(done, code))) break
      await pause(1000)
    }
  }
}

const PEERS_SECONDS = 40
const NOT_YET = ['status_unavailable', 'keys_unavailable']

async function servesPlain(bench: Bench): Promise<string | undefined> {
  const { built, done } = await sendServable(bench, SMOKE, SMOKE, 0)
  const effects = await effectsOf(bench, built.nonce)
  const [first] = [...bench.judge.served(done, built, {}), ...faultsOfEffects('it', effects, 1)]
  if (first === undefined) return undefined
  return `A complete valid request to ${built.wire.target} was not served cleanly${uncleanness(done, first)}.`
}

async function refusesNothingness(bench: Bench): Promise<string | undefined> {
  const { built } = await prepare(bench, SMOKE, SMOKE, 999_999)
  const bare = {
    ...built,
    wire: { ...built.wire, fields: built.wire.fields.filter(([name]) => name.toLowerCase() === 'x-conformance-nonce') },
  }
  const done = await send(bench, bare)
  const effects = await effectsOf(bench, built.nonce)
  const { outcome } = done
  if (outcome.kind !== 'response') return `A request without a token to ${built.wire.target} was not answered: ${wordsOf(done)}.`
  if (outcome.response.status < 400 || (effects !== null && effects > 0))
    return `A request without a token to ${built.wire.target} was served (${wordsOf(done)}): nothing guards the route.`
  return undefined
}
