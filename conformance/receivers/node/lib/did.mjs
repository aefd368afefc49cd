/** DIDs, DID URLs and public keys as JWK, each in one spelling (spec chapters 2.5 and 2.6). Throws `Malformed`. @module */
import { checkPublicKey } from './ed25519.mjs'
import { fromBase64url, hashOf } from './encoding.mjs'
import { isObject } from './json.mjs'
import { must } from './refusal.mjs'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const KEY = /^did:key:(z6Mk[1-9A-HJ-NP-Za-km-z]{44})$/
const WEB = /^did:web:([a-z0-9.-]+)(?:%3A([1-9][0-9]{0,4}))?((?::[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){0,8})$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const LAST = /^(?:[a-z]{2,}|xn--.*)$/
/** What follows `#` in a DID URL. */
export const FRAGMENT = /^[A-Za-z0-9._-]{1,128}$/

/** AHP-BYTES-21. */
export function checkDid(text) {
  must(text.length <= 512, 'a DID that is too long')
  if (text.startsWith('did:key:')) keyOfDid(text)
  else partsOfDidWeb(text)
}

/** The key that a did:key encodes (AHP-BYTES-22). */
export function keyOfDid(text) {
  const [, multibase] = KEY.exec(text) ?? []
  must(multibase !== undefined, 'not a did:key of Ed25519')
  return keyOfMultibase(multibase)
}

/** 32 bytes of `z`, base58btc, of the bytes `ed 01` and a key. */
export function keyOfMultibase(text) {
  must(/^z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/.test(text), 'not a key of Ed25519 in base58btc')
  let number = 0n
  for (const letter of text.slice(1)) number = number * 58n + BigInt(ALPHABET.indexOf(letter))
  const bytes = Buffer.from(number.toString(16).padStart(68, '0'), 'hex')
  must(bytes.length === 34 && bytes[0] === 0xed && bytes[1] === 0x01, 'not a key of Ed25519')
  checkPublicKey(bytes.subarray(2))
  return bytes.subarray(2)
}

/** Host, port and segments of a did:web (AHP-BYTES-23). */
export function partsOfDidWeb(text) {
  const [, host, port, path] = WEB.exec(text) ?? []
  must(host !== undefined && text.length <= 512, 'neither did:key nor did:web')
  must(port === undefined || (Number(port) <= 65535 && port !== '443'), 'a port that no did:web has')
  const labels = host.split('.')
  const isName = host.length <= 253 && labels.length > 1 && labels.every((label) => LABEL.test(label)) && LAST.test(labels.at(-1))
  must(host === 'localhost' || isName, 'not a name of a host')
  return { host, port, segments: path.split(':').slice(1) }
}

/** The DID in a DID URL (AHP-BYTES-24). */
export function didOfUrl(text) {
  const end = text.indexOf('#')
  must(end > 0 && FRAGMENT.test(text.slice(end + 1)), 'not a DID URL')
  checkDid(text.slice(0, end))
  return text.slice(0, end)
}

/** AHP-BYTES-19, with chapter 2.3. */
export function keyOfJwk(jwk) {
  must(isObject(jwk) && Object.keys(jwk).toSorted().join() === 'crv,kty,x', 'not a JWK of this form')
  must(jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && typeof jwk.x === 'string', 'not a key of Ed25519')
  const key = fromBase64url(jwk.x)
  checkPublicKey(key)
  return key
}

/** RFC 7638, computed from the key (AHP-BYTES-20). */
export function thumbprint(key) {
  return hashOf(`{"crv":"Ed25519","kty":"OKP","x":"${key.toString('base64url')}"}`)
}
