/** Where the keys of parties come from: pinned in the bundle, or read from the DID document of the party (spec chapters 2.7 and 14). @module */
import type { TrustConfig } from './trust.ts'
import type { TrustedKey } from './trust-keys.ts'

/** Roles whose keys are looked up by DID when evidence arrives. */
export type PartyRole = 'harness' | 'issuer'

/** A key, nothing, or the promise of either when a document has to be read first. */
export type FoundKey = TrustedKey | undefined | Promise<TrustedKey | undefined>

/** Finds keys by (role, DID, kid). Validity of the key is for the caller to judge, at each use. */
export interface Keys {
  find(role: PartyRole, did: string, kid: string): FoundKey
}

/** The keys that the bundle pins, and those of `documents` for parties that have one: a party has the one or the other. */
export function keysOf(trust: TrustConfig, documents: Keys | undefined): Keys {
  const pinned = { harness: trust.harnessKey, issuer: trust.issuerKey }
  return { find: (role, did, kid) => pinned[role](did, kid) ?? documents?.find(role, did, kid) }
}
