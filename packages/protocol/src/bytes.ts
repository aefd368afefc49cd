/** Turns text and hexadecimal into bytes and back, each in one spelling only (spec chapter 2). @module */
import { builtin, hasFunctions } from './builtin.ts'
import { Malformed } from './refusal.ts'

/** UTF-8 of `text`. Throws `Malformed` for a lone surrogate, which has no UTF-8 (RFC 3629 §3). */
export function utf8(text: string): Uint8Array {
  if (text.length <= SHORT) {
    const bytes = new Uint8Array(text.length)
    let seen = 0
    for (let index = 0; index < bytes.length; index++) {
      const unit = text.charCodeAt(index)
      seen |= unit
      bytes[index] = unit
    }
    if (seen < 0x80) return bytes
  }
  const bytes = new Uint8Array(text.length)
  // Every character takes a byte at least: when all fit, all are ASCII.
  if (encoder.encodeInto(text, bytes).read === text.length) return bytes
  if (!isWellFormed(text)) throw new Malformed('text with a lone surrogate')
  return encoder.encode(text)
}

/** Text of UTF-8 bytes. Throws `Malformed` for anything that is not UTF-8 and for a byte order mark (RFC 8259 §8.1). */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new Malformed('a byte order mark')
  try {
    return decoder.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw new Malformed('not UTF-8', { cause: error })
    throw error
  }
}

/** False when `text` holds a lone surrogate (the ECMAScript 2024 `isWellFormed`). */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text)
}

/** One array with the bytes of all `parts`, in order. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** True when both hold the same bytes. The time does not depend on where they differ; lengths are not hidden. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Bytes of lower-case hexadecimal. Throws `Malformed` for upper case, an odd length and anything else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new Malformed('not lower-case hexadecimal')
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}

/** The part of Node's `Buffer` that is used here: faster than TextEncoder and atob by two to three times. */
export interface NodeBuffer {
  from(text: string, encoding: string): Uint8Array
  from(memory: ArrayBufferLike, offset: number, length: number): { toString(encoding: string): string }
}

/** Node's own `Buffer`, never a polyfill that a bundler put into the global scope. */
export const nodeBuffer: NodeBuffer | undefined = findBuffer(builtin('node:buffer'))

/** A `Uint8Array` over the same memory: `Buffer` differs in `slice` and `toString`. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

function findBuffer(module: unknown): NodeBuffer | undefined {
  const found: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'Buffer') : undefined
  return isBuffer(found) ? found : undefined
}

function isBuffer(value: unknown): value is NodeBuffer {
  return hasFunctions(value, ['from', 'isEncoding'])
}

/** Up to here a loop over the characters beats a call out of JavaScript. */
const SHORT = 96
const LONE_SURROGATE = /\p{Surrogate}/u
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
