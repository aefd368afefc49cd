/** The command of the janitor (spec chapter 17.7). @module */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '@aiegis/protocol'
import { expect, test } from 'vitest'
import { runJanitor } from '../../src/custody/command.ts'
import { keyOf, leafOf, openIn, temporaryDirectory } from '../logs.ts'
import { age, filesWith } from './logs.ts'

async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const code = await runJanitor(args, { print: write, complain: write })
  return { code, said: lines.join('\n') }
}

test('AHP-CUSTODY-7 a janitor is a program of its own, and says what it did', async () => {
  const directory = temporaryDirectory()
  const db = join(directory, 'ledger.db')
  const log = await openIn(directory)
  for (const number of [0, 1, 2, 3]) await log.append(leafOf(number), keyOf(number), utf8(`person ${number}`))
  await log.custody?.erase(0n, '')
  await log.custody?.hold(2n, 2n, 'case 7')
  expect(await run('--db', db)).toEqual({ code: 1, said: `ledger: ${db} is open in another process, and a log has one writer` })
  await log.close()
  age(directory, 1, 2, 6 * 366 * 86_400)
  expect(await run('--db', db, '--json')).toEqual({ code: 0, said: '{"ordered":1,"expired":1,"held":1,"minimum":0}' })
  expect((await run('--db', db)).said).toBe(
    [
      'taken out: 0 clear texts that were ordered to be erased, 0 that were old enough',
      'on hold: 1 that would have gone',
      'published from entry 0 on',
    ].join('\n'),
  )
  expect([0, 1, 2, 3].filter((number) => filesWith(directory, `person ${number}`).length > 0)).toEqual([2, 3])
})

test('AHP-CUSTODY-3 a retention under six months is a sentence before the log is opened', async () => {
  const file = join(temporaryDirectory(), 'none.db')
  expect(await run('--db', file, '--retention', 'P5M')).toEqual({
    code: 1,
    said: 'ledger: a retention of P5M is less than six months, which records of decisions are kept at least; write P6M or more',
  })
  expect(await run('--db', file)).toEqual({ code: 1, said: `ledger: there is no file ${file}; name that of a log` })
})

test.each([
  [[]],
  [['--db']],
  [['--db', '']],
  [['--db', 'x', 'y']],
  [['--db', 'x', '--force']],
  [['--db', 'postgres://a:secret@b/c']],
  [['--db', 'postgres://a@b/c?password=secret']],
])('a wrong call is answered with how to call it: %j', async (args) => {
  const { code, said } = await run(...args)
  expect(code).toBe(2)
  expect(said).toMatch(/^usage: aiegis-janitor --db /)
  expect(said).not.toContain('secret')
})

test('both programs are where the package says', () => {
  const { bin }: { bin: Record<string, string> } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  )
  for (const [name, folder] of [
    ['aiegis-janitor', 'custody'],
    ['aiegis-witness', 'witness'],
  ] as const)
    expect(readFileSync(join(import.meta.dirname, '../..', bin[name] ?? ''), 'utf8')).toContain(`'../dist/${folder}/main.js'`)
})
