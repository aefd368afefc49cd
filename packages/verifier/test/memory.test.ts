/** Everything in this package that lives longer than a request has a bound (spec chapters 10.1 and 12.2). @module */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MAX_WAITING } from '../src/audit-origin.ts'

/**
 * Per file, each collection that it makes and how much it can hold. `request` is gone with the request or the call, `bundle` is as large
 * as what the operator wrote down, `object` holds nothing that is not held elsewhere.
 */
const COLLECTIONS: Readonly<Record<string, readonly (readonly [made: string, bound: string])[]>> = {
  'action-map.ts': [['heads', 'entries of one map']],
  'audit-origin.ts': [
    ['waiting', '16,384 heads; with more the log is closed'],
    ['proven', '1,024 heads'],
  ],
  'audit-tiles.ts': [
    ['kept', '256 tiles of 8 KiB'],
    ['tiles', 'request'],
    ['[...new Map', 'request'],
    ['kept', '256 tiles of 8 KiB'],
  ],
  'audit.ts': [['origins', 'bundle']],
  'body-requirement.ts': [['return new Set', 'media types of one route']],
  'bounded-map.ts': [
    ['#young', 'half of its size'],
    ['#old', 'half of its size'],
    ['this.#young', 'half of its size'],
  ],
  'chain-reader.ts': [['known', '2,048 chains']],
  'context-claims.ts': [['return new Set', 'request']],
  'context-header-verify.ts': [
    ['hosts', 'object'],
    ['dids', 'bundle'],
  ],
  'context.ts': [
    ['parsers', 'object'],
    ['made', 'object'],
  ],
  'contexts.ts': [
    ['verified', 'object'],
    ['NONE', 'nothing'],
  ],
  'did-keys.ts': [['byName', 'bundle']],
  'did-read.ts': [['keys', 'keys of one document']],
  'engine.ts': [
    ['merged', 'object'],
    ['known', 'object'],
    ['checkpoints', '1,024 heads'],
    ['heads', '64 heads'],
    ['isSame', '2,048 names of chains'],
  ],
  'events.ts': [['watched', 'names of the bundles that were taken']],
  'inventory.ts': [
    ['checks', 'object'],
    ['return', 'request'],
  ],
  'mount.ts': [
    ['EVIDENCE_FIELDS', '5 names'],
    ['return', '7 names'],
  ],
  'node/cli/doctor-clock.ts': [['origins', 'request']],
  'node/cli/doctor-proxy.ts': [
    ['arrived', 'request'],
    ['kinds', 'request'],
  ],
  'node/cli/explain.ts': [['return', 'request']],
  'node/content.ts': [['captured', 'object']],
  'node/names.ts': [['pending', 'names that are being looked up, of bundle']],
  'node/verifier.ts': [['files', 'object']],
  'path-readings.ts': [['return [...new Set', 'request']],
  'replay.ts': [
    ['live', 'maxRecords, 1,000,000'],
    ['perIssuer', 'harnesses with live records'],
    ['buckets', 'the same records, 8 seconds each'],
  ],
  'report-only.ts': [['noted', 'object']],
  'requirement.ts': [['acceptObligations', '5 words']],
  'steps/passports.ts': [['jkts', 'object']],
  'status.ts': [
    ['tables', 'bundle'],
    ['return', 'bundle'],
  ],
  'steps/delegations.ts': [['return', 'request']],
  'steps/extract.ts': [['OVERRIDES', '9 names']],
  'trust-did-web.ts': [
    ['hosts:', 'bundle'],
    ['hosts', 'bundle'],
  ],
  'trust-keys.ts': [
    ['roles', 'bundle'],
    ['harness', 'bundle'],
    ['issuer', 'bundle'],
    ['status', 'bundle'],
    ['log', 'bundle'],
    ['witness', 'bundle'],
    ['receiver', 'bundle'],
  ],
  'trust-parties.ts': [
    ['ledgers:', 'bundle'],
    ['roles', 'bundle'],
  ],
  'trust-reader.ts': [['own', 'request']],
  'trust.ts': [['table', 'bundle']],
  'verifier.ts': [['made', 'one for each audience of this process']],
  'web/mount.ts': [
    ['cleaned', 'object'],
    ['refreshed', 'object'],
  ],
}

const folder = join(import.meta.dirname, '../src')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .toSorted()

describe('memory', () => {
  test('each collection that a source file makes is in the list, with its bound', () => {
    const made = files.flatMap((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n')
      const found = lines.filter(
        (line) => /new (?:Map|Set|WeakMap|WeakSet|BoundedMap)\b/.test(line) && !line.trim().startsWith('*'),
      )
      return found.length === 0 ? [] : [[name, found] as const]
    })
    expect(made.map(([name]) => name)).toEqual(Object.keys(COLLECTIONS).toSorted())
    for (const [name, lines] of made) {
      const listed = COLLECTIONS[name] ?? []
      expect([name, lines.length]).toEqual([name, listed.length])
      for (const [at, [start]] of listed.entries()) expect(`${name}: ${lines[at]}`).toContain(start)
    }
  })

  test('nothing outside of functions is a list that grows', () => {
    const grown = files.filter((name) => /^(?:let|const) \w+(?:: [^=]+)? = \[\]/m.test(readFileSync(join(folder, name), 'utf8')))
    expect(grown).toEqual([])
  })

  test('AHP-PROOF-15 as many heads wait as the list says', () => {
    expect(MAX_WAITING).toBe(16_384)
  })
})
