/** Reads the keys of one party from its DID document, through whatever resolves DIDs (spec chapters 2.7 and 2.8). @module */
import { defaultCrypto, isObject, keysOfDidDocument, thumbprint, type JsonObject } from '@aiegis/protocol'
import type { TrustedKey } from './trust-keys.ts'

/**
 * Resolves DIDs: what `Resolver` of did-resolver is, in any of its versions. What it gives is checked again, but it has to refuse
 * redirects, addresses and repeated members itself. `didResolutionMetadata.maxAge`: seconds for which the document is fresh.
 */
export interface DidResolver {
  resolve(did: string): Promise<{ readonly didResolutionMetadata: unknown; readonly didDocument: unknown }>
}

/** A key of a document, with the RFC 7638 thumbprint by which it is told apart from keys of other roles. */
export interface DocumentedKey {
  readonly trusted: TrustedKey
  readonly jkt: string
}

/** The keys of a document, and how long it says that it is fresh, in seconds. */
export interface ReadDocument {
  /** By `kid`. */
  readonly keys: ReadonlyMap<string, DocumentedKey>
  readonly maxAge: number | undefined
}

/** Rejects with `Malformed` for a document under another DID or that is none, and with an error that says why there is none. */
export async function readDidDocument(resolver: DidResolver, did: string): Promise<ReadDocument> {
  const { didResolutionMetadata: metadata, didDocument } = await resolver.resolve(did)
  const { error, message, maxAge } = isObject(metadata) ? metadata : NOTHING
  // A resolver may give a document beside an error, such as that of another DID.
  if (error !== undefined) throw new Error(`${did} was not resolved: ${JSON.stringify([error, message])}`)
  const crypto = defaultCrypto()
  const keys = keysOfDidDocument(didDocument, did).map(({ kid, key, validUntil }) => {
    const trusted = { did, kid, key, ...(validUntil === undefined ? undefined : { validUntil }) }
    return [kid, { trusted, jkt: thumbprint(crypto, key) }] as const
  })
  return { keys: new Map(keys), maxAge: typeof maxAge === 'number' && !Number.isNaN(maxAge) ? maxAge : undefined }
}

const NOTHING: JsonObject = {}
