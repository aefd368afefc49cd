/** Reads the content of a request within limits of size, in one and in all requests together (spec chapter 15). @module */
import type { IncomingMessage } from 'node:http'
import { Refusal } from '@aiegis/protocol'
import { inviteContent } from './expectation.ts'

/** Place for the content of several requests: full, it refuses, and leaves every other room as it is. */
export interface Room {
  readonly maxBytes: number
  /** Requests whose content was read and whose answer has not left yet. */
  readonly maxAsked: number
  bytes: number
  asked: number
}

/** An empty room. */
export function createRoom(maxBytes: number, maxAsked: number): Room {
  return { maxBytes, maxAsked, bytes: 0, asked: 0 }
}

/** The connection ended before the content did: nobody is there to be answered. */
export class Disconnected extends Error {
  override readonly name: string = 'Disconnected'
}

/**
 * Runs `use` with the whole content, at most `limit` bytes, and counts it in `room` until `use` is done. Throws
 * `ask_too_large`, `overloaded` when too much is in the room at once, and `Disconnected`. Time is bounded by the server's `requestTimeout`.
 */
export async function withContent<T>(
  request: IncomingMessage,
  limit: number,
  room: Room,
  use: (content: Uint8Array) => Promise<T>,
): Promise<T> {
  // One byte at least when the length is not said.
  const declared = Number(request.headers['content-length'] ?? 1)
  if (declared > limit) throw new Refusal('ask_too_large', 'the declared length')
  inviteContent(request, () => {
    const isFull = room.bytes + declared > room.maxBytes || room.asked >= room.maxAsked
    if (isFull) throw new Refusal('overloaded', 'no room for this content')
  })
  const held = { bytes: 0 }
  try {
    return await use(await read(request, limit, room, held))
  } finally {
    room.bytes -= held.bytes
  }
}

async function read(request: IncomingMessage, limit: number, room: Room, held: { bytes: number }): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of request) {
      if (!(part instanceof Uint8Array)) throw new TypeError('the request has an encoding set')
      held.bytes += part.length
      room.bytes += part.length
      if (held.bytes > limit) throw new Refusal('ask_too_large', `more than ${limit} bytes`)
      if (room.bytes > room.maxBytes) throw new Refusal('overloaded', 'too much content at once')
      parts.push(part)
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof TypeError) throw error
    throw new Disconnected('the connection ended', { cause: error })
  }
  return Buffer.concat(parts)
}
