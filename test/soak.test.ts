/** The soak finds what it is for: a receiver with one step that does not refuse, one that breaks, one that is slow, one that forgets nothing. @module */
import { Refusal, type ReasonCode } from '@aiegis/protocol'
import type { VerifierOptions } from '@aiegis/verifier'
import { expect, test } from 'vitest'
import { STEPS, type Steps } from '../packages/verifier/src/road.ts'
import { createVerifierOf } from '../packages/verifier/src/verifier.ts'
import { runSoak, type SoakOptions, type SoakReport } from './soak/soak.ts'
import { isGrowing, runTokens } from './soak/tokens.ts'
import type { MakeVerifier } from './soak/world.ts'
import { TWINS } from './twins.ts'

const making =
  (steps: Partial<Steps>): MakeVerifier =>
  (options: VerifierOptions) =>
    createVerifierOf({ ...STEPS, ...steps }, options)

function soak(count: number, steps: Partial<Steps> = {}, options: Partial<SoakOptions> = {}): Promise<SoakReport> {
  return runSoak({ seed: 7, count, makeVerifier: making(steps), ...options })
}

test('serves nothing but what is valid, and all of that', async () => {
  const report = await soak(2500)
  expect(report.findings).toEqual([])
  expect(report.done).toBe(2500)
  for (const [, { refused, valid }] of report.layers) expect([refused > 0, valid > 0]).toEqual([true, true])
  expect(report.codes.size).toBeGreaterThan(60)
  expect(report.sockets).toBeGreaterThan(0)
})

// The twin of `decode` allows as many hand-offs as this receiver does anyway, and its routes have no check of an operator's own.
const { decode: _decode, check: _check, ...BITING } = TWINS

/** Steps before them refuse most of what they would refuse: so many requests until one is left to them. */
const RARE: Readonly<Record<string, number>> = { decision: 1000, requirement: 2500 }

test.each(Object.entries(BITING))('finds what is served when the step %s refuses nothing', async (name, { twin }) => {
  const { counts, findings } = await soak(RARE[name] ?? 400, { [name]: twin })
  expect(counts.served_wrongly).toBeGreaterThan(0)
  expect(findings.map(({ kind }) => kind)).toContain('served_wrongly')
})

test('gives the same mutants for the same seed, others for another, and one of them alone', async () => {
  const binding = TWINS.binding.twin
  const [one, again, other] = [
    await soak(400, { binding }),
    await soak(400, { binding }),
    await soak(400, { binding }, { seed: 8 }),
  ]
  expect([again.findings, again.layers, again.codes]).toEqual([one.findings, one.layers, one.codes])
  expect(other.findings).not.toEqual(one.findings)
  const [first] = one.findings
  const alone = await soak(1, { binding }, { only: first?.at ?? -1 })
  expect([alone.findings, alone.done]).toEqual([[first], 1])
})

test('finds errors that are no refusals, and refusals with a code that nobody knows', async () => {
  const broken = await soak(200, {
    possession: () => {
      throw new TypeError('a defect')
    },
  })
  expect(broken.counts.crashed).toBeGreaterThan(0)
  const unknown = await soak(200, {
    possession: () => {
      throw new Refusal('no_such_code' as ReasonCode, 'a defect')
    },
  })
  expect(unknown.counts.crashed).toBeGreaterThan(0)
})

test('finds valid requests that are refused', async () => {
  const { counts } = await soak(200, {
    requirement: () => {
      throw new Refusal('action_mismatch', 'nothing fits')
    },
  })
  expect(counts.refused_wrongly).toBeGreaterThan(0)
})

test('finds verifications that take more processor time than one may', async () => {
  const { counts, slowest } = await soak(3, {
    decode: (...given) => {
      const before = process.cpuUsage()
      while (process.cpuUsage(before).user < 60_000);
      return STEPS.decode(...given)
    },
  })
  expect(counts.slow).toBeGreaterThan(0)
  expect(slowest.share).toBeGreaterThan(1)
})

test('of tokens that are over nothing stays in memory, and a store that forgets nothing is found', async () => {
  expect(isGrowing(await runTokens(5120, making({})))).toBe(false)
  const kept: string[] = []
  const keeping: MakeVerifier = (options) => {
    const { replay } = options
    if (replay === undefined) throw new TypeError('the harness brings a store')
    const claim: typeof replay.claim = (key, ...rest) => {
      kept.push(key)
      return replay.claim(key, ...rest)
    }
    return making({})({ ...options, replay: { scope: 'process', startedAt: replay.startedAt ?? 0, claim } })
  }
  expect(isGrowing(await runTokens(5120, keeping))).toBe(true)
  expect(kept.length).toBeGreaterThan(5120)
})
