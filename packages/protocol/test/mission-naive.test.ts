/** Missions against a second reading of the specification, over a million questions (spec chapter 8.3). @module */
import { expect, test } from 'vitest'
import { covers, parseMission } from '../src/mission.ts'
import { actionFor, choicesFrom, missionFrom, targetFor } from './mission-triples.ts'
import { isNaiveMission, naiveCovers } from './naive-mission.ts'
import { outcome, REFUSED } from './outcome.ts'

const SEED = 0x5eed
const MISSIONS = 60_000
const TRIPLES = 1_000_000

test('AHP-PASS-12 takes exactly the missions of a naive specification', () => {
  const choices = choicesFrom(SEED)
  let taken = 0
  for (let count = 0; count < MISSIONS; count++) {
    const mission = missionFrom(choices)
    const parsed = outcome(() => parseMission(mission))
    if ((parsed !== REFUSED) !== isNaiveMission(mission)) throw new Error(`they disagree about ${JSON.stringify(mission)}`)
    if (parsed !== REFUSED) taken++
  }
  expect(taken).toBeGreaterThan(MISSIONS * 0.05)
  expect(taken).toBeLessThan(MISSIONS * 0.95)
})

test('AHP-PASS-13 agrees with a naive specification over a million triples', () => {
  const choices = choicesFrom(SEED)
  let covered = 0
  let nearly = 0
  for (let count = 0; count < TRIPLES;) {
    const mission = missionFrom(choices)
    if (!isNaiveMission(mission)) continue
    const parsed = parseMission(mission)
    for (let question = 0; question < 25; question++, count++) {
      // Action and target may come from two pairs: covered each, and not together.
      const action = actionFor(choices, choices.pick(mission))
      const target = targetFor(choices, choices.pick(mission))
      const verdict = covers(parsed, action, target)
      if (verdict !== naiveCovers(mission, action, target)) {
        throw new Error(`covers says ${verdict} of ${JSON.stringify({ mission, action, target })}`)
      }
      if (verdict) covered++
      else if (mission.some((pair) => begins(pair.action, action) && begins(pair.target, target))) nearly++
    }
  }
  expect(covered).toBeGreaterThan(TRIPLES * 0.05)
  expect(covered).toBeLessThan(TRIPLES * 0.95)
  expect(nearly).toBeGreaterThan(TRIPLES * 0.05)
})

/** Text that a matcher which compares only beginnings would take. */
function begins(pattern: string, text: string): boolean {
  return text.startsWith(pattern.replace(/[./]?\*$/, ''))
}
