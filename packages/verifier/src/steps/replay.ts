/** Step 13: this token was never used before; the only step that writes (spec chapter 12). @module */
import { hashText, Refusal, utf8, type CryptoPort } from '@aiegis/protocol'
import { after } from '../after.ts'
import type { ReplayStore } from '../replay.ts'
import type { TrustConfig } from '../trust.ts'
import { checkEnds, type VerifiedChain } from './passports.ts'
import type { VerifiedToken } from './token.ts'

/** How long a record outlives its token, in seconds: room for clocks of receivers that share one store. */
const RECORD_GRACE = 60
/** How long a store may take, in milliseconds. */
const STORE_MS = 3000

/**
 * Throws `token_expired`, `passport_expired`, `delegation_expired`, `replay_warming`, `token_replayed`, `replay_full`, `replay_unavailable`. `now` (epoch seconds) is
 * read anew for this step: content may have dripped in for a long time. `startedAt` is when the store began to remember.
 */
export function claimOnce(
  token: VerifiedToken,
  chain: VerifiedChain,
  store: ReplayStore,
  trust: TrustConfig,
  crypto: CryptoPort,
  startedAt: number,
  now: number,
): void | Promise<void> {
  const { iss, jti, iat, exp } = token.claims
  if (exp <= now) throw new Refusal('token_expired', `exp ${exp}, now ${now} at the claim`)
  checkEnds(chain, now)
  const warm = startedAt + trust.time.skewSeconds
  if (store.scope !== 'shared' && iat <= warm) {
    // What was used before the start is forgotten: only tokens that cannot be older than the memory are safe.
    throw new Refusal('replay_warming', `iat ${iat}, remembering since ${startedAt}`, { retryAfter: trust.time.skewSeconds + 1 })
  }
  return after(claim(store, replayKey(iss, jti, crypto), exp + RECORD_GRACE, iss), judge)
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
    return verdict instanceof Promise ? Promise.race([verdict, late()]).catch(failed) : verdict
  } catch (error) {
    return failed(error)
  }
}

function failed(cause: unknown): never {
  throw new Refusal('replay_unavailable', 'the store failed', { cause, retryAfter: 2 })
}

/** Rejects when a store takes longer than one dependency may. */
function late(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer after ${STORE_MS} ms`)), STORE_MS).unref()
  })
}
