/** The enforcement point as one object: keys, policy, log, passports, and the answer to a question (spec chapters 15 to 17). @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  defaultCrypto,
  formatVkey,
  jwkOf,
  LOG_KEY_TYPE,
  type CryptoPort,
  type Ed25519PublicKey,
  type JsonObject,
  type Signer,
} from '@aiegis/protocol'
import type { Log, WitnessPolicy } from '@aiegis/ledger'
import { createAfterRestart, refuseIdempotencyKeys, restartOf, sayBehind, type Restart } from './after-restart.ts'
import { answerRefusal, type HttpAnswer } from './answer.ts'
import { agentRoutes, type AgentRouteOptions } from './agent-routes.ts'
import type { AskRequest } from './ask.ts'
import { createChains, type KnownIssuer } from './chains.ts'
import { createIdentity, type Identity, type IdentityOptions } from './identity.ts'
import { openInterrupts, type Interrupt, type Interrupted } from './interrupts.ts'
import { createIssuance } from './issuance.ts'
import { createIssue } from './issue.ts'
import { KEY_ROLES } from './keys.ts'
import { createNonceGuard } from './nonces.ts'
import { createNotifier } from './notify.ts'
import { createOperatorCheck } from './operator.ts'
import { createOversight } from './oversight.ts'
import { statusIndexOf } from './own-passport.ts'
import { issuePassport, type IssuedPassport, type PassportRequest } from './passports.ts'
import type { PackKey } from './policy/pack-signature.ts'
import type { PackFile } from './policy/pack.ts'
import { createPolicy, type Policy } from './policy/policy.ts'
import { createProtect } from './protect.ts'
import { referencePacks } from './reference-packs.ts'
import { asRefusal, createHandler } from './handler.ts'
import { openState, type HeldState, type StateOptions } from './state.ts'
import { createStatusPublisher } from './status.ts'

/** How to make an enforcement point. Times are seconds unless they say otherwise. */
export interface EnforcementOptions extends IdentityOptions, StateOptions {
  /** In load order; the reference packs, signed by this server, when absent. */
  readonly packs?: readonly PackFile[] | undefined
  /** Keys whose packs are accepted besides the server's own. */
  readonly packKeys?: readonly PackKey[]
  /** Development only. */
  readonly allowUnsignedPacks?: boolean
  readonly jurisdictions?: readonly string[]
  /** 60 when absent, at most 300. */
  readonly tokenSeconds?: number
  readonly blockStatus?: 401 | 403
  /** Who signs each head of the ledger before it is released; nobody when absent. */
  readonly witnesses?: WitnessPolicy | undefined
  /** URLs where receivers take hints that the status list changed. */
  readonly notify?: readonly string[]
  /** Issuers besides this server's own. */
  readonly issuers?: readonly KnownIssuer[]
  /** Milliseconds for policy to answer one question. */
  readonly deadlineMs?: number
  /** Epoch milliseconds. */
  readonly now?: () => number
  readonly crypto?: CryptoPort
  /** Told at the start of rules that probably do not mean what their author thinks. */
  readonly onWarning?: (sentence: string) => void
  /** Told of defects and of decisions that are `policy_error`; the text never leaves the server. */
  readonly onFault?: (message: string, cause?: unknown) => void
}

/** A running enforcement point. */
export interface Enforcement extends Identity {
  /** Answers POST /api/protect; never rejects. */
  protect(request: AskRequest): Promise<HttpAnswer>
  /** Answers any HTTP request; never rejects and never throws. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  issuePassport(request: PassportRequest): Promise<IssuedPassport>
  /** Revokes the passport with this status index for ever. False when it was revoked before. */
  revoke(statusIndex: number): boolean
  /** Decides BLOCK for an agent or a task from now on, over restarts too; what was released before ends with its token. */
  suspend(what: Interrupted, reason?: string): Promise<boolean>
  /** Ends what `suspend` began. Both: false when it was so before; the act is in the log when it resolves. */
  resume(what: Interrupted, reason?: string): Promise<boolean>
  /** What is suspended. */
  interrupts(): readonly Interrupt[]
  /** The status list as compact JWS. */
  statusList(): Promise<string>
  readonly log: Log
  readonly policy: Policy
  /** The parts `harnesses`, `issuers` and `ledgers` of a trust bundle for receivers of this harness. */
  trustFragment(): JsonObject
  /** Answers what was accepted, then gives the files back. */
  close(): Promise<void>
}

