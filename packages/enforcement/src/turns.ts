/** Answers the requests of one connection one after the other, each within a time (spec chapter 15.5; RFC 9112 §9.3.2). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Calls `start` when every earlier answer of the same connection has left; never for a connection that ended. */
export type TakeTurn = (request: IncomingMessage, response: ServerResponse, start: () => void) => void

interface Waiting {
  readonly response: ServerResponse
  readonly start: () => void
}

/** Requests that one connection may send before the first is answered; each may have 16 KiB of header. */
const MAX_WAITING = 4
/** From the start of a turn until the answer has left, for reading the content as for sending the answer. */
const TURN_MS = 60_000

/**
 * Turns for any number of connections. Without them one connection could have as many answers made as requests go into one packet,
 * and read none of them. A connection that sends more than a few ahead, or whose turn takes longer than `turnMs`, is ended.
 */
export function createTurns(turnMs: number = TURN_MS): TakeTurn {
  // Goes with the connection, and so does what waits for it.
  const connections = new WeakMap<Socket, Waiting[]>()

  function run(socket: Socket, { response, start }: Waiting): void {
    const timer = setTimeout(() => socket.destroy(), turnMs)
    // Also when the connection ends before the answer does.
    response.once('close', () => {
      clearTimeout(timer)
      const next = connections.get(socket)?.shift()
      if (next === undefined) connections.delete(socket)
      // Node gives the connection to the next answer only when it stays open.
      else if (next.response.socket !== null && !socket.destroyed) run(socket, next)
    })
    start()
  }

  return ({ socket }, response, start) => {
    const waiting = connections.get(socket)
    if (waiting === undefined) {
      connections.set(socket, [])
      run(socket, { response, start })
    } else if (waiting.length < MAX_WAITING) waiting.push({ response, start })
    else socket.destroy()
  }
}
