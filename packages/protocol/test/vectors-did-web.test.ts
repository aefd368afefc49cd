import { describe, expect, test } from 'vitest'
import { utf8 } from '../src/bytes.ts'
import { parseDidDocument } from '../src/did-document.ts'
import { didWebUrl } from '../src/did-web.ts'
import { isObject } from '../src/json.ts'
import { jwkOf } from '../src/jwk.ts'
import { outcome, REFUSED } from './outcome.ts'
import { listVectors, readVectors, SKIPPED, VECTORS } from './vectors.ts'

/** DIDs that the method's resolver takes and this profile does not. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'did:web:example.com:path:some%2Bsubpath':
    'a segment has no escapes: some%2Bsubpath and some+subpath would be two DIDs for one URL',
}

/** Why documents of implementers give no key here. The one that gives some is of another method, which this parser does not mind. */
const WITHOUT_KEYS: Readonly<Record<string, string>> = {
  'did:web:evernym.com': 'has no verification method',
  'did:web:did.actor:healthcare:doctor:robert': 'has BLS12-381 keys for assertions',
  'did:web:did.actor:mike': 'has BLS12-381 keys for assertions',
  'did:web:kyledenhartog.com': 'states its key as Ed25519VerificationKey2018, in base58 without codec',
  'did:web:demo.spruceid.com:2021:07:08': 'states its key as Ed25519VerificationKey2018, in base58 without codec',
  'did:web:or13.github.io:deno-did-pm': 'has a PGP key for assertions',
  'did:web:demo.spruceid.com:2021:07:14:service-example': 'has no verification method',
  'did:web:identity.foundation': 'has no verification method',
  'did:web:did.actor:alice': 'has its methods under "publicKey", which DID Core does not have',
  'did:web:did.actor:bob': 'has no key for assertions',
  'did:web:did.actor:carol': 'lists for assertions a method that it does not state',
  'did:example:111': 'has no verification method',
  'did:example:444': 'has no verification method',
  'did:example:555': 'has no verification method',
  'did:example:666': 'has no verification method',
}

interface Mapping {
  readonly positive: readonly { readonly did: string; readonly url: string }[]
  readonly negative: readonly { readonly did: string; readonly why: string }[]
}

describe.skipIf(VECTORS === undefined)(`did:web${SKIPPED}`, () => {
  const mapping = (): Mapping => readVectors('did-web/did-web-url-mapping.json') as Mapping

  test('every DID of the method has the URL that the method says, but for those listed above', () => {
    const { positive } = mapping()
    expect(positive).toHaveLength(7)
    for (const { did, url } of positive)
      expect([did, outcome(() => didWebUrl(did))]).toEqual([did, NOT_HERE[did] === undefined ? url : REFUSED])
  })

  test('every negative is refused before there is a URL to ask', () => {
    const { negative } = mapping()
    expect(negative).toHaveLength(24)
    for (const { did } of negative) expect([did, outcome(() => didWebUrl(did))]).toEqual([did, REFUSED])
  })

  test('documents of other implementers are all read, and give the keys that have a form of this profile', () => {
    const found = documents().map(({ did, text }) => ({ did, keys: parseDidDocument(utf8(text), did).keys }))
    expect(found.length).toBeGreaterThan(20)
    const silent = new Set(found.filter(({ keys }) => keys.length === 0).map(({ did }) => did))
    expect([...silent].toSorted()).toEqual(Object.keys(WITHOUT_KEYS).toSorted())
    const stated = found.filter(({ keys }) => keys.length > 0)
    expect(stated.map(({ keys }) => keys.map(({ kid, key }) => [kid, jwkOf(key).x]))).toEqual([
      [['did:example:123#key-0', 'VDXDwuGKVq91zxU6q7__jLDUq8_C5cuxECgd-1feFTE']],
      [['did:example:123#key-0', 'VDXDwuGKVq91zxU6q7__jLDUq8_C5cuxECgd-1feFTE']],
    ])
  })

  test('DIDs of other implementers are in their one spelling here too', () => {
    const dids = documents().flatMap(({ did }) => (did.startsWith('did:web:') ? did : []))
    for (const did of dids) expect(didWebUrl(did)).toMatch(/^https:\/\/[a-z0-9.-]+\//)
  })
})

/** Every document in the reports of implementers with the DID that it is of, as it was sent. */
function documents(): readonly { readonly did: string; readonly text: string }[] {
  return listVectors('did-web/w3c-did-test-suite').flatMap((name) => {
    const report = readVectors(`did-web/w3c-did-test-suite/${name}`)
    const texts = textsIn(report).filter((text) => text.trimStart().startsWith('{'))
    return texts.flatMap((text) => {
      const value: unknown = JSON.parse(text)
      return isObject(value) && typeof value['id'] === 'string' ? [{ did: value['id'], text }] : []
    })
  })
}

/** The texts of representations and of documents, wherever a report has them. */
function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    if (typeof member === 'string') return STREAMS.includes(name) ? [member] : []
    return name === 'didDocument' ? [JSON.stringify(member)] : textsIn(member)
  })
}

const STREAMS = ['representation', 'didDocumentStream', 'contentStream']
