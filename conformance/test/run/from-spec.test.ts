/** The receivers that were made from the specification alone still pass the suite: a part of it, all of it is `npm run conformance:self`. @module */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { call } from './program.ts'

const FOLDER = fileURLToPath(new URL('../../receivers', import.meta.url))
const NO_PYTHON = spawnSync('python3', ['--version']).status !== 0

test.concurrent.each([
  ['node', `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(`${FOLDER}/node/receiver.mjs`)}`, 'standard', false],
  ['python', `exec python3 ${JSON.stringify(`${FOLDER}/python/receiver.py`)}`, 'basic', NO_PYTHON],
] as const)('%s', async (_name, command, level, isSkipped) => {
  // Where Python is missing, python.test.ts says so and fails in CI.
  if (isSkipped) return
  const { code, shown } = await call('run', '--exec', command, '--level', level, '--only', 'start,join,order,requirement')
  expect({ code, shown }).toEqual({ code: 0, shown: expect.stringContaining('All chosen cases passed.') })
})
