/** Takes keys out of a DID document, which is read as strictly as evidence (spec chapter 2.7). Throws `Malformed`. @module */
import { checkPublicKey } from './ed25519.mjs'
import { fromBase64url } from './encoding.mjs'
import { FRAGMENT, keyOfMultibase } from './did.mjs'
import { isObject, parseObject } from './json.mjs'
import { must } from './refusal.mjs'
import { secondsOf } from './times.mjs'

export const MAX_DOCUMENT = 65_536
const MAX_METHODS = 32
const PRIVATE = [
  'secretKeyMultibase',
  'secretKeyJwk',
  'privateKeyMultibase',
  'privateKeyJwk',
  'privateKeyBase58',
  'privateKeyPem',
]

/** Keys by DID URL, `{key, end}`, for what `assertionMethod` names or embeds (AHP-BYTES-26 to AHP-BYTES-28). */
export function keysOfDocument(bytes, did) {
  const document = parseObject(bytes, MAX_DOCUMENT)
  must(document.id === did, 'the document of somebody else')
  checkNoPrivateKey(document)
  const verification = listOf(document, 'verificationMethod')
  const assertion = listOf(document, 'assertionMethod')
  for (const entry of verification) must(isObject(entry) && typeof entry.id === 'string', 'a method without an id')
  for (const entry of assertion) must(typeof entry === 'string' || (isObject(entry) && typeof entry.id === 'string'), 'no method')
  const methods = [...verification, ...assertion.filter(isObject)]
  const ids = methods.map(({ id }) => absolute(id, did))
  must(new Set(ids).size === ids.length, 'two methods with one id')
  const asserted = new Set(assertion.map((entry) => absolute(isObject(entry) ? entry.id : entry, did)))
  const keys = new Map()
  for (const [index, method] of methods.entries()) {
    const found = isOwn(method, ids[index], did) ? keyOf(method) : undefined
    if (found !== undefined && asserted.has(ids[index])) keys.set(ids[index], found)
  }
  return keys
}

function listOf(document, name) {
  const list = document[name] ?? []
  must(!Object.hasOwn(document, name) || (Array.isArray(list) && document[name] === list), `${name} is no list`)
  must(list.length <= MAX_METHODS, `${name} is too long`)
  return list
}

function absolute(id, did) {
  return id.startsWith('#') ? did + id : id
}

function isOwn({ controller }, id, did) {
  return controller === did && id.startsWith(`${did}#`) && FRAGMENT.test(id.slice(did.length + 1))
}

/** The key of a method and when it ends, or `undefined` when it has no Ed25519 key in a form of this profile. */
function keyOf(method) {
  const { type, publicKeyJwk: jwk, publicKeyMultibase: multibase } = method
  const isJwk = isObject(jwk) && jwk.crv === 'Ed25519'
  const isMultibase = typeof multibase === 'string' && (multibase.startsWith('z6Mk') || type === 'Ed25519VerificationKey2020')
  if (!isJwk && !isMultibase) {
    must(type !== 'Ed25519VerificationKey2020' || multibase === undefined, 'a key in another encoding')
    return undefined
  }
  must(jwk === undefined || multibase === undefined, 'a key that is stated twice')
  const key = isJwk ? keyOfOpenJwk(jwk) : keyOfMultibase(multibase)
  const ends = ['expires', 'revoked'].filter((name) => Object.hasOwn(method, name)).map((name) => secondsOf(method[name]))
  const isKnown = isJwk
    ? ['JsonWebKey', 'JsonWebKey2020'].includes(type)
    : ['Multikey', 'Ed25519VerificationKey2020'].includes(type)
  return isKnown ? { key, end: ends.length === 0 ? undefined : Math.min(...ends) } : undefined
}

/** In documents a JWK may say more, but not that it is for something else than signatures. */
function keyOfOpenJwk({ kty, x, use = 'sig', alg = 'EdDSA' }) {
  must(kty === 'OKP' && typeof x === 'string', 'not a key of Ed25519')
  must(use === 'sig' && (alg === 'EdDSA' || alg === 'Ed25519'), 'a key that is not for signatures')
  const key = fromBase64url(x)
  checkPublicKey(key)
  return key
}

function checkNoPrivateKey(value) {
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    must(!PRIVATE.includes(name) && !(name === 'publicKeyJwk' && isObject(member) && Object.hasOwn(member, 'd')), 'a private key')
    checkNoPrivateKey(member)
  }
}
