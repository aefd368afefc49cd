/** The table of `cases.ts` and every code of the registry, in each adapter over real sockets (spec chapters 7, 10, 11 and 13). @module */
import { REASONS } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { RECEIVER_CODES } from '../provoke.ts'
import { CASES, EXCEPT_CODES } from './cases.ts'
import { ROUTE_CASES } from './route-cases.ts'
import { codeOf, inProcess, runBreakage, runCase } from './run.ts'
import { ADAPTERS, type AdapterName } from './servers.ts'

/** The server answers this itself before any application sees the request. */
const ANSWERED_BY_NODE: Readonly<Record<string, number>> = { content_incomplete: 400 }

const TABLE = [...CASES, ...ROUTE_CASES]
const names = Object.keys(ADAPTERS) as AdapterName[]

describe.each(names)('%s', (name) => {
  test.each(TABLE)('$title', async (row) => {
    const { answers, effects, sent, decided } = await runCase(inProcess(name), row)
    const except = row.except?.[name]
    expect(answers).toEqual(except?.answers ?? row.answers)
    expect(effects.map(({ content }) => content)).toEqual(except?.contents ?? sent)
    expect(effects.map(({ asked }) => asked)).toEqual(decided)
    expect(effects.flatMap(({ seen }) => seen)).toEqual(row.seen ?? [])
    expect(new Set(effects.map(({ receiptId }) => receiptId)).size).toBe(effects.length)
  })

  // Express answers every code in test/road.test.ts.
  test.each(name.startsWith('Express') ? [] : RECEIVER_CODES)(
    'AHP-REFUSE-1 refuses with %s and runs no handler',
    async (code) => {
      const { answer, expected, served } = await runBreakage(inProcess(name), code)
      const except = EXCEPT_CODES[name]?.[code] ?? ANSWERED_BY_NODE[code]
      expect(answer && [answer.status, codeOf(answer)]).toEqual(
        except === undefined ? [REASONS[code].status, REASONS[code].public] : [except, except],
      )
      expect(served).toBe(except === 200 ? 1 : expected)
    },
  )
})

test('each row of the table has a title of its own', () => {
  expect(new Set(TABLE.map(({ title }) => title)).size).toBe(TABLE.length)
})
