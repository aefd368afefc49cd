/** Every requirement of the specification has a case on each side, or an exclusion with its reason. @module */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { includes, LEVELS, readCatalogue } from '../../src/run/plan.ts'
import { digestOf, readRequirements } from '../../src/run/requirements.ts'
import type { Case, Level } from '../../src/build/index.ts'

interface Exclusion {
  readonly reason: string
  /** Only cases of this side are excluded; all when absent. */
  readonly side?: Case['side']
  /** `*` at the end stands for every number: whole chapters that bind somebody else. */
  readonly ids: readonly string[]
}

const SIDES = ['serve', 'refuse'] as const
const spec = new URL('../../../spec/', import.meta.url)
const inSpec = readdirSync(spec)
  .filter((name) => /^\d\d-.*\.md$/.test(name))
  .flatMap((name) =>
    [...readFileSync(new URL(name, spec), 'utf8').matchAll(/^\*\*(AHP-[A-Z]+-\d+)\*\*/gm)].map(([, id = '']) => id),
  )

const requirements = readRequirements()
const levelOf = new Map(LEVELS.flatMap((level) => requirements.levels[level].map((id) => [id, level] as const)))
const { exclusions } = json('exclusions.json') as { readonly exclusions: readonly Exclusion[] }
/** What no case is about yet. Shrinks; a row that a case covers is refused. */
const missing = json('missing.json') as Readonly<Record<Case['side'], readonly string[]>>
const { cases } = readCatalogue()

function json(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../requirements/${name}`, import.meta.url), 'utf8'))
}

function excluded(id: string, side?: Case['side']): readonly Exclusion[] {
  return exclusions.filter(
    (each) => each.side === side && each.ids.some((own) => (own.endsWith('*') ? id.startsWith(own.slice(0, -1)) : own === id)),
  )
}

function covered(id: string, level: Level, side: Case['side']): boolean {
  return cases.some((each) => each.side === side && each.must.includes(id) && includes(level, each.level))
}

describe('requirements', () => {
  test('are frozen: the list is what its digest names', () => {
    expect(requirements.digest).toBe(digestOf(requirements))
    expect(digestOf({ ...requirements, levels: { ...requirements.levels, basic: requirements.levels.basic.slice(1) } })).not.toBe(
      requirements.digest,
    )
  })

  test('of the specification are each in one level, or excluded with a reason', () => {
    expect(inSpec.filter((id) => Number(levelOf.has(id)) + excluded(id).length !== 1)).toEqual([])
  })

  test('of the list and of the exclusions are in the specification', () => {
    expect([...levelOf.keys()].filter((id) => !inSpec.includes(id))).toEqual([])
    const named = exclusions.flatMap(({ ids }) => ids)
    expect(
      named.filter((own) => !inSpec.some((id) => (own.endsWith('*') ? id.startsWith(own.slice(0, -1)) : own === id))),
    ).toEqual([])
    expect(exclusions.filter(({ reason }) => reason.trim().length < 20)).toEqual([])
  })

  test.each(SIDES)(
    'have a case of the side %s within their level, unless that side is excluded or known to be missing',
    (side) => {
      const open = [...levelOf]
        .filter(([id, level]) => !covered(id, level, side) && excluded(id, side).length === 0)
        .map(([id]) => id)
      expect(open.filter((id) => !missing[side].includes(id))).toEqual([])
      // Take these rows out of requirements/missing.json: cases cover them now.
      expect(missing[side].filter((id) => !open.includes(id))).toEqual([])
    },
  )
})

describe('cases', () => {
  test('name only requirements that are not excluded, each at least one', () => {
    const wrong = cases.flatMap(({ id, must, side }) =>
      must.filter((each) => !levelOf.has(each) || excluded(each, side).length > 0).map((each) => `${id}: ${each}`),
    )
    expect(wrong).toEqual([])
    expect(cases.filter(({ must }) => must.length === 0).map(({ id }) => id)).toEqual([])
  })
})

test('the registry of the suite is that of the specification', () => {
  const rows = (path: URL): readonly unknown[] =>
    (JSON.parse(readFileSync(path, 'utf8')) as { reasons: readonly Record<string, unknown>[] }).reasons.map(
      ({ stage: _stage, since: _since, ...row }) => row,
    )
  expect(rows(new URL('../../requirements/reasons-0.1.json', import.meta.url))).toEqual(
    rows(new URL('registry/reasons.json', spec)),
  )
})
