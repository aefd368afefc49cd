/** Makes the receipt of a request that was served, when somebody asks for it (spec chapter 10.3). @module */
import { decodeBase64url, decodeUtf8, formatReceipt, formatSeconds } from '@aiegis/protocol'
import type { VerifiedInclusion } from './steps/ledger.ts'
import type { VerifiedToken } from './steps/token.ts'
import type { TrustConfig } from './trust.ts'

/**
 * Makes one line of JSON that `checkReceipt` of `@aiegis/protocol` reads, of nothing but evidence that the agent sent and public keys.
 * `proof` is the value of `X-AEGIS-Proof`. Until it is asked for, only texts are kept: contexts live as long as their requests.
 */
export function receiptOf(
  proof: string,
  { text: token, kid, key }: VerifiedToken,
  { origin, assurance }: VerifiedInclusion,
  trust: TrustConfig,
  now: number,
): () => string {
  return () => {
    const ledger = trust.ledger(origin)
    if (ledger === undefined) throw new Error(`${origin} was in the trust bundle when the request was verified`)
    return formatReceipt({
      verified: formatSeconds(now),
      token,
      proof: decodeUtf8(decodeBase64url(proof)),
      kid,
      key,
      assurance,
      ledger,
    })
  }
}
