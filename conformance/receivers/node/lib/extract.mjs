/** Finds the evidence in a request that all parsers read alike (spec chapters 7.1 and 7.2). @module */
import { hasNone } from './possession.mjs'
import { Malformed, Refusal } from './refusal.mjs'
import { parseTarget } from './url.mjs'

export const EVIDENCE = ['x-aegis-token', 'x-aegis-passport', 'x-aegis-proof', 'signature-input', 'signature']
const OVERRIDES = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-aiegis-original-method',
  'x-aiegis-original-uri',
]
const REFUSED = { trailer: 'trailer_refused', 'content-encoding': 'content_encoding_refused', 'early-data': 'early_data_refused' }
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]{1,5})?$/
const MAX_FIELD_LINES = 128

/** Texts of the evidence. `request` is `{method, target, fields}`, fields as pairs with names in lower case. */
export function extract(request, limits) {
  const lines = EVIDENCE.map((name) => valuesOf(request, name))
  const [tokens, chains, proofs, inputs, signatures] = lines
  if (tokens.length === 0) throw new Refusal('token_missing')
  if (chains.length === 0) throw new Refusal('passport_missing')
  if (proofs.length === 0) throw new Refusal('proof_missing')
  if (inputs.length === 0 || signatures.length === 0) throw new Refusal('possession_missing')
  checkFraming(request)
  for (const values of [tokens, chains, proofs])
    if (values.length > 1 || values[0].includes(',')) throw new Refusal('evidence_repeated')
  if (isTooLarge(lines, limits)) throw new Refusal('evidence_too_large')
  const [token, chain, proof, signatureInput, signature] = lines.map((values) => values.join(', '))
  if (hasNone(signatureInput)) throw new Refusal('possession_missing')
  return { token, chain, proof, signatureInput, signature }
}

/** The values of all lines of a field, in order. */
export function valuesOf({ fields }, name) {
  return fields.filter(([known]) => known === name).map(([, value]) => value)
}

function checkFraming(request) {
  const { method, target, fields } = request
  if (!/^[A-Z]{1,20}$/.test(method) || method === 'CONNECT' || method === 'TRACE') throw new Refusal('method_invalid')
  const [host, second] = valuesOf(request, 'host')
  if (host === undefined || second !== undefined || !HOST.test(host) || fields.length > MAX_FIELD_LINES)
    throw new Refusal('request_malformed')
  if (!isTarget(target)) throw new Refusal('target_invalid')
  if (OVERRIDES.some((name) => valuesOf(request, name).length > 0)) throw new Refusal('override_header')
  for (const [name, code] of Object.entries(REFUSED)) if (valuesOf(request, name).length > 0) throw new Refusal(code)
  if (valuesOf(request, 'content-type').length > 1) throw new Refusal('content_type_repeated')
}

function isTarget(target) {
  try {
    parseTarget(target)
    return true
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

/** AHP-BIND-4, before anything is decoded. */
function isTooLarge(lines, { tokenBytes = 4096, passportBytes = 4096, proofChars = 4096 }) {
  const sizes = lines.flatMap((values, index) => values.map((value) => EVIDENCE[index].length + 2 + value.length))
  const [[token], [chain], [proof]] = lines
  return (
    sizes.some((size) => size > 8000) ||
    sizes.reduce((sum, size) => sum + size, 0) > 12_288 ||
    token.length > tokenBytes ||
    proof.length > proofChars ||
    chain.length > 7980 ||
    chain.split('~').some((part, index) => part.length > (index % 2 === 0 ? passportBytes : 1100))
  )
}
