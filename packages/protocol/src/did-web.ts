/** Says where the document of a did:web is: one DID, one URL (did:web §2.5.2; spec chapter 2.7). @module */
import { checkDid } from './did.ts'
import { Malformed } from './refusal.ts'

/**
 * The https URL of the document of `did`: `/.well-known/did.json`, or the segments of the DID and `/did.json`. Throws `Malformed` for
 * everything that is not a did:web in its one spelling. Does not say that anybody may be asked there.
 */
export function didWebUrl(did: string): string {
  const [host, segments] = partsOf(did)
  return `https://${host}/${segments.length === 0 ? '.well-known' : segments.join('/')}/did.json`
}

/** The host that `didWebUrl` names, with `:port` when the DID has one. Throws as `didWebUrl`. */
export function didWebHost(did: string): string {
  return partsOf(did)[0]
}

function partsOf(did: string): readonly [host: string, segments: readonly string[]] {
  if (!checkDid(did).startsWith(PREFIX)) throw new Malformed('not a did:web')
  const [host = '', ...segments] = did.slice(PREFIX.length).split(':')
  // The only escape that such a DID has is that of the colon before its port.
  return [host.replace('%3A', ':'), segments]
}

const PREFIX = 'did:web:'
