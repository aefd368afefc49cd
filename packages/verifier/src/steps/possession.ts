/** Step 8: the sender holds the agent's key, so a copied token is useless (spec chapter 6; RFC 9421 §3.2). @module */
import { encodeBase64url, Refusal, signatureBase, verifyEd25519, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { Evidence } from './decode.ts'
import type { VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/**
 * Throws `possession_key_mismatch`, `possession_expired`, `content_digest_mismatch`, `possession_invalid`. `now` is in epoch seconds.
 * Takes method and URI from the token: the binding step has shown that they are the request's. `created` is not compared with the clock.
 */
export function checkPossession(
  evidence: Evidence,
  token: VerifiedToken,
  chain: VerifiedChain,
  crypto: CryptoPort,
  now: number,
): void | Promise<void> {
  const { possession, contentDigest } = evidence
  const { claims } = token
  if (possession.params.keyid !== claims.cnf.jkt)
    throw new Refusal('possession_key_mismatch', '"keyid" is not the token\'s "cnf.jkt"')
  if (possession.params.expires !== undefined && possession.params.expires <= now) {
    throw new Refusal('possession_expired', `expires ${possession.params.expires}, now ${now}`)
  }
  if (contentDigest !== undefined && encodeBase64url(contentDigest) !== claims.htd) {
    throw new Refusal('content_digest_mismatch', 'Content-Digest is not the decided content')
  }
  const base = signatureBase(
    [
      ['@method', claims.htm],
      ['@target-uri', claims.htu],
      ['x-aegis-token', token.text],
    ],
    possession.paramsText,
  )
  return after(verifyEd25519(crypto, chain.presenter.passport.key, base, possession.signature), (valid) => {
    if (!valid) throw new Refusal('possession_invalid', 'the possession signature does not verify')
  })
}
