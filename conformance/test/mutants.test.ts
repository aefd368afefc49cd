/** The suite under test: receivers with one defect are what they say, what is known of them is up to date, and three swaps are caught by name. @module */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { allMutants, readEquivalent, wanted } from '../mutants/all.ts'
import { defective, sourceOf } from '../mutants/mutant.ts'
import { flipsOf, readExempt } from '../mutants/flips.ts'
import { readMatrix } from '../mutants/matrix.ts'
import { MOST } from '../mutants/verdicts.ts'
import { readCatalogue } from '../src/run/plan.ts'

const mutants = allMutants()
const matrix = readMatrix()
const equivalent = readEquivalent()
const { cases } = readCatalogue()

test('each mutant changes one text that is in its file once, and says what is wrong with it', () => {
  const idle = allMutants().filter((mutant) => defective(mutant) === sourceOf(mutant.file) || mutant.defect.length < 8)
  expect(idle.map(({ id }) => id)).toEqual([])
})

test('a mutant whose text is not there, or there twice, is found out', () => {
  const [one] = allMutants()
  if (one === undefined) throw new Error('no mutants')
  expect(() => defective(one, 'nothing')).toThrow(RangeError)
  expect(() => defective(one, `${one.find}\n${one.find}`)).toThrow(RangeError)
})

test('each defect written by hand is small', () => {
  const lines = (text: string): number => text.split('\n').length
  const large = allMutants().filter(
    ({ family, find, replace }) => family !== 'suppressed' && Math.max(lines(find), lines(replace)) > 15,
  )
  expect(large.map(({ id }) => id)).toEqual([])
})

test('each mutant is killed by cases that there are, or listed with the reason why no request can tell', () => {
  const known = new Set([...cases.map(({ id }) => id), 'smoke'])
  const ids = new Set(allMutants().map(({ id }) => id))
  expect(Object.keys({ ...matrix, ...equivalent }).filter((id) => !ids.has(id))).toEqual([])
  expect(Object.values(matrix).flatMap(({ killers, flips }) => [...killers, ...flips].filter((id) => !known.has(id)))).toEqual([])
  const isKilled = (id: string): boolean => (matrix[id]?.killers.length ?? 0) > 0
  expect(mutants.filter(({ id }) => !isKilled(id) && equivalent[id] === undefined).map(({ id }) => id)).toEqual([])
  expect(Object.keys(equivalent).filter((id) => isKilled(id) || (equivalent[id]?.length ?? 0) < 30)).toEqual([])
})

test('what is listed as equivalent is tried when it is named, and not otherwise', () => {
  const [id = ''] = Object.keys(equivalent)
  expect(wanted(mutants, [], equivalent).map((mutant) => mutant.id)).not.toContain(id)
  expect(wanted(mutants, [], equivalent)).toHaveLength(mutants.length - Object.keys(equivalent).length)
  expect(wanted(mutants, ['no such text', id], equivalent).map((mutant) => mutant.id)).toContain(id)
})

test('receivers that are too strict are killed by what has to be served', () => {
  const serves = cases.filter(({ side, steps, bundle }) => side === 'serve' || (steps !== undefined && bundle === undefined))
  const serving = new Set(serves.map(({ id }) => id))
  const strict = mutants.filter(({ family }) => family === 'strict')
  const isServing = (killer: string): boolean => serving.has(killer) || killer === 'smoke'
  const others = strict.filter(({ id }) => !(matrix[id]?.killers ?? []).some(isServing))
  expect(others.map(({ id }) => id)).toEqual([])
})

test('each negative case tells a receiver with a defect from ours, one that few cases notice or that serves what it refuses', () => {
  const rows = Object.values(matrix).map(({ killers, flips }) => (killers.length < MOST ? killers : flips))
  const kills = new Set(rows.flat())
  const idle = cases.filter(({ id, side }) => side === 'refuse' && !kills.has(id))
  expect(idle.map(({ id }) => id)).toEqual([])
})

test('each refusal is served by a receiver that does not mind its reason, or listed with what else refuses it', () => {
  const exempt = readExempt()
  const firm = flipsOf(cases, allMutants(), matrix).filter(({ served }) => served.length === 0)
  expect(Object.keys(exempt).toSorted()).toEqual(firm.map(({ id }) => id).toSorted())
  expect(Object.keys(exempt).filter((id) => (exempt[id]?.length ?? 0) < 25)).toEqual([])
})

test('three dependencies that others would take are each caught by name', { timeout: 240_000 }, () => {
  const program = fileURLToPath(new URL('../mutants/dist/run.js', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [program, '--only', 'swap-', '--jobs', '3', '--json'], {
    encoding: 'utf8',
  })
  const { mutants: rows }: { readonly mutants: readonly { readonly id: string; readonly verdict: string }[] } = JSON.parse(stdout)
  expect(rows.map(({ id, verdict }) => `${id} ${verdict}`).toSorted()).toEqual([
    'swap-jose-parser killed',
    'swap-noble-verify killed',
    'swap-web-did-resolver killed',
  ])
  expect(status).toBe(0)
})
