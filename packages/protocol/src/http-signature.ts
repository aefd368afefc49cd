/** Finds the one HTTP message signature with our tag and builds the bytes it signs: a strict profile of RFC 9421 (spec chapter 6). @module */
import { decodeBase64, encodeBase64 } from './base64.ts'
import { utf8 } from './bytes.ts'
import { LIMITS } from './limits.ts'
import { Malformed } from './refusal.ts'
import { isKey, parseDictionary, quote, serializeString, type BareItem, type DictionaryMember } from './structured-fields.ts'

/** The parameters this profile knows (RFC 9421 §2.3); `created` and `expires` in epoch seconds. */
export interface SignatureParams {
  readonly created: number
  readonly keyid: string
  readonly tag: string
  readonly alg?: 'ed25519'
  readonly expires?: number
  readonly nonce?: string
}

/** A parsed signature that nobody has verified yet. */
export interface SignatureMember {
  readonly label: string
  /** Component names, each without parameters, in the order that was signed. */
  readonly components: readonly string[]
  readonly params: SignatureParams
  /** The inner list with its parameters, byte for byte as sent: the value of `@signature-params`. */
  readonly paramsText: string
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** Two members carry the same tag: it is not clear which one the sender means. */
export class RepeatedTag extends Malformed {
  override readonly name: string = 'RepeatedTag'
}

const MAX_MEMBERS = 8
const PARAMETERS: readonly string[] = ['created', 'expires', 'nonce', 'alg', 'keyid', 'tag']
/** A lower-case field name or a derived component (RFC 9421 §2.1, §2.2). */
const COMPONENT = /^@?[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * The member of `Signature-Input` whose `tag` is exactly `tag`, with its signature; `undefined` when there is none. Other members only
 * have to parse. Throws `RepeatedTag`, and `Malformed` when a field has more than 2,048 bytes or 8 members or is no RFC 8941 dictionary,
 * and when the member is not printed canonically, has parameters other than those of `SignatureParams`, components with parameters or
 * twice, or no signature of 64 bytes. Does not compare components, key, times or nonce with anything; nothing is verified.
 */
export function findSignature(signatureInput: string, signature: string, tag: string): SignatureMember | undefined {
  const tagged = parseField(signatureInput).filter((member) =>
    member.params.some(([name, value]) => name === 'tag' && isString(value, tag)),
  )
  const [member, second] = tagged
  if (member === undefined) return undefined
  if (second !== undefined) throw new RepeatedTag('two signatures have the same tag')
  const components = parseComponents(member)
  const params = parseParams(member)
  // RFC 8941 allows spaces and leading zeros that the signature base of RFC 9421 §2.3 does not have.
  if (serializeMember(components, member) !== member.text) throw new Malformed('signature parameters are not in canonical form')
  return { label: member.key, components, params, paramsText: member.text, signature: parseSignature(signature, member.key) }
}

/** Throws `Malformed` unless the signature covers exactly the expected components, in this order. */
export function checkComponents(member: SignatureMember, expected: readonly string[]): void {
  const { components } = member
  if (components.length !== expected.length || components.some((name, index) => name !== expected[index])) {
    throw new Malformed('the signature does not cover exactly the expected components')
  }
}

/**
 * The signature base (RFC 9421 §2.5) of components without parameters. Throws `Malformed` for a value with a line break or a character
 * outside ASCII. Does not derive values: the caller has them from the request.
 */
export function signatureBase(components: readonly (readonly [name: string, value: string])[], paramsText: string): Uint8Array {
  let text = ''
  for (const [name, value] of components) {
    if (value.includes('\n') || value.includes('\r')) throw new Malformed('a component value has a line break')
    text += `"${name}": ${value}\n`
  }
  text += `"@signature-params": ${paramsText}`
  const bytes = utf8(text)
  if (bytes.length !== text.length) throw new Malformed('a component value is not ASCII')
  return bytes
}

/** Prints components and parameters canonically, the value of `@signature-params`. Throws `Malformed` for what `findSignature` refuses. */
export function formatSignatureParams(components: readonly string[], params: SignatureParams): string {
  const { created, keyid, tag, alg, expires, nonce } = params
  checkNames(components)
  if (!isTime(created) || (expires !== undefined && !isTime(expires)))
    throw new Malformed('a time is not a whole number of seconds')
  let text = `(${components.map(serializeString).join(' ')});created=${created}`
  if (expires !== undefined) text += `;expires=${expires}`
  if (nonce !== undefined) text += `;nonce=${serializeString(nonce)}`
  if (alg !== undefined) text += `;alg=${serializeString(alg)}`
  return `${text};keyid=${serializeString(keyid)};tag=${serializeString(tag)}`
}

/** Both header fields for one signature of 64 bytes. Throws `Malformed` for a label that is no key of RFC 8941. */
export function formatSignatureHeaders(
  label: string,
  paramsText: string,
  signature: Uint8Array,
): { 'Signature-Input': string; Signature: string } {
  if (!isKey(label)) throw new Malformed('a label starts with a lower-case letter')
  if (signature.length !== 64) throw new Malformed('a signature has 64 bytes')
  return { 'Signature-Input': `${label}=${paramsText}`, Signature: `${label}=:${encodeBase64(signature)}:` }
}

/** The 32 bytes of a `Content-Digest` that is exactly one `sha-256` member (RFC 9530 §2). Throws `Malformed`. Does not hash anything. */
export function parseContentDigest(value: string): Uint8Array {
  if (value.length !== 54 || !value.startsWith('sha-256=:') || !value.endsWith(':'))
    throw new Malformed('not exactly one sha-256 digest')
  const digest = decodeBase64(value.slice(9, -1))
  if (digest.length !== 32) throw new Malformed('a SHA-256 has 32 bytes')
  return digest
}

/** `Content-Digest` for a SHA-256 of 32 bytes (RFC 9530 §2). Throws `Malformed` for another length. */
export function formatContentDigest(digest: Uint8Array): string {
  if (digest.length !== 32) throw new Malformed('a SHA-256 has 32 bytes')
  return `sha-256=:${encodeBase64(digest)}:`
}

function parseField(text: string): readonly DictionaryMember[] {
  if (text.length > LIMITS.signatureInput) throw new Malformed('signature field is too long')
  return parseDictionary(text, MAX_MEMBERS)
}

function parseComponents(member: DictionaryMember): readonly string[] {
  if (!('length' in member.value)) throw new Malformed('signature input is not an inner list')
  const names = member.value.map(({ value, params }) => {
    if (value.type !== 'string' || params.length > 0) throw new Malformed('a component is not a plain name')
    return value.value
  })
  checkNames(names)
  return names
}

/** RFC 9421 §2: each component at most once; the parameters of the signature are not one of them. */
function checkNames(names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    if (!COMPONENT.test(name) || name === '@signature-params') throw new Malformed('not the name of a component')
    if (names.indexOf(name) !== index) throw new Malformed('a component is covered twice')
  }
}

function parseParams(member: DictionaryMember): SignatureParams {
  const found: Partial<Record<string, BareItem>> = { created: undefined, keyid: undefined, tag: undefined }
  for (const [name, value] of member.params) {
    if (!PARAMETERS.includes(name)) throw new Malformed('a signature parameter that this profile does not have')
    if (found[name] !== undefined) throw new Malformed('a signature parameter occurs twice')
    found[name] = value
  }
  const { created, keyid, tag, alg, expires, nonce } = found
  if (alg !== undefined && !isString(alg, 'ed25519')) throw new Malformed('a signature algorithm other than ed25519')
  return {
    created: timeOf(created),
    keyid: textOf(keyid),
    tag: textOf(tag),
    ...(alg === undefined ? undefined : { alg: 'ed25519' }),
    ...(expires === undefined ? undefined : { expires: timeOf(expires) }),
    ...(nonce === undefined ? undefined : { nonce: textOf(nonce) }),
  }
}

function serializeMember(components: readonly string[], member: DictionaryMember): string {
  let text = `(${components.map(quote).join(' ')})`
  for (const [name, { value }] of member.params) text += `;${name}=${typeof value === 'string' ? quote(value) : String(value)}`
  return text
}

function parseSignature(text: string, label: string): Uint8Array {
  const member = parseField(text).find(({ key }) => key === label)
  if (member === undefined || 'length' in member.value || member.value.type !== 'bytes' || member.params.length > 0) {
    throw new Malformed('no signature with the label of its input')
  }
  const bytes = decodeBase64(member.value.value)
  if (bytes.length !== 64) throw new Malformed('a signature has 64 bytes')
  return bytes
}

function timeOf(item: BareItem | undefined): number {
  if (item?.type !== 'integer' || !isTime(item.value)) throw new Malformed('a time is missing or not a whole number of seconds')
  return item.value
}

function textOf(item: BareItem | undefined): string {
  if (item?.type !== 'string') throw new Malformed('a signature parameter is missing or not a string')
  return item.value
}

function isString(item: BareItem, text: string): boolean {
  return item.type === 'string' && item.value === text
}

function isTime(value: number): boolean {
  // RFC 8941 §3.3.1: integers have at most 15 digits. -0 would be printed as 0.
  return Number.isSafeInteger(value) && value >= 0 && value < 1e15 && !Object.is(value, -0)
}
