/** The road: every step in order, cheap before dear, the only write at the end (spec chapter 10). @module */
import type { CryptoPort, ReadCheckpoints } from '@aiegis/protocol'
import type { Audit } from './audit.ts'
import { createContext, passed, type AiegisContext } from './context.ts'
import { receiptOf } from './receipt.ts'
import type { ReplayStore } from './replay.ts'
import type { ReceivedRequest } from './request.ts'
import type { Mapped } from './action-map.ts'
import type { Requirement } from './requirement.ts'
import type { StatusLists } from './status.ts'
import { checkBinding } from './steps/binding.ts'
import { checkRoute } from './steps/check.ts'
import { checkContent } from './steps/content.ts'
import { checkDecision } from './steps/decision.ts'
import { decode } from './steps/decode.ts'
import { extract } from './steps/extract.ts'
import { checkJoins } from './steps/joins.ts'
import { checkLedger, type CheckpointCache } from './steps/ledger.ts'
import { checkPassports, type Agent, type ChainChecking, type VerifiedChain } from './steps/passports.ts'
import { checkPossession } from './steps/possession.ts'
import { claimOnce } from './steps/replay.ts'
import { checkRequirement } from './steps/requirement.ts'
import { checkStatus } from './steps/status.ts'
import { checkToken, type VerifiedToken } from './steps/token.ts'
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
  readonly check: typeof checkRoute
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
  check: checkRoute,
  replay: claimOnce,
}

/** Everything that outlives a request. */
export interface Receiver {
  readonly trust: TrustConfig
  readonly crypto: CryptoPort
  readonly chains: ChainChecking
  readonly checkpoints: CheckpointCache
  /** Tree heads as they were read, whoever sent them: how long reading takes must not tell which were verified (AHP-ROAD-9). */
  readonly heads: ReadCheckpoints
  readonly audit: Audit
  readonly lists: StatusLists
  readonly replay: ReplayStore
  /** Epoch seconds at which the replay store began to remember, by the clock of now. */
  readonly startedAt: () => number
  /** Epoch seconds now. */
  readonly now: () => number
}

/** Where a request is on the road: in a step, or past all of them. */
export type Stage = keyof Steps | 'context'

/** How far one request has come, and what was verified of it on the way. */
export interface Progress {
  /** When its header was there; milliseconds of a clock that is never set back. */
  readonly startedAt: number
  stage: Stage
  token?: VerifiedToken
  chain?: VerifiedChain
  /** The last agent of the chain, when it has proved that it sent the request. */
  sender?: Agent
}

/** What is asked of a request, as far as its method and path tell. */
export interface Asked {
  readonly requirement: Requirement
  readonly mapped: Mapped
}

/**
 * Walks the road. Throws a `Refusal` from the first step that refuses; anything else that is thrown is a defect.
 * Signatures come before any claim is believed; what a request did not prove is neither in the context nor in `progress`.
 */
export async function walk(
  steps: Steps,
  receiver: Receiver,
  request: ReceivedRequest,
  asked: (method: string, path: string) => Asked,
  progress: Progress,
): Promise<AiegisContext> {
  const { trust, crypto, chains, checkpoints, heads, audit, lists, replay, startedAt } = receiver
  const on = <Name extends keyof Steps>(name: Name): Steps[Name] => {
    progress.stage = name
    return steps[name]
  }
  const now = receiver.now()
  const credential = on('extract')(request)
  const { requirement, mapped } = asked(credential.method, credential.path)
  const evidence = on('decode')(credential, trust.limits, chains.known, heads)
  const token = await on('token')(evidence.token, trust, chains.keys, crypto, now)
  progress.token = token
  const chain = await on('passports')(evidence, token.claims.psp, chains, now)
  progress.chain = chain
  on('joins')(token, chain, evidence, trust)
  on('decision')(token, chain, requirement)
  on('binding')(credential, token, trust)
  await on('possession')(evidence, token, chain, crypto, now)
  progress.sender = chain.presenter.agent
  const inclusion = await on('ledger')(evidence, token, trust, { seen: checkpoints, audit }, crypto, now)
  on('status')(chain, trust, lists, now)
  on('requirement')(token, chain, requirement, mapped)
  await on('content')(request, token, requirement, trust, crypto, now, performance.now() - progress.startedAt)
  const receipt = receiptOf(credential.proof, token, inclusion, trust, now)
  const context = await on('check')(token, requirement, (claims) =>
    createContext(token, chain, inclusion, receipt, claims, requirement.claims),
  )
  await on('replay')(token, chain, replay, trust, crypto, startedAt(), receiver.now)
  progress.stage = 'context'
  // Only now: a request that is refused must not make a log prove anything.
  audit.accept(evidence.proof.checkpoint, now)
  return passed(context)
}
