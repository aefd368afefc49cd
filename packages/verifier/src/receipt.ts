/** Makes the receipt of a request that was served, when somebody asks for it (spec chapter 10.3). @module */
import { formatProof, formatReceipt, formatSeconds } from '@aiegis/protocol'
import type { Evidence } from './steps/decode.ts'
import type { VerifiedInclusion } from './steps/ledger.ts'
import type { VerifiedToken } from './steps/token.ts'
import type { TrustConfig } from './trust.ts'

/** One line of JSON that `checkReceipt` of `@aiegis/protocol` reads. Holds nothing but evidence that the agent sent and public keys. */
export function receiptOf(
  { proof }: Pick<Evidence, 'proof'>,
  { text: token, kid, key }: VerifiedToken,
  { origin, assurance }: VerifiedInclusion,
  trust: TrustConfig,
  now: number,
): string {
  const ledger = trust.ledger(origin)
  if (ledger === undefined) throw new Error(`${origin} was in the trust bundle when the request was verified`)
  const { index, path, checkpoint } = proof
  return formatReceipt({
    verified: formatSeconds(now),
    token,
    proof: formatProof(index, path, checkpoint.raw),
    kid,
    key,
    assurance,
    ledger,
  })
}
