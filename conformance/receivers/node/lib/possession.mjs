/** The signature that shows that the sender holds the agent's key (spec chapter 6). @module */
import { verifySignature } from './ed25519.mjs'
import { Malformed, must, Refusal, refuseAs } from './refusal.mjs'
import { parameterOf, parseDictionary } from './structured-fields.mjs'

const MAX_FIELD = 2048
const MAX_MEMBERS = 8
const COMPONENTS = '("@method" "@target-uri" "x-aegis-token")'
/** Types of the parameters that may be there. */
const PARAMETERS = { created: 'integer', keyid: 'string', tag: 'string', alg: 'string', expires: 'integer', nonce: 'string' }

/** Whether a field parses and none of its members is ours (AHP-POP-1). What does not parse is for the step decode. */
export function hasNone(signatureInput) {
  try {
    return ownLabels(membersOf(signatureInput)).length === 0
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

/** Refuses with `possession_malformed` or `possession_repeated`; nothing is verified. */
export function readPossession(signatureInput, signature) {
  return refuseAs('possession_malformed', () => {
    const members = membersOf(signatureInput)
    const signatures = membersOf(signature)
    const [label, second] = ownLabels(members)
    if (second !== undefined) throw new Refusal('possession_repeated')
    must(label !== undefined, 'no member with the tag')
    return { ...checked(members.get(label)), signature: signatureOf(signatures.get(label)) }
  })
}

function membersOf(text) {
  must(text.length <= MAX_FIELD, 'a field that is too long')
  return parseDictionary(text, MAX_MEMBERS)
}

function ownLabels(members) {
  return [...members.keys()].filter((label) => {
    const tag = parameterOf(members.get(label), 'tag')
    return tag?.type === 'string' && tag.value === 'aegis-pop'
  })
}

/** AHP-POP-4 to AHP-POP-7. */
function checked({ parameters, text }) {
  const names = parameters.map(([name]) => name)
  must(new Set(names).size === names.length, 'a parameter twice')
  for (const name of ['created', 'keyid', 'tag']) must(names.includes(name), `no ${name}`)
  for (const [name, { type, value }] of parameters) {
    must(Object.hasOwn(PARAMETERS, name) && PARAMETERS[name] === type, `${name} is not known, or of another type`)
    must(type !== 'integer' || value >= 0, `${name} is not from 0`)
  }
  const values = Object.fromEntries(parameters.map(([name, { value }]) => [name, value]))
  must(values.alg === undefined || values.alg === 'ed25519', 'another algorithm')
  const printed = parameters.map(([name, { type, text: sent, value }]) => `;${name}=${type === 'integer' ? value : sent}`)
  must(text === `${COMPONENTS}${printed.join('')}`, 'other components, or not as RFC 8941 prints it')
  return { text, keyid: values.keyid, expires: values.expires }
}

function signatureOf(member) {
  must(member?.item?.type === 'bytes' && member.item.value.length === 64, 'no signature of 64 bytes')
  must(member.text === `:${member.item.value.toString('base64')}:`, 'not canonical base64')
  return member.item.value
}

/** AHP-POP-9 to AHP-POP-12; `created` is compared with no clock (AHP-POP-13). */
export function verifyPossession({ text, keyid, expires, signature }, claims, token, key, now) {
  if (keyid !== claims.cnf.jkt) throw new Refusal('possession_key_mismatch')
  if (expires !== undefined && expires <= now) throw new Refusal('possession_expired')
  const { htm, htu } = claims
  const base = `"@method": ${htm}\n"@target-uri": ${htu}\n"x-aegis-token": ${token}\n"@signature-params": ${text}`
  if (!verifySignature(key, Buffer.from(base), signature)) throw new Refusal('possession_invalid')
}

/** The digest in Content-Digest as base64url, or `undefined` where there is none (AHP-POP-14). */
export function readDigest(lines) {
  if (lines.length === 0) return undefined
  return refuseAs('content_digest_malformed', () => {
    const members = parseDictionary(lines[0], MAX_MEMBERS)
    const member = members.get('sha-256')
    must(lines.length === 1 && members.size === 1 && member?.item?.type === 'bytes', 'not one member sha-256')
    const { value } = member.item
    must(value.length === 32 && member.text === `:${value.toString('base64')}:`, 'not a digest in its one spelling')
    return value.toString('base64url')
  })
}
