/** Inflates status lists with the runtime's own `DecompressionStream`, never by more than asked for (spec chapter 9.7). @module */
import type { Inflate } from '../status-read.ts'
import { readBounded } from './read.ts'

/** Throws `Error` for more than `maxBytes`, and rejects with what the runtime says of a gzip that is none. */
export const inflate: Inflate = async (gzip, maxBytes) => {
  let at = 0
  // In pieces: some runtimes inflate a whole piece before anybody can say that it is enough; of 1 KiB they make 1 MiB at most.
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= gzip.length) return controller.close()
      controller.enqueue(new Uint8Array(gzip.subarray(at, (at += PIECE))))
    },
  })
  const bytes = await readBounded(pieces.pipeThrough(new DecompressionStream('gzip')), maxBytes)
  if (bytes === undefined) throw new Error(`more than ${maxBytes} bytes`)
  return bytes
}

const PIECE = 1024
