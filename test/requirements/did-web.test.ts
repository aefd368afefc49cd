/** Parties whose keys are in DID documents, end to end: hosts that fail, keys that change, and requests that name others (spec chapters 2.8 and 10). @module */
import { gzipSync } from 'node:zlib'
import { isObject, Refusal, type CryptoPort, type JsonObject, type JsonValue, type SyncSigner } from '@aiegis/protocol'
import {
  createMockHarness,
  documentOf,
  NAMES,
  namedSigner,
  problemOf,
  receivedFrom,
  sendRaw,
  type Changes,
  type MockHarness,
} from '@aiegis/testing'
import { createVerifier, parseTrustBundle, type Verifier, type VerifierOptions } from '@aiegis/verifier'
import { createDidWebResolver } from '@aiegis/verifier/did-web'
import { createNodeVerifier, describeTrust } from '@aiegis/verifier/node'
import { describe, expect, test } from 'vitest'
import { ELSEWHERE, EXPIRED, STRANGER } from '../../packages/verifier/test/certificates.ts'
import { startDidWebHost, type DidWebHost } from '../../packages/verifier/test/did-web-host.ts'
import type { Handler } from '../../packages/verifier/test/http-server.ts'
import { startReceiver } from '../receiver.ts'

const MIB = 1024 * 1024
const JSON_TYPE = { 'content-type': 'application/did+json' }

/** The bundle with the keys of parties in their documents. */
function documented(harness: MockHarness, ...names: readonly ('harnesses' | 'issuers')[]): JsonObject {
  const trust = harness.trust()
  const changed = names.map((name) => [name, listOf(trust[name]).map(withoutKeys)] as const)
  return { ...trust, ...Object.fromEntries(changed) }
}

function withoutKeys(party: JsonValue): JsonObject {
  const members = Object.entries(isObject(party) ? party : {}).filter(([name]) => name !== 'keys')
  return { ...Object.fromEntries(members), didWeb: true }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

/** The passport of an issuer that has no status lists. */
function issuedBy(signer: SyncSigner, issuer: string): Changes {
  return {
    passportHeader: (header) => ({ ...header, kid: signer.kid }),
    passport: (credential) => ({
      ...Object.fromEntries(Object.entries(credential).filter(([name]) => name !== 'credentialStatus')),
      issuer,
    }),
    passportSigner: signer,
  }
}

/** The code that refuses, `served`, or `keys_unavailable` with the seconds to wait. */
async function verdict(verifier: Verifier, harness: MockHarness, changes: Changes = {}): Promise<string> {
  try {
    await verifier.verify(receivedFrom(harness.mint({}, changes)))
    return 'served'
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.retryAfter === undefined ? error.code : `${error.code} ${error.retryAfter}`
  }
}

/** A verifier that is past its boot guard. */
async function started(harness: MockHarness, trust: JsonObject, options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const verifier = createVerifier({ ...harness.receiver(), trust, ...options })
  await verifier.warm()
  harness.clock.advance(6)
  return verifier
}

describe('AHP-BYTES-33 while the host of one issuer', () => {
  const second = (did: string): Changes => issuedBy(namedSigner('second issuer', `${did}#1`), did)
  const documentText = (did: string): string => JSON.stringify(documentOf(did, [namedSigner('second issuer', `${did}#1`)]))

  const answers: readonly (readonly [string, (did: string) => Handler])[] = [
    ['is slow', () => (_, response) => void setTimeout(() => response.writeHead(200, JSON_TYPE).end('{}'), 2000).unref()],
    ['hangs before its headers', () => () => {}],
    ['hangs after its headers', () => (_, response) => response.writeHead(200, JSON_TYPE).flushHeaders()],
    ['answers with 500', (did) => (_, response) => response.writeHead(500, JSON_TYPE).end(documentText(did))],
    ['answers with nothing', () => (_, response) => response.writeHead(200, JSON_TYPE).end()],
    [
      'answers with HTML',
      () => (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
    ],
    ['drips a gibibyte', () => flood],
    [
      'redirects to a good document',
      (did) => (request, response) =>
        request.url === '/good'
          ? response.writeHead(200, JSON_TYPE).end(documentText(did))
          : response.writeHead(302, { location: '/good' }).end(),
    ],
    [
      'sends a gzip bomb',
      () => (_, response) =>
        response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100 * MIB, 0x20))),
    ],
    ['serves another DID', () => (_, response) => response.writeHead(200, JSON_TYPE).end(documentText('did:web:evil.example'))],
    [
      'repeats a member',
      (did) => (_, response) =>
        response.writeHead(200, JSON_TYPE).end(documentText(did).replace('{', '{"id":"did:web:evil.example",')),
    ],
    [
      'closes the connection',
      () =>
        ({ socket }) =>
          socket.destroy(),
    ],
  ]

  const outage = async (host: DidWebHost, prepare: () => void | Promise<void>): Promise<readonly unknown[]> => {
    const harness = createMockHarness({ logSize: 20 })
    const resolver = host.resolver(undefined, { timeoutMs: 300 })
    await prepare()
    const issuers = [
      ...listOf(harness.trust()['issuers']),
      { did: host.did, didWeb: true, roles: ['root'], status: 'unrevocable' },
    ]
    const before = process.memoryUsage().rss
    const start = performance.now()
    const receiver = await startReceiver(harness, {
      trust: harness.trust({ issuers }),
      options: { resolver },
    })
    const seen: unknown[] = []
    for (let times = 0; times < 3; times++) {
      const refused = await sendRaw(receiver.port, harness.mint({}, second(host.did)))
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      const { code, retry, executed } = problemOf(refused)
      seen.push([refused.status, code, retry, executed], (await sendRaw(receiver.port, harness.mint())).status)
    }
    expect(performance.now() - start).toBeLessThan(5000)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB)
    expect(host.requests.length).toBeLessThan(2)
    await receiver.close()
    return seen
  }

  /** Three times: its own passports refused, others served. */
  const CONTAINED = Array.from({ length: 3 }, () => [[503, 'keys_unavailable', 'same-token', 'no'], 200]).flat()

  test.each(answers)('%s, its passports get 503 and others are served', async (_, answer) => {
    const host = await startDidWebHost()
    host.answer(answer(host.did))
    expect(await outage(host, () => {})).toEqual(CONTAINED)
    await host.close()
  })

  test('is down, likewise', async () => {
    const host = await startDidWebHost()
    expect(await outage(host, () => host.close())).toEqual(CONTAINED)
  })

  test('is not in the DNS, likewise', async () => {
    const host = await startDidWebHost()
    expect(await outage(host, () => host.resolveTo())).toEqual(CONTAINED)
    await host.close()
  })

  test.each([
    ['another name', ELSEWHERE],
    ['the past', EXPIRED],
    ['an unknown root', STRANGER],
  ])('shows a certificate of %s, likewise', async (_, certificate) => {
    const host = await startDidWebHost(certificate)
    host.answer((__, response) => response.writeHead(200, JSON_TYPE).end(documentText(host.did)))
    expect(await outage(host, () => {})).toEqual(CONTAINED)
    await host.close()
  })

  test('was down and is up again, its passports are served 30 seconds later', async () => {
    const host = await startDidWebHost()
    const harness = createMockHarness({ logSize: 20 })
    const issuers = [
      ...listOf(harness.trust()['issuers']),
      { did: host.did, didWeb: true, roles: ['root'], status: 'unrevocable' },
    ]
    const verifier = await started(harness, harness.trust({ issuers }), { resolver: host.resolver() })
    expect(await verdict(verifier, harness, second(host.did))).toBe('keys_unavailable 24')
    host.answer((_, response) => response.writeHead(200, JSON_TYPE).end(documentText(host.did)))
    harness.clock.advance(24)
    expect(await verdict(verifier, harness, second(host.did))).toBe('served')
    verifier.close()
    await host.close()
  })
})

