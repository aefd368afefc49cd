/** Every case of the suite against our verifier, in process, with the exact code, which a run over HTTP does not see. @module */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCases, type Case, type Level } from '../src/build/index.ts'
import { findings } from './findings.ts'
import { createBench, type Bench } from './in-process.ts'

const folder = new URL('../cases/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const cases = files.flatMap((file) => parseCases(readFileSync(new URL(file, folder), 'utf8'), file))

describe.each(['basic', 'standard', 'full'] as const)('at level %s', (level) => {
  let bench: Bench
  beforeAll(async () => {
    bench = await createBench(level)
  })
  afterAll(() => bench.close())

  test.each(cases.filter((item) => belongs(item, level)).map((item) => [item.id, item] as const))('%s', async (_id, item) => {
    expect(await findings(bench, item)).toEqual([])
  })
})

test('every id stands once, and every case names requirements that the specification has', () => {
  const spec = new URL('../../spec/', import.meta.url)
  const texts = readdirSync(spec).filter((name) => name.endsWith('.md'))
  const musts = new Set(texts.flatMap((name) => readFileSync(new URL(name, spec), 'utf8').match(/AHP-[A-Z]+-\d+(?=\*\*)/g) ?? []))
  expect(cases.flatMap(({ must }) => must).filter((id) => !musts.has(id))).toEqual([])
  expect(cases.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) !== index)).toEqual([])
})

test('a case that expects another code than it gets is found out', async () => {
  const bench = await createBench('basic')
  const missing = cases.find(({ id }) => id === 'start-no-token')
  const plain = cases.find(({ id }) => id === 'start-plain')
  if (missing === undefined || plain === undefined) throw new Error('the first cases are gone')
  expect(await findings(bench, { ...missing, expect: { code: 'proof_missing' } })).toEqual(['changed: token_missing'])
  expect(await findings(bench, { ...missing, change: [] })).toEqual(['changed: served'])
  expect(await findings(bench, { ...plain, change: missing.change })).toEqual(['changed: token_missing'])
  expect(await findings(bench, { ...plain, expect: { echo: { depth: 7 } } })).toEqual(['changed: depth is 0'])
  await bench.close()
})

/**
 * Each case at its own level. What happens at the suite host takes its time, and the cases of one level under the bundle of a higher one
 * are many: both are run against receivers that are started (npm run conformance:self).
 */
function belongs(item: Case, level: Level): boolean {
  const isSlow = item.steps?.some((step) => 'host' in step || 'hits' in step || ('wait' in step && level === 'full')) === true
  return item.level === level && item.bundle === undefined && !item.id.startsWith('tls-') && !isSlow
}
