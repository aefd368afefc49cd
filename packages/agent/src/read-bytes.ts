/** Reads what somebody else sends, with an end in bytes and, where a signal says so, in time. @module */
import { Malformed } from '@aiegis/protocol'

/**
 * All bytes of a stream. Throws `Malformed` when there are more than `maxBytes`, the reason of `signal` when that ends first, and `TypeError`
 * for chunks that are no bytes; the rest is then not read but cancelled.
 */
export async function readBytes(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  signal?.throwIfAborted()
  const reader = stream?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  // A failure to cancel is one of a stream that is given up: what is told about it is decided already. Not awaited, because one of two
  // copies of an answer is cancelled only when the other one is.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  // Cancelling ends a read that waits.
  signal?.addEventListener('abort', cancel)
  try {
    const bytes = joined(await chunksOf(reader, maxBytes))
    signal?.throwIfAborted()
    return bytes
  } finally {
    signal?.removeEventListener('abort', cancel)
    cancel()
  }
}

async function chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return chunks
    const given: unknown = value
    // A stream may hold anything; what is not bytes would be sent as other bytes.
    if (!(given instanceof Uint8Array)) throw new TypeError('a body that is a stream of something else than Uint8Array')
    size += given.length
    if (size > maxBytes) throw new Malformed(`more than ${maxBytes} bytes`)
    chunks.push(given)
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
