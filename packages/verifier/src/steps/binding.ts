/** Step 7: what was decided is what arrived: method, URI, content type (spec chapter 7). @module */
import { Refusal } from '@aiegis/protocol'
import type { TrustConfig } from '../trust.ts'
import type { Credential } from './extract.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `authority_unknown`, `method_mismatch`, `uri_mismatch`, `content_type_mismatch`. Compares bytes: no order of query members and
 * no escape is interpreted. Other header fields are not covered; content is compared when everything else is proved.
 */
export function checkBinding(credential: Credential, token: VerifiedToken, trust: TrustConfig): void {
  const { claims } = token
  const uri = trust.targetUri(credential.authority, credential.path, credential.query)
  if (uri === undefined) throw new Refusal('authority_unknown', 'no base of the bundle answers for that host and path')
  if (claims.htm !== credential.method)
    throw new Refusal('method_mismatch', `decided ${claims.htm}, received ${credential.method}`)
  if (claims.htu !== uri) throw new Refusal('uri_mismatch', `decided ${claims.htu}, received ${uri}`)
  if (claims.htc !== credential.contentType)
    throw new Refusal('content_type_mismatch', 'the Content-Type differs from the decided one')
}
