/** Step 12: the content is the one that was decided; nothing is read from who has not proved everything else (spec chapter 7). @module */
import { hashText, Refusal, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { ReceivedRequest } from '../request.ts'
import type { TrustConfig } from '../trust.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `content_mismatch` and what `request.content` throws. `now` is in epoch seconds. Reads the whole content before any handler
 * starts, for no longer than the token lives.
 */
export function checkContent(
  request: ReceivedRequest,
  token: VerifiedToken,
  trust: TrustConfig,
  crypto: CryptoPort,
  now: number,
): void | Promise<void> {
  const { exp, htd } = token.claims
  const timeoutMs = Math.min(trust.time.bodyTimeoutSeconds, exp - now) * 1000
  return after(request.content({ maxBytes: trust.limits.bodyBytes, timeoutMs }), (content) => {
    if (hashText(crypto, content) !== htd) throw new Refusal('content_mismatch', 'the content differs from the decided one')
  })
}
