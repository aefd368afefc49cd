import { readFileSync } from 'node:fs'
import { isObject, parseJson, utf8 } from '@aiegis/protocol'
import { describe, expect, test } from 'vitest'
import { parseTrustBundle } from '../src/trust.ts'
import { bundle, didKey, edited, HARNESS, ISSUER, jwk, LIST, LOG, signer, vkey } from './trust-bundle.ts'

/** The bundle that chapter 14 of the specification shows. */
function specified(): unknown {
  const chapter = readFileSync(new URL('../../../spec/14-trust-bundle.md', import.meta.url), 'utf8')
  return JSON.parse(/```json trust-bundle\n(.*?)```/s.exec(chapter)?.[1] ?? '')
}

describe('a right bundle', () => {
  const trust = parseTrustBundle(bundle())

  test('AHP-BUNDLE-4 gives keys by role, DID and kid, and by nothing less', () => {
    const found = trust.harnessKey(HARNESS, `${HARNESS}#1`)
    expect(found?.key.bytes).toEqual(signer('harness').publicKey.bytes)
    expect(found?.validFrom).toBeUndefined()
    expect(trust.issuerKey(ISSUER, `${ISSUER}#1`)?.key.bytes).toEqual(signer('issuer').publicKey.bytes)
    expect(trust.statusKey(ISSUER, `${ISSUER}#status`)?.key.bytes).toEqual(signer('status').publicKey.bytes)
    for (const [did, kid] of [
      [HARNESS, `${HARNESS}#2`],
      [ISSUER, `${HARNESS}#1`],
      [HARNESS, `${ISSUER}#1`],
      [HARNESS, '__proto__'],
      ['constructor', 'constructor'],
    ] as const) {
      expect(trust.harnessKey(did, kid)).toBeUndefined()
      expect(trust.issuerKey(did, kid)).toBeUndefined()
      expect(trust.statusKey(did, kid)).toBeUndefined()
    }
    expect(trust.issuerKey(ISSUER, `${ISSUER}#status`)).toBeUndefined()
    expect(trust.statusKey(ISSUER, `${ISSUER}#1`)).toBeUndefined()
  })

  test('gives parties by name', () => {
    expect(trust.harness(HARNESS)).toEqual({ did: HARNESS, ledgers: new Set([LOG]) })
    expect(trust.issuer(ISSUER)).toEqual({
      did: ISSUER,
      roles: new Set(['root', 'hop']),
      status: { lists: [LIST], maxStalenessSeconds: 600 },
    })
    expect(trust.ledger(LOG)).toMatchObject({ origin: LOG, assurance: 'proof', vkey: { name: LOG, type: 1 } })
    expect(trust.statusIssuers.map(({ did, lists }) => [did, lists])).toEqual([[ISSUER, [LIST]]])
    expect(trust.statusIssuers[0]?.key(`${ISSUER}#status`)).toBe(trust.statusKey(ISSUER, `${ISSUER}#status`))
    for (const name of ['', 'did:web:evil.example', '__proto__', 'constructor', 'toString']) {
      expect(trust.harness(name)).toBeUndefined()
      expect(trust.issuer(name)).toBeUndefined()
      expect(trust.ledger(name)).toBeUndefined()
    }
  })

  test('has the defaults of the specification', () => {
    expect(trust.time).toEqual({
      skewSeconds: 5,
      maxLifetimeSeconds: 60,
      bodyTimeoutSeconds: 30,
      statusRefreshSeconds: 60,
      maxStalenessSeconds: 600,
      maxUnprovenSeconds: 900,
    })
    expect(trust.limits).toEqual({
      tokenBytes: 4096,
      passportBytes: 4096,
      proofChars: 4096,
      bodyBytes: 1_048_576,
      delegations: 0,
    })
    expect(trust).toMatchObject({ audience: 'https://api.example.com', require: {}, acceptWarn: false, acceptObligations: [] })
    expect(trust.harnessDids).toEqual([HARNESS])
    expect(trust.issuerDids).toEqual([ISSUER])
    expect(trust.replay).toEqual({ memory: { singleProcess: true } })
  })

  test('is the one of the specification, and that of its worked example', () => {
    expect(parseTrustBundle(specified()).harnessKey(HARNESS, `${HARNESS}#1`)?.validUntil).toBe(Date.parse('2027-11-01') / 1000)
    const example = parseJson(utf8(readFileSync(new URL('../../../spec/worked-example.json', import.meta.url), 'utf8')), {
      maxBytes: 1e6,
    })
    expect(parseTrustBundle(isObject(example) && example['trustBundle']).audience).toBe('https://api.example.com')
  })

  test.each<[own: number | undefined, ofAll: number | undefined, found: number]>([
    [undefined, undefined, 600],
    [undefined, 3600, 3600],
    [61, undefined, 61],
    [86_400, 3600, 86_400],
  ])('has for an issuer that says %j, where time says %j, a staleness of %i seconds', (own, ofAll, found) => {
    const status = { lists: [LIST], keys: [{ kid: `${ISSUER}#status`, jwk: jwk('status') }], maxStalenessSeconds: own }
    const [issuer] = bundle()['issuers'] as readonly object[]
    const whole = { ...bundle(), issuers: [{ ...issuer, status }], time: { maxStalenessSeconds: ofAll } }
    expect(parseTrustBundle(whole).statusIssuers.map(({ maxStalenessSeconds }) => maxStalenessSeconds)).toEqual([found])
  })

  test('may leave replay to the caller', () => {
    expect('replay' in parseTrustBundle(edited('replay', undefined))).toBe(false)
  })

  test('may have every optional member', () => {
    const whole = parseTrustBundle({
      ...bundle(),
      didWeb: { allow: [], caFile: null },
      replay: { memory: { singleProcess: true, maxRecords: 10, maxPerIssuer: 5 } },
      time: { skewSeconds: 0, maxLifetimeSeconds: 300, bodyTimeoutSeconds: 1, statusRefreshSeconds: 59, maxStalenessSeconds: 60 },
      limits: { tokenBytes: 1024, passportBytes: 1024, proofChars: 512, bodyBytes: 0, delegations: 0 },
      require: { hardware: { asserted: 'evidence_checked' }, human: { asserted: 'asserted', checked: 'live' }, runtime: {} },
      acceptWarn: true,
      acceptObligations: ['notify_owner', 'log_full'],
      ledgers: [
        {
          origin: LOG,
          vkey: vkey(LOG),
          assurance: 'proof',
          url: 'http://localhost:18081/log',
          witnesses: { quorum: 0, vkeys: [] },
        },
      ],
    })
    expect(whole.replay).toEqual({ memory: { singleProcess: true, maxRecords: 10, maxPerIssuer: 5 } })
    expect(whole.time).toMatchObject({ skewSeconds: 0, maxLifetimeSeconds: 300, bodyTimeoutSeconds: 1, statusRefreshSeconds: 59 })
    expect(whole.limits).toMatchObject({ tokenBytes: 1024, passportBytes: 1024, proofChars: 512, bodyBytes: 0 })
    expect(whole.require).toEqual({
      hardware: { asserted: 'evidence_checked' },
      human: { asserted: 'asserted', checked: 'live' },
      runtime: {},
    })
    expect(whole.acceptWarn).toBe(true)
    expect(whole.acceptObligations).toEqual(['notify_owner', 'log_full'])
    expect(whole.ledger(LOG)?.url).toBe('http://localhost:18081/log')
  })

  test('has the validity of keys in seconds', () => {
    const times = { validFrom: '2026-11-01T00:00:00Z', validUntil: '2026-11-01T00:00:01Z' }
    const found = parseTrustBundle(edited('harnesses[0].keys[0]', { kid: `${HARNESS}#1`, jwk: jwk('harness'), ...times }))
    expect(found.harnessKey(HARNESS, `${HARNESS}#1`)).toMatchObject({ validFrom: 1_793_491_200, validUntil: 1_793_491_201 })
  })

  test('may name an issuer whose passports cannot be revoked: nothing is read for it', () => {
    const found = parseTrustBundle(edited('issuers[0].status', 'unrevocable'))
    expect(found.issuer(ISSUER)?.status).toBe('unrevocable')
    expect(found.statusIssuers).toEqual([])
  })

  test('AHP-BUNDLE-5 may name parties by did:key, with the key that the DID encodes', () => {
    const did = didKey('harness')
    const found = parseTrustBundle(
      edited('harnesses[0]', { did, keys: [{ kid: `${did}#k`, jwk: jwk('harness') }], ledgers: [LOG] }),
    )
    expect(found.harnessKey(did, `${did}#k`)?.key.bytes).toEqual(signer('harness').publicKey.bytes)
  })

  test('AHP-BUNDLE-4 may list one key twice in one role', () => {
    const both = [`${HARNESS}#1`, `${HARNESS}#2`].map((kid) => ({ kid, jwk: jwk('harness') }))
    expect(parseTrustBundle(edited('harnesses[0].keys', both)).harnessKey(HARNESS, `${HARNESS}#2`)).toBeDefined()
  })

  test('may have local hosts where it lists them', () => {
    const local = parseTrustBundle({
      ...bundle(),
      audience: 'http://localhost:18082',
      bases: [{ public: 'http://localhost:18082', mount: '/', authority: 'match' }],
    })
    expect(local.targetUri('localhost:18082', '/orders', '')).toBe('http://localhost:18082/orders')
    expect(local.targetUri('127.0.0.1:18082', '/orders', '')).toBeUndefined()
  })

  test('is copied: changing the object later changes nothing', () => {
    const given = bundle()
    const found = parseTrustBundle(given)
    Reflect.set(given, 'audience', 'https://evil.example')
    Reflect.set((given['harnesses'] as object[])[0] ?? {}, 'did', 'did:web:evil.example')
    expect(found.audience).toBe('https://api.example.com')
    expect(found.harness('did:web:evil.example')).toBeUndefined()
  })
})

