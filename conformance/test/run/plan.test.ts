/** Which cases a run has, and in which order. @module */
import { expect, test } from 'vitest'
import { choose, inOrder, readCatalogue, unclaimed } from '../../src/run/plan.ts'
import type { Case, Level } from '../../src/build/index.ts'

const { cases } = readCatalogue()

function caseOf(level: Level, only?: true): Case {
  const about = { id: 'x', group: 'g', title: 'About x', must: [], side: 'refuse', base: 'plain', change: [] } as const
  return { ...about, level, expect: { code: 'untrusted' }, ...(only === undefined ? {} : { only }) }
}

test('a seed decides the order, and every case is in it once', () => {
  const ids = (seed: string): readonly string[] => inOrder(cases, seed).map(({ id }) => id)
  expect(ids('a')).toEqual(ids('a'))
  expect(ids('a')).not.toEqual(ids('b'))
  expect(ids('a').toSorted()).toEqual(cases.map(({ id }) => id).toSorted())
})

test('cases are chosen by id, group, requirement, or the start of one', () => {
  const first = cases[0]
  if (first === undefined) throw new Error('no cases')
  for (const name of [first.id, first.group, first.must[0] ?? '', `${first.id.slice(0, 3)}*`])
    expect(choose(cases, [name])).toContain(first)
  expect(choose(cases, [first.id.slice(0, -1)])).toEqual([])
  expect(choose(cases, [])).toBe(cases)
})

test('a level has the cases of those below it, but not what only their bundle shows', () => {
  expect(unclaimed(caseOf('basic'), 'standard', 'standard')).toBeUndefined()
  expect(unclaimed(caseOf('full'), 'standard', 'standard')).toBe('it belongs to level full')
  expect(unclaimed(caseOf('standard'), 'basic', 'full')).toBe('it belongs to level standard')
  expect(unclaimed(caseOf('basic', true), 'basic', 'basic')).toBeUndefined()
  expect(unclaimed(caseOf('basic', true), 'standard', 'standard')).toBe('only a bundle of level basic shows it')
  expect(unclaimed(caseOf('basic', true), 'basic', 'standard')).toBe('only a bundle of level basic shows it')
})
