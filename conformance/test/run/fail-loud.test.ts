/** A suite that was tampered with, or is not whole, says so and ends with code 4: it never passes a receiver with what is left of it. @module */
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const suite = fileURLToPath(new URL('../../', import.meta.url))
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
let copy = ''

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'aiegis-fail-loud-'))
  for (const name of ['dist', 'cases', 'requirements', 'schemas', 'package.json'])
    cpSync(join(suite, name), join(copy, name), { recursive: true })
  symlinkSync(modules, join(copy, 'node_modules'))
})

/** Runs the copied suite with one file changed, and puts the file back. Nothing listens at the receiver's port. */
function runWith(file: string, change: (text: string) => string): { readonly code: number | null; readonly said: string } {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  const changed = change(text)
  if (changed === text && file !== 'package.json') throw new Error(`${file} is as it was`)
  writeFileSync(path, changed)
  const folder = mkdtempSync(join(tmpdir(), 'aiegis-fail-loud-setup-'))
  const main = join(copy, 'dist/cli/main.js')
  spawnSync(process.execPath, [main, 'init', '--url', 'http://127.0.0.1:9', '--out', folder])
  const { status, stderr } = spawnSync(process.execPath, [main, 'run', '--in', folder], { encoding: 'utf8' })
  writeFileSync(path, text)
  return { code: status, said: stderr }
}

test('as it is, it finds that there is no receiver', () => {
  expect(runWith('package.json', (text) => text).code).toBe(3)
})

test.each<[string, string, (text: string) => string, RegExp]>([
  [
    'an expectation that was changed',
    'cases/start.json',
    (text) => text.replace('"code": "token_missing"', '"code": "proof_missing"'),
    /expects something else than it did/,
  ],
  [
    'an expectation that no registry has',
    'cases/start.json',
    (text) => text.replace('"code": "token_missing"', '"code": "token_lost"'),
    /A case of the suite is wrong: .*token_lost|expects something else/,
  ],
  ['a member that is not known', 'cases/start.json', (text) => text.replace('"title":', '"tilte": "x", "title":'), /tilte/],
  ['a case that is gone', 'cases/start.json', withoutFirstCase, /the case start-\S+ is gone/],
  [
    'a requirement that was added',
    'requirements/ahp-receiver-0.1.json',
    (text) => text.replace('AHP-BIND-1"', 'AHP-BIND-99"'),
    /digest/,
  ],
  [
    'a digest that was changed',
    'requirements/ahp-receiver-0.1.json',
    (text) => text.replace(/"digest": "./, '"digest": "_'),
    /digest/,
  ],
  ['a file of cases that is not JSON', 'cases/start.json', (text) => text.slice(0, -3), /start\.json/],
])('%s ends the run with 4', (_what, file, change, sentence) => {
  const { code, said } = runWith(file, change)
  expect(said).toMatch(sentence)
  expect(said).not.toMatch(/\n\s+at /)
  expect(code).toBe(4)
})

function withoutFirstCase(text: string): string {
  const { cases, ...rest }: { readonly cases: readonly unknown[] } = JSON.parse(text)
  return JSON.stringify({ ...rest, cases: cases.slice(1) })
}