const uri = (bases: unknown, host: string, path: string, query = ''): string | undefined =>
  parseTrustBundle({ ...bundle(), bases }).targetUri(host, path, query)
const base = (changes: object): unknown[] => [{ public: 'https://api.example.com', mount: '/', authority: 'match', ...changes }]

describe('AHP-BIND-14 target URI', () => {
  test.each([
    ['the root', base({}), 'api.example.com', '/', '', 'https://api.example.com/'],
    ['a path with query', base({}), 'api.example.com', '/orders', '?dry=1', 'https://api.example.com/orders?dry=1'],
    ['an empty query', base({}), 'api.example.com', '/orders', '?', 'https://api.example.com/orders?'],
    [
      'a path in public',
      base({ public: 'https://api.example.com/v1' }),
      'api.example.com',
      '/orders',
      '',
      'https://api.example.com/v1/orders',
    ],
    [
      'the root under a path in public',
      base({ public: 'https://api.example.com/v1' }),
      'api.example.com',
      '/',
      '',
      'https://api.example.com/v1/',
    ],
    ['a mount', base({ mount: '/internal' }), 'api.example.com', '/internal/orders', '', 'https://api.example.com/orders'],
    ['the slash of a mount', base({ mount: '/internal' }), 'api.example.com', '/internal/', '?a', 'https://api.example.com/?a'],
    [
      'a mount and a path in public',
      base({ public: 'https://api.example.com/v1', mount: '/in' }),
      'api.example.com',
      '/in',
      '?a',
      'https://api.example.com/v1?a',
    ],
    [
      'any host when the authority is fixed',
      base({ authority: 'fixed' }),
      'evil.example',
      '/orders',
      '',
      'https://api.example.com/orders',
    ],
  ])('of %s', (_, bases, host, path, query, expected) => {
    expect(uri(bases, host, path, query)).toBe(expected)
  })

  test.each([
    ['another host', base({}), 'evil.example', '/orders'],
    ['the host with a port', base({}), 'api.example.com:443', '/orders'],
    ['the host with something in front', base({}), 'x.api.example.com', '/orders'],
    ['no host', base({}), '', '/orders'],
    ['a path outside of the mount', base({ mount: '/internal' }), 'api.example.com', '/orders'],
    ['a path that only begins like the mount', base({ mount: '/internal' }), 'api.example.com', '/internals'],
    ['the mount in another case, which routers match', base({ mount: '/internal' }), 'api.example.com', '/Internal/orders'],
    ['the mount alone, whose URI would have no path', base({ mount: '/internal' }), 'api.example.com', '/internal'],
    [
      'a path outside of the mount under a fixed authority',
      base({ mount: '/in', authority: 'fixed' }),
      'api.example.com',
      '/orders',
    ],
  ])('is missing for %s', (_, bases, host, path) => {
    expect(uri(bases, host, path)).toBeUndefined()
  })

  test('chooses between bases by host and by mount', () => {
    const bases = [
      ...base({ public: 'https://api.example.com/a', mount: '/a' }),
      ...base({ public: 'https://api.example.com/b', mount: '/b' }),
      ...base({ public: 'https://b.example' }),
    ]
    expect(uri(bases, 'api.example.com', '/a/x')).toBe('https://api.example.com/a/x')
    expect(uri(bases, 'api.example.com', '/b/x')).toBe('https://api.example.com/b/x')
    expect(uri(bases, 'b.example', '/b/x')).toBe('https://b.example/b/x')
  })
})
