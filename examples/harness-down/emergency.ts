import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'

/** A way in for people, beside the check and never through it. */
export interface Emergency {
  /** SHA-256 of the secret, 32 bytes; the secret itself is not on this machine. */
  readonly secretHash: Uint8Array
  /** Epoch milliseconds: from then on nobody comes in. */
  readonly until: number
  /** Told of each attempt, before anything else happens. */
  readonly log: (attempt: { readonly admitted: boolean; readonly method: string; readonly url: string }) => void
  readonly now?: () => number
}

/** Mount it at a path of its own, above `requireAiegisToken()`, in front of the few handlers that people need. */
export function emergency({ secretHash, until, log, now = Date.now }: Emergency): RequestHandler {
  return (request, response, next) => {
    const given = createHash('sha256')
      .update(request.get('x-emergency-secret') ?? '')
      .digest()
    const admitted = now() < until && timingSafeEqual(given, secretHash)
    log({ admitted, method: request.method, url: request.originalUrl })
    if (admitted) next()
    else response.sendStatus(404)
  }
}
