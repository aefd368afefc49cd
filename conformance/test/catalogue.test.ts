/** The catalogue that was written before the specification: each of its ids has cases now, is one of the specification's, or has a reason why it is neither. @module */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readCatalogue } from '../src/run/plan.ts'

interface Row {
  readonly cases?: readonly string[]
  /** Requirements of parties that are no receivers. */
  readonly spec?: readonly string[]
  readonly dropped?: string
}

const folder = new URL('../../spec/', import.meta.url)
const chapters = readdirSync(folder).filter((name) => name.endsWith('.md'))
const spec = chapters.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n')
/** With what is judged about a run as a whole. */
const known = new Set(readCatalogue().cases.map(({ id }) => id))
const map = JSON.parse(readFileSync(new URL('../catalogue-map.json', import.meta.url), 'utf8')) as Readonly<Record<string, Row>>
const catalogue = new URL('../../../shared/reference/conformance-catalogue.json', import.meta.url)

/** Groups of which every id is answered, and how many ids each has. */
const DONE: Readonly<Record<string, number>> = {
  SMK: 10,
  PRES: 23,
  JWS: 45,
  SIG: 17,
  DIDK: 14,
  CLM: 33,
  RPL: 16,
  BIND: 40,
  POP: 29,
  JON: 5,
  ACT: 12,
  LED: 40,
  ERR: 14,
  HTTP: 9,
  CHN: 40,
  STA: 25,
  DIDW: 44,
  ISO: 6,
  WIT: 6,
  ROT: 10,
  RES: 17,
  CMP: 21,
  VEC: 10,
  PDP: 39,
  LOG: 14,
  META: 14,
}

/** What is wrong with a row: it has one answer, and that is one that there is. */
function isWrong({ cases, spec: ids, dropped }: Row): boolean {
  if ([cases, ids, dropped].filter((each) => each !== undefined).length !== 1) return true
  if (dropped !== undefined) return dropped.length < 20
  if (ids !== undefined) return ids.length === 0 || !ids.every((id) => spec.includes(`**${id}**`))
  return cases === undefined || cases.length === 0 || !cases.every((id) => known.has(id))
}

test('each id has cases that exist, requirements that exist, or one reason of a sentence', () => {
  expect(Object.entries(map).filter(([, row]) => isWrong(row))).toEqual([])
})

test('each group that is done is answered whole', () => {
  const answered = Object.keys(map).map((id) => id.split('-')[0] ?? '')
  const counts = Object.fromEntries(Object.keys(DONE).map((group) => [group, answered.filter((other) => other === group).length]))
  expect(counts).toEqual(DONE)
})

test.skipIf(!existsSync(catalogue))('and it is the catalogue that is answered (skipped: it is not beside the repository)', () => {
  const { cases } = JSON.parse(readFileSync(catalogue, 'utf8')) as { cases: readonly { id: string }[] }
  const wanted = cases.map(({ id }) => id).filter((id) => DONE[id.split('-')[0] ?? ''] !== undefined)
  expect(wanted.filter((id) => map[id] === undefined)).toEqual([])
  expect(Object.keys(map).filter((id) => !cases.some((item) => item.id === id))).toEqual([])
})
