/** DID documents that the suite host serves, good ones and each wrong one of its kind (spec chapter 2.7). @module */
import { base64url, utf8 } from './bytes.ts'
import { jwk, multikey } from './did.ts'
import type { Json, JsonObject } from './json.ts'
import { didOf, keyOf, SECURE } from './parties.ts'
import type { HostResource } from './resources.ts'
import type { World } from './types.ts'
import { second, timeText } from './values.ts'

/** What a document is made of. */
interface Plan {
  readonly did: string
  /** The key under which the party signs. */
  readonly key: Uint8Array
  /** Another key, for documents that confuse. */
  readonly other: Uint8Array
  /** A key that the bundle pins for a harness. */
  readonly harness: Uint8Array
  /** The key that the document of a harness has. */
  readonly signer: Uint8Array
  /** When it is shown, seconds. */
  readonly now: number
}

type Maker = (plan: Plan) => JsonObject | string

/** Documents by name, the last segment of their DID. */
const DOCUMENTS: Readonly<Record<string, Maker>> = {
  good: (plan) => document(plan, [method(plan)]),
  root: (plan) => document(plan, [method(plan)]),
  harness: (plan) => document(plan, [method(plan)]),
  jwk2020: (plan) => document(plan, [method(plan, { type: 'JsonWebKey2020' })]),
  multikey: (plan) => document(plan, [multibase(plan, 'Multikey')]),
  ed2020: (plan) => document(plan, [multibase(plan, 'Ed25519VerificationKey2020')]),
  embedded: (plan) => ({ ...document(plan, []), assertionMethod: [method(plan)] }),
  relative: (plan) => ({ ...document(plan, [method(plan, { id: '#1' })]), assertionMethod: ['#1'] }),
  others: (plan) => ({
    ...document(plan, [method(plan), { id: `${plan.did}#p`, type: 'JsonWebKey', controller: plan.did, publicKeyJwk: P256 }]),
    service: [{ id: `${plan.did}#s`, type: 'LinkedDomains', serviceEndpoint: 'https://elsewhere.example' }],
  }),
  'expires-later': (plan) => document(plan, [method(plan, { expires: '2089-01-01T00:00:00Z' })]),
  // Refused whole: nothing is taken from these.
  'other-id': (plan) => ({ ...document(plan, [method(plan)]), id: 'did:web:elsewhere.example' }),
  'longer-id': (plan) => ({ ...document(plan, [method(plan)]), id: `${plan.did}:x` }),
  'no-id': ({ did: _did, ...plan }) => ({ verificationMethod: [], assertionMethod: [], note: base64url(plan.key) }),
  broken: (plan) => JSON.stringify(document(plan, [method(plan)])).slice(0, -1),
  html: () => '<!doctype html><title>no document</title>',
  'id-twice': (plan) => JSON.stringify(document(plan, [method(plan)])).replace('{', '{"id":"did:web:elsewhere.example",'),
  list: (plan) => JSON.stringify([document(plan, [method(plan)])]),
  bom: (plan) => `\ufeff${JSON.stringify(document(plan, [method(plan)]))}`,
  'no-list': (plan) => ({ ...document(plan, []), verificationMethod: method(plan), assertionMethod: [`${plan.did}#1`] }),
  many: (plan) =>
    document(plan, [method(plan), ...Array.from({ length: 32 }, (_, index) => method(plan, { id: `${plan.did}#m${index}` }))]),
  large: (plan) => ({ ...document(plan, [method(plan)]), note: 'a'.repeat(65_536) }),
  'method-twice': (plan) => document(plan, [method(plan), method({ ...plan, key: plan.other })]),
  'private-jwk': (plan) => document(plan, [method(plan, { publicKeyJwk: { ...jwk(plan.key), d: base64url(plan.other) } })]),
  'private-multibase': (plan) => document(plan, [method(plan, { privateKeyMultibase: multikey(plan.other) })]),
  'private-elsewhere': (plan) => ({ ...document(plan, [method(plan)]), service: [{ secretKeyJwk: jwk(plan.other) }] }),
  'use-enc': (plan) => document(plan, [method(plan, { publicKeyJwk: { ...jwk(plan.key), use: 'enc' } })]),
  'alg-es256': (plan) => document(plan, [method(plan, { publicKeyJwk: { ...jwk(plan.key), alg: 'ES256' } })]),
  'both-keys': (plan) => document(plan, [method(plan, { publicKeyMultibase: multikey(plan.other) })]),
  'list-of-key': (plan) =>
    document(plan, [{ ...multibase(plan, 'Ed25519VerificationKey2020'), publicKeyMultibase: [multikey(plan.key)] }]),
  'small-order': (plan) => document(plan, [method({ ...plan, key: Uint8Array.of(1, ...new Uint8Array(31)) })]),
  'expires-form': (plan) => document(plan, [method(plan, { expires: '2089-01-01' })]),
  // Read, but without the key that is needed.
  'only-listed': (plan) => ({ ...document(plan, [method(plan)]), assertionMethod: [] }),
  'only-agreement': (plan) => ({ ...document(plan, [method(plan)]), assertionMethod: [], keyAgreement: [`${plan.did}#1`] }),
  'only-authentication': (plan) => ({
    ...document(plan, [method(plan)]),
    assertionMethod: [],
    authentication: [`${plan.did}#1`],
  }),
  'other-controller': (plan) => document(plan, [method(plan, { controller: 'did:web:elsewhere.example' })]),
  'other-fragment': (plan) => document(plan, [method(plan, { id: `${plan.did}#2` })]),
  'other-did': (plan) => document(plan, [method(plan, { id: 'did:web:elsewhere.example#1' })]),
  'other-type': (plan) => document(plan, [method(plan, { type: 'X25519KeyAgreementKey2020' })]),
  x25519: (plan) => document(plan, [method(plan, { publicKeyJwk: { ...jwk(plan.key), crv: 'X25519' } })]),
  // Its kty and its curve say two things.
  'other-kty': (plan) => document(plan, [method(plan, { publicKeyJwk: { ...jwk(plan.key), kty: 'EC' } })]),
  // The key that the document of a harness has as well.
  shared: (plan) => document(plan, [method({ ...plan, key: plan.signer })]),
  'other-key': (plan) => document(plan, [method({ ...plan, key: plan.other })]),
  expired: (plan) => document(plan, [method(plan, { expires: '2021-01-01T00:00:00Z' })]),
  revoked: (plan) => document(plan, [method(plan, { revoked: '2021-01-01T00:00:00Z' })]),
  // A key that the bundle pins for a harness, beside one of its own.
  'role-key': (plan) => document(plan, [method(plan), method({ ...plan, key: plan.harness }, { id: `${plan.did}#2` })]),
  // Documents that change while they are used.
  'rotate-new': (plan) => document(plan, [method(plan)]),
  'rotate-gone': (plan) => document(plan, [method(plan)]),
  'rotate-kept': (plan) => document(plan, [method(plan)]),
  'rotate-bogus': (plan) => document(plan, [method(plan)]),
  'ends-soon': (plan) => document(plan, [method(plan)]),
}

