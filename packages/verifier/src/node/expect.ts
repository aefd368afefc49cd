/** Invites content that waits for an invitation, once every step in front of it has passed (spec chapter 10.4; RFC 9110 §10.1.1). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Answers `Expect: 100-continue` unless Node has: it does so before any handler runs when the server does not listen for `checkContinue`.
 * On a runtime that does not say which it is, nothing is answered. Where nothing was, Node closes the connection behind the response.
 */
export function inviteContent(request: IncomingMessage, response: ServerResponse): void {
  if (CONTINUE.test(request.headers.expect ?? '') && Reflect.get(response, '_sent100') === false) response.writeContinue()
}

/** As Node reads it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
