/** Compact JWS: its form and its header (spec chapter 2.4). Nothing is verified when it is read. @module */
import { didOfUrl } from './did.mjs'
import { verifySignature } from './ed25519.mjs'
import { fromBase64url } from './encoding.mjs'
import { parseObject } from './json.mjs'
import { must, refuseAs } from './refusal.mjs'

const MAX_HEADER = 1024

/** Throws `Refusal` with `<name>_malformed` or `<name>_header_invalid`. `payload` is for nobody before `isSigned`. */
export function readJws(text, name, typ, cty) {
  const { header, size, payload, signature } = refuseAs(`${name}_malformed`, () => segmentsOf(text))
  const signer = refuseAs(`${name}_header_invalid`, () => signerOf(header, size, typ, cty))
  const signed = Buffer.from(text.slice(0, text.lastIndexOf('.')), 'ascii')
  return { text, kid: header.kid, signer, payload, signed, signature }
}

/** Whether `key` signed it. */
export function isSigned({ signed, signature }, key) {
  return verifySignature(key, signed, signature)
}

function segmentsOf(text) {
  const segments = text.split('.')
  must(segments.length === 3 && !segments.includes(''), 'not three segments')
  const [header, payload, signature] = segments.map(fromBase64url)
  must(signature.length === 64, 'no signature of 64 bytes')
  return { header: parseObject(header, 16_384), size: header.length, payload, signature }
}

/** AHP-BYTES-14 to AHP-BYTES-17: the DID in `kid`. */
function signerOf(header, size, typ, cty) {
  const names = cty === undefined ? 'alg,kid,typ' : 'alg,cty,kid,typ'
  must(size <= MAX_HEADER && Object.keys(header).toSorted().join() === names, 'other members than allowed')
  must(header.alg === 'Ed25519' || header.alg === 'EdDSA', 'another algorithm')
  must(header.typ === typ && header.cty === cty && typeof header.kid === 'string', 'another type')
  return didOfUrl(header.kid)
}
