/** Verifies a chain apart from a request, for whoever decides about agents before a receiver does (spec chapters 8 and 15). @module */
import { LIMITS, type CryptoPort } from '@aiegis/protocol'
import { BoundedMap } from './bounded-map.ts'
import type { Keys } from './keys.ts'
import { decodeChain } from './steps/decode.ts'
import { checkEnds, checkPassports, type VerifiedChain } from './steps/passports.ts'

/** Whom a reader believes. */
export interface ChainReaderOptions {
  readonly isIssuer: (did: string) => boolean
  /** Finds keys of issuers. */
  readonly keys: Pick<Keys, 'find'>
  readonly crypto: CryptoPort
  /** How far clocks may be ahead, in seconds. */
  readonly skewSeconds: number
}

/** Reads chains; each is verified once and then remembered. */
export interface ChainReader {
  /**
   * The chain under `text`, the value of `X-AEGIS-Passport`, with up to two hand-offs. Rejects with the codes of the steps decode and
   * passports. `now` is in epoch seconds. Does not check status, roles, audience, task or mission.
   */
  read(text: string, now: number): Promise<VerifiedChain>
  /** Throws `passport_expired`, `delegation_expired` when a part has ended at `now`. */
  checkEnds(chain: VerifiedChain, now: number): void
}

/** Creates a reader with a memory of its own. */
export function createChainReader(options: ChainReaderOptions): ChainReader {
  const checking = { ...options, known: new BoundedMap<VerifiedChain>(MAX_KNOWN), checkEvidence: undefined }
  const limits = { passportBytes: LIMITS.passport, delegations: 2 }
  return {
    read: async (text, now) => checkPassports({ chain: decodeChain(text, limits, checking.known) }, undefined, checking, now),
    checkEnds,
  }
}

const MAX_KNOWN = 2048
