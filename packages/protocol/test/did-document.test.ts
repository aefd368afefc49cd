import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { keysOfDidDocument, parseDidDocument, type DocumentKey } from '../src/did-document.ts'
import { formatDidKey } from '../src/did.ts'
import { jwkOf } from '../src/jwk.ts'
import { Malformed } from '../src/refusal.ts'
import { smallOrderEncodings } from '../../../scripts/ed25519-cases.mjs'
import { testKey } from './keys.ts'
import { outcome, REFUSED } from './outcome.ts'

const DID = 'did:web:harness.example'
const alice = testKey('alice').key
const bob = testKey('bob').key
const multibase = (key: typeof alice): string => formatDidKey(key).slice('did:key:'.length)

/** A verification method with an Ed25519 key, with other members. */
const method = (changes: object = {}): object => ({
  id: `${DID}#1`,
  type: 'JsonWebKey2020',
  controller: DID,
  publicKeyJwk: { ...jwkOf(alice) },
  ...changes,
})

/** A document whose methods are all for assertions, with other members. */
const document = (methods: readonly object[] = [method()], changes: object = {}): object => ({
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: DID,
  verificationMethod: methods,
  assertionMethod: methods.map((entry) => Reflect.get(entry, 'id')),
  ...changes,
})

const keys = (value: unknown): readonly DocumentKey[] => parseDidDocument(utf8(JSON.stringify(value)), DID).keys
const kids = (value: unknown): readonly string[] => keys(value).map(({ kid }) => kid)

describe('AHP-BYTES-28 a key is read', () => {
  test.each<[string, object]>([
    ['JsonWebKey2020', method()],
    ['JsonWebKey', method({ type: 'JsonWebKey' })],
    ['Multikey', method({ type: 'Multikey', publicKeyJwk: undefined, publicKeyMultibase: multibase(alice) })],
    [
      'Ed25519VerificationKey2020',
      method({ type: 'Ed25519VerificationKey2020', publicKeyJwk: undefined, publicKeyMultibase: multibase(alice) }),
    ],
    ['a JWK that says what it is for', method({ publicKeyJwk: { ...jwkOf(alice), use: 'sig', alg: 'EdDSA', kid: 'x' } })],
  ])('from %s', (_, entry) => {
    expect(keys(document([entry]))).toEqual([{ kid: `${DID}#1`, key: alice }])
  })

  test('under its absolute name, also when the document states it relatively', () => {
    expect(kids(document([method({ id: '#a' })]))).toEqual([`${DID}#a`])
    expect(kids(document([method({ id: `${DID}#a` })], { assertionMethod: ['#a'] }))).toEqual([`${DID}#a`])
    expect(kids(document([method({ id: '#a' })], { assertionMethod: [`${DID}#a`] }))).toEqual([`${DID}#a`])
  })

  test('when it is embedded where it is listed', () => {
    expect(kids(document([], { assertionMethod: [method({ id: '#e' })] }))).toEqual([`${DID}#e`])
    expect(kids({ id: DID, assertionMethod: [method()] })).toEqual([`${DID}#1`])
  })

  test('once, in the order of the list, whatever other members the document has', () => {
    const two = [method(), method({ id: '#2', publicKeyJwk: { ...jwkOf(bob) } })]
    const listed = document(two, { assertionMethod: ['#2', `${DID}#1`, `${DID}#2`], service: [{}], rating: 4.5, proof: null })
    expect(kids(listed)).toEqual([`${DID}#2`, `${DID}#1`])
  })

  test.each([
    ['expires', { expires: '2027-01-01T00:00:00Z' }, Date.UTC(2027, 0) / 1000],
    ['revoked', { revoked: '2026-01-01T00:00:00Z' }, Date.UTC(2026, 0) / 1000],
    ['the earlier of both', { expires: '2027-01-01T00:00:00Z', revoked: '2026-06-01T00:00:00Z' }, Date.UTC(2026, 5) / 1000],
  ])('with its end: %s', (_, changes, validUntil) => {
    expect(keys(document([method(changes)]))).toEqual([{ kid: `${DID}#1`, key: alice, validUntil }])
  })
})

