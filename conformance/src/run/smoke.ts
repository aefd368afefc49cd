/** Before anything is scored: is there a fixture, does it serve what it must, does it refuse what it must (conformance/README.md). @module */
import type { Case } from '../build/index.ts'
import { sentenceOf } from '../judge/judge.ts'
import { effectsOf, faultsOfEffects, prepare, send, sendServable, uncleanness, wordsOf, type Bench } from './bench.ts'

/** A request of the smoke test is a case that is not scored. */
export const SMOKE: Case = {
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
  if (outcome.kind !== 'response')
    return `A request without a token to ${built.wire.target} was not answered: ${sentenceOf(outcome)}.`
  if (outcome.response.status < 400 || (effects !== null && effects > 0))
    return `A request without a token to ${built.wire.target} was served (${wordsOf(done)}): nothing guards the route.`
  return undefined
}
