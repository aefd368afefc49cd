/** Step 7: what was decided is what arrived: method, URI, content type, content (spec chapter 7). @module */
import { hashText, Refusal, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { ReceivedRequest } from '../request.ts'
import type { TrustConfig } from '../trust.ts'
import type { Credential } from './extract.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `authority_unknown`, `method_mismatch`, `uri_mismatch`, `content_type_mismatch`, `content_mismatch` and what `request.content` throws.
 * `now` is in epoch seconds. Compares bytes: no order of query members and no escape is interpreted. Other header fields are not covered.
 */
export function checkBinding(
  request: ReceivedRequest,
  credential: Credential,
  token: VerifiedToken,
  trust: TrustConfig,
  crypto: CryptoPort,
  now: number,
): void | Promise<void> {
  const { claims } = token
  const uri = trust.targetUri(credential.authority, credential.path, credential.query)
  if (uri === undefined) throw new Refusal('authority_unknown', 'no base of the bundle answers for that host and path')
  if (claims.htm !== credential.method)
    throw new Refusal('method_mismatch', `decided ${claims.htm}, received ${credential.method}`)
  if (claims.htu !== uri) throw new Refusal('uri_mismatch', `decided ${claims.htu}, received ${uri}`)
  if (claims.htc !== credential.contentType)
    throw new Refusal('content_type_mismatch', 'the Content-Type differs from the decided one')
  const timeoutMs = Math.min(trust.time.bodyTimeoutSeconds, claims.exp - now) * 1000
  return after(request.content({ maxBytes: trust.limits.bodyBytes, timeoutMs }), (content) => {
    if (hashText(crypto, content) !== claims.htd)
      throw new Refusal('content_mismatch', 'the content differs from the decided one')
  })
}
