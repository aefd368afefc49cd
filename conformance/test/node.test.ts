/** The receiver on node:http: made of nothing but Node and the specification, and strict where its request cases cannot reach. @module */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const FOLDER = new URL('../receivers/node/', import.meta.url)
const EXAMPLE = JSON.parse(readFileSync(new URL('../../spec/worked-example.json', import.meta.url), 'utf8')) as {
  readonly now: number
  readonly trustBundle: Bundle
  readonly didDocument: Readonly<Record<string, unknown>> & { readonly verificationMethod: readonly object[] }
}

interface Bundle {
  readonly harnesses: readonly Readonly<Record<string, unknown>>[]
  readonly issuers: readonly Readonly<Record<string, unknown>>[]
  readonly ledgers: readonly Readonly<Record<string, unknown>>[]
}

/** The one error of what does not have its form; any other is a fault of the receiver. */
function isMalformed(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'Malformed'
}

/** A module of the receiver, which has no types. */
async function load(name: string): Promise<Record<string, (...args: never[]) => unknown>> {
  return (await import(new URL(`lib/${name}.mjs`, FOLDER).href)) as Record<string, (...args: never[]) => unknown>
}

test('it imports nothing but Node and itself', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mjs'))
  const imports = files.flatMap((file) =>
    [...readFileSync(new URL(file, FOLDER), 'utf8').matchAll(/\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/g)].map(
      (found) => found[1] ?? found[2] ?? '',
    ),
  )
  expect(files.length).toBeGreaterThan(20)
  expect(imports.filter((specifier) => !/^(?:node:|\.\/(?:lib\/)?[a-z0-9-]+\.mjs$)/.test(specifier))).toEqual([])
})

describe('its trust bundle', () => {
  const { trustBundle } = EXAMPLE
  const [harness, issuer, ledger] = [trustBundle.harnesses[0], trustBundle.issuers[0], trustBundle.ledgers[0]]
  const plain = { ...trustBundle, ledgers: [{ ...ledger, url: undefined }] }
  const read = async (bundle: object): Promise<unknown> => {
    const { readTrust } = await load('trust')
    return readTrust?.(Buffer.from(JSON.stringify(bundle)) as never)
  }

  test('is that of the worked example, without what is for level Full', async () => {
    expect(await read(plain)).toMatchObject({ audience: 'https://api.example.com', skew: 5 })
  })

  test.each<[string, object]>([
    ['the URL of a log', { ledgers: [{ ...ledger, url: 'https://ledger.example/1' }] }],
    ['cosigned', { ledgers: [{ ...ledger, url: undefined, assurance: 'cosigned' }] }],
    ['no store', { replay: undefined }],
    ['an unknown member', { more: 1 }],
    ['another audience', { audience: 'https://other.example' }],
    ['one harness twice', { harnesses: [harness, harness] }],
    ['a key with two roles', { issuers: [{ ...issuer, status: { lists: ['https://a.example/1'], keys: issuer?.['keys'] } }] }],
    [
      'a list with a query',
      { issuers: [{ ...issuer, status: { ...(issuer?.['status'] as object), lists: ['https://a.example/1?x'] } }] },
    ],
    ['a log that is not there', { harnesses: [{ ...harness, ledgers: ['other'] }] }],
    [
      'a did:web that is no did:web',
      {
        harnesses: [
          { did: 'did:key:z6MkfAJeVpZGN2VAJ9CWPkhrWqqRGRMLaMCXru92LtL7NBhi', didWeb: true, ledgers: harness?.['ledgers'] },
        ],
      },
    ],
    ['http to another machine', { didWeb: { allow: ['http://a.example'] } }],
    ['too short a staleness', { time: { maxStalenessSeconds: 60, statusRefreshSeconds: 60 } }],
  ])('with %s keeps it from starting', async (_what, change) => {
    await expect(read({ ...plain, ...change })).rejects.toSatisfy(isMalformed)
  })
})

