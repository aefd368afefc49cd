/** The receiver's road: from a request with evidence to a verified context, or a refusal with a code. @module */
export { Refusal, type Signer } from '@aiegis/protocol'
export { type AuditMemory, type LedgerAssurance } from './audit.ts'
export { createChainReader, type ChainReader, type ChainReaderOptions } from './chain-reader.ts'
export { type BodyRequirement } from './body-requirement.ts'
export { type AiegisContext } from './context.ts'
export { checkService, CONTEXT_HEADER } from './context-claims.ts'
export { createContextSigner, type ContextSigner, type ContextSignerOptions, type ServiceCall } from './context-header.ts'
export {
  createContextVerifier,
  type ContextReceiver,
  type ContextVerifier,
  type ContextVerifierOptions,
  type NamedAgent,
  type VerifiedContext,
} from './context-header-verify.ts'
export { admit, carry, contextOf, findContext, hiddenFrom, isReporting, type Gate } from './contexts.ts'
export { CORS_FIELDS } from './cors.ts'
export { type DidResolver } from './did-read.ts'
export { type DependencyEvent, type DependencyState, type EventHooks, type VerdictEvent } from './events.ts'
export { type EvidenceCheck, type EvidenceClaim, type Grades } from './grades.ts'
export { beginsWithCheck, isCheck, leastPaths, markCheck, unprotectedRoutes, type ListedRoute } from './inventory.ts'
export { type Mount, type MountOptions } from './mount.ts'
export { joinHooks } from './observe/join.ts'
export { createRedisReplayStore, type RedisClient, type RedisReplayOptions, type RedisReplayStore } from './redis-replay.ts'
export { type ReloadEvent } from './reload.ts'
export { type ReportOnlyOptions, type WouldRefuse } from './report-only.ts'
export { renderRefusal, type RefusalResponse, type RefusingParty } from './refusal-response.ts'
export {
  createMemoryReplayStore,
  type ClaimResult,
  type MemoryReplayOptions,
  type MemoryReplayStore,
  type ReplayStore,
} from './replay.ts'
export { type ContentLimits, type ReceivedRequest } from './request.ts'
export { type Stage } from './road.ts'
export { type StandardSchema } from './standard-schema.ts'
export { type Actions, type MappedRequirement } from './action-map.ts'
export { type AnyRoute, type ContextFor, type GradeRequirement, type Presence, type RouteRequirement } from './requirement.ts'
export { type HttpGet, type Inflate, type KeptList, type StatusMemory } from './status.ts'
export { type FoundKey, type Keys, type PartyRole } from './keys.ts'
export { type Agent, type KnownPassport, type VerifiedChain } from './steps/passports.ts'
export { parseTrustBundle, type DidWebSettings, type TrustConfig } from './trust.ts'
export { type TrustInput } from './trust-input.ts'
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts'
