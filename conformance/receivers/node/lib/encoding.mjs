/** base64 in its two alphabets, hashes and JCS (spec chapter 2.1 and RFC 8785). @module */
import { createHash } from 'node:crypto'
import { must } from './refusal.mjs'

/** AHP-BYTES-1. Throws `Malformed`. */
export function fromBase64url(text) {
  const bytes = Buffer.from(text, 'base64url')
  must(/^[\w-]*$/.test(text) && bytes.toString('base64url') === text, 'not base64url in its one spelling')
  return bytes
}

/** AHP-BYTES-2. Throws `Malformed`. */
export function fromBase64(text) {
  const bytes = Buffer.from(text, 'base64')
  must(bytes.toString('base64') === text, 'not base64 in its one spelling')
  return bytes
}

export function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** A hash as this specification writes it: 43 characters. */
export function hashOf(...parts) {
  return sha256(...parts).toString('base64url')
}

/** UTF-8 without byte order mark and without anything that is no UTF-8. Throws `Malformed`. */
export function textOf(bytes) {
  const text = bytes.toString('utf8')
  must(Buffer.from(text, 'utf8').equals(bytes) && !text.startsWith('\ufeff'), 'not UTF-8')
  return text
}

/** JCS of what leaves hold: objects, texts, numbers and null. Names sort by UTF-16 code units, as `sort` does. */
export function jcs(value) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).toSorted()
  return `{${names.map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`).join(',')}}`
}
