/** The catalogue that was written before the specification: each of its ids has cases now, or a reason why it has none. @module */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCases } from '../src/build/index.ts'

interface Row {
  readonly cases?: readonly string[]
  readonly dropped?: string
}

const folder = new URL('../cases/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const known = new Set(files.flatMap((file) => parseCases(readFileSync(new URL(file, folder), 'utf8'), file)).map(({ id }) => id))
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
}

test('each id has cases that exist, or one reason of a sentence', () => {
  const wrong = Object.entries(map).filter(([, { cases, dropped }]) =>
    cases === undefined
      ? dropped === undefined || dropped.length < 20
      : dropped !== undefined || cases.length === 0 || !cases.every((id) => known.has(id)),
  )
  expect(wrong).toEqual([])
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
