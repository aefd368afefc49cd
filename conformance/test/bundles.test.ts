/** Every case about a trust bundle, held to our reader of bundles without starting a process. @module */
import { readFileSync } from 'node:fs'
import { parseTrustBundle } from '@aiegis/verifier'
import { expect, test } from 'vitest'
import { changedBundle, parseCases, type Case, type World } from '../src/build/index.ts'

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

const of = (side: Case['side']): [string, Case][] => read.filter((item) => item.side === side).map((item) => [item.id, item])

test.each(of('serve'))('%s is read', (_id, item) => {
  expect(sentence(item)).toBe('')
})

test.each(of('refuse'))('%s is refused', (_id, item) => {
  expect(sentence(item)).not.toBe('')
})
