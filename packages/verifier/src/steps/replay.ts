/** Step 13: this token was never used before; the only step that writes (spec chapter 12). @module */
import { hashText, Refusal, utf8, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { ReplayStore } from '../replay.ts'
import type { TrustConfig } from '../trust.ts'
import { within } from '../within.ts'
import { checkEnds, type VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/** How long a record outlives its token, in seconds: room for clocks of receivers that share one store. */
const RECORD_GRACE = 60
/** How long a store may take, in milliseconds. An answer after that is dropped: it serves nobody. */
const STORE_MS = 3000

/**
 * Throws `token_expired`, `passport_expired`, `delegation_expired`, `replay_warming`, `token_replayed`, `replay_full`, `replay_unavailable`.
 * Reads `now` (epoch seconds) before the claim, since content may have dripped in for a long time, and after its answer, since this
 * process may have stood still in between. `startedAt` is when the store began to remember.
 */
export function claimOnce(
  token: VerifiedToken,
  chain: VerifiedChain,
  store: ReplayStore,
  trust: TrustConfig,
  crypto: CryptoPort,
  startedAt: number,
  now: () => number,
): void | Promise<void> {
  const { iss, jti, iat, exp } = token.claims
  const checkAlive = (): void => {
    const at = now()
    if (exp <= at) throw new Refusal('token_expired', `exp ${exp}, now ${at} at the claim`)
    checkEnds(chain, at)
  }
  checkAlive()
  const warm = startedAt + trust.time.skewSeconds
  if (store.scope !== 'shared' && iat <= warm) {
    // What was used before the start is forgotten: only tokens that cannot be older than the memory are safe.
    throw new Refusal('replay_warming', `iat ${iat}, remembering since ${startedAt}`, { retryAfter: trust.time.skewSeconds + 1 })
  }
  return after(claim(store, replayKey(iss, jti, crypto), exp + RECORD_GRACE, iss), (verdict) => {
    judge(verdict)
    // Records outlive the token by a minute and no more: only before its end does "fresh" say that it was never used.
    checkAlive()
  })
}

function judge(verdict: unknown): void {
  if (verdict === 'seen') throw new Refusal('token_replayed', 'the store knows the token')
  if (verdict === 'full') throw new Refusal('replay_full', 'the store holds as many live records as it may', { retryAfter: 5 })
  if (verdict !== 'fresh')
    throw new Refusal('replay_unavailable', 'the store answered something else than it may', { retryAfter: 2 })
}

/** base64url SHA-256 over the length-prefixed names: never over token text, which has more than one spelling elsewhere. */
export function replayKey(iss: string, jti: string, crypto: CryptoPort): string {
  return hashText(crypto, utf8(`${iss.length}:${iss}${jti.length}:${jti}`))
}

function claim(store: ReplayStore, key: string, expiresAt: number, iss: string): unknown {
  try {
    const verdict = store.claim(key, expiresAt, iss)
    return verdict instanceof Promise ? within(STORE_MS, verdict).catch(failed) : verdict
  } catch (error) {
    return failed(error)
  }
}

function failed(cause: unknown): never {
  throw new Refusal('replay_unavailable', 'the store failed', { cause, retryAfter: 2 })
}
