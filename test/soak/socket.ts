/** The same receiver behind Express and a real socket, for a slice of the mutations. @module */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { requireAiegisToken } from '@aiegis/express'
import { REASONS, Refusal, type ReasonCode } from '@aiegis/protocol'
import { listen, problemOf, sendRaw, type RawRequest } from '@aiegis/testing'
import type { Verifier } from '@aiegis/verifier'
import express from 'express'

/** A server whose verifier changes with the world. */
export interface Socket {
  /** Sends over the socket; resolves as `outcomeOf` does. */
  verify(verifier: Verifier, request: RawRequest): Promise<unknown>
  close(): Promise<void>
}

/** Listens on a port of the loopback interface. */
export async function openSocket(): Promise<Socket> {
  let handled = 0
  let app = express()
  let current: Verifier | undefined
  const server = createServer((request, response) => app(request, response))
  const port = await listen(server)
  return {
    async verify(verifier, request) {
      if (verifier !== current) {
        current = verifier
        app = express()
        app.use(requireAiegisToken({ verifier, log: () => {} }), (_request, response) => {
          handled++
          response.end()
        })
      }
      const before = handled
      const refused = await answerOf(port, request)
      return handled > before ? undefined : refused
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What HTTP carries as it is: everything else is refused, trimmed or cut by Node before any receiver sees it. */
export function isForSockets({ method, target, lines }: RawRequest): boolean {
  return (
    // One line more is sent, which says that the connection ends; 128 are as many as there may be (AHP-BIND-7).
    lines.length !== 128 &&
    /^[A-Z]{1,10}$/.test(method) &&
    /^[\x21-\x7e]+$/.test(target) &&
    lines.every(
      ([name, value]) =>
        /^[\w-]+$/.test(name) && /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/.test(value),
    )
  )
}

async function answerOf(port: number, request: RawRequest): Promise<unknown> {
  try {
    const response = await sendRaw(port, request)
    const isOurs = response.headers['content-type'] === 'application/problem+json' && response.status !== 500
    // The answer to HEAD has no content.
    if (isOurs && request.method === 'HEAD')
      return new Refusal('request_malformed', 'over a socket, by an answer without content')
    const shown = isOurs ? problemOf(response)['code'] : undefined
    const code = REASON_CODES.find((known) => REASONS[known].public === shown)
    if (code !== undefined) return new Refusal(code, 'over a socket')
    // Node's own answer to what is no HTTP, and to more header than it reads.
    if (response.status === 400 || response.status === 431) return new Refusal('request_malformed', 'by the server')
    return new Error(`status ${response.status} ${response.text.slice(0, 200)}`)
  } catch (error) {
    // CONNECT, and a connection that the client broke off.
    if (error instanceof Error && /closed without an answer|ECONNRESET|EPIPE/.test(error.message))
      return new Refusal('request_malformed', 'by the server')
    throw error
  }
}

const REASON_CODES = Object.keys(REASONS) as ReasonCode[]
