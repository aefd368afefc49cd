/** Accepts each signed question once (spec chapter 15.2). @module */
import { encodeBase64url, Refusal, utf8, type CryptoPort } from '@aiegis/protocol'
import { createMemoryReplayStore, type ReplayStore } from '@aiegis/verifier'
import type { Asker } from './asker.ts'

/** Remembers nonces in this process; the ledger's idempotency key remembers them beyond it. */
export interface NonceGuard {
  /** Throws `ask_replayed` for a nonce that this key used, `overloaded` when no more can be remembered. `now` is epoch seconds. */
  claim(asker: Pick<Asker, 'jkt' | 'nonce'>, now: number): Promise<void>
}

/** `created` may be 60 s ahead and is then good for 120 s more; one second for the rounding of both clocks. */
const REMEMBER_SECONDS = 121
const MAX_RECORDS = 500_000
const MAX_PER_AGENT = 50_000

/** A guard in memory. `now` is epoch milliseconds. */
export function createNonceGuard(now: () => number, crypto: CryptoPort): NonceGuard {
  const store: ReplayStore = createMemoryReplayStore({
    singleProcess: true,
    maxRecords: MAX_RECORDS,
    maxPerIssuer: MAX_PER_AGENT,
    now,
  })
  return {
    async claim(asker, seconds) {
      const result = await store.claim(encodeBase64url(nonceKey(asker, crypto)), seconds + REMEMBER_SECONDS, asker.jkt)
      if (result === 'seen') throw new Refusal('ask_replayed', 'the nonce was used')
      if (result !== 'fresh') throw new Refusal('overloaded', 'no more nonces can be remembered')
    },
  }
}

/** 32 bytes that name one question: lengths come first, so that no two pairs are one text. */
export function nonceKey({ jkt, nonce }: Pick<Asker, 'jkt' | 'nonce'>, crypto: CryptoPort): Uint8Array {
  return crypto.sha256(utf8(`${jkt.length}:${jkt}${nonce.length}:${nonce}`))
}