describe('AHP-BYTES-28 a method is passed over', () => {
  test.each<[string, object]>([
    ['of another curve', method({ publicKeyJwk: { kty: 'EC', crv: 'P-256', x: 'A', y: 'A' } })],
    ['for agreeing on keys', method({ publicKeyJwk: { kty: 'OKP', crv: 'X25519', x: jwkOf(alice).x } })],
    ['of an unknown type', method({ type: 'Ed25519VerificationKey2018', publicKeyJwk: undefined, publicKeyBase58: 'A' })],
    ['of a type of another subject', method({ type: 'constructor' })],
    ['whose Multikey is of another codec', method({ type: 'Multikey', publicKeyJwk: undefined, publicKeyMultibase: 'zDnae' })],
    ['that somebody else controls', method({ controller: 'did:web:other.example' })],
    ['without controller', method({ controller: undefined })],
    ['under another DID', method({ id: 'did:web:other.example#1' })],
    ['under a DID that begins like this one', method({ id: `${DID}.evil.example#1` })],
    ['whose name no kid can be', method({ id: `${DID}#a/b` })],
    ['without a fragment', method({ id: DID })],
    ['with a query', method({ id: `${DID}?x#1` })],
  ])('%s', (_, entry) => {
    expect(kids(document([entry, method({ id: '#good' })]))).toEqual([`${DID}#good`])
  })

  test('that is not listed for assertions', () => {
    expect(kids(document([method()], { assertionMethod: [] }))).toEqual([])
    expect(kids(document([method()], { assertionMethod: undefined, authentication: ['#1'] }))).toEqual([])
    expect(kids(document([method()], { assertionMethod: ['did:web:other.example#1', '#2', 'constructor'] }))).toEqual([])
  })
})

