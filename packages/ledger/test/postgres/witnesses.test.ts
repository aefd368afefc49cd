/** Several writers of one log in PostgreSQL, and the witnesses that sign their heads (spec chapters 17.5 and 17.11). @module */
import { cpSync } from 'node:fs'
import { parseCheckpoint } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { POSTGRES_URL } from '../../../../test/postgres.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { at } from '../../src/contract/subject.ts'
import { fill, keyOf, leafOf, temporaryDirectory, verifyAll } from '../logs.ts'
import { policyOf, startWitness } from '../witness/witnesses.ts'
import { database, openOver, optionsFor, poolOf } from './logs.ts'

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test('AHP-WITNESS-4 three writers that append at once release only heads that both witnesses signed', async () => {
    const made = await database()
    const witnesses = [await startWitness('one.example'), await startWitness('two.example')]
    const policy = { witnesses: policyOf(witnesses) }
    const logs = [await openOver(made, policy), await openOver(made, policy), await openOver(made, policy)]
    const appended = await Promise.all(
      Array.from({ length: 300 }, async (_, number) => at(logs, number).append(leafOf(number), keyOf(number))),
    )
    const heads = [...new Set(appended.map(({ checkpoint }) => checkpoint))]
    for (const head of heads)
      expect(
        parseCheckpoint(head)
          .note.signatures.map(({ name }) => name)
          .slice(1),
      ).toEqual(['one.example', 'two.example'])
    expect(heads.length).toBeGreaterThan(1)
    for (const log of logs) {
      expect(parseCheckpoint(await log.newest()).size).toBe(300n)
      expect(await verifyAll(log, heads)).toBe(300n)
    }
  })

  test('AHP-WITNESS-4 a writer whose head was overtaken by that of another releases the newer one', async () => {
    const made = await database()
    const witness = await startWitness('one.example')
    let gate: Promise<void> | undefined
    const slow: typeof fetch = async (...request) => {
      await gate
      return fetch(...request)
    }
    const late = await openOver(made, { witnesses: policyOf([witness], { fetch: slow, timeoutMs: 60_000 }) })
    const fast = await openOver(made, { witnesses: policyOf([witness]) })
    let open = (): void => undefined
    gate = new Promise((resolve) => (open = resolve))
    const pending = late.append(leafOf(0), keyOf(0))
    await expect.poll(async () => parseCheckpoint(await fast.newest()).size).toBe(1n)
    await fast.append(leafOf(1), keyOf(1))
    open()
    const { index, checkpoint } = await pending
    expect([index, parseCheckpoint(checkpoint).size]).toEqual([0n, 2n])
    expect(parseCheckpoint(checkpoint).note.signatures.map(({ name }) => name)).toContain('one.example')
    expect((await late.append(leafOf(2), keyOf(2))).index).toBe(2n)
  })

  test('AHP-WITNESS-6 a writer over an old copy of the database does not start, with its own file or that of another time', async () => {
    const made = await database()
    const witness = await startWitness('one.example')
    const directory = temporaryDirectory()
    const options = { ...optionsFor(poolOf(made), directory), witnesses: policyOf([witness]) }
    const log = await openPostgresLog(options)
    const empty = temporaryDirectory()
    cpSync(directory, empty, { recursive: true })
    await fill(log, 0, 3)
    await log.close()
    await made.reset()
    for (const home of [directory, empty, temporaryDirectory()]) {
      const old = { ...optionsFor(poolOf(made), home), witnesses: policyOf([witness]) }
      await expect(openPostgresLog(old)).rejects.toThrow(
        /^ledger: the database ends after 0 entries, but the .* is over 3; going on with an old copy/,
      )
    }
  })

  test('AHP-WITNESS-5 a writer without its witnesses releases nothing, and what it appended is released by another', async () => {
    const made = await database()
    const [one, two] = [await startWitness('one.example'), await startWitness('two.example')]
    const cut = await openOver(made, { witnesses: policyOf([one]) })
    const other = await openOver(made, { witnesses: policyOf([two]) })
    await one.stop()
    await expect(cut.append(leafOf(0), keyOf(0))).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(parseCheckpoint(cut.checkpoint()).size).toBe(0n)
    const again = await other.append(leafOf(0), keyOf(0))
    expect([again.index, parseCheckpoint(again.checkpoint).size]).toEqual([0n, 1n])
    await one.start()
    expect((await cut.append(leafOf(1), keyOf(1))).index).toBe(1n)
  })
})
