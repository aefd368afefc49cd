/** The DID documents of the mock harness and its issuer: real keys, and out of order when a test wants that (spec chapter 2.7). @module */
import { jwkOf, type JsonObject, type SyncSigner } from '@aiegis/protocol'
import type { DidResolver } from '@aiegis/verifier'
import { NAMES, type Keys } from './keys.ts'

/** Serves two documents to receivers whose bundle says `didWeb: true`. */
export interface DocumentHost {
  readonly resolver: DidResolver
  /** The keys that the document of `did` states from now on. */
  publish(did: string, signers: readonly SyncSigner[]): void
  /** `down`: every reading fails until it is `up` again. */
  set(state: 'up' | 'down'): void
  /** DIDs in the order in which they were read. */
  readonly reads: readonly string[]
}

/** A host for the documents of `NAMES.harness` and `NAMES.issuer`, with the keys that the default trust bundle pins. */
export function createDocumentHost(keys: Keys): DocumentHost {
  const published = new Map<string, readonly SyncSigner[]>([
    [NAMES.harness, [keys.harness]],
    [NAMES.issuer, [keys.issuer]],
  ])
  const reads: string[] = []
  let state: 'up' | 'down' = 'up'
  return {
    reads,
    resolver: {
      async resolve(did) {
        reads.push(did)
        if (state === 'down') throw new Error('the document host is down')
        const signers = published.get(did)
        if (signers === undefined) return { didResolutionMetadata: { error: 'notFound' }, didDocument: null }
        return { didResolutionMetadata: {}, didDocument: documentOf(did, signers) }
      },
    },
    publish(did, signers) {
      published.set(did, signers)
    },
    set(next) {
      state = next
    },
  }
}

/** The DID document of `did` with the public keys of `signers`, whose key ids are DID URLs of it. */
export function documentOf(did: string, signers: readonly SyncSigner[]): JsonObject {
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: did,
    verificationMethod: signers.map(({ kid, publicKey }) => ({
      id: kid,
      type: 'JsonWebKey2020',
      controller: did,
      publicKeyJwk: { ...jwkOf(publicKey) },
    })),
    assertionMethod: signers.map(({ kid }) => kid),
  }
}