/** Opens state, packs and ledger. Rejects with `UsageError`, `PackRefused` or the ledger's `Error`, each one sentence. */
export async function createEnforcement(options: EnforcementOptions): Promise<Enforcement> {
  const identity = createIdentity(options)
  const held = await openState(options, identity.kids, identity.logOrigin)
  try {
    return await assemble(options, identity, held)
  } catch (error) {
    held.release()
    throw error
  }
}

async function assemble(options: EnforcementOptions, identity: Identity, held: HeldState): Promise<Enforcement> {
  const { now = Date.now, crypto = defaultCrypto() } = options
  const { keys } = held
  const notifier = createNotifier({ urls: options.notify ?? [], list: identity.statusUrl, onFault: options.onFault })
  const status = createStatusPublisher({
    file: held.statusFile,
    url: identity.statusUrl,
    issuer: identity.issuerDid,
    signer: keys.status,
    now,
    onRevoked: () => notifier.notify(),
    onFault: options.onFault,
    onWarning: options.onWarning,
  })
  const own: KnownIssuer = {
    did: identity.issuerDid,
    keys: [{ kid: keys.issuer.kid, key: keys.issuer.publicKey }],
    roles: ['root', 'hop'],
    lists: [identity.statusUrl],
    isRevoked: (_, index) => status.isRevoked(index),
  }
  const interrupts = openInterrupts(held.interruptsFile)
  const policy = await createPolicy({
    packs: options.packs ?? (await referencePacks(keys.pack)),
    packKeys: [{ kid: keys.pack.kid, key: keys.pack.publicKey }, ...(options.packKeys ?? [])],
    allowUnsignedPacks: options.allowUnsignedPacks === true,
    jurisdictions: options.jurisdictions ?? [],
    now,
    crypto,
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    ...(options.onWarning === undefined ? {} : { onWarning: options.onWarning }),
    onFault: ({ pack, rule, message }) => options.onFault?.(`policy_error in ${pack ?? '-'}/${rule ?? '-'}: ${message}`),
  })
  const { log, restart } = await openLogOrEnd(held, crypto, policy, now, options.witnesses)
  const { alsoLogKey: also } = held
  if (also !== undefined) options.onWarning?.(sayBothKeys(formatVkey(identity.logOrigin, LOG_KEY_TYPE, also.publicKey, crypto)))
  if (held.auditLog.isShared) options.onWarning?.(SHARED)
  const behind = restart && sayBehind(restart)
  if (behind !== undefined) options.onWarning?.(behind)
  const answers = { did: identity.did, blockStatus: options.blockStatus ?? 401, now }
  const chains = createChains([own, ...(options.issuers ?? [])], crypto)
  const issue = createIssue({
    signer: keys.harness,
    did: identity.did,
    log,
    tokenSeconds: options.tokenSeconds ?? 60,
    crypto,
    now,
  })
  const oversight = createOversight(interrupts, issue, now)
  const issuer = {
    signer: keys.issuer,
    did: identity.issuerDid,
    harness: identity.did,
    status,
    statusUrl: identity.statusUrl,
    taken: [...KEY_ROLES.map((role) => keys[role].publicKey), ...(also ? [also.publicKey] : []), ...foreignKeys(options)],
    now,
  }
  const decide = createProtect({
    ...answers,
    endpoint: identity.endpoint,
    chains,
    crypto,
    policy,
    nonces: createNonceGuard(now, crypto),
    afterRestart: held.auditLog.isShared ? refuseIdempotencyKeys : createAfterRestart(restart),
    interrupts,
    issue,
  })
  const protect = (request: AskRequest): Promise<HttpAnswer> =>
    decide(request).catch((error: unknown) => answerRefusal(asRefusal(error, options.onFault), answers))
  const enforcement: Enforcement = {
    ...identity,
    protect,
    handle: (request, response) => handler(request, response),
    issuePassport: (request) => issuePassport(issuer, request),
    revoke: (index) => status.revoke(index),
    suspend: async (what, reason) => (await oversight.suspend(what, reason ?? null)).changed,
    resume: async (what, reason) => (await oversight.resume(what, reason ?? null)).changed,
    interrupts: () => oversight.list(),
    statusList: () => status.list(),
    log,
    policy,
    trustFragment: () => ({
      harnesses: [{ did: identity.did, keys: [pin(keys.harness)], ledgers: [identity.logOrigin] }],
      issuers: [
        {
          did: identity.issuerDid,
          keys: [pin(keys.issuer)],
          roles: ['root', 'hop'],
          status: { lists: [identity.statusUrl], keys: [pin(keys.status)] },
        },
      ],
      ledgers: [{ origin: identity.logOrigin, vkey: log.vkey, ...assuranceOf(options.witnesses) }],
    }),
    async close() {
      notifier.close()
      await policy.close()
      await log.close()
      held.release()
    },
  }
  const routes: AgentRouteOptions = {
    checkOperator: createOperatorCheck(held.operatorKey),
    issuance: createIssuance(issuer, crypto, now),
    oversight,
    chains,
    async revoke(revoked) {
      const statusIndex = 'passport' in revoked ? await statusIndexOf(revoked.passport, issuer, crypto) : revoked.statusIndex
      return { statusIndex, changed: enforcement.revoke(statusIndex) }
    },
    now,
  }
  const handler = createHandler({
    enforcement,
    answers,
    keys,
    moreRoutes: (reading) => agentRoutes(routes, reading),
    onFault: options.onFault,
  })
  return enforcement
}

