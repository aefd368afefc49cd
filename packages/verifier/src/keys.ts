/** Where the keys of parties come from: pinned in the bundle, or read from the DID document of the party (spec chapters 2.5 and 14). @module */
import type { TrustConfig } from './trust.ts'
import type { TrustedKey } from './trust-keys.ts'

/** Roles whose keys are looked up by DID when evidence arrives. */
export type PartyRole = 'harness' | 'issuer'

/** A key, nothing, or the promise of either when a document has to be read first. */
export type FoundKey = TrustedKey | undefined | Promise<TrustedKey | undefined>

/** Finds keys by (role, DID, kid). Validity of the key is for the caller to judge, at each use; `now` is in epoch seconds. */
export interface Keys {
  find(role: PartyRole, did: string, kid: string, now: number): FoundKey
}

/** The keys that the bundle pins. */
export function pinnedKeys(trust: TrustConfig): Keys {
  return {
    find: (role, did, kid) => (role === 'harness' ? trust.harnessKey(did, kid) : trust.issuerKey(did, kid)),
  }
}
