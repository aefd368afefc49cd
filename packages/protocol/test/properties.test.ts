/** Properties of the parsers of names and addresses: they only refuse, and what they take has one spelling (spec chapters 2, 7, 8). @module */
import { deepStrictEqual as same } from 'node:assert'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkDid, formatDidKey, parseDidKey, parseDidUrl } from '../src/did.ts'
import { canonicalize } from '../src/jcs.ts'
import { isObject, parseJson, type JsonValue } from '../src/json.ts'
import { parseMission } from '../src/mission.ts'
import { Malformed } from '../src/refusal.ts'
import { normaliseUrl, parseNormalUrl, parseOrigin, parseRequestTarget } from '../src/url.ts'
import { testKey } from './keys.ts'
import { eachEdit, isMixed, judged, longTexts, nearly, nearlyText, shareTaken } from './mutations.ts'
import { outcome, REFUSED } from './outcome.ts'

const RUNS = 20_000
/** Importing a key takes longer than all the rest. */
const RUNS_WITH_KEYS = 3000

/** `shareTaken` on texts near `valid`, and on any text. */
function shareOf<T>(
  valid: fc.Arbitrary<string>,
  parse: (text: string) => T,
  check: (taken: T, text: string) => void,
  numRuns = RUNS,
): number {
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 600 }))
  const text = fc.oneof({ weight: 9, arbitrary: nearlyText(valid) }, anyText)
  return shareTaken(text, (near) => outcome(() => parse(near)), check, numRuns)
}

describe('DID', () => {
  const didKeys = fc.constantFrom('alice', 'bob', 'carol', 'dave').map((name) => formatDidKey(testKey(name).key))
  const didWebs = fc
    .tuple(
      fc.array(fc.constantFrom('a', 'identity', 'x-y', '0', 'a'.repeat(63)), { maxLength: 3 }),
      fc.constantFrom('host.example', 'host.ie', 'localhost'),
      fc.constantFrom('', '%3A8443', '%3A80', '%3A65535'),
      fc.array(fc.constantFrom('a', '-', '_x', 'people.7f3a', 'A'.repeat(64)), { maxLength: 8 }),
    )
    .map(([labels, last, port, path]) => ['did:web', [...labels, last].join('.') + port, ...path].join(':'))

  test('AHP-BYTES-22 a did:key that is taken is the one that its key prints', () => {
    const share = shareOf(
      didKeys,
      parseDidKey,
      (key, text) => same([formatDidKey(key), checkDid(text)], [text, text]),
      RUNS_WITH_KEYS,
    )
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-BYTES-23 a did:web that is taken is the one that its address gives back', () => {
    const share = shareOf(didWebs, checkDid, (did, text) => same([did, backFromAddress(did)], [text, text]))
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-BYTES-24 a DID URL that is taken is its DID, one # and its fragment', () => {
    const fragments = fc.constantFrom('1', 'key-1', 'z6Mk', 'a'.repeat(128))
    const urls = fc.tuple(fc.oneof(didKeys, didWebs), fragments).map(([did, fragment]) => `${did}#${fragment}`)
    const share = shareOf(
      urls,
      parseDidUrl,
      ({ did, fragment }, text) => same([`${checkDid(did)}#${fragment}`, text.split('#').length], [text, 2]),
      RUNS_WITH_KEYS,
    )
    expect(share).toSatisfy(isMixed)
  })
})

