// Writes what each case expects now into cases-0.1.json. A case that is there and changes, or goes, stops the suite until this was run.
import { writeFileSync } from 'node:fs'
import { expectationDigest } from '../dist/run/frozen.js'
import { readCatalogue } from '../dist/run/plan.js'

const { cases } = readCatalogue(undefined, {})
const rows = cases
  .toSorted((one, other) => (one.id < other.id ? -1 : 1))
  .map((test) => `  ${JSON.stringify(test.id)}: ${JSON.stringify(expectationDigest(test))}`)
writeFileSync(new URL('cases-0.1.json', import.meta.url), `{\n${rows.join(',\n')}\n}\n`)
