/** The lines that a receiver writes with pino: what happened, and no evidence (spec chapter 13.4). @module */
import { createMockHarness, lineOf, receivedFrom } from '@aiegis/testing'
import { createVerifier } from '@aiegis/verifier'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { pinoHooks } from './pino.ts'

test('has a line for each verdict and each change of a dependency, at a level of its own, without the token', async () => {
  const lines: string[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) })
  const harness = createMockHarness({ logSize: 20 })
  const verifier = createVerifier({ ...harness.receiver(), ...pinoHooks(log) })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  const request = harness.mint()
  await verifier.verify(receivedFrom(request))
  await expect(verifier.verify(receivedFrom(request))).rejects.toMatchObject({ code: 'token_replayed' })
  const seen: { readonly level: number; readonly msg: string }[] = lines.map((line) => JSON.parse(line))
  expect(seen.map(({ level, msg }) => [level, msg])).toEqual([
    [30, 'status up'],
    [30, 'replay up'],
    [30, 'served'],
    [40, 'token_replayed'],
  ])
  expect(seen[2]).toMatchObject({ aiegis: { verdict: 'served', action: 'http.get', stage: 'context' } })
  expect(lines.join('')).not.toContain(lineOf(request, 'X-AEGIS-Token')?.slice(0, 12))
})
