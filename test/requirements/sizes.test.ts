/** How large evidence is, and what is too large for receiver, schema and reader (spec chapters 7.1 and 8.1). @module */
import { readdirSync, readFileSync } from 'node:fs'
import { decodeProofHeader, parseDelegation, parsePassport, Refusal, utf8, type JsonObject } from '@aiegis/protocol'
import { createMockHarness, lineOf, withLine, type MockHarness, type RawRequest, type Wanted } from '@aiegis/testing'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { changed, inside } from './edits.ts'
import { verdictOf, type Make } from './verdict.ts'

const EVIDENCE = ['X-AEGIS-Token', 'X-AEGIS-Passport', 'X-AEGIS-Proof', 'Signature-Input', 'Signature']
const HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
/** One hash of an inclusion path: 44 characters of base64 and a line end, in base64url. */
const HASH_CHARACTERS = 60

/** Bytes of each evidence line with its name, as they would be with a path of 26 hashes: a log of 67 million entries. */
function linesOf(request: RawRequest): readonly number[] {
  const hashes = decodeProofHeader(lineOf(request, 'X-AEGIS-Proof') ?? '').path.length
  return EVIDENCE.map((name) => {
    const size = name.length + 2 + (lineOf(request, name) ?? '').length
    return name === 'X-AEGIS-Proof' ? size + (26 - hashes) * HASH_CHARACTERS : size
  })
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0)

/** An order to a URL of `characters` characters. */
const order = (h: MockHarness, characters: number, handOffs: number): Wanted => ({
  method: 'POST',
  url: `${h.audience}/orders/`.padEnd(characters, 'a'),
  contentType: 'application/json',
  content: '{"item":7}',
  handOffs,
})

describe('realistic evidence fits', () => {
  test('a chain of three agents with a URL of 320 characters: each line in 8,000 bytes, all in 12,288', () => {
    const h = createMockHarness()
    const request = h.mint(order(h, 320, 2))
    const parts = (lineOf(request, 'X-AEGIS-Passport') ?? '').split('~').map(({ length }) => length)
    expect(parts).toHaveLength(5)
    expect(parts.filter((length, at) => length > (at % 2 === 0 ? 1920 : 1100))).toEqual([])
    expect(linesOf(request).filter((size) => size > 8000)).toEqual([])
    expect(sum(linesOf(request))).toBeLessThanOrEqual(12_288)
  })

  test('the largest passports and delegations that chains of three are made for fit one line', () => {
    expect(3 * 1920 + 2 * 1100 + '~~~~'.length).toBeLessThanOrEqual(7980)
    expect('X-AEGIS-Passport: '.length + 7980).toBeLessThanOrEqual(8000)
  })

  test.each([0, 1, 2])('a chain with %i hand-offs by reference and a URL of 256 characters: all in 4,096 bytes', (handOffs) => {
    const h = createMockHarness()
    const request = withLine(h.mint(order(h, 256, handOffs)), 'X-AEGIS-Passport', `sha-256=${HASH}`)
    expect(sum(linesOf(request))).toBeLessThanOrEqual(4096)
  })

  test('one passport with a URL of 256 characters: all in 6.5 KiB', () => {
    const h = createMockHarness()
    expect(sum(linesOf(h.mint(order(h, 256, 0))))).toBeLessThanOrEqual(6656)
  })

  test('a chain of three agents with a URL of 320 characters is served', async () => {
    expect(await verdictOf((h) => h.mint(order(h, 320, 2)))).toBe('served')
  })
})

/** A chain of passports and delegations of these lengths, none of which can be read. */
const chain = (...lengths: readonly number[]): Make =>
  changed('X-AEGIS-Passport', () => lengths.map((length) => 'A'.repeat(length)).join('~'))

describe('a receiver looks at no more', () => {
  test.each<[string, string, Make]>([
    ['AHP-PASS-4 a passport of 4,096 characters is looked at', 'passport_malformed', chain(4096)],
    ['AHP-PASS-4 a passport of 4,097 characters', 'evidence_too_large', chain(4097)],
    ['AHP-PASS-4 a last passport of 4,097 characters', 'evidence_too_large', chain(100, 100, 4097)],
    ['AHP-PASS-20 a delegation of 1,100 characters is looked at', 'passport_malformed', chain(100, 1100, 100)],
    ['AHP-PASS-20 a delegation of 1,101 characters', 'evidence_too_large', chain(100, 1101, 100)],
    ['AHP-PASS-20 a second delegation of 1,101 characters', 'evidence_too_large', chain(100, 100, 100, 1101, 100)],
    ['AHP-BIND-4 a chain of 7,980 characters is looked at', 'passport_malformed', chain(4000, 978, 3000)],
    ['AHP-BIND-4 a chain of 7,981 characters', 'evidence_too_large', chain(4000, 979, 3000)],
    ['AHP-BIND-4 12,288 bytes of evidence are looked at', 'token_malformed', filled(12_288)],
    ['AHP-BIND-4 12,289 bytes of evidence', 'evidence_too_large', filled(12_289)],
  ])('%s: %s', async (_title, code, make) => {
    expect(await verdictOf(make)).toBe(code)
  })
})