describe('URL', () => {
  const origins = fc.constantFrom(
    'https://api.example.com',
    'https://api.example.com:8443',
    'https://10.0.0.1',
    'https://[2001:db8::1]',
    'http://localhost:18082',
  )
  const targets = fc
    .tuple(
      fc.array(fc.constantFrom('a', '...', '%C3%A9', 'a%2Fb', ';v=1', '*', '[a]', '~'), { maxLength: 4 }),
      fc.constantFrom('', '?', '?a=1&b=%20', '?/../?//'),
    )
    .map(([segments, query]) => `/${segments.join('/')}${query}`)
  const urls = fc.tuple(origins, targets).map(([origin, target]) => origin + target)

  test('AHP-BIND-6 a URL that is taken is its parts, what WHATWG makes of it, and its own normal form', () => {
    const share = shareOf(urls, parseNormalUrl, ({ href, origin, path, query }, text) => {
      same([href, origin + path + query, new URL(text).href, normaliseUrl(text)], [text, text, text, text])
      same([parseOrigin(origin), parseRequestTarget(path + query)], [origin, { path, query }])
    })
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-BIND-6 a request target that is taken is its path and its query', () => {
    const share = shareOf(targets, parseRequestTarget, ({ path, query }, text) => {
      const url = parseNormalUrl(`https://a.example${text}`, { maxBytes: 2048 })
      same([path + query, url.path, url.query], [text, path, query])
    })
    expect(share).toSatisfy(isMixed)
  })

  test('the normal form of what is nearly a URL is taken, and means the same octets', () => {
    const share = shareOf(urls, normaliseUrl, (normal, text) => {
      same([parseNormalUrl(normal).href, normaliseUrl(normal)], [normal, normal])
      same(meaningOf(normal), meaningOf(text))
    })
    expect(share).toSatisfy(isMixed)
  })
})

describe('mission', () => {
  const pairs = [
    { action: 'orders.*', target: 'https://api.example.com/*' },
    { action: '*', target: 'crm:customers/7' },
    { action: 'tool.read_file', target: 'https://api.example.com/a?b=1' },
  ]

  test('AHP-PASS-12 a mission that is taken is what was sent, with no member lost', () => {
    const sentIn = (bytes: Uint8Array): JsonValue => {
      const json = parseJson(bytes, { maxBytes: 65_536 })
      return (isObject(json) ? Object.values(json)[0] : null) ?? null
    }
    const share = shareTaken(
      fc.oneof({ weight: 9, arbitrary: nearly({ mission: pairs }) }, fc.uint8Array()),
      (bytes) => outcome(() => parseMission(sentIn(bytes))),
      (mission, bytes) => same(canonicalize(mission.map((pair) => ({ ...pair }))), canonicalize(sentIn(bytes))),
      RUNS,
      eachEdit({ mission: pairs }),
    )
    expect(share).toSatisfy(isMixed)
  })

  test('AHP-PASS-12 whatever value it is given, it only refuses', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    })
    const share = shareTaken(
      values,
      (value) => outcome(() => parseMission(value)),
      () => {},
      RUNS,
    )
    expect(share).toBe(0)
  })
})

test('AHP-BYTES-7 a megabyte of anything is refused without being walked through', () => {
  const heads = ['', 'did:key:z6Mk', 'did:web:', 'did:web:a.example', 'https://', 'https://a.example/', '/', '/a?']
  for (const text of longTexts(heads)) {
    for (const parse of [checkDid, parseDidKey, parseDidUrl, parseNormalUrl, parseOrigin, parseRequestTarget, normaliseUrl]) {
      expect(() => parse(text)).toThrow(Malformed)
    }
    expect(judged(['malformed'], () => parseMission([{ action: text, target: 'x' }]))).toBe(REFUSED)
    expect(judged(['malformed'], () => parseMission([{ action: '*', target: text }]))).toBe(REFUSED)
  }
})

/** The did:web whose document is at the address of `did` (did:web §3.2); a did:key is itself. */
function backFromAddress(did: string): string {
  if (did.startsWith('did:key:')) return did
  const [, , host = '', ...path] = did.split(':')
  const url = new URL(`https://${[host.replace('%3A', ':'), ...path, 'did.json'].join('/')}`)
  return ['did:web', [url.hostname, url.port].filter(Boolean).join('%3A'), ...url.pathname.split('/').slice(1, -1)].join(':')
}

/** Origin, path and query of a URL, one character per octet. */
function meaningOf(text: string): readonly string[] {
  const { origin, pathname, search } = new URL(text)
  const octets = (escaped: string): string =>
    escaped.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return [origin, octets(pathname), octets(search)]
}
