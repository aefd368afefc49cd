/** Reads a stream of bytes up to a bound, and no further. @module */
import { concat } from '@aiegis/protocol'

/** All bytes of `stream`, or `undefined` when there are more than `maxBytes`. Rejects with what the stream fails with, and `TypeError` for chunks that are no bytes. */
export async function readBounded(stream: ReadableStream<unknown>, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(chunks)
    if (!(value instanceof Uint8Array)) throw new TypeError('the stream gives something else than bytes')
    length += value.length
    if (length > maxBytes) {
      // Whatever comes of that: nobody reads any more.
      reader.cancel().catch(() => {})
      return undefined
    }
    chunks.push(value)
  }
}
