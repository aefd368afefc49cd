import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { parseTrustBundle } from '../src/trust.ts'
import { bundle, didKey, edited, HARNESS, ISSUER, jwk, LIST, LOG, vkey } from './trust-bundle.ts'

const folder = new URL('../../../spec/schemas/', import.meta.url)
const ajv = new Ajv2020({ strict: false })
for (const name of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))

function isAccepted(value: unknown): boolean {
  try {
    parseTrustBundle(value)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

/** Every path to a member or element of the bundle, and to one more in each object. */
function pathsOf(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path]
  const under = (name: string): string => (path === '' ? name : `${path}.${name}`)
  return [path, under('x'), ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, under(name)))]
}

test('AHP-BUNDLE-1 what is accepted is valid under the schema, whatever one member is replaced by', () => {
  const paths = pathsOf(bundle(), '').filter((path) => path !== '')
  const more = [
    'issuers.0.status.maxStalenessSeconds',
    'time',
    'time.skewSeconds',
    'limits',
    'require',
    'didWeb',
    'acceptWarn',
    'acceptObligations',
  ].concat(
    ['url', 'witnesses'].map((name) => `ledgers.0.${name}`),
    ['validFrom', 'validUntil'].map((name) => `harnesses.0.keys.0.${name}`),
    ['maxRecords', 'maxPerIssuer'].map((name) => `replay.memory.${name}`),
  )
  const values: readonly unknown[] = [
    undefined,
    null,
    true,
    false,
    0,
    1,
    5,
    30,
    31,
    60,
    600,
    1.5,
    -1,
    1e7,
    1e8,
    '',
    '/',
    'x',
    '*',
    'match',
    'fixed',
    'unrevocable',
    'proof',
    'https://api.example.com',
    'https://api.example.com/',
    `https://${'a'.repeat(60)}.example/${'b'.repeat(500)}`,
    `/${'c'.repeat(300)}`,
    LIST,
    '2026-11-01T00:00:00Z',
    '2026-11-01T24:00:00Z',
    HARNESS,
    ISSUER,
    `${HARNESS}#1`,
    `${HARNESS}#${'f'.repeat(128)}`,
    didKey('x'),
    LOG,
    vkey(LOG),
    [],
    {},
    [LOG],
    [LIST],
    ['root'],
    ['hop', 'root'],
    ['log_full'],
    jwk('x'),
    { skewSeconds: 3 },
    { allow: [] },
    { quorum: 0, vkeys: [] },
    { hardware: { checked: 'live' } },
    { bodyBytes: 10 },
    { memory: { singleProcess: true, maxRecords: 1 } },
  ]
  const accepted = [...paths, ...more]
    .flatMap((path) => values.map((value) => ({ path, value, changed: edited(path, value) })))
    .filter(({ changed }) => isAccepted(changed))
  const invalid = accepted.filter(({ changed }) => !ajv.validate('trust-bundle.schema.json', JSON.parse(JSON.stringify(changed))))
  expect(invalid.map(({ path, value }) => [path, value])).toEqual([])
  expect(accepted.length).toBeGreaterThan(100)
})