/** What an operator of several processes has to know at each start (spec chapter 15.10). */
const SHARED =
  'the ledger is shared: interrupts, revocations and counters are of this process alone; suspend at every process, issue and revoke at one'

/** What an operator who changes the log key does next (spec chapter 17.10). */
function sayBothKeys(vkey: string): string {
  return `two keys sign the log: log.key and ${vkey}; when all receivers have the new one, put it in the place of log.key and start without --also-log-key`
}

/** The ledger and what it says about the processes before, or the end of the threads that were started for nothing. */
async function openLogOrEnd(
  { keys, alsoLogKey, auditLog, lastCheckpointFile }: HeldState,
  crypto: CryptoPort,
  policy: Policy,
  now: () => number,
  witnesses: WitnessPolicy | undefined,
): Promise<{ readonly log: Log; readonly restart: Restart | undefined }> {
  let log: Log | undefined
  try {
    log = await auditLog.open({
      signer: keys.log,
      ...(alsoLogKey && { alsoSigner: alsoLogKey }),
      crypto,
      lastCheckpointFile,
      ...(witnesses && { witnesses }),
    })
    return { log, restart: auditLog.isShared ? undefined : await restartOf(log, Math.floor(now() / 1000)) }
  } catch (error) {
    await log?.close()
    await policy.close()
    throw error
  }
}

/** Keys that have a role here and belong to others: who signs packs, passports or heads that count here must not be an agent too. */
function foreignKeys({ packKeys = [], issuers = [], witnesses }: EnforcementOptions): readonly Ed25519PublicKey[] {
  const cosigners = witnesses?.witnesses.map(({ vkey }) => vkey) ?? []
  return [...packKeys, ...issuers.flatMap(({ keys }) => keys), ...cosigners].map(({ key }) => key)
}

/** What receivers may ask of heads: the witnesses that this server asks, and its quorum. */
function assuranceOf(policy: WitnessPolicy | undefined): JsonObject {
  if (policy === undefined) return { assurance: 'proof' }
  return { assurance: 'cosigned', witnesses: { quorum: policy.quorum, vkeys: policy.witnesses.map(({ vkey }) => vkey.text) } }
}

function pin(signer: Signer): JsonObject {
  return { kid: signer.kid, jwk: { ...jwkOf(signer.publicKey) } }
}
