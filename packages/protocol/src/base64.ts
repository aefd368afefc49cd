/** Decodes base64 and base64url in the one spelling that encoding gives back: RFC 4648 §3.5, §4 and §5 (spec chapter 2). @module */
import { nodeBuffer, plain } from './bytes.ts'
import { Malformed } from './refusal.ts'

/** base64url without padding (RFC 7515 §2). */
export function encodeBase64url(bytes: Uint8Array): string {
  return nodeBuffer === undefined ? encode(bytes, URL_ALPHABET) : view(bytes, 'base64url')
}

/**
 * Bytes of base64url without padding. Throws `Malformed` for padding, other alphabets, white space, a length that no bytes have
 * and spare bits that are not zero, so that no second text stands for the same bytes.
 */
export function decodeBase64url(text: string): Uint8Array {
  if (nodeBuffer === undefined || text.length <= SHORT) return decode(text, 0, text.length, URL_VALUES)
  const bytes = plain(nodeBuffer.from(text, 'base64url'))
  // Buffer skips what it does not know and ignores spare bits; only encoding again tells.
  if (view(bytes, 'base64url') !== text) throw new Malformed('not canonical base64url')
  return bytes
}

/** base64 with padding (RFC 4648 §4). */
export function encodeBase64(bytes: Uint8Array): string {
  if (nodeBuffer !== undefined) return view(bytes, 'base64')
  const text = encode(bytes, ALPHABET)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Bytes of base64 with padding. Throws `Malformed` for missing padding and for every other second spelling. */
export function decodeBase64(text: string): Uint8Array {
  return decodeBase64Part(text, 0, text.length)
}

/** The same for the part from `start` to `end` of text, or of its ASCII, without cutting it out first. */
export function decodeBase64Part(text: string | Uint8Array, start: number, end: number): Uint8Array {
  if ((end - start) % 4 !== 0) throw new Malformed('not canonical base64')
  const padding = end === start || codeAt(text, end - 1) !== PAD ? 0 : codeAt(text, end - 2) === PAD ? 2 : 1
  return decode(text, start, end - padding, STANDARD_VALUES)
}

function view(bytes: Uint8Array, encoding: 'base64' | 'base64url'): string {
  return nodeBuffer?.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding) ?? ''
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const rest = bytes.length - index
    const group = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63)
    if (rest > 1) text += alphabet.charAt((group >> 6) & 63)
    if (rest > 2) text += alphabet.charAt(group & 63)
  }
  return text
}

/** `values` maps a character code to its six bits, or to -1; the sign of all of them is looked at once, at the end. */
function decode(text: string | Uint8Array, start: number, end: number, values: Int8Array): Uint8Array {
  const length = end - start
  const tail = length % 4
  const whole = end - tail
  const bytes = new Uint8Array((length * 3) >> 2)
  let seen = tail === 1 ? -1 : 0
  let offset = 0
  for (let index = start; index < whole; index += 4) {
    const group = four(text, index, values)
    seen |= group
    bytes[offset] = group >> 16
    bytes[offset + 1] = group >> 8
    bytes[offset + 2] = group
    offset += 3
  }
  if (tail > 1) {
    const third = tail === 3 ? value(text, whole + 2, values) : 0
    const group = (value(text, whole, values) << 18) | (value(text, whole + 1, values) << 12) | (third << 6)
    // RFC 4648 §3.5: the bits that no byte uses are zero.
    seen |= (group & (tail === 2 ? 0xffff : 0xff)) === 0 ? group : -1
    bytes[offset] = group >> 16
    if (tail === 3) bytes[offset + 1] = group >> 8
  }
  if (seen < 0) throw new Malformed('not canonical base64')
  return bytes
}

function four(text: string | Uint8Array, index: number, values: Int8Array): number {
  return (
    (value(text, index, values) << 18) |
    (value(text, index + 1, values) << 12) |
    (value(text, index + 2, values) << 6) |
    value(text, index + 3, values)
  )
}

function value(text: string | Uint8Array, index: number, values: Int8Array): number {
  return values[codeAt(text, index)] ?? -1
}

function codeAt(text: string | Uint8Array, index: number): number {
  return typeof text === 'string' ? text.charCodeAt(index) : (text[index] ?? -1)
}

function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1)
  for (let index = 0; index < 64; index++) values[alphabet.charCodeAt(index)] = index
  return values
}

/** Up to here the loop beats two calls out of JavaScript. */
const SHORT = 96
const PAD = 0x3d
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_ALPHABET = `${ALPHABET.slice(0, 62)}-_`
const STANDARD_VALUES = valuesOf(ALPHABET)
const URL_VALUES = valuesOf(URL_ALPHABET)
