/** Makes identifiers: 48 bits of time and 80 random bits in Crockford's base 32, 26 characters (spec chapter 3, `jti`). @module */
import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID for `now` (epoch milliseconds). `random` has 10 bytes and makes it unique; fresh ones unless a test brings its own. */
export function createUlid(now: number, random: Uint8Array = randomBytes(10)): string {
  let value = BigInt(now)
  for (const byte of random.subarray(0, 10)) value = (value << 8n) | BigInt(byte)
  let text = ''
  for (let i = 0; i < 26; i += 1, value >>= 5n) text = ALPHABET.charAt(Number(value & 31n)) + text
  return text
}
