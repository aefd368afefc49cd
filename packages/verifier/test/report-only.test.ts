/** The end of reporting by two clocks: the one that is set, and the one that nobody sets (spec chapter 13.5). @module */
import { formatSeconds } from '@aiegis/protocol'
import { expect, test } from 'vitest'
import { createReportOnly } from '../src/report-only.ts'

const START = 1_800_000_000_000
const HOUR = 3_600_000

function scene(): { readonly clocks: { now: number; elapsed: number }; readonly isOn: () => boolean | undefined } {
  const clocks = { now: START, elapsed: 5 }
  const options = { serveUnverifiedUntil: formatSeconds((START + HOUR) / 1000), onWouldRefuse: () => {} }
  const made = createReportOnly(
    options,
    () => clocks.now,
    () => clocks.elapsed,
    () => {},
  )
  return { clocks, isOn: () => made?.isOn() }
}

test('AHP-REFUSE-12 it ends by the clock, and stays so when that is set back', () => {
  const { clocks, isOn } = scene()
  clocks.now += HOUR - 1
  expect(isOn()).toBe(true)
  clocks.now += 1
  expect(isOn()).toBe(false)
  clocks.now = START
  expect(isOn()).toBe(false)
})

test('AHP-REFUSE-12 it has ended when the clock passed the end and was set back while nobody asked', () => {
  const { clocks, isOn } = scene()
  clocks.elapsed += HOUR - 1
  expect(isOn()).toBe(true)
  clocks.elapsed += 1
  expect(isOn()).toBe(false)
})
