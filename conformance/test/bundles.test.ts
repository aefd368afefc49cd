/** Every case about a trust bundle, held to our reader of bundles and, with its requests, to our verifier without starting a process. @module */
import { readFileSync } from 'node:fs'
import { parseTrustBundle } from '@aiegis/verifier'
import { expect, test } from 'vitest'
import { changedBundle, parseCases, type Case, type World } from '../src/build/index.ts'
import { isAsked, isToStart } from '../src/run/bundles.ts'
import { findings } from './findings.ts'
import { createBench } from './in-process.ts'

const cases = parseCases(readFileSync(new URL('../cases/bundle.json', import.meta.url), 'utf8'), 'bundle.json')
const world: World = {
  seed: 'aiegis',
  url: new URL('http://127.0.0.1:3000'),
  level: 'basic',
  hostUrl: null,
  skew: 5,
  now: () => Date.UTC(2026, 10, 20),
}

/** What is about the file or its text is looked at before; a store may be given in code too. */
const read = cases.filter(({ id, bundle = [] }) => id !== 'bundle-no-replay' && bundle.every(({ at }) => at === 'bundle'))

/** What our reader says about the bundle of a case: nothing, or one sentence. */
function sentence({ bundle = [] }: Case): string {
  const value: unknown = JSON.parse(changedBundle(world, bundle))
  try {
    parseTrustBundle(value)
    return ''
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}

const of = (side: Case['side']): [string, Case][] =>
  read.filter((item) => isToStart(item) === (side === 'serve')).map((item) => [item.id, item])

test.each(of('serve'))('%s is read', (_id, item) => {
  expect(sentence(item)).toBe('')
})

test.each(of('refuse'))('%s is refused', (_id, item) => {
  expect(sentence(item)).not.toBe('')
})

/** What requests of a case meet under its bundle, or under that of every other run. */
async function met({ bundle = [], ...item }: Case, change = bundle): Promise<readonly string[]> {
  const trust: unknown = JSON.parse(changedBundle({ ...world, seed: 'bench' }, change))
  const bench = await createBench('basic', { trust })
  try {
    return await findings(bench, item)
  } finally {
    await bench.close()
  }
}

test.each(cases.filter(isAsked).map((item) => [item.id, item] as const))(
  '%s: requests are judged by the bundle, and one that ignores what it says is found out',
  async (_id, item) => {
    expect(await met(item)).toEqual([])
    expect(await met(item, [])).not.toEqual([])
  },
)
