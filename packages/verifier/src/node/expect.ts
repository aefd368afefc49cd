/** Invites content that waits for an invitation, once every step in front of it has passed (spec chapter 10.4; RFC 9110 §10.1.1). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Answers `Expect: 100-continue` unless Node has: it does so before any handler runs when the server does not listen for `checkContinue`.
 * On a runtime that does not say which it is, nothing is answered. Where nothing was, Node closes the connection behind the response.
 * In HTTP/1.0 the expectation means nothing: such a client would take `100` for the answer, and the answer for that of its next request.
 */
export function inviteContent({ headers, httpVersion }: IncomingMessage, response: ServerResponse): void {
  if (httpVersion === '1.1' && CONTINUE.test(headers.expect ?? '') && Reflect.get(response, '_sent100') === false)
    response.writeContinue()
}

/** As Node reads it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