describe('keys that change', () => {
  const next = namedSigner('next issuer', `${NAMES.issuer}#2`)
  const signedBy = (signer: SyncSigner): Changes => ({
    passportHeader: (header) => ({ ...header, kid: signer.kid }),
    passportSigner: signer,
  })

  test('AHP-BYTES-34 a new key works at once, and a thousand invented names do not put it off', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness, documented(harness, 'harnesses', 'issuers'))
    expect(await verdict(verifier, harness)).toBe('served')
    const { reads } = harness.documents
    const before = reads.length
    const bogus = (number: number): Changes => ({
      passportHeader: (header) => ({ ...header, kid: `${NAMES.issuer}#bogus-${number}` }),
    })
    expect(await verdict(verifier, harness, bogus(0))).toBe('passport_key_unknown')
    harness.documents.publish(NAMES.issuer, [harness.keys.issuer, next])
    for (let number = 1; number < 1000; number++)
      expect(await verdict(verifier, harness, bogus(number))).toBe('keys_unavailable 30')
    expect(reads.slice(before)).toEqual([NAMES.issuer])
    expect(await verdict(verifier, harness)).toBe('served')
    harness.clock.advance(30)
    expect(await verdict(verifier, harness, signedBy(next))).toBe('served')
    const third = namedSigner('third issuer', `${NAMES.issuer}#3`)
    harness.documents.publish(NAMES.issuer, [next, third])
    harness.clock.advance(30)
    expect(await verdict(verifier, harness, signedBy(third))).toBe('served')
    verifier.close()
  })

  test.each([
    ['is taken out', [], 'passport_key_unknown'],
    ['is replaced under its name', [namedSigner('other issuer', `${NAMES.issuer}#1`)], 'passport_key_unknown'],
  ])('AHP-BYTES-32 a key that %s stops 300 seconds later, in chains that were verified before too', async (_, signers, code) => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness, { ...documented(harness, 'issuers'), time: { maxStalenessSeconds: 86_400 } })
    const seen: string[] = []
    const kept = { ...harness.passport(), validUntil: '2026-12-20T21:00:00Z' }
    const passport: Changes = { passport: () => kept }
    for (let second = 6; second < 300; second += 42) {
      seen.push(await verdict(verifier, harness, passport))
      harness.documents.publish(NAMES.issuer, signers)
      harness.clock.advance(42)
    }
    expect(new Set(seen)).toEqual(new Set(['served']))
    expect(await verdict(verifier, harness, passport)).toBe(code)
    verifier.close()
  })

  test('AHP-BYTES-36 a key that the bundle pins for status lists signs no passport, though the document has it', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness, documented(harness, 'issuers'))
    harness.documents.publish(NAMES.issuer, [harness.keys.issuer, harness.keys.status])
    harness.clock.advance(301)
    expect(await verdict(verifier, harness, signedBy(harness.keys.status))).toBe('passport_key_unknown')
    expect(await verdict(verifier, harness)).toBe('served')
    verifier.close()
  })
})

