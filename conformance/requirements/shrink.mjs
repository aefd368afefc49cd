// Takes the rows out of missing.json that cases cover now. It never adds one: what a new requirement lacks is a case or an exclusion.
import { readFileSync, writeFileSync } from 'node:fs'
import { format } from 'prettier'
import { includes, LEVELS, readCatalogue } from '../dist/run/plan.js'
import { readRequirements } from '../dist/run/requirements.js'

const path = new URL('missing.json', import.meta.url)
const missing = JSON.parse(readFileSync(path, 'utf8'))
const { levels } = readRequirements()
const { cases } = readCatalogue()

function isCovered(id, side) {
  const level = LEVELS.find((each) => levels[each].includes(id))
  return cases.some((each) => each.side === side && each.must.includes(id) && includes(level, each.level))
}

for (const side of ['serve', 'refuse']) missing[side] = missing[side].filter((id) => !isCovered(id, side))
writeFileSync(path, await format(JSON.stringify(missing), { parser: 'json', printWidth: 130 }))
