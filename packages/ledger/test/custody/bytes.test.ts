/** Where the bytes of clear text are before and after the janitor came: searched for in the files themselves (spec chapter 17.7). @module */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import type { Log } from '../../src/log.ts'
import { keyOf, leafOf, openIn, temporaryDirectory, verifyAll } from '../logs.ts'
import { age, ageWhere, filesWith, subjectInFile } from './logs.ts'

/** Text of an entry that stands nowhere else; of lengths over several pages. */
const secretOf = (number: number): string => createHash('sha256').update(`secret ${number}`).digest('base64url')
const clearOf = (number: number): Uint8Array => utf8(`${secretOf(number)}${'.'.repeat((number * 977) % 9_000)}`)

async function fillSecrets(log: Log, from: number, to: number): Promise<string> {
  const numbers = Array.from({ length: to - from }, (_, offset) => from + offset)
  await Promise.all(numbers.map(async (number) => log.append(leafOf(number), keyOf(number), clearOf(number))))
  return log.checkpoint()
}

const found = (directory: string, numbers: readonly number[]): readonly number[] =>
  numbers.filter((number) => filesWith(directory, secretOf(number)).length > 0)

describe('clear text and salts', () => {
  test('AHP-CUSTODY-5 of one entry are in the file and its journal, and after the janitor in neither', async () => {
    const directory = temporaryDirectory()
    const subject = await subjectInFile(directory)
    const head = await fillSecrets(subject.log, 0, 40)
    expect(filesWith(directory, secretOf(17))).toEqual(['ledger.db-wal'])
    await subject.log.custody?.erase(17n, 'asked for')
    expect(found(directory, [17])).toEqual([17])
    expect((await subject.clean({})).rest).toBeUndefined()
    expect(filesWith(directory, secretOf(17))).toEqual([])
    expect(found(directory, [16, 18])).toEqual([16, 18])
    expect(await verifyAll(subject.log, [head])).toBe(41n)
  })

  test('AHP-CUSTODY-5 of many entries in several rounds leave no copy that moving rows made: deleting with zeros alone does', async () => {
    const directory = temporaryDirectory()
    const subject = await subjectInFile(directory)
    // Without a new file, rows of this length and these rounds leave some of them between the others.
    const nameOf = (number: number): string => `S${String(number).padStart(8, '0')}E`
    const numbers = Array.from({ length: 5_000 }, (_, number) => number)
    for (const half of [numbers.slice(0, 2_500), numbers.slice(2_500)])
      await Promise.all(
        half.map(async (number) =>
          subject.log.append(leafOf(number), keyOf(number), utf8(nameOf(number) + '.'.repeat(250 + ((number * 37) % 50)))),
        ),
      )
    const gone = (number: number): boolean => [7, 3, 2].some((step) => number % step === 0) || number % 10 < 8
    for (const condition of ['idx % 7 = 0', 'idx % 3 = 0', 'idx % 2 = 0', 'idx % 10 < 8']) {
      await subject.log.close()
      ageWhere(directory, condition, 6 * 366 * 86_400)
      await subject.clean({})
    }
    await subject.log.close()
    const file = readFileSync(join(directory, 'ledger.db'), 'latin1')
    expect(numbers.filter((number) => file.includes(nameOf(number)) === gone(number))).toEqual([])
  })

  test('AHP-CUSTODY-5 of an entry that was aged and removed are gone also when nothing was ordered', async () => {
    const directory = temporaryDirectory()
    const log = await openIn(directory)
    await fillSecrets(log, 0, 3)
    await log.close()
    age(directory, 0, 1, 6 * 366 * 86_400)
    const subject = await subjectInFile(directory)
    await subject.clean({})
    expect(found(directory, [0, 1, 2])).toEqual([2])
  })
})
