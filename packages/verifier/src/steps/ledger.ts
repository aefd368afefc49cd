/** Step 9: the log's key, and witnesses where they are asked for, signed a tree head that contains this very decision (spec chapters 4 and 5). @module */
import {
  hashLeaf,
  hasQuorum,
  leafOfToken,
  Refusal,
  verifyHead,
  verifyInclusion,
  type CryptoPort,
  type HeadSignatures,
  type LogProof,
} from '@aiegis/protocol'
import { after } from '../after.ts'
import type { Audit, LedgerAssurance } from '../audit.ts'
import type { BoundedMap } from '../bounded-map.ts'
import type { TrustConfig, TrustedLedger } from '../trust.ts'
import type { Evidence } from './decode.ts'
import { verifyDecoy } from './signed.ts'
import type { VerifiedToken } from './token.ts'

/** Where the decision stands in the log. */
export interface VerifiedInclusion {
  readonly origin: string
  readonly index: bigint
  readonly size: bigint
  /** `audited`: this receiver has itself found the head in the tree that the log publishes. `asserted`: nobody compared heads yet. */
  readonly assurance: LedgerAssurance
}

/** Signatures of tree heads that verified before, by all bytes of the head. */
export type CheckpointCache = BoundedMap<HeadSignatures>

/** What is known of heads. */
export interface Heads {
  readonly seen: CheckpointCache
  readonly audit: Pick<Audit, 'judge'>
}

/**
 * Throws `inclusion_invalid`, `checkpoint_unsigned`, `checkpoint_signature_invalid`, `witness_signature_invalid`, `witness_quorum_missing`,
 * `ledger_unproven`, `ledger_inconsistent`. Rebuilds the leaf from the token alone. `now` is in epoch seconds. Does not show that every
 * decision was logged, nor, before the audit has seen the head, that others see the same tree.
 */
export function checkLedger(
  evidence: Evidence,
  token: VerifiedToken,
  trust: TrustConfig,
  { seen, audit }: Heads,
  crypto: CryptoPort,
  now: number,
): VerifiedInclusion | Promise<VerifiedInclusion> {
  const { checkpoint } = evidence.proof
  const ledger = trust.ledger(checkpoint.origin)
  if (ledger === undefined) throw new Refusal('log_not_allowed', 'the log is not in the trust bundle')
  const known = seen.get(checkpoint.raw)
  return after(known ?? verifyHead(crypto, checkpoint, ledger), (signatures) => {
    const refusal = judge(signatures, ledger, now + trust.time.skewSeconds)
    if (refusal !== undefined) return after(payTheRest(signatures, crypto), () => refuse(refusal))
    if (known === undefined) seen.set(checkpoint.raw, signatures)
    checkInclusion(evidence.proof, token, crypto)
    const { origin, size } = checkpoint
    return { origin, index: evidence.proof.index, size, assurance: audit.judge(checkpoint, now) }
  })
}

/** What is wrong with the signatures, which may be some that verified before: times of witnesses are judged anew. */
function judge({ log, witnesses }: HeadSignatures, { quorum }: TrustedLedger, latest: number): Refusal | undefined {
  if (log === 'unsigned') return new Refusal('checkpoint_unsigned', "no signature by the log's key")
  if (log === 'bad') return new Refusal('checkpoint_signature_invalid', 'the checkpoint signature does not verify')
  if (witnesses.some(({ verdict }) => verdict === 'bad'))
    return new Refusal('witness_signature_invalid', 'a cosignature of a known witness does not verify')
  if (!hasQuorum(witnesses, quorum, latest))
    return new Refusal('witness_quorum_missing', `fewer than ${quorum} witnesses signed, or at a time that is not yet`)
  return undefined
}

/** Lines that are not there cost what bad ones cost (AHP-ROAD-9): who takes lines away must not see which were known. */
function payTheRest({ log, witnesses }: HeadSignatures, crypto: CryptoPort): boolean | Promise<boolean> {
  const missing = [log, ...witnesses.map(({ verdict }) => verdict)].filter((verdict) => verdict === 'unsigned')
  return missing.reduce<boolean | Promise<boolean>>((paid) => after(paid, () => verifyDecoy(crypto)), false)
}

function refuse(refusal: Refusal): never {
  throw refusal
}

function checkInclusion({ index, path, checkpoint }: LogProof, token: VerifiedToken, crypto: CryptoPort): void {
  const { size, root } = checkpoint
  if (!verifyInclusion(crypto, { index, size, leafHash: hashLeaf(crypto, leafOfToken(crypto, token)), path, root }))
    throw new Refusal('inclusion_invalid', 'the proof does not lead from this decision to the root')
}
