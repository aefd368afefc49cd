/** Takes hints that a status list changed, from anybody, and believes nothing of them (spec chapter 9.6). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isObject, Malformed, parseJson, parseNormalUrl, REASONS, Refusal } from '@aiegis/protocol'
import { mediaTypeOf } from '../media-type.ts'
import type { Verifier } from '../verifier.ts'
import { readContent } from './content.ts'
import { inviteContent } from './expect.ts'
import { processVerifier } from './verifier.ts'

const LIMITS = { maxBytes: 2048, timeoutMs: 5000 }

/**
 * Handles `POST` with `{"list": "https://…"}`: has `verifier`, or the one of this process, read that list again soon. Answers 202 for
 * every hint that has its form, whether the list is known or not, else 400, 405, 408, 413 or 415; never with content. Mount it in front
 * of `requireAiegisToken()` and of body parsers: a hint carries no evidence. Throws `TypeError` at start as `processVerifier` does.
 */
export function statusHints(
  verifier: Verifier = processVerifier(),
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void take(request, response, verifier).then((status) => answer(request, response, status))
  }
}

/** The status to answer with. Never rejects. */
async function take(request: IncomingMessage, response: ServerResponse, verifier: Verifier): Promise<number> {
  const { method, headers } = request
  if (method !== 'POST') return 405
  if (mediaTypeOf(headers['content-type'] ?? '') !== 'application/json' || headers['content-encoding'] !== undefined) return 415
  try {
    const content = await readContent(request, LIMITS, () => inviteContent(request, response))
    verifier.statusChanged(listIn(content))
    return 202
  } catch (error) {
    if (error instanceof Malformed) return 400
    return error instanceof Refusal ? REASONS[error.code].status : 500
  }
}

function listIn(content: Uint8Array): string {
  const hint = parseJson(content, { maxBytes: LIMITS.maxBytes })
  if (!isObject(hint) || typeof hint['list'] !== 'string' || Object.keys(hint).length !== 1)
    throw new Malformed('not exactly a member "list"')
  return parseNormalUrl(hint['list'], { allowQuery: false }).href
}

function answer(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, {
    'Content-Length': '0',
    ...(status === 405 ? { Allow: 'POST' } : {}),
    // Content that nobody reads would be taken for the next request.
    ...(request.complete ? {} : { Connection: 'close' }),
  })
  response.end()
}
