/** Receivers that do nothing of what they must obtain no level, and each gets one sentence and no stack trace. @module */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createStub, STUBS } from '../../stubs/stubs.ts'
import { call, listening, runAgainst } from './program.ts'

/** Ends the process that it runs in, so it runs in one of its own. */
const ENDS = 'crash-at-the-gate'

const SENTENCES: Readonly<Record<string, RegExp>> = {
  'always-200': /nothing guards the route/,
  'always-401': /complete valid request .* was not served cleanly \(401 untrusted\)/,
  'always-503': /not served cleanly \(503 replay_unavailable\)/,
  'always-malformed': /not served cleanly \(401 token_malformed\)/,
  'random-code': /not served cleanly \((?:401|403|400|503) \w+\)/,
  'echo-without-gate': /nothing guards the route/,
  'presence-only': /the echo has no agent/,
  html: /answered text\/html and not JSON/,
  hang: /no answer in time/,
  'hang-at-the-gate': /was not answered: there was no response within \d+ seconds/,
  'close-at-once': /the connection was closed/,
  'not-http': /the answer is not HTTP|no usable answer/,
}

test('each stub is tried', () => {
  expect([...Object.keys(SENTENCES), ENDS].toSorted()).toEqual(Object.keys(STUBS).toSorted())
})

test.each(Object.entries(SENTENCES))('%s obtains no level', async (name, sentence) => {
  const stub = await listening(createStub(name))
  const { code, shown, out } = await runAgainst(stub.url, '--json')
  await stub.close()
  expect(code).toBe(3)
  expect(JSON.parse(out)).toMatchObject({ conformant: false, cases: [] })
  expect(shown).toMatch(sentence)
  expect(shown).toMatch(/Nothing was scored/)
  expect(shown).not.toMatch(/\n\s+at /)
})

test('a dead port obtains no level', async () => {
  const server = await listening()
  await server.close()
  const { code, shown } = await runAgainst(server.url)
  expect(code).toBe(3)
  expect(shown).toMatch(/There is no receiver with the fixture at .*: nothing listens there/)
})

test('a receiver that ends at the gate obtains no level, and its end is told', async () => {
  const stub = fileURLToPath(new URL('../../stubs/dist/main.js', import.meta.url))
  const { code, shown } = await call('run', '--exec', `exec node ${stub} ${ENDS}`)
  expect(code).toBe(3)
  expect(shown).toMatch(/The receiver ended by itself \(exit code 7\)/)
})

test('a command that does not exist is told by its last words, without frames of a stack', async () => {
  const { code, shown } = await call('run', '--exec', 'node -e "throw new TypeError(String(6 * 7))"')
  expect(code).toBe(3)
  expect(shown).toMatch(/ended by itself/)
  expect(shown).toMatch(/TypeError: 42/)
  expect(shown).not.toMatch(/\n\s+at /)
})
