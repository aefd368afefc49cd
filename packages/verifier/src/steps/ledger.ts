/** Step 9: the log's key signed a tree head that contains this very decision (spec chapters 4 and 5). @module */
import {
  buildLeaf,
  decodeBase64url,
  hashLeaf,
  Refusal,
  verifyCheckpoint,
  verifyInclusion,
  type CryptoPort,
  type LogProof,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { BoundedMap } from '../bounded-map.ts'
import type { TrustConfig } from '../trust.ts'
import type { Evidence } from './decode.ts'
import { verifyDecoy } from './signed.ts'
import type { VerifiedToken } from './token.ts'

/** Where the decision stands in the log. */
export interface VerifiedInclusion {
  readonly origin: string
  readonly index: bigint
  readonly size: bigint
}

/** Signed tree heads that verified before, by all their bytes. */
export type CheckpointCache = BoundedMap<true>

/**
 * Throws `inclusion_invalid`, `checkpoint_unsigned`, `checkpoint_signature_invalid`. Rebuilds the leaf from the token alone.
 * Does not show that every decision was logged, nor that others see the same tree: that is what the audit is for.
 */
export function checkLedger(
  evidence: Evidence,
  token: VerifiedToken,
  trust: TrustConfig,
  seen: CheckpointCache,
  crypto: CryptoPort,
): VerifiedInclusion | Promise<VerifiedInclusion> {
  const { checkpoint } = evidence.proof
  const ledger = trust.ledger(checkpoint.origin)
  if (ledger === undefined) throw new Refusal('log_not_allowed', 'the log is not in the trust bundle')
  if (seen.get(checkpoint.raw) === true) return checkInclusion(evidence.proof, token, crypto)
  return after(verifyCheckpoint(crypto, checkpoint, ledger.origin, ledger.vkey), (verdict) => {
    if (verdict === 'unsigned') {
      // An unknown key costs what a bad signature costs (AHP-ROAD-9).
      return after(verifyDecoy(crypto), () => {
        throw new Refusal('checkpoint_unsigned', "no signature by the log's key")
      })
    }
    if (verdict === 'bad') throw new Refusal('checkpoint_signature_invalid', 'the checkpoint signature does not verify')
    seen.set(checkpoint.raw, true)
    return checkInclusion(evidence.proof, token, crypto)
  })
}

function checkInclusion({ index, path, checkpoint }: LogProof, token: VerifiedToken, crypto: CryptoPort): VerifiedInclusion {
  const { claims } = token
  const leaf = buildLeaf(crypto, {
    entry: claims.entry,
    agentDid: claims.sub,
    harnessKid: token.kid,
    ledgerSig: token.signatureText,
    token: token.bytes,
    salt: decodeBase64url(claims.salt),
  })
  const { origin, size, root } = checkpoint
  if (!verifyInclusion(crypto, { index, size, leafHash: hashLeaf(crypto, leaf), path, root })) {
    throw new Refusal('inclusion_invalid', 'the proof does not lead from this decision to the root')
  }
  return { origin, index, size }
}
