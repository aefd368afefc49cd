/** The road: every step in order, cheap before dear, the only write at the end (spec chapter 10). @module */
import type { CryptoPort } from '@aiegis/protocol'
import type { Audit } from './audit.ts'
import { createContext, type AiegisContext } from './context.ts'
import { receiptOf } from './receipt.ts'
import type { ReplayStore } from './replay.ts'
import type { ReceivedRequest } from './request.ts'
import type { Mapped, Requirement } from './requirement.ts'
import type { StatusLists } from './status.ts'
import { checkBinding } from './steps/binding.ts'
import { checkContent } from './steps/content.ts'
import { checkDecision } from './steps/decision.ts'
import { decode } from './steps/decode.ts'
import { extract } from './steps/extract.ts'
import { checkJoins } from './steps/joins.ts'
import { checkLedger, type CheckpointCache } from './steps/ledger.ts'
import { checkPassports, type ChainChecking } from './steps/passports.ts'
import { checkPossession } from './steps/possession.ts'
import { claimOnce } from './steps/replay.ts'
import { checkRequirement } from './steps/requirement.ts'
import { checkStatus } from './steps/status.ts'
import { checkToken } from './steps/token.ts'
import type { TrustConfig } from './trust.ts'

/** The steps that can refuse, in order; a road with one of them changed is how tests show that it bites. */
export interface Steps {
  readonly extract: typeof extract
  readonly decode: typeof decode
  readonly token: typeof checkToken
  readonly passports: typeof checkPassports
  readonly joins: typeof checkJoins
  readonly decision: typeof checkDecision
  readonly binding: typeof checkBinding
  readonly possession: typeof checkPossession
  readonly ledger: typeof checkLedger
  readonly status: typeof checkStatus
  readonly requirement: typeof checkRequirement
  readonly content: typeof checkContent
  readonly replay: typeof claimOnce
}

/** The road of this profile. */
export const STEPS: Steps = {
  extract,
  decode,
  token: checkToken,
  passports: checkPassports,
  joins: checkJoins,
  decision: checkDecision,
  binding: checkBinding,
  possession: checkPossession,
  ledger: checkLedger,
  status: checkStatus,
  requirement: checkRequirement,
  content: checkContent,
  replay: claimOnce,
}

/** Everything that outlives a request. */
export interface Receiver {
  readonly trust: TrustConfig
  readonly crypto: CryptoPort
  readonly chains: ChainChecking
  readonly checkpoints: CheckpointCache
  readonly audit: Audit
  readonly lists: StatusLists
  readonly replay: ReplayStore
  /** Epoch seconds at which the replay store began to remember. */
  readonly startedAt: number
  /** Epoch seconds now. */
  readonly now: () => number
}

/**
 * Walks the road. Throws a `Refusal` from the first step that refuses; anything else that is thrown is a defect.
 * Signatures come before any claim is believed; what a request did not prove is not in the context.
 */
export async function walk(
  steps: Steps,
  receiver: Receiver,
  request: ReceivedRequest,
  requirement: Requirement,
  mapped: (method: string, path: string) => Mapped,
): Promise<AiegisContext> {
  const { trust, crypto, chains, checkpoints, audit, lists, replay, startedAt } = receiver
  const now = receiver.now()
  const credential = steps.extract(request)
  const evidence = steps.decode(credential, trust.limits, chains.known)
  const token = await steps.token(evidence.token, trust, chains.keys, crypto, now)
  const chain = await steps.passports(evidence, chains, now)
  steps.joins(token, chain, evidence, trust)
  steps.decision(token, chain, requirement)
  steps.binding(credential, token, trust)
  await steps.possession(evidence, token, chain, crypto, now)
  const inclusion = await steps.ledger(evidence, token, trust, { seen: checkpoints, audit }, crypto, now)
  steps.status(chain, trust, lists, now)
  steps.requirement(token, chain, requirement, mapped(credential.method, credential.path))
  await steps.content(request, token, trust, crypto, now)
  await steps.replay(token, chain, replay, trust, crypto, startedAt, receiver.now)
  // Only now: a request that is refused must not make a log prove anything.
  audit.accept(evidence.proof.checkpoint, now)
  return createContext(token, chain, inclusion, () => receiptOf(evidence, token, inclusion, trust, now))
}
