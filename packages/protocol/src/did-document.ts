/** Reads the Ed25519 keys out of a DID document: those that its subject states as its own, to sign statements with (DID Core §5; spec chapter 2.7). @module */
import { decodeBase64url } from './base64.ts'
import { FRAGMENT, parseDidKey } from './did.ts'
import { importEd25519, type Ed25519PublicKey } from './ed25519.ts'
import { isObject, parseJson, type JsonObject } from './json.ts'
import { Malformed } from './refusal.ts'
import { parseSeconds } from './time.ts'

/** A key of a DID document. */
export interface DocumentKey {
  /** Absolute DID URL under the DID of the document. */
  readonly kid: string
  readonly key: Ed25519PublicKey
  /** Epoch seconds from which on it is not to be used: the earlier of `expires` and `revoked`. */
  readonly validUntil?: number
}

/** A document that was read, with everything in it, and its keys. */
export interface DidDocument {
  readonly document: JsonObject
  readonly keys: readonly DocumentKey[]
}

/** Bounds of a DID document. */
export const DID_DOCUMENT: { readonly maxBytes: number; readonly maxMethods: number } = { maxBytes: 65_536, maxMethods: 32 }

/** Members of a method that hold a private key: of DID Core, of Controlled Identifiers and of what came before both. */
const PRIVATE: readonly string[] = [
  'secretKeyMultibase',
  'secretKeyJwk',
  'privateKeyMultibase',
  'privateKeyJwk',
  'privateKeyBase58',
  'privateKeyPem',
]

/** Reads the bytes of the document of `did`: strict JSON of at most 65,536 bytes, then `keysOfDidDocument`. Throws `Malformed`. */
export function parseDidDocument(bytes: Uint8Array, did: string): DidDocument {
  const document = objectOf(parseJson(bytes, { maxBytes: DID_DOCUMENT.maxBytes }))
  return { document, keys: keysOfDidDocument(document, did) }
}

/**
 * The Ed25519 keys that the document of `did` lists under `assertionMethod`, in that order, by reference or embedded; none is a valid
 * answer. Methods of other types, curves, controllers and DIDs are passed over. Throws `Malformed` for a document of another DID, with a
 * private key, with one name for two methods, or with an Ed25519 key that is not one. Does not look at the clock, nor at who sent it.
 */
export function keysOfDidDocument(value: unknown, did: string): readonly DocumentKey[] {
  const document = objectOf(value)
  if (document['id'] !== did) throw new Malformed('the document of another DID')
  // DID Core §5.2.1. Whoever published one private key may have published more than that.
  if (hasPrivateKey(document)) throw new Malformed('a private key in a DID document')
  const listed = listOf(document, 'verificationMethod').map((method) => methodOf(method, did))
  const asserting = listOf(document, 'assertionMethod').map((entry) =>
    typeof entry === 'string' ? absolute(entry, did) : methodOf(entry, did),
  )
  const methods = [...listed, ...asserting.filter((entry) => typeof entry !== 'string')]
  const byName = new Map(methods.map((method) => [method.name, method]))
  if (byName.size !== methods.length) throw new Malformed('two verification methods of one name')
  const keys = new Map(methods.map((method) => [method.name, keyOf(method, did)]))
  const names = new Set(asserting.map((entry) => (typeof entry === 'string' ? entry : entry.name)))
  return [...names].flatMap((name) => keys.get(name) ?? [])
}

/** A verification method whose name is absolute, and nothing else about it is known. */
interface Method {
  readonly name: string
  readonly members: JsonObject
}

function objectOf(value: unknown): JsonObject {
  if (!isObject(value)) throw new Malformed('a DID document that is not an object')
  return value
}

/** Anywhere in it: a key for encryption or of another party is in a list that nothing else here reads. */
function hasPrivateKey(document: JsonObject): boolean {
  // What a resolver gives was not parsed here, so it may be deeper than a stack or contain itself.
  const values = new Set<unknown>([document])
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    for (const [name, member] of Object.entries(value)) {
      if (PRIVATE.includes(name) || (name === 'publicKeyJwk' && isObject(member) && Object.hasOwn(member, 'd'))) return true
      values.add(member)
    }
  }
  return false
}

function listOf(document: JsonObject, name: string): readonly unknown[] {
  const list = Object.hasOwn(document, name) ? document[name] : []
  if (!Array.isArray(list) || list.length > DID_DOCUMENT.maxMethods)
    throw new Malformed(`"${name}" is not a list of at most ${DID_DOCUMENT.maxMethods}`)
  return list
}

function methodOf(value: unknown, did: string): Method {
  if (!isObject(value) || typeof value['id'] !== 'string') throw new Malformed('a verification method without "id"')
  return { name: absolute(value['id'], did), members: value }
}

/** A relative DID URL is one of the DID that the document is of (DID Core §3.2.2). */
function absolute(reference: string, did: string): string {
  return reference.startsWith('#') ? did + reference : reference
}

function keyOf({ name, members }: Method, did: string): DocumentKey | undefined {
  const fragment = name.startsWith(`${did}#`) ? name.slice(did.length + 1) : ''
  // A key that no `kid` of this profile can name is of no use, and no mistake.
  if (members['controller'] !== did || !FRAGMENT.test(fragment)) return undefined
  const key = ed25519Of(members)
  if (key === undefined) return undefined
  const ends = ['expires', 'revoked'].flatMap((member) => timeOf(members[member]))
  return { kid: name, key, ...(ends.length === 0 ? undefined : { validUntil: Math.min(...ends) }) }
}

function ed25519Of(members: JsonObject): Ed25519PublicKey | undefined {
  const { type, publicKeyJwk: jwk, publicKeyMultibase: multibase } = members
  if (type === 'JsonWebKey' || type === 'JsonWebKey2020') {
    if (!isObject(jwk) || jwk['crv'] !== 'Ed25519') return undefined
    return only(multibase, () => jwkKey(jwk))
  }
  if (type === 'Ed25519VerificationKey2020') return only(jwk, () => multibaseKey(multibase))
  if (type === 'Multikey' && typeof multibase === 'string' && multibase.startsWith('z6Mk'))
    return only(jwk, () => multibaseKey(multibase))
  return undefined
}

/** A method states its key once (DID Core §5.2.1): two statements could be two keys. */
function only(other: unknown, read: () => Ed25519PublicKey): Ed25519PublicKey {
  if (other !== undefined) throw new Malformed('a verification method with two keys')
  return read()
}

/** As `parseEd25519Jwk`, but members that say what the key is for may be there, as long as they say signatures. */
function jwkKey({ kty, x, use, alg }: JsonObject): Ed25519PublicKey {
  if (kty !== 'OKP' || typeof x !== 'string' || x.length !== 43) throw new Malformed('not a JWK of an Ed25519 key')
  if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== 'Ed25519' && alg !== 'EdDSA'))
    throw new Malformed('a JWK that is not for signatures')
  return importEd25519(decodeBase64url(x))
}

/** Multibase base58btc of the multicodec: what follows `did:key:` in the did:key of the same key. */
function multibaseKey(multibase: unknown): Ed25519PublicKey {
  if (typeof multibase !== 'string') throw new Malformed('no publicKeyMultibase')
  return parseDidKey(`did:key:${multibase}`)
}

function timeOf(value: unknown): readonly number[] {
  if (value === undefined) return []
  if (typeof value !== 'string') throw new Malformed('a time that is not text')
  return [parseSeconds(value)]
}