/** What the documents that change say later, at `/later/<name>/did.json`. */
const LATER: Readonly<Record<string, Maker>> = {
  'rotate-new': (plan) => document(plan, [method(plan), method({ ...plan, key: plan.other }, { id: `${plan.did}#2` })]),
  'rotate-gone': (plan) => document(plan, [method({ ...plan, key: plan.other }, { id: `${plan.did}#2` })]),
  // A key more, which ends while the document is fresh.
  'ends-soon': (plan) =>
    document(plan, [
      method(plan),
      method({ ...plan, key: plan.other }, { id: `${plan.did}#2`, expires: timeText(plan.now + 6) }),
    ]),
  // Where redirects lead: the document is good, and it came from another place.
  'down-moved': (plan) => document(plan, [method(plan)]),
  'down-moved-308': (plan) => document(plan, [method(plan)]),
}

const SHORT = { header: ['Cache-Control', 'max-age=30'] }

/** How documents are served that are not just served; where no maker says otherwise their content is a good one. */
const SERVED: Readonly<Record<string, HostResource['behaviour']>> = {
  'rotate-gone': [SHORT],
  'rotate-kept': [SHORT],
  'type-did': [{ header: ['Content-Type', 'application/did'] }],
  'type-ld': [{ header: ['Content-Type', 'application/did+ld+json'] }],
  'type-json': [{ header: ['Content-Type', 'application/json; charset=utf-8'] }],
  'type-text': [{ header: ['Content-Type', 'text/plain'] }],
  'type-html': [{ header: ['Content-Type', 'text/html'] }],
  late: [{ delay: 1000 }],
  'down-500': [{ status: 500 }],
  'down-203': [{ status: 203 }],
  'down-404': [{ status: 404 }],
  'down-empty': [{ body: '' }],
  'down-moved': [{ redirect: '/later/down-moved/did.json' }],
  'down-moved-308': [{ redirect: '/later/down-moved-308/did.json' }, { status: 308 }],
  'down-gzip': [{ gzip: true }],
  'down-coded': [{ header: ['Content-Encoding', 'gzip'] }],
  'down-bomb': [{ gzipbomb: 50_000_000 }],
  'down-endless': [{ size: 50_000_000 }],
  'down-slow': [{ delay: 8000 }],
  'down-hang': [{ hang: true }],
  'down-headers': [{ trickle: [1, 60_000] }],
  'down-drip': [{ trickle: [1, 100] }],
  'down-cut': [{ truncate: 40 }],
  'down-reset': [{ reset: 40 }],
}

