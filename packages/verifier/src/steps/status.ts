/** Step 10: no passport of the request was revoked, as far as a recent enough list says (spec chapter 9). @module */
import { Refusal, type Passport } from '@aiegis/protocol'
import type { StatusLists } from '../status.ts'
import type { TrustConfig } from '../trust.ts'
import type { VerifiedChain } from './passports.ts'

/** Throws `status_not_listed`, `status_unavailable`, `passport_revoked`. Causes no fetch: the lists are kept fresh in the background. */
export function checkStatus(chain: VerifiedChain, trust: TrustConfig, lists: StatusLists, now: number): void {
  for (const { passport } of chain.links) checkPassport(passport, trust, lists, now)
}

function checkPassport(passport: Passport, trust: TrustConfig, lists: StatusLists, now: number): void {
  if (passport.status === null) {
    if (trust.issuer(passport.issuer)?.status === 'unrevocable') return
    throw new Refusal('status_not_listed', 'the passport has no status and its issuer is not declared unrevocable')
  }
  const verdict = lists.check(passport.issuer, passport.status.list, passport.status.index, now)
  if (verdict === 'unlisted') throw new Refusal('status_not_listed', 'the list or the index is not one of the issuer')
  if (verdict === 'unavailable') {
    const cause = lists.failure(passport.issuer, passport.status.list)
    throw new Refusal('status_unavailable', 'no list that is recent enough', { cause, retryAfter: 5 })
  }
  if (verdict === 'revoked') throw new Refusal('passport_revoked', 'the bit of the passport is set')
}
