/** What is in force when an act is cut off between its effect and its record (spec chapter 17.7). @module */
import { Refusal, utf8 } from '@aiegis/protocol'
import { expect, test } from 'vitest'
import type { LogBackend } from '../../src/backend.ts'
import { createCustody } from '../../src/custody/custody.ts'
import { OnHold, type CustodyStore, type Hold } from '../../src/custody/store.ts'
import { crypto } from '../logs.ts'

const ID = 'A'.repeat(22)

/** A log of five entries whose appends fail while `isDown`, and a side table in memory; `steps` is what was done in order. */
function world(): { custody: ReturnType<typeof createCustody>; steps: string[]; switches: { isDown: boolean } } {
  const steps: string[] = []
  const switches = { isDown: false }
  const holds = new Map<string, Hold>()
  const keys = new Set<string>()
  const ordered = new Set<number>()
  const backend: Pick<LogBackend, 'append' | 'entry' | 'newest'> = {
    async append(leaf, key) {
      if (switches.isDown) throw new Refusal('ledger_unavailable', 'down')
      if (keys.has(key.join())) throw new Refusal('idempotency_conflict', 'again')
      keys.add(key.join())
      return steps.push(`record ${/"kind":"(\w+)"/.exec(new TextDecoder().decode(leaf))?.[1]}`)
    },
    entry: async (index) =>
      index < 5 ? { leaf: utf8('leaf'), clear: ordered.has(index) ? undefined : utf8('clear') } : undefined,
    newest: async () => ({ size: 5, note: '' }),
  }
  const store: CustodyStore = {
    order: (index) => (steps.push('order'), ordered.add(index), true),
    hold(id, first, last) {
      steps.push('hold')
      const hold = holds.get(id) ?? { id, first, last, at: 0 }
      holds.set(id, hold)
      return hold
    },
    release: (id) => (steps.push('release'), holds.delete(id)),
    holds: () => [...holds.values()],
    isHeld: (index) => [...holds.values()].some(({ first, last }) => first <= index && index <= last),
    clearFrom: () => [],
    minimum: () => 0,
  }
  return { custody: createCustody(backend, store, crypto, () => 1_000), steps, switches }
}

test('AHP-CUSTODY-2 a hold is in force before it is recorded, and recorded once when it is asked for again', async () => {
  const { custody, steps, switches } = world()
  switches.isDown = true
  await expect(custody.hold(1n, 2n, '', ID)).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect(steps).toEqual(['hold'])
  await expect(custody.erase(1n, '')).rejects.toThrow(OnHold)
  switches.isDown = false
  await custody.hold(1n, 2n, '', ID)
  await custody.hold(1n, 2n, 'again', ID)
  expect(steps).toEqual(['hold', 'hold', 'record hold', 'hold'])
})

test('AHP-CUSTODY-2 an order and a release are recorded before they take effect, and have none when they cannot be', async () => {
  const { custody, steps, switches } = world()
  const { id } = await custody.hold(1n, 2n, '', ID)
  switches.isDown = true
  await expect(custody.release(id, '')).rejects.toMatchObject({ code: 'ledger_unavailable' })
  await expect(custody.erase(4n, '')).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect([steps, (await custody.holds()).length]).toEqual([['hold', 'record hold'], 1])
  switches.isDown = false
  expect(await custody.release(id, '')).toBe(true)
  expect(await custody.erase(4n, '')).toBe(true)
  expect(await custody.erase(4n, '')).toBe(false)
  expect(steps.slice(2)).toEqual(['record release', 'release', 'record erase', 'order'])
})

test('a reason has an end, and nothing is done for one that goes on', async () => {
  const { custody, steps } = world()
  const { id } = await custody.hold(0n, 0n, 'x'.repeat(1_024))
  const before = steps.length
  for (const act of [
    () => custody.hold(0n, 0n, 'x'.repeat(1_025)),
    () => custody.release(id, 'x'.repeat(1_025)),
    () => custody.erase(4n, 'x'.repeat(1_025)),
  ])
    await expect(act()).rejects.toThrow(/a reason has at most 1024 characters, not 1025/)
  expect(steps.length).toBe(before)
})
