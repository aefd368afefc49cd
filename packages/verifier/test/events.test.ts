/** What is told of a dependency: changes, and nothing after the end (spec chapter 13.4). @module */
import { createClock } from '@aiegis/testing'
import { expect, test } from 'vitest'
import { createEvents, type Dependency } from '../src/events.ts'

function watched(steadySeconds?: number): {
  readonly dependency: Dependency
  readonly told: readonly string[]
  readonly lines: readonly string[]
  readonly advance: (seconds: number) => void
} {
  const clock = createClock()
  const told: string[] = []
  const lines: string[] = []
  const { watch } = createEvents({
    log: (line) => lines.push(line),
    now: clock.now,
    onDependency: ({ state, code }) => void told.push(code === undefined ? state : `${state} ${code}`),
  })
  const watching = { dependency: 'ledger', name: 'a', line: 'it is down' } as const
  const dependency = watch(steadySeconds === undefined ? watching : { ...watching, steadySeconds })
  return { dependency, told, lines, advance: (seconds) => clock.advance(seconds) }
}

test('AHP-REFUSE-11 a dependency is told when it changes', () => {
  const { dependency, told, lines } = watched()
  for (let times = 0; times < 3; times++) dependency.up()
  for (let times = 0; times < 3; times++) dependency.down('ledger_unproven')
  for (let times = 0; times < 3; times++) dependency.up()
  expect([told, lines]).toEqual([['up', 'down ledger_unproven', 'up'], ['it is down']])
})

test('AHP-REFUSE-11 nothing is told of a dependency that is closed for good', () => {
  const { dependency, told, lines } = watched()
  dependency.close('ledger_inconsistent')
  dependency.close('ledger_inconsistent')
  dependency.up()
  dependency.down('ledger_unproven')
  expect([told, lines]).toEqual([['closed ledger_inconsistent'], []])
})

test.each([
  [9, ['down replay_unavailable']],
  [10, ['down replay_unavailable', 'up']],
  [-9, ['down replay_unavailable']],
  [-10, ['down replay_unavailable', 'up']],
])('AHP-REFUSE-11 what fails now and then is up again after 10 seconds, also when the clock was set: %i', (seconds, expected) => {
  const { dependency, told, advance } = watched(10)
  dependency.down('replay_unavailable')
  advance(seconds)
  dependency.up()
  expect(told).toEqual(expected)
})