const P256 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}

/** DIDs of the parties that are read by did:web; none without a host. One issuer has no document. */
export function documentDids(world: World, role: 'harness' | 'issuer'): readonly string[] {
  if (world.hostUrl === null) return []
  const all = new Set([...Object.keys(DOCUMENTS), ...Object.keys(SERVED), 'absent', ...(world.level === 'full' ? SECURE : [])])
  const names = role === 'harness' ? ['harness'] : [...all].filter((name) => name !== 'harness')
  return names.map((name) => didOf(world, `web-${name}`))
}

/** The document at a path. */
export function documentAt(world: World, path: string): HostResource | undefined {
  const [, folder = '', own = ''] = /^\/(d|later)\/([a-z0-9-]+)\/did\.json$/.exec(path) ?? []
  const name = path === '/.well-known/did.json' ? 'root' : own === 'root' ? '' : own
  const make = folder === 'later' ? LATER[name] : makerOf(name)
  if (make === undefined) return undefined
  const label = `web-${name}`
  const key = (of: string): Uint8Array => keyOf(world.seed, of).publicKey
  const keys = {
    key: key(label),
    other: key(`${label}-other`),
    harness: key('harness'),
    signer: key('web-harness'),
    now: second(world.now()),
  }
  const made = make({ did: didOf(world, label), ...keys })
  const behaviour = folder === 'later' ? [] : (SERVED[name] ?? [])
  return { type: 'application/did+json', bytes: utf8(typeof made === 'string' ? made : JSON.stringify(made)), behaviour }
}

function makerOf(name: string): Maker | undefined {
  const isKnown = SERVED[name] !== undefined || SECURE.includes(name)
  return DOCUMENTS[name] ?? (isKnown ? DOCUMENTS['good'] : undefined)
}

function document({ did }: Plan, methods: readonly JsonObject[]): JsonObject {
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/jwk/v1'],
    id: did,
    verificationMethod: methods,
    assertionMethod: methods.map(({ id }): Json => id ?? null),
  }
}

function method({ did, key }: Plan, members: JsonObject = {}): JsonObject {
  return { id: `${did}#1`, type: 'JsonWebKey', controller: did, publicKeyJwk: jwk(key), ...members }
}

function multibase({ did, key }: Plan, type: string): JsonObject {
  return { id: `${did}#1`, type, controller: did, publicKeyMultibase: multikey(key) }
}
