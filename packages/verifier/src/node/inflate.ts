/** Inflates status lists so that large ones hold up neither requests nor each other's small ones (spec chapter 9.7). @module */
import { gunzip, gunzipSync } from 'node:zlib'
import type { Inflate } from '../status-read.ts'

/**
 * `Inflate` of zlib: at once when the gzip says that it has at most 1 MiB, which takes a few milliseconds; otherwise in a thread, one
 * after the other, whoever asks. That it says so truly is checked like `maxBytes`, on the way.
 */
export const inflate: Inflate = (gzip, maxBytes) => {
  const atOnce = Math.min(maxBytes, AT_ONCE)
  if (sizeOf(gzip) <= atOnce) return gunzipSync(gzip, { maxOutputLength: atOnce })
  const inflated = last.then(async () => inThread(gzip, maxBytes))
  last = inflated.catch(() => {})
  return inflated
}

let last: Promise<unknown> = Promise.resolve()

async function inThread(gzip: Uint8Array, maxOutputLength: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(gzip, { maxOutputLength }, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}

/** ISIZE (RFC 1952 §2.3.1): what the end of a gzip says of its length. */
function sizeOf(gzip: Uint8Array): number {
  return gzip.length < 4 ? 0 : new DataView(gzip.buffer, gzip.byteOffset, gzip.byteLength).getUint32(gzip.byteLength - 4, true)
}

const AT_ONCE = 1_048_576
