/** The receiver in Python holds its own tests (conformance/receivers/python). @module */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const FOLDER = fileURLToPath(new URL('../receivers/python', import.meta.url))
const IS_THERE = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0
const SENTENCE = 'there is no Python 3.11 here: install python3, which Debian has'

// On a developer's machine it may be missing; in CI nothing may be left out.
test('Python is there where everything must be tested', () => {
  expect(process.env['CI'] === 'true' && !IS_THERE ? SENTENCE : '').toBe('')
})

test.skipIf(!IS_THERE)(`the receiver in Python passes its tests${IS_THERE ? '' : ` (skipped: ${SENTENCE})`}`, () => {
  const { status, stderr } = spawnSync('python3', ['-B', '-m', 'unittest'], { cwd: FOLDER, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^Ran \d{2,} tests in [^]*\nOK( \(skipped=\d+\))?\n$/m),
  })
})
