/** Serves what a receiver tells of itself, in front of the check and to anybody (spec chapter 11.4). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describeReceiver } from '../describe.ts'
import type { Verifier } from '../verifier.ts'
import { processVerifier } from './verifier.ts'

/**
 * Handles `GET` and `HEAD` of `/.well-known/aiegis-receiver`: tells of `verifier`, or of the one of this process. Mount it at exactly that
 * path, in front of `requireAiegisToken()`: it verifies nothing and reads nothing of the request but its method. Throws `TypeError` at
 * start as `processVerifier` does.
 */
export function receiverDocument(
  verifier: Verifier = processVerifier(),
): (request: IncomingMessage, response: ServerResponse) => void {
  return ({ method, complete }, response) => {
    // Made anew: what it says may end, or be replaced.
    const body = JSON.stringify(describeReceiver(verifier))
    const isRead = method === 'GET' || method === 'HEAD'
    response.writeHead(isRead ? 200 : 405, {
      'Content-Length': isRead ? Buffer.byteLength(body) : 0,
      ...(isRead ? { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=60' } : { Allow: 'GET, HEAD' }),
      // Content that nobody reads would be taken for the next request.
      ...(complete ? {} : { Connection: 'close' }),
    })
    response.end(method === 'GET' ? body : undefined)
  }
}
