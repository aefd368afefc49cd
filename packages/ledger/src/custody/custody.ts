/** Holds, releases and erasures of clear text, each an entry of the log that it is about (spec chapter 17.7). @module */
import { randomBytes } from 'node:crypto'
import { encodeBase64url, Refusal, type CryptoPort } from '@aiegis/protocol'
import type { LogBackend } from '../backend.ts'
import { actEntry, checkReason, type Act } from './acts.ts'
import { OnHold, type ClearText, type CustodyStore, type Hold } from './store.ts'

/** What an operator does about clear text. Leaves, tree and proofs stay as they are, whatever is done here. */
export interface Custody {
  /**
   * Keeps the clear text of entries `first` to `last` until `release`, whatever else is asked. It is in force before it is recorded, and
   * recorded when this resolves. `id` (22 characters of base64url) makes it repeatable; another one for other entries is `RangeError`.
   */
  hold(first: bigint, last: bigint, reason: string, id?: string): Promise<Hold>
  /** Records the end of a hold, then ends it. False when it had ended. Rejects with `RangeError` when there was none. */
  release(id: string, reason: string): Promise<boolean>
  /**
   * Records that the clear text of an entry is to be erased, then takes it out of everybody's sight; the bytes go when the janitor
   * comes. False when there is none. Rejects with `OnHold`, and with `RangeError` outside the log.
   */
  erase(index: bigint, reason: string): Promise<boolean>
  /** Holds that are in force, oldest first. */
  holds(): Promise<readonly Hold[]>
  /** Clear text from entry `start` on, at most `count`, as far as nobody ordered to erase it. */
  clearFrom(start: bigint, count: number): Promise<readonly ClearText[]>
  /** First entry that is still published (c2sp.org/tlog-tiles, "minimum index"). */
  minimum(): Promise<bigint>
}

/**
 * Custody of the clear text in `store`, recorded in `backend`. What protects is done before it is recorded, and what takes away
 * afterwards: whoever is cut off between the two repeats the call. `now` is epoch milliseconds.
 */
export function createCustody(
  { append, entry, newest }: Pick<LogBackend, 'append' | 'entry' | 'newest'>,
  store: CustodyStore,
  crypto: CryptoPort,
  now: () => number,
): Custody {
  async function record(act: Act, reason: string): Promise<void> {
    const { leaf, key, clear } = actEntry(crypto, act, reason, Math.floor(now() / 1000))
    try {
      await append(leaf, key, clear)
    } catch (error) {
      // It was recorded by a call that was cut off, with a salt and a time of its own.
      if (!(error instanceof Refusal) || error.code !== 'idempotency_conflict') throw error
    }
  }

  return {
    async hold(first, last, reason, id = encodeBase64url(new Uint8Array(randomBytes(16)))) {
      checkReason(reason)
      if (!ID.test(id)) throw new TypeError('a hold has an id of 22 characters of base64url')
      const { size } = await newest()
      const isIn = first >= 0n && last >= first && last < BigInt(size)
      if (!isIn) throw new RangeError(`entries ${first} to ${last} are not in the log, which has ${size}`)
      const hold = await store.hold(id, Number(first), Number(last))
      await record({ kind: 'hold', id, first: hold.first, last: hold.last }, reason)
      return hold
    },
    async release(id, reason) {
      checkReason(reason)
      const isInForce = (await store.holds()).some((hold) => hold.id === id)
      if (isInForce) await record({ kind: 'release', id }, reason)
      return store.release(id)
    },
    async erase(index, reason) {
      checkReason(reason)
      const at = Number(index)
      const found = index >= 0n && Number.isSafeInteger(at) ? await entry(at) : undefined
      if (found === undefined) throw new RangeError(`entry ${index} is not in the log`)
      if (await store.isHeld(at)) throw new OnHold(`ledger: entry ${index} is on hold; release the hold first`)
      if (found.clear === undefined) return false
      await record({ kind: 'erase', first: at, last: at }, reason)
      return store.order(at)
    },
    holds: async () => store.holds(),
    clearFrom: async (start, count) => store.clearFrom(Number(start), count),
    minimum: async () => BigInt(await store.minimum()),
  }
}

const ID = /^[A-Za-z0-9_-]{22}$/
