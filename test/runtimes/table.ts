/** The table of the adapters and every code of the registry, on one runtime over real sockets (spec chapters 7, 10, 11 and 13). @module */
import { REASONS } from '@aiegis/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CASES } from '../adapters/cases.ts'
import { ROUTE_CASES } from '../adapters/route-cases.ts'
import { codeOf, runBreakage, runCase } from '../adapters/run.ts'
import { RECEIVER_CODES } from '../provoke.ts'
import { DIFFERENCES, OTHER_CODES, type Difference } from './differences.ts'
import { startRuntime, type RunningRuntime, type RuntimeName } from './runtimes.ts'

const TABLE = [...CASES, ...ROUTE_CASES]

/** Makes the tests; `running` gives the runtime to those of the caller. */
export function tableOn(name: RuntimeName): { readonly running: () => RunningRuntime } {
  let runtime: RunningRuntime | undefined
  const running = (): RunningRuntime => {
    if (runtime === undefined) throw new Error(`${name} does not run`)
    return runtime
  }
  beforeAll(async () => {
    runtime = await startRuntime(name)
  })
  afterAll(() => runtime?.end())

  test.each(TABLE)('$title', async (row) => {
    const { answers, effects, sent, decided } = await runCase(running().start('own'), row, running().harness())
    const difference = DIFFERENCES[name][row.title]
    const { answers: usual, sometimes = [] }: Pick<Difference, 'answers' | 'sometimes'> = difference ?? row
    // A connection may end behind a refusal whose content nobody has read.
    const cut = typeof answers.at(-1) === 'string' ? [usual.slice(0, answers.length)] : []
    expect([usual, ...sometimes, ...cut]).toContainEqual(answers)
    // Whatever the runtime made of it: what is served is what was decided.
    expect(effects.map(({ asked }) => asked)).toEqual(decided)
    expect(effects.map(({ content }) => content)).toEqual(sent)
    expect(effects.flatMap(({ seen }) => seen)).toEqual(row.seen ?? [])
    expect(new Set(effects.map(({ receiptId }) => receiptId)).size).toBe(effects.length)
    if (difference === undefined) return
    expect(sometimes.length > 0 || difference.answers.join() !== row.answers.join()).toBe(true)
    const { shown } = await running().noted()
    expect(sometimes.length > 0 ? shown.slice(0, 1) : shown).toMatchObject(difference.shown)
  })

  test.each(RECEIVER_CODES)('AHP-REFUSE-1 refuses with %s and runs no handler', async (code) => {
    const { answer, expected, served } = await runBreakage(running().start('driver'), code)
    const found = answer && [answer.status, codeOf(answer)]
    const usual = [REASONS[code].status, REASONS[code].public]
    const other = OTHER_CODES[name][code]
    expect(other === undefined ? [usual] : other.sometimes ? [usual, other.answer] : [other.answer]).toContainEqual(found)
    expect(served).toBe(found?.[1] === 200 ? 1 : expected)
    expect(other?.answer).not.toEqual(usual)
  })

  test('what is said to differ is in the table', () => {
    expect(Object.keys(DIFFERENCES[name]).filter((title) => !TABLE.some((row) => row.title === title))).toEqual([])
  })
  return { running }
}