describe('AHP-BYTES-26 AHP-BYTES-27 a document is refused', () => {
  const embedded = (entry: unknown): object => document([], { assertionMethod: [entry] })
  test.each<[string, unknown]>([
    ['of another DID', document([method()], { id: 'did:web:other.example' })],
    ['of a DID that begins like this one', document([method()], { id: `${DID}:x` })],
    ['without id', document([method()], { id: undefined })],
    ['with its id in a list', document([method()], { id: [DID] })],
    ['that is a list', [document()]],
    ['that is null', null],
    ['that is text', DID],
    ['that wraps the document', { didDocument: document() }],
    ['whose methods are no list', document([method()], { verificationMethod: method() })],
    ['whose methods are null', document([method()], { verificationMethod: null })],
    [
      'with 33 methods',
      document(
        Array.from({ length: 33 }, (_, at) => method({ id: `#${at}` })),
        { assertionMethod: ['#1'] },
      ),
    ],
    ['with 33 entries for assertions', document([method()], { assertionMethod: Array.from({ length: 33 }, () => '#1') })],
    ['with a method that is text', document([method()], { verificationMethod: ['#1'] })],
    ['with a method without id', document([method({ id: undefined })], { assertionMethod: [] })],
    ['with an entry that is neither text nor method', embedded(7)],
    ['with two methods of one name', document([method(), method({ publicKeyJwk: { ...jwkOf(bob) } })])],
    ['with one name in both spellings', document([method(), method({ id: '#1', publicKeyJwk: { ...jwkOf(bob) } })])],
    ['with a listed and an embedded method of one name', document([method()], { assertionMethod: [method()] })],
    ['with one name for keys of two types', document([method(), method({ type: 'Other' })])],
    ['with a private key', document([method({ publicKeyJwk: { ...jwkOf(alice), d: 'A' } })])],
    ['with a private key of another curve', document([method({ publicKeyJwk: { kty: 'EC', crv: 'P-256', d: 'A' } })])],
    ['with a private key in multibase', document([method({ secretKeyMultibase: 'z' })])],
    [
      'with a private key in another list',
      document([method()], { keyAgreement: [method({ publicKeyJwk: { kty: 'OKP', d: '' } })] }),
    ],
    ['with a private key deep inside', document([method()], { service: [{ x: [{ y: { secretKeyMultibase: null } }] }] })],
    ...['secretKeyJwk', 'privateKeyMultibase', 'privateKeyJwk', 'privateKeyBase58', 'privateKeyPem'].map(
      (name): [string, unknown] => [`with ${name}`, document([method({ [name]: 'z' })])],
    ),
    ['with an Ed25519 key that is too short', document([method({ publicKeyJwk: { ...jwkOf(alice), x: 'AAAA' } })])],
    ['with an Ed25519 key that is not text', document([method({ publicKeyJwk: { ...jwkOf(alice), x: 7 } })])],
    ['with an Ed25519 key of another kty', document([method({ publicKeyJwk: { ...jwkOf(alice), kty: 'EC' } })])],
    [
      'with an Ed25519 key in a second spelling',
      document([method({ publicKeyJwk: { ...jwkOf(alice), x: spare(jwkOf(alice).x) } })]),
    ],
    ['with a key for encryption', document([method({ publicKeyJwk: { ...jwkOf(alice), use: 'enc' } })])],
    ['with a key for another algorithm', document([method({ publicKeyJwk: { ...jwkOf(alice), alg: 'ES256' } })])],
    ['with two statements of a key', document([method({ publicKeyMultibase: multibase(bob) })])],
    [
      'with a Multikey that is not one',
      document([method({ type: 'Multikey', publicKeyJwk: undefined, publicKeyMultibase: `${multibase(alice)}1` })]),
    ],
    [
      'with an Ed25519VerificationKey2020 without key',
      document([method({ type: 'Ed25519VerificationKey2020', publicKeyJwk: undefined })]),
    ],
    [
      'with an Ed25519VerificationKey2020 and a JWK',
      document([method({ type: 'Ed25519VerificationKey2020', publicKeyMultibase: multibase(alice) })]),
    ],
    ['with an end in another spelling', document([method({ expires: '2027-01-01T00:00:00.000Z' })])],
    ['with an end that is a number', document([method({ expires: 1_800_000_000 })])],
    ['with an end that does not exist', document([method({ revoked: '2026-02-30T00:00:00Z' })])],
  ])('%s', (_, value) => {
    expect(() => keys(value)).toThrow(Malformed)
    expect(() => keysOfDidDocument(JSON.parse(JSON.stringify(value)), DID)).toThrow(Malformed)
  })

  test('not for a member of that name elsewhere, nor for one that is the name of a value', () => {
    expect(kids(document([method({ note: 'secretKeyMultibase' })], { d: 'A', service: [{ id: '#s', d: 'A' }] }))).toHaveLength(1)
  })

  test('not for an Ed25519 key that no name and controller of this DID lead to, whatever is wrong with it', () => {
    const broken = { publicKeyJwk: { ...jwkOf(alice), x: 'AAAA' } }
    const others = [
      method({ ...broken, id: '#2', controller: 'did:web:other.example' }),
      method({ ...broken, id: 'did:web:other.example#1' }),
    ]
    expect(kids(document([method(), ...others], { authentication: [method(broken)] }))).toEqual([`${DID}#1`])
  })

  test('that contains itself or is deeper than a stack is read all the same', () => {
    const self: Record<string, unknown> = { ...document() }
    self['service'] = self
    let deep: object = {}
    for (let at = 0; at < 100_000; at++) deep = { deep }
    expect(keysOfDidDocument(self, DID)).toHaveLength(1)
    expect(keysOfDidDocument({ ...document(), deep }, DID)).toHaveLength(1)
  })

  test('with a key that anybody can sign for', () => {
    for (const bytes of smallOrderEncodings()) {
      const x = Buffer.from(bytes).toString('base64url')
      expect(() => keys(document([method({ publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x } })]))).toThrow(Malformed)
    }
  })

  test.each<[string, (text: string) => Uint8Array]>([
    ['with a repeated member', (text) => utf8(text.replace('{', `{"id":"did:web:other.example",`))],
    ['with a repeated member that is escaped', (text) => utf8(text.replace('{', `{"\\u0069d":"${DID}",`))],
    ['with __proto__', (text) => utf8(text.replace('{', '{"__proto__":{},'))],
    ['with a byte order mark', (text) => Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8(text))],
    ['that is not UTF-8', (text) => Uint8Array.of(...utf8(text.slice(0, -1)), 0xff, 0x7d)],
    ['that goes on', (text) => utf8(`${text}{}`)],
    ['that is cut off', (text) => utf8(text.slice(0, -1))],
    ['that is HTML', () => utf8('<!doctype html><title>Sign in</title>')],
    ['that is empty', () => new Uint8Array(0)],
    ['that is deep', (text) => utf8(text.replace('{', `{"x":${'['.repeat(20)}${']'.repeat(20)},`))],
  ])('%s', (_, bytes) => {
    expect(() => parseDidDocument(bytes(JSON.stringify(document())), DID)).toThrow(Malformed)
  })

  test('of 65,537 bytes, and not of 65,536', () => {
    const text = JSON.stringify(document())
    const padded = (length: number): Uint8Array => utf8(text + ' '.repeat(length - text.length))
    expect(parseDidDocument(padded(65_536), DID).keys).toHaveLength(1)
    expect(() => parseDidDocument(padded(65_537), DID)).toThrow(Malformed)
  })

  test('not with 32 methods', () => {
    expect(kids(document(Array.from({ length: 32 }, (_, at) => method({ id: `#${at}` }))))).toHaveLength(32)
  })
})

