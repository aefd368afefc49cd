/** The command line: what cannot be carried out is one sentence and exit code 2, before anything runs. @module */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { call, temporary } from './program.ts'

test.each<[string, readonly string[], RegExp]>([
  ['no such command', ['check'], /write one of init, run/],
  ['no such option', ['run', '--verbose'], /Unknown option '--verbose'/],
  ['an option of another command', ['list', '--exec', 'x'], /list has no option --exec/],
  ['a word too many', ['list', 'all'], /list does not take 'all'/],
  ['both ways to name a receiver', ['run', '--url', 'http://127.0.0.1:1', '--exec', 'x'], /--url or --exec/],
  ['no setup', ['run', '--in', '/nonexistent'], /run init first/],
  ['init without a receiver', ['init'], /write --url/],
  ['no origin', ['init', '--url', 'http://127.0.0.1:3000/api'], /write the origin alone, http:\/\/127.0.0.1:3000/],
  ['no URL', ['init', '--url', 'localhost'], /not the URL of a receiver/],
  ['no level', ['init', '--url', 'http://127.0.0.1:1', '--level', 'gold'], /write one of basic, standard, full/],
  ['a port that is none', ['init', '--url', 'http://127.0.0.1:1', '--host-port', '80'], /from 1024 to 65000/],
  ['an empty selection', ['run', '--exec', 'true', '--only', 'audit'], /no case of level basic fits/],
  [
    'a name of nothing beside one of a group',
    ['run', '--exec', 'true', '--only', 'start,strat'],
    /--only strat: no case .* groups are .*\bstart\b/,
  ],
  ['a list of nothing', ['list', '--only', 'start,strat'], /--only strat: no case/],
  ['a name that is empty', ['run', '--exec', 'true', '--only', 'a,,b'], /with commas/],
  ['a case that is not there', ['explain', 'no-such-case'], /no case has the id/],
  ['no case', ['explain'], /write the id of a case/],
  ['a baseline that is not there', ['run', '--exec', 'true', '--baseline', '/nonexistent'], /cannot be read/],
  [
    'reports where no folder can be',
    ['run', '--exec', 'true', '--report', '/dev/null/reports'],
    /--report \/dev\/null\/reports: there is no folder that can be written to/,
  ],
])('%s', async (_, words, sentence) => {
  const { code, shown, out } = await call(...words)
  expect(shown).toMatch(sentence)
  expect([code, out]).toEqual([2, ''])
  expect(shown.trim().split('\n')).toHaveLength(1)
})

test('help is not an error', async () => {
  for (const words of [['--help'], ['help'], []]) expect((await call(...words)).code).toBe(0)
})

test('the bundle is for its owner alone, and the same for the same seed', async () => {
  const [one, two, other] = [temporary(), temporary(), temporary()]
  for (const folder of [one, two]) await call('init', '--url', 'http://127.0.0.1:3000', '--seed', 'a', '--out', folder)
  await call('init', '--url', 'http://127.0.0.1:3000', '--seed', 'b', '--out', other)
  const bundle = (folder: string): string => readFileSync(join(folder, 'aiegis-trust.json'), 'utf8')
  expect(statSync(join(one, 'aiegis-trust.json')).mode & 0o777).toBe(0o600)
  expect(bundle(one)).toBe(bundle(two))
  expect(bundle(one)).not.toBe(bundle(other))
})

test('a setup that was changed by hand is refused', async () => {
  const folder = temporary()
  await call('init', '--url', 'http://127.0.0.1:3000', '--out', folder)
  for (const text of ['{}', 'no', '{"v":1,"url":"http://127.0.0.1:3000","level":"gold","seed":"a","hostPort":7357}']) {
    writeFileSync(join(folder, 'conformance.json'), text)
    expect(await call('run', '--in', folder)).toMatchObject({ code: 2 })
  }
})

test('a run that asks for more than the bundle allows is refused', async () => {
  const folder = temporary()
  await call('init', '--url', 'http://127.0.0.1:3000', '--out', folder)
  for (const words of [
    ['--level', 'standard'],
    ['--seed', 'b'],
    ['--url', 'http://127.0.0.1:3001'],
    ['--host-port', '7400'],
  ]) {
    expect(await call('run', '--in', folder, ...words)).toMatchObject({ code: 2 })
  }
})

test('cases are listed and explained', async () => {
  const listed = await call('list', '--json')
  const rows: readonly { readonly id: string; readonly must: readonly string[] }[] = JSON.parse(listed.out)
  expect(rows.length).toBeGreaterThan(5)
  const { code, out } = await call('explain', 'start-token-expired')
  expect(code).toBe(0)
  expect(out).toMatch(/Expected: 401 token_expired, retry new-token/)
  expect(out).toMatch(/^GET \/conformance\/echo\?q=1 HTTP\/1\.1$/m)
  expect(JSON.parse((await call('explain', 'start-token-expired', '--json')).out)).toMatchObject({ id: 'start-token-expired' })
})
