/** DID documents that the suite host serves (spec chapter 2.7). @module */
import type { World } from './types.ts'

/** DIDs of the parties that are read by did:web; none without a host. */
export function documentParties(_world: World, _role: 'harness' | 'issuer'): readonly string[] {
  return []
}