/** A request whose evidence lines have `bytes` bytes together; the last of them is filled up with another signature. */
function filled(bytes: number): Make {
  return (h) => {
    const long = withLine(withLine(h.mint(), 'X-AEGIS-Passport', 'A'.repeat(4096)), 'X-AEGIS-Token', 'A'.repeat(4096))
    const sizes = EVIDENCE.map((name) => name.length + 2 + (lineOf(long, name) ?? '').length)
    return { ...long, lines: [...long.lines, ['Signature', 'A'.repeat(bytes - sum(sizes) - 'Signature: '.length)]] }
  }
}

const folder = new URL('../../spec/schemas/', import.meta.url)
const ajv = new Ajv2020({ strict: false })
for (const name of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))

describe('schema and reader count alike', () => {
  const h = createMockHarness()
  const pairs = (count: number): JsonObject[] => Array.from({ length: count }, (_, at) => ({ action: 'a', target: `t${at}` }))
  const hosts = (count: number, before: string): string[] => Array.from({ length: count }, (_, at) => `${before}h${at}.example`)
  const delegation = madeBy(h)
  const passport = (members: JsonObject): JsonObject => inside(h.passport(), 'credentialSubject', members)

  test.each<[string, number, (count: number) => JsonObject]>([
    ['pairs in the mission of a passport', 16, (count) => passport({ mission: pairs(count) })],
    ['characters in an action', 128, (count) => passport({ mission: [{ action: 'a'.repeat(count), target: 't' }] })],
    ['characters in a target', 1024, (count) => passport({ mission: [{ action: 'a', target: 't'.repeat(count) }] })],
    ['harnesses', 4, (count) => passport({ harness: hosts(count, 'did:web:') })],
    ['hand-offs after a passport', 2, (count) => passport({ maxDepth: count })],
    ['pairs in the mission of a delegation', 16, (count) => ({ ...delegation, mission: pairs(count) })],
    ['audiences', 8, (count) => ({ ...delegation, aud: hosts(count, 'https://') })],
    ['the place of a delegation', 2, (count) => ({ ...delegation, depth: count })],
    ['hand-offs after a delegation', 2, (count) => ({ ...delegation, maxDepth: count })],
  ])('AHP-PASS-9 AHP-PASS-22 %s: %i and no more', (_title, most, make) => {
    expect([most, most + 1].map((count) => isValid(make(count)))).toEqual([true, false])
    expect([most, most + 1].map((count) => isRead(make(count)))).toEqual([true, false])
  })

  test('AHP-PASS-1 the value of X-AEGIS-Passport', () => {
    const isChain = ajv.getSchema('common.schema.json#/$defs/chain')
    const jws = (length: number): string => `A.${'A'.repeat(length - 89)}.${'A'.repeat(86)}`
    const value = (...lengths: readonly number[]): string => lengths.map(jws).join('~')
    const chains = [
      value(4096),
      value(200, 1100, 4096),
      value(1920, 1100, 1920, 1100, 1920),
      `sha-256=${HASH}`,
      value(4000, 978, 3000),
    ]
    const none = [
      value(4097),
      value(200, 1101, 200),
      value(200, 200, 4097),
      value(4000, 979, 3000),
      value(100, 100),
      value(100, 100, 100, 100, 100, 100, 100),
      `sha-256=${HASH}=`,
      `sha-256=${HASH.slice(1)}`,
      '',
      'A.A',
      `${value(100)}~`,
    ]
    expect(chains.map((text) => isChain?.(text))).toEqual(chains.map(() => true))
    expect(none.map((text) => isChain?.(text))).toEqual(none.map(() => false))
    const request = h.mint({ handOffs: 2 })
    expect(isChain?.(lineOf(request, 'X-AEGIS-Passport'))).toBe(true)
  })
})

function isValid(object: JsonObject): boolean {
  return ajv.validate(`${'par' in object ? 'delegation' : 'passport'}.schema.json`, object)
}

/** What a receiver reads of it; size apart, which no schema of the payload can know. */
function isRead(object: JsonObject): boolean {
  const parse = 'par' in object ? parseDelegation : parsePassport
  try {
    parse(utf8(JSON.stringify(object)))
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** A delegation that the harness makes, as JSON. */
function madeBy(h: MockHarness): JsonObject {
  let made: JsonObject = {}
  h.mint({ handOffs: 1 }, { delegation: (claims) => (made = claims) })
  return made
}