describe('a DID document', () => {
  const { didDocument } = EXAMPLE
  const [method] = didDocument.verificationMethod
  const read = async (change: object): Promise<unknown> => {
    const { keysOfDocument } = await load('did-document')
    const keys = keysOfDocument?.(
      Buffer.from(JSON.stringify({ ...didDocument, ...change })) as never,
      'did:web:harness.example' as never,
    )
    return [...(keys as Map<string, unknown>).keys()]
  }

  test('gives the keys that are for assertions', async () => {
    expect(await read({})).toEqual(['did:web:harness.example#1'])
    expect(await read({ assertionMethod: [] })).toEqual([])
    expect(await read({ verificationMethod: [], assertionMethod: [{ ...method, id: '#2' }] })).toEqual([
      'did:web:harness.example#2',
    ])
    expect(await read({ verificationMethod: [{ ...method, controller: 'did:web:other.example' }] })).toEqual([])
  })

  test.each<[string, object]>([
    ['of somebody else', { id: 'did:web:harness.example.evil' }],
    ['with a private key somewhere', { service: [{ x: { privateKeyPem: '' } }] }],
    ['with one id twice', { assertionMethod: [{ ...method, id: '#1' }] }],
    ['with no list', { verificationMethod: {} }],
    ['with null for a list', { assertionMethod: null }],
    [
      'with a key of small order',
      { verificationMethod: [{ ...method, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: `AQ${'A'.repeat(41)}` } }] },
    ],
    [
      'with a key stated twice',
      { verificationMethod: [{ ...method, publicKeyMultibase: 'z6MkfAJeVpZGN2VAJ9CWPkhrWqqRGRMLaMCXru92LtL7NBhi' }] },
    ],
    ['with a time that does not exist', { verificationMethod: [{ ...method, expires: '2026-02-30T00:00:00Z' }] }],
  ])('%s is refused whole', async (_what, change) => {
    await expect(read(change)).rejects.toSatisfy(isMalformed)
  })
})

test('AHP-BYTES-29 addresses that are not public are known in each of their forms', async () => {
  const { isPublic } = await load('addresses')
  const local = [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00::1',
    '2001:db8::1',
  ]
  expect(local.filter((address) => isPublic?.(address as never))).toEqual([])
  expect(['93.184.216.34', '2606:4700::1111'].filter((address) => !isPublic?.(address as never))).toEqual([])
})

test('AHP-BYTES-34 a name that a fresh document does not have is looked for once in 30 seconds', async () => {
  let hits = 0
  const server = createServer((_request, response) => {
    hits += 1
    const { port } = server.address() as AddressInfo
    response.setHeader('Content-Type', 'application/did+json').end(JSON.stringify({ id: `did:web:localhost%3A${port}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { createDocuments } = await load('did-web')
  let now = 1_800_000_000_000
  const clock = (): number => now
  const documents = createDocuments?.(
    { allow: new Set([`http://localhost:${port}`]), caFile: null } as never,
    clock as never,
    clock as never,
  )
  const { keyOf } = documents as { keyOf: (did: string, kid: string) => Promise<unknown> }
  const ask = (): Promise<unknown> => keyOf(`did:web:localhost%3A${port}`, 'x').catch((error: unknown) => error)
  expect([await ask(), hits]).toEqual([undefined, 2])
  expect([await ask(), hits]).toEqual([expect.objectContaining({ code: 'keys_unavailable', retryAfter: 30 }), 2])
  now += 31_000
  expect([await ask(), hits]).toEqual([undefined, 3])
  server.close()
  now += 301_000
  // The host is down: the last document still counts, but says nothing about names that it does not have.
  expect(await ask()).toMatchObject({ code: 'keys_unavailable' })
})

test('it does not start without a bundle, and says in a sentence why', () => {
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('receiver.mjs', FOLDER))], {
    env: {},
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([1, 'AIEGIS_TRUST: write an absolute path\n'])
})
