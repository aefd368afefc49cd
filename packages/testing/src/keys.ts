/** The keys of the mock harness: published, so never good for anything but tests. @module */
import { createSigner, defaultCrypto, didKeyUrl, formatDidKey, utf8, type SyncSigner } from '@aiegis/protocol'

/** Every role of the harness with a key of its own. */
export interface Keys {
  readonly harness: SyncSigner
  readonly issuer: SyncSigner
  readonly status: SyncSigner
  readonly log: SyncSigner
  /** Named by the `kid`. */
  readonly witness: SyncSigner
  /** The agent that sends requests without hand-offs, and the principal of those with. */
  readonly agent: SyncSigner
  /** Gets a hand-off from the agent. */
  readonly worker: SyncSigner
  /** Gets a hand-off from the worker. */
  readonly helper: SyncSigner
  /** A key that nobody trusts. */
  readonly stranger: SyncSigner
}

/** DIDs and names of the mock harness. */
export const NAMES = {
  harness: 'did:web:harness.example',
  issuer: 'did:web:identity.example',
  log: 'ledger.example/aiegis/1',
  logUrl: 'https://ledger.example/aiegis/1',
  witness: 'witness.example/1',
  statusList: 'https://identity.example/status/revocation/1',
} as const

/** A key that follows from its name: the same in every run. */
export function namedSigner(name: string, kid?: string): SyncSigner {
  const seed = defaultCrypto().sha256(utf8(`aiegis test key: ${name}`))
  return createSigner(seed, (key) => kid ?? didKeyUrl(formatDidKey(key)))
}

/** The keys of one mock harness. */
export function createKeys(): Keys {
  return {
    harness: namedSigner('harness', `${NAMES.harness}#1`),
    issuer: namedSigner('issuer', `${NAMES.issuer}#1`),
    status: namedSigner('status', `${NAMES.issuer}#status`),
    log: namedSigner('log', NAMES.log),
    witness: namedSigner('witness', NAMES.witness),
    agent: namedSigner('agent'),
    worker: namedSigner('worker'),
    helper: namedSigner('helper'),
    stranger: namedSigner('stranger'),
  }
}
