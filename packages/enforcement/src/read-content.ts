/** Reads the content of a request within limits of size, in one and in all requests together (spec chapter 15). @module */
import type { IncomingMessage } from 'node:http'
import { Refusal } from '@aiegis/protocol'

/** Bytes that all requests in progress may hold together. */
const MAX_TOGETHER = 134_217_728
let together = 0

/** The connection ended before the content did: nobody is there to be answered. */
export class Disconnected extends Error {
  override readonly name: string = 'Disconnected'
}

/**
 * The whole content, at most `limit` bytes. Throws `ask_too_large`, `overloaded` when too much is being read at once, and
 * `Disconnected`. Time is bounded by the server's `requestTimeout`.
 */
export async function readContent(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > limit) throw new Refusal('ask_too_large', `${declared} bytes declared`)
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of request) {
      if (!(part instanceof Uint8Array)) throw new TypeError('the request has an encoding set')
      length += part.length
      together += part.length
      if (length > limit) throw new Refusal('ask_too_large', `more than ${limit} bytes`)
      if (together > MAX_TOGETHER) throw new Refusal('overloaded', 'too much content at once')
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof TypeError) throw error
    throw new Disconnected('the connection ended', { cause: error })
  } finally {
    together -= length
  }
  return Buffer.concat(parts)
}
