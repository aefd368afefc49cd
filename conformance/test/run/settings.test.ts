/** Requests under a bundle of their own: a receiver that reads a setting and does not judge by it is found out (spec chapter 14). @module */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { judgeBundle, type Started } from '../../src/run/bundles.ts'
import { readCatalogue } from '../../src/run/plan.ts'
import { RESTART } from '../../src/run/restart.ts'
import { call, temporary } from './program.ts'

const main = fileURLToPath(new URL('../../receivers/dist/express/main.js', import.meta.url))
const mount = readCatalogue().cases.find(({ id }) => id === 'settings-mount') ?? RESTART

test('ours judges by them', async () => {
  const { code, shown } = await call('run', '--exec', `exec node ${main}`, '--only', 'settings-mount')
  expect(shown).toMatch(/1 PASS/)
  expect(code).toBe(0)
})

test('one that takes the usual base in the place of its own is not conformant', async () => {
  const script = join(temporary(), 'usual.mjs')
  writeFileSync(
    script,
    `import { readFileSync, writeFileSync } from 'node:fs'
const path = process.env.AIEGIS_TRUST
const bundle = JSON.parse(readFileSync(path, 'utf8'))
bundle.bases = [{ public: bundle.audience, mount: '/', authority: 'match' }]
writeFileSync(path, JSON.stringify(bundle))`,
  )
  const { code, shown } = await call('run', '--exec', `node ${script}; exec node ${main}`, '--only', 'settings-mount')
  expect(shown).toMatch(/FAIL settings-mount: the first request, .*uri_mismatch/)
  expect(code).toBe(1)
})

test('what was found of its requests is what is told, and that it has to start', async () => {
  const judged = async (started: Started): Promise<unknown> => {
    const { verdict, faults } = await judgeBundle(
      mount,
      () => Promise.resolve(started),
      () => Promise.reject(new Error()),
    )
    return { verdict, faults }
  }
  const found = { verdict: 'FAIL', faults: ['step 3: served'], shots: [] } as const
  expect(await judged({ listens: true, output: '', found })).toEqual({ verdict: 'FAIL', faults: ['step 3: served'] })
  expect(await judged({ listens: false, output: 'no mounts here\n' })).toEqual({
    verdict: 'FAIL',
    faults: ['it does not start with this bundle: no mounts here'],
  })
})
