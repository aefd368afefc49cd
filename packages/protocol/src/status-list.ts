/** Reads status lists of the issuer: one bit per passport, signed as a credential (W3C Bitstring Status List; spec chapter 9). @module */
import { decodeBase64url } from './base64.ts'
import { checkDid } from './did.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from './json.ts'
import { membersOf } from './members.ts'
import { Malformed, refuseAs } from './refusal.ts'
import { parseSeconds } from './time.ts'
import { parseNormalUrl } from './url.ts'
import type { StatusListClaims } from './wire.gen.ts'

/** Bounds of a status list; bytes unless the name says otherwise. */
export const STATUS_LIST: {
  /** Compact JWS. */
  readonly maxText: number
  /** 131,072 entries, so that an index does not give an agent away (W3C §3.2). */
  readonly minBytes: number
  readonly maxBytes: number
  /** Longest time between `validFrom` and `validUntil`. */
  readonly maxSeconds: number
} = { maxText: 4_194_304, minBytes: 16_384, maxBytes: 16_777_216, maxSeconds: 86_400 }

/** `typ` and `cty` of the compact JWS that carries a status list. */
export const STATUS_LIST_TYPE: { readonly typ: 'vc+jwt'; readonly cty: 'vc' } = { typ: 'vc+jwt', cty: 'vc' }

/** Inflates gzip (RFC 1952), stops before it has made more than `maxBytes`, and throws when it cannot. */
export type SyncInflate = (gzip: Uint8Array, maxBytes: number) => Uint8Array

/**
 * The bit `index` of an encoded list. Throws `Malformed` for an index that is no whole number or outside the list, another
 * multibase than base64url, what `inflate` cannot read, fewer than 131,072 entries, and more than `maxBytes` after inflating.
 * Verify the signature of the list first: nothing here knows who made it.
 */
export function statusBit(
  encodedList: string,
  index: number,
  inflate: SyncInflate,
  maxBytes: number = STATUS_LIST.maxBytes,
): boolean {
  const gzip = gzipOf(encodedList)
  const bit = bitAt(
    checkBits(
      gzip,
      refused(() => inflate(gzip, maxBytes)),
      maxBytes,
    ),
    index,
  )
  if (bit === undefined) throw new Malformed('an index outside the status list')
  return bit
}

/** The gzip of `encodedList`, which is multibase base64url: `u` and no padding (W3C §3.3). Throws `Malformed`. Does not inflate. */
export function gzipOf(encodedList: string): Uint8Array {
  if (!encodedList.startsWith('u')) throw new Malformed('a status list in another multibase than base64url')
  return decodeBase64url(encodedList.slice(1))
}

/**
 * Returns `bits`, which were inflated from `gzip`, when their number is allowed and `gzip` ends with that number (RFC 1952 §2.3.1).
 * Throws `Malformed` otherwise: of members that follow each other, some inflaters read the first and some all.
 */
export function checkBits(gzip: Uint8Array, bits: Uint8Array, maxBytes: number = STATUS_LIST.maxBytes): Uint8Array {
  if (bits.length < STATUS_LIST.minBytes) throw new Malformed(`a status list of fewer than ${STATUS_LIST.minBytes * 8} entries`)
  if (bits.length > maxBytes) throw new Malformed(`a status list of more than ${maxBytes} bytes`)
  const [a = 0, b = 0, c = 0, d = 0] = gzip.subarray(-4)
  if (a + b * 0x100 + c * 0x1_0000 + d * 0x100_0000 !== bits.length)
    throw new Malformed('a status list that does not end with its size')
  return bits
}

/** Bit `index`, counted from the most significant bit of the first byte (W3C §3.2); `undefined` outside the list. */
export function bitAt(bits: Uint8Array, index: number): boolean | undefined {
  const byte = Number.isSafeInteger(index) && index >= 0 ? bits[Math.floor(index / 8)] : undefined
  return byte === undefined ? undefined : ((byte >> (7 - (index % 8))) & 1) === 1
}

/**
 * Reads the credential out of a payload whose signature was verified. Throws `status_unavailable` when a member is missing or
 * another than this profile wants, and when it is valid for more than 86,400 seconds; members that are not named are ignored. Does
 * not look at the clock, at who signed, at where it was read from, or into `encodedList`.
 */
export function parseStatusListClaims(payload: Uint8Array): StatusListClaims {
  const json = refuseAs('status_unavailable', () => parseJson(payload, { maxBytes: STATUS_LIST.maxText }))
  const list = objectOf(json, 'the status list')
  const subject = objectOf(list['credentialSubject'], '"credentialSubject"')
  const id = claim.text(list, 'id', MAX_URL)
  claim.parse('"id"', () => parseNormalUrl(id))
  exactly(list, '@context', [CONTEXT])
  exactly(list, 'type', [...TYPES])
  if (subject['id'] !== `${id}#list`) claim.fail('"credentialSubject.id" is not "id" and #list')
  const validFrom = claim.text(list, 'validFrom', 20)
  const validUntil = claim.text(list, 'validUntil', 20)
  const seconds = instant('"validUntil"', validUntil) - instant('"validFrom"', validFrom)
  if (seconds <= 0 || seconds > STATUS_LIST.maxSeconds) claim.fail(`not valid for 1 to ${STATUS_LIST.maxSeconds} seconds`)
  return {
    '@context': [CONTEXT],
    id,
    type: TYPES,
    issuer: claim.parse('"issuer"', () => checkDid(claim.text(list, 'issuer', 512))),
    validFrom,
    validUntil,
    credentialSubject: {
      id: `${id}#list`,
      type: claim.oneOf(subject, 'type', ['BitstringStatusList']),
      statusPurpose: claim.oneOf(subject, 'statusPurpose', ['revocation']),
      encodedList: claim.text(subject, 'encodedList', STATUS_LIST.maxText),
    },
  }
}

function objectOf(value: JsonValue | undefined, what: string): JsonObject {
  return isObject(value) ? value : claim.fail(`${what} is not an object`)
}

function instant(what: string, text: string): number {
  return claim.parse(what, () => parseSeconds(text))
}

function exactly(object: JsonObject, name: string, values: readonly string[]): void {
  const list = claim.list(object, name, values.length, values.length)
  if (!values.every((value, index) => list[index] === value)) claim.fail(`"${name}" is not ${values.join(', ')}`)
}

/** Whatever goes wrong inside the runtime's inflate means that the bytes are no list. */
function refused<T>(inflate: () => T): T {
  try {
    return inflate()
  } catch (error) {
    throw new Malformed('a status list that does not inflate', { cause: error })
  }
}

const claim = membersOf('status_unavailable')
const CONTEXT = 'https://www.w3.org/ns/credentials/v2'
const TYPES = ['VerifiableCredential', 'BitstringStatusListCredential'] as const
const MAX_URL = 1024