describe('whatever a document holds', () => {
  const parts = fc.constantFrom<unknown>(
    DID,
    '#1',
    `${DID}#1`,
    'did:web:other.example#1',
    'Ed25519',
    'OKP',
    jwkOf(alice).x,
    multibase(bob),
    'JsonWebKey2020',
    'Multikey',
    '2027-01-01T00:00:00Z',
    null,
    7,
  )
  const names = fc.constantFrom('id', 'type', 'controller', 'publicKeyJwk', 'publicKeyMultibase', 'kty', 'crv', 'x', 'expires')
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      parts,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 6 }),
    ),
  }))
  /** Mostly what belongs there. */
  const mostly = (...values: readonly unknown[]): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...values) }, tree)
  const entry = fc.record({
    id: mostly('#1', '#2', `${DID}#1`, `${DID}#3`, 'x#1'),
    type: mostly('JsonWebKey2020', 'JsonWebKey', 'Multikey', 'Ed25519VerificationKey2020', 'Other'),
    controller: mostly(DID, DID, DID, 'did:web:other.example'),
    publicKeyJwk: mostly({ ...jwkOf(alice) }, { ...jwkOf(bob) }, { ...jwkOf(bob), use: 'sig' }, undefined),
    publicKeyMultibase: mostly(undefined, undefined, undefined, multibase(alice)),
    expires: mostly(undefined, '2027-01-01T00:00:00Z'),
  })
  const listOf = (element: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 12, arbitrary: fc.array(element, { maxLength: 3 }) }, tree)
  const any = fc.record({
    id: mostly(DID),
    verificationMethod: listOf(entry),
    assertionMethod: listOf(fc.oneof({ weight: 5, arbitrary: fc.constantFrom('#1', '#2', `${DID}#3`) }, entry)),
  })

  test('it gives keys of its own names, each once and stated in it, or is refused with Malformed', () => {
    let read = 0
    fc.assert(
      fc.property(any, (value) => {
        const found = outcome(() => keys(value))
        if (found === REFUSED) return
        read += found.length
        const text = JSON.stringify(value)
        expect(new Set(found.map(({ kid }) => kid)).size).toBe(found.length)
        for (const { kid, key } of found) {
          expect(kid.startsWith(`${DID}#`)).toBe(true)
          expect(text.includes(jwkOf(key).x) || text.includes(multibase(key))).toBe(true)
        }
        expect(outcome(() => keysOfDidDocument(JSON.parse(text), DID))).toEqual(found)
      }),
      { numRuns: 3000 },
    )
    expect(read).toBeGreaterThan(10)
  })

  test('bytes give keys or Malformed', () => {
    const text = JSON.stringify(document([method(), method({ id: '#2', type: 'Multikey', publicKeyJwk: undefined })]))
    fc.assert(
      fc.property(fc.nat({ max: text.length }), fc.uint8Array({ maxLength: 4 }), fc.nat({ max: 4 }), (at, inserted, removed) => {
        const bytes = Uint8Array.of(...utf8(text.slice(0, at)), ...inserted, ...utf8(text.slice(at + removed)))
        const found = outcome(() => parseDidDocument(bytes, DID))
        expect(found === REFUSED || found.document['id'] === DID).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

/** The same 32 bytes with a spare bit set. */
function spare(x: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return x.slice(0, -1) + alphabet.charAt(alphabet.indexOf(x.slice(-1)) + 1)
}