describe('requests that name others', () => {
  test('AHP-ROAD-4 AHP-ROAD-5 AHP-BUNDLE-8 lead to no document but those of the bundle', async () => {
    const harness = createMockHarness({ logSize: 20 })
    const verifier = await started(harness, documented(harness, 'issuers'))
    const evil = 'did:web:evil.example'
    harness.documents.publish(evil, [namedSigner('evil', `${evil}#1`)])
    const { reads } = harness.documents
    const before = reads.length
    const attempts: readonly Changes[] = [
      { tokenHeader: (header) => ({ ...header, kid: `${evil}#1` }) },
      { tokenHeader: (header) => ({ ...header, kid: `${NAMES.issuer}#1` }) },
      { passportHeader: (header) => ({ ...header, kid: `${evil}#1` }), passportSigner: namedSigner('evil', `${evil}#1`) },
      { claims: (claims) => ({ ...claims, iss: evil }) },
      { passport: (vc) => ({ ...vc, issuer: evil }) },
    ]
    for (const attempt of attempts) expect(await verdict(verifier, harness, attempt)).not.toBe('served')
    expect(reads.slice(before)).toEqual([])
    verifier.close()
  })

  test('AHP-ROAD-9 an unknown key of a party that is read by did:web costs what a bad signature costs', async () => {
    const costs = [
      { passportHeader: (header: JsonObject) => ({ ...header, kid: 'did:web:evil.example#1' }) },
      { passportHeader: (header: JsonObject) => ({ ...header, kid: `${NAMES.issuer}#2` }) },
      { passportSigner: namedSigner('stranger') },
    ].map(async (changes) => {
      const harness = createMockHarness({ logSize: 20 })
      let verified = 0
      const crypto: CryptoPort = {
        sha256: (bytes) => harness.crypto.sha256(bytes),
        verifyEd25519: (...input) => (verified++, harness.crypto.verifyEd25519(...input)),
      }
      const verifier = await started(harness, documented(harness, 'issuers'), { crypto })
      const before = verified
      const code = await verdict(verifier, harness, changes)
      verifier.close()
      return [code, verified - before]
    })
    expect(await Promise.all(costs)).toEqual([
      ['passport_issuer_unknown', 2],
      ['passport_key_unknown', 2],
      ['passport_signature_invalid', 2],
    ])
  })
})

describe('on Node', () => {
  test.each([
    ['a verifier brings what reads documents', (options: VerifierOptions) => createNodeVerifier({ ...options, log: () => {} })],
    [
      'the entry point for verifiers that are put together by hand reads them',
      (options: VerifierOptions) =>
        createVerifier({ ...options, resolver: createDidWebResolver(parseTrustBundle(options.trust).didWeb) }),
    ],
  ])('AHP-BUNDLE-8 AHP-BUNDLE-9 %s, asks only the host of the party, and says who is read', async (_, create) => {
    const host = await startDidWebHost()
    const harness = createMockHarness({ logSize: 20 })
    const did = `did:web:localhost%3A${host.port}`
    const issuer = namedSigner('local issuer', `${did}#1`)
    const issuers = [{ did, didWeb: true, roles: ['root'], status: 'unrevocable' }]
    const trust = harness.trust({ issuers, didWeb: { allow: [`localhost:${host.port}`], caFile: host.caFile } })
    host.answer((__, response) => response.writeHead(200, JSON_TYPE).end(JSON.stringify(documentOf(did, [issuer]))))
    const { resolver: __, ...ports } = harness.receiver()
    const verifier = create({ ...ports, trust })
    await verifier.warm()
    harness.clock.advance(6)
    expect(await verdict(verifier, harness, issuedBy(issuer, did))).toBe('served')
    expect(host.requests).toEqual(['GET /.well-known/did.json'])
    const line = describeTrust(verifier.trust, { path: '/t.json', sha256: '0', store: 'x', lists: 'y' })
    expect(line).toContain(`, read by did:web ${did}, `)
    verifier.close()
    await host.close()
  })
})

function flood(_: unknown, response: Parameters<Handler>[1]): void {
  response.writeHead(200, JSON_TYPE)
  const chunk = Buffer.alloc(MIB, 0x20)
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}
