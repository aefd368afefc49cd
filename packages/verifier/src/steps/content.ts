/** Step 12: the content is the one that was decided; nothing is read from who has not proved everything else (spec chapter 7). @module */
import { hashText, Refusal, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { ReceivedRequest } from '../request.ts'
import type { Requirement } from '../requirement.ts'
import type { TrustConfig } from '../trust.ts'
import { CHECK_MS, hasOwnCheck } from './check.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `content_mismatch` and what `request.content` throws. `now` is in epoch seconds, `waitedMs` what the steps before have taken.
 * Reads the whole content before any handler starts, for no longer than the token lives and the request may take.
 */
export function checkContent(
  request: ReceivedRequest,
  token: VerifiedToken,
  requirement: Requirement,
  trust: TrustConfig,
  crypto: CryptoPort,
  now: number,
  waitedMs: number,
): void | Promise<void> {
  const { exp, htd } = token.claims
  const seconds = Math.min(trust.time.bodyTimeoutSeconds, exp - now)
  const checkMs = hasOwnCheck(requirement) ? CHECK_MS : 0
  const timeoutMs = Math.max(0, Math.min(seconds * 1000, BEFORE_CLAIM_MS - checkMs - waitedMs))
  const maxBytes = Math.min(trust.limits.bodyBytes, requirement.body.maxBytes)
  return after(request.content({ maxBytes, timeoutMs }), (content) => {
    if (hashText(crypto, content) !== htd) throw new Refusal('content_mismatch', 'the content differs from the decided one')
  })
}

/** Of the 35 seconds of a whole request the claim, which comes after the content, may take 3. */
const BEFORE_CLAIM_MS = 32_000
